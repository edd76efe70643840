// pass: fold-constants{max-growth=0}
// weight: w=2x3xf32=[[1 2 3] [4 5 6]]
// weight: s=3xf32=[10 20 30]
// weight: q=4xi8=[1 2 3 4]
// Through transpositions, reshapes and broadcasts, which are not stored repeated. What would grow (a dequantised weight)
// is left, and so is what depends on the input.
func.func public @main(%w: tensor<2x3xf32>, %s: tensor<3xf32>, %q: tensor<4xi8>, %x: tensor<3x2xf32>)
    -> (tensor<3x2xf32>, tensor<3x8xf32>, tensor<4xf32>) {
  %0 = stablehlo.transpose %w, dims = [1, 0] : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %1 = stablehlo.negate %0 : tensor<3x2xf32>
  %2 = stablehlo.add %x, %1 : tensor<3x2xf32>
  %3 = stablehlo.reshape %s : (tensor<3xf32>) -> tensor<3x1xf32>
  %4 = stablehlo.broadcast_in_dim %3, dims = [0, 1] : (tensor<3x1xf32>) -> tensor<3x8xf32>
  %half = stablehlo.constant dense<0.5> : tensor<3x8xf32>
  %5 = stablehlo.multiply %4, %half : tensor<3x8xf32>
  %6 = stablehlo.convert %q : (tensor<4xi8>) -> tensor<4xf32>
  return %2, %5, %6 : tensor<3x2xf32>, tensor<3x8xf32>, tensor<4xf32>
}
// -----
// weight: q=4xi8=[1 2 3 4]
// weight: s.folded=3xf32=[5.0 10.0 15.0]
// weight: w.folded=3x2xf32=[[-1.0 -4.0] [-2.0 -5.0] [-3.0 -6.0]]
module {
  func.func public @main(%arg0: tensor<4xi8>, %arg1: tensor<3xf32>, %arg2: tensor<3x2xf32>, %arg3: tensor<3x2xf32>) -> (tensor<3x2xf32>, tensor<3x8xf32>, tensor<4xf32>) {
    %0 = stablehlo.add %arg3, %arg2 : tensor<3x2xf32>
    %cst = stablehlo.constant dense<5.000000e-01> : tensor<3x8xf32>
    %1 = stablehlo.broadcast_in_dim %arg1, dims = [0] : (tensor<3xf32>) -> tensor<3x8xf32>
    %2 = stablehlo.convert %arg0 : (tensor<4xi8>) -> tensor<4xf32>
    return %0, %1, %2 : tensor<3x2xf32>, tensor<3x8xf32>, tensor<4xf32>
  }
}
