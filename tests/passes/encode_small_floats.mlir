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
module {
  func.func private @encode_f4E2M1FN_2x(%arg0: tensor<2xf32>) -> tensor<2xui8> {
    %0 = stablehlo.abs %arg0 : tensor<2xf32>
    %c = stablehlo.constant dense<0> : tensor<2xui8>
    %cst = stablehlo.constant dense<2.500000e-01> : tensor<2xf32>
    %1 = stablehlo.compare GT, %0, %cst : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xi1>
    %2 = stablehlo.convert %1 : (tensor<2xi1>) -> tensor<2xui8>
    %3 = stablehlo.add %c, %2 : tensor<2xui8>
    %cst_0 = stablehlo.constant dense<7.500000e-01> : tensor<2xf32>
    %4 = stablehlo.compare GE, %0, %cst_0 : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xi1>
    %5 = stablehlo.convert %4 : (tensor<2xi1>) -> tensor<2xui8>
    %6 = stablehlo.add %3, %5 : tensor<2xui8>
    %cst_1 = stablehlo.constant dense<1.250000e+00> : tensor<2xf32>
    %7 = stablehlo.compare GT, %0, %cst_1 : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xi1>
    %8 = stablehlo.convert %7 : (tensor<2xi1>) -> tensor<2xui8>
    %9 = stablehlo.add %6, %8 : tensor<2xui8>
    %cst_2 = stablehlo.constant dense<1.750000e+00> : tensor<2xf32>
    %10 = stablehlo.compare GE, %0, %cst_2 : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xi1>
    %11 = stablehlo.convert %10 : (tensor<2xi1>) -> tensor<2xui8>
    %12 = stablehlo.add %9, %11 : tensor<2xui8>
    %cst_3 = stablehlo.constant dense<2.500000e+00> : tensor<2xf32>
    %13 = stablehlo.compare GT, %0, %cst_3 : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xi1>
    %14 = stablehlo.convert %13 : (tensor<2xi1>) -> tensor<2xui8>
    %15 = stablehlo.add %12, %14 : tensor<2xui8>
    %cst_4 = stablehlo.constant dense<3.500000e+00> : tensor<2xf32>
    %16 = stablehlo.compare GE, %0, %cst_4 : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xi1>
    %17 = stablehlo.convert %16 : (tensor<2xi1>) -> tensor<2xui8>
    %18 = stablehlo.add %15, %17 : tensor<2xui8>
    %cst_5 = stablehlo.constant dense<5.000000e+00> : tensor<2xf32>
    %19 = stablehlo.compare GT, %0, %cst_5 : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xi1>
    %20 = stablehlo.convert %19 : (tensor<2xi1>) -> tensor<2xui8>
    %21 = stablehlo.add %18, %20 : tensor<2xui8>
    %22 = stablehlo.bitcast_convert %arg0 : (tensor<2xf32>) -> tensor<2xui32>
    %c_6 = stablehlo.constant dense<28> : tensor<2xui32>
    %c_7 = stablehlo.constant dense<8> : tensor<2xui32>
    %23 = stablehlo.shift_right_logical %22, %c_6 : tensor<2xui32>
    %24 = stablehlo.and %23, %c_7 : tensor<2xui32>
    %25 = stablehlo.convert %24 : (tensor<2xui32>) -> tensor<2xui8>
    %26 = stablehlo.or %21, %25 : tensor<2xui8>
    return %26 : tensor<2xui8>
  }
  func.func private @decode_f4E2M1FN_2x(%arg0: tensor<2xui8>) -> tensor<2xf32> {
    %0 = stablehlo.convert %arg0 : (tensor<2xui8>) -> tensor<2xui32>
    %c = stablehlo.constant dense<0> : tensor<2xui32>
    %c_0 = stablehlo.constant dense<1> : tensor<2xui32>
    %c_1 = stablehlo.constant dense<7> : tensor<2xui32>
    %c_2 = stablehlo.constant dense<8> : tensor<2xui32>
    %c_3 = stablehlo.constant dense<22> : tensor<2xui32>
    %c_4 = stablehlo.constant dense<28> : tensor<2xui32>
    %c_5 = stablehlo.constant dense<1056964608> : tensor<2xui32>
    %1 = stablehlo.and %0, %c_1 : tensor<2xui32>
    %2 = stablehlo.shift_left %1, %c_3 : tensor<2xui32>
    %3 = stablehlo.add %2, %c_5 : tensor<2xui32>
    %4 = stablehlo.compare EQ, %1, %c : (tensor<2xui32>, tensor<2xui32>) -> tensor<2xi1>
    %5 = stablehlo.compare EQ, %1, %c_0 : (tensor<2xui32>, tensor<2xui32>) -> tensor<2xi1>
    %6 = stablehlo.select %5, %c_5, %3 : tensor<2xi1>, tensor<2xui32>
    %7 = stablehlo.select %4, %c, %6 : tensor<2xi1>, tensor<2xui32>
    %8 = stablehlo.and %0, %c_2 : tensor<2xui32>
    %9 = stablehlo.shift_left %8, %c_4 : tensor<2xui32>
    %10 = stablehlo.or %7, %9 : tensor<2xui32>
    %11 = stablehlo.bitcast_convert %10 : (tensor<2xui32>) -> tensor<2xf32>
    return %11 : tensor<2xf32>
  }
  func.func private @decode_f8E8M0FNU_2x(%arg0: tensor<2xui8>) -> tensor<2xf32> {
    %0 = stablehlo.convert %arg0 : (tensor<2xui8>) -> tensor<2xui32>
    %c = stablehlo.constant dense<0> : tensor<2xui32>
    %c_0 = stablehlo.constant dense<23> : tensor<2xui32>
    %c_1 = stablehlo.constant dense<255> : tensor<2xui32>
    %c_2 = stablehlo.constant dense<4194304> : tensor<2xui32>
    %c_3 = stablehlo.constant dense<2143289344> : tensor<2xui32>
    %1 = stablehlo.shift_left %0, %c_0 : tensor<2xui32>
    %2 = stablehlo.compare EQ, %0, %c : (tensor<2xui32>, tensor<2xui32>) -> tensor<2xi1>
    %3 = stablehlo.compare EQ, %0, %c_1 : (tensor<2xui32>, tensor<2xui32>) -> tensor<2xi1>
    %4 = stablehlo.select %2, %c_2, %1 : tensor<2xi1>, tensor<2xui32>
    %5 = stablehlo.select %3, %c_3, %4 : tensor<2xi1>, tensor<2xui32>
    %6 = stablehlo.bitcast_convert %5 : (tensor<2xui32>) -> tensor<2xf32>
    return %6 : tensor<2xf32>
  }
  func.func public @main(%arg0: tensor<2xf32>, %arg1: tensor<2xui8>) -> (tensor<2xui8>, tensor<2xf32>) {
    %c = stablehlo.constant dense<[2, 9]> : tensor<2xui8>
    %0 = stablehlo.convert %arg0 : tensor<2xf32>
    %1 = call @encode_f4E2M1FN_2x(%0) : (tensor<2xf32>) -> tensor<2xui8>
    %2 = stablehlo.reverse %1, dims = [0] : tensor<2xui8>
    %3 = call @decode_f4E2M1FN_2x(%2) : (tensor<2xui8>) -> tensor<2xf32>
    %4 = call @decode_f4E2M1FN_2x(%c) : (tensor<2xui8>) -> tensor<2xf32>
    %5 = stablehlo.add %3, %4 : tensor<2xf32>
    %6 = call @encode_f4E2M1FN_2x(%5) : (tensor<2xf32>) -> tensor<2xui8>
    %7 = call @decode_f8E8M0FNU_2x(%arg1) : (tensor<2xui8>) -> tensor<2xf32>
    %8 = stablehlo.convert %7 : tensor<2xf32>
    return %6, %8 : tensor<2xui8>, tensor<2xf32>
  }
}
