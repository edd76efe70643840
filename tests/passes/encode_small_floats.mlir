// pass: encode-small-floats
// Codes are moved as they are; numbers are added as float32. The exponent's bits are the byte that was given.
func.func public @main(%f: tensor<2xf32>, %e: tensor<2xui8>) -> (tensor<2xf4E2M1FN>, tensor<2xf32>) {
  %k = stablehlo.constant dense<[1.0, -0.5]> : tensor<2xf4E2M1FN>
  %0 = stablehlo.convert %f : (tensor<2xf32>) -> tensor<2xf4E2M1FN>
  %1 = stablehlo.reverse %0, dims = [0] : tensor<2xf4E2M1FN>
  %2 = stablehlo.add %1, %k : tensor<2xf4E2M1FN>
  %3 = stablehlo.bitcast_convert %e : (tensor<2xui8>) -> tensor<2xf8E8M0FNU>
  %4 = stablehlo.convert %3 : (tensor<2xf8E8M0FNU>) -> tensor<2xf32>
  return %2, %4 : tensor<2xf4E2M1FN>, tensor<2xf32>
}
// -----
