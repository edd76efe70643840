// pass: channels-last
// weight: k=2x3x1x1xf32=[1 2 3 4 5 6]
// weight: b=2xf32=[1 2]
// Convolution, bias, activation, pooling and mean follow one layout; transpositions are left at the borders, and none
// for a result without spatial dimensions.
func.func public @main(%k: tensor<2x3x1x1xf32>, %b: tensor<2xf32>, %x: tensor<1x3x4x4xf32>)
    -> (tensor<1x2x2x2xf32>, tensor<1x2xf32>) {
  %0 = stablehlo.convolution(%x, %k) dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1], window = {}
    {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
    : (tensor<1x3x4x4xf32>, tensor<2x3x1x1xf32>) -> tensor<1x2x4x4xf32>
  %1 = stablehlo.broadcast_in_dim %b, dims = [1] : (tensor<2xf32>) -> tensor<1x2x4x4xf32>
  %2 = stablehlo.add %0, %1 : tensor<1x2x4x4xf32>
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %zeros = stablehlo.broadcast_in_dim %zero, dims = [] : (tensor<f32>) -> tensor<1x2x4x4xf32>
  %3 = stablehlo.maximum %2, %zeros : tensor<1x2x4x4xf32>
  %4 = "stablehlo.reduce_window"(%3, %zero) ({
  ^bb0(%p: tensor<f32>, %q: tensor<f32>):
    %m = stablehlo.maximum %p, %q : tensor<f32>
    stablehlo.return %m : tensor<f32>
  }) {window_dimensions = array<i64: 1, 1, 2, 2>, window_strides = array<i64: 1, 1, 2, 2>,
      padding = dense<[[0, 0], [0, 0], [0, 0], [0, 0]]> : tensor<4x2xi64>}
    : (tensor<1x2x4x4xf32>, tensor<f32>) -> tensor<1x2x2x2xf32>
  %5 = stablehlo.reduce(%3 init: %zero) applies stablehlo.add across dimensions = [2, 3] : (tensor<1x2x4x4xf32>, tensor<f32>) -> tensor<1x2xf32>
  return %4, %5 : tensor<1x2x2x2xf32>, tensor<1x2xf32>
}
// -----
// weight: k=1x1x3x2xf32=[[[[1.0 4.0] [2.0 5.0] [3.0 6.0]]]]
// weight: b=2xf32=[1.0 2.0]
module {
  func.func public @main(%arg0: tensor<1x1x3x2xf32>, %arg1: tensor<2xf32>, %arg2: tensor<1x3x4x4xf32>) -> (tensor<1x2x2x2xf32>, tensor<1x2xf32>) {
    %0 = stablehlo.transpose %arg2, dims = [0, 2, 3, 1] : (tensor<1x3x4x4xf32>) -> tensor<1x4x4x3xf32>
    %1 = stablehlo.convolution(%0, %arg0) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<1x4x4x3xf32>, tensor<1x1x3x2xf32>) -> tensor<1x4x4x2xf32>
    %2 = stablehlo.broadcast_in_dim %arg1, dims = [1] : (tensor<2xf32>) -> tensor<1x2x4x4xf32>
    %3 = stablehlo.broadcast_in_dim %arg1, dims = [3] : (tensor<2xf32>) -> tensor<1x4x4x2xf32>
    %4 = stablehlo.add %1, %3 : tensor<1x4x4x2xf32>
    %cst = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %5 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<1x2x4x4xf32>
    %6 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<1x4x4x2xf32>
    %7 = stablehlo.maximum %4, %6 : tensor<1x4x4x2xf32>
    %8 = "stablehlo.reduce_window"(%7, %cst) <{padding = dense<0> : tensor<4x2xi64>, window_dimensions = array<i64: 1, 2, 2, 1>, window_strides = array<i64: 1, 2, 2, 1>}> ({
    ^bb0(%arg3: tensor<f32>, %arg4: tensor<f32>):
      %11 = stablehlo.maximum %arg3, %arg4 : tensor<f32>
      stablehlo.return %11 : tensor<f32>
    }) : (tensor<1x4x4x2xf32>, tensor<f32>) -> tensor<1x2x2x2xf32>
    %9 = stablehlo.transpose %8, dims = [0, 3, 1, 2] : (tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
    %10 = stablehlo.reduce(%7 init: %cst) applies stablehlo.add across dimensions = [1, 2] : (tensor<1x4x4x2xf32>, tensor<f32>) -> tensor<1x2xf32>
    return %9, %10 : tensor<1x2x2x2xf32>, tensor<1x2xf32>
  }
}
