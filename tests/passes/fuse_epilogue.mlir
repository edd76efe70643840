// pass: fuse-epilogue
// weight: w=2x4xf32=[[1 2 3 4] [5 6 7 8]]
// weight: b=4xf32=[1 2 3 4]
// weight: v=2x3xf32=[[1 2 3] [4 5 6]]
// Bias and activation behind a transposition of heads, where the product is; and in front of a concatenation.
func.func public @main(%w: tensor<2x4xf32>, %b: tensor<4xf32>, %v: tensor<2x3xf32>, %x: tensor<3x2xf32>)
    -> (tensor<2x3x2xf32>, tensor<3x7xf32>) {
  %0 = stablehlo.dot_general %x, %w, contracting_dims = [1] x [0] : (tensor<3x2xf32>, tensor<2x4xf32>) -> tensor<3x4xf32>
  %1 = stablehlo.broadcast_in_dim %b, dims = [1] : (tensor<4xf32>) -> tensor<3x4xf32>
  %2 = stablehlo.add %0, %1 : tensor<3x4xf32>
  %3 = stablehlo.reshape %2 : (tensor<3x4xf32>) -> tensor<3x2x2xf32>
  %4 = stablehlo.tanh %3 : tensor<3x2x2xf32>
  %5 = stablehlo.transpose %4, dims = [1, 0, 2] : (tensor<3x2x2xf32>) -> tensor<2x3x2xf32>
  %6 = stablehlo.dot_general %x, %w, contracting_dims = [1] x [0] : (tensor<3x2xf32>, tensor<2x4xf32>) -> tensor<3x4xf32>
  %7 = stablehlo.dot_general %x, %v, contracting_dims = [1] x [0] : (tensor<3x2xf32>, tensor<2x3xf32>) -> tensor<3x3xf32>
  %8 = stablehlo.concatenate %6, %7, dim = 1 : (tensor<3x4xf32>, tensor<3x3xf32>) -> tensor<3x7xf32>
  %zero = stablehlo.constant dense<0.0> : tensor<3x7xf32>
  %9 = stablehlo.maximum %8, %zero : tensor<3x7xf32>
  return %5, %9 : tensor<2x3x2xf32>, tensor<3x7xf32>
}
// -----
// weight: w=2x4xf32=[[1.0 2.0 3.0 4.0] [5.0 6.0 7.0 8.0]]
// weight: v=2x3xf32=[[1.0 2.0 3.0] [4.0 5.0 6.0]]
// weight: b.moved=2x2xf32=[[1.0 2.0] [3.0 4.0]]
module {
  func.func public @main(%arg0: tensor<2x4xf32>, %arg1: tensor<2x3xf32>, %arg2: tensor<2x2xf32>, %arg3: tensor<3x2xf32>) -> (tensor<2x3x2xf32>, tensor<3x7xf32>) {
    %0 = stablehlo.dot_general %arg3, %arg0, contracting_dims = [1] x [0] : (tensor<3x2xf32>, tensor<2x4xf32>) -> tensor<3x4xf32>
    %1 = stablehlo.reshape %0 : (tensor<3x4xf32>) -> tensor<3x2x2xf32>
    %2 = stablehlo.transpose %1, dims = [1, 0, 2] : (tensor<3x2x2xf32>) -> tensor<2x3x2xf32>
    %3 = stablehlo.broadcast_in_dim %arg2, dims = [0, 2] : (tensor<2x2xf32>) -> tensor<2x3x2xf32>
    %4 = stablehlo.add %2, %3 : tensor<2x3x2xf32>
    %5 = stablehlo.tanh %4 : tensor<2x3x2xf32>
    %6 = stablehlo.dot_general %arg3, %arg0, contracting_dims = [1] x [0] : (tensor<3x2xf32>, tensor<2x4xf32>) -> tensor<3x4xf32>
    %7 = stablehlo.dot_general %arg3, %arg1, contracting_dims = [1] x [0] : (tensor<3x2xf32>, tensor<2x3xf32>) -> tensor<3x3xf32>
    %cst = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %8 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<3x4xf32>
    %9 = stablehlo.maximum %6, %8 : tensor<3x4xf32>
    %cst_0 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %10 = stablehlo.broadcast_in_dim %cst_0, dims = [] : (tensor<f32>) -> tensor<3x3xf32>
    %11 = stablehlo.maximum %7, %10 : tensor<3x3xf32>
    %12 = stablehlo.concatenate %9, %11, dim = 1 : (tensor<3x4xf32>, tensor<3x3xf32>) -> tensor<3x7xf32>
    return %5, %12 : tensor<2x3x2xf32>, tensor<3x7xf32>
  }
}
