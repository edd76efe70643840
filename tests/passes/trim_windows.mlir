// pass: trim-windows
// One window whose end is not where its image ends; padding that the last window does not reach; both in a window
// reduction; and an end that several windows leave over, which stays.
func.func public @main(%x: tensor<1x5x5x3xf32>, %k: tensor<3x3x3x2xf32>, %y: tensor<1x7x7x3xf32>)
    -> (tensor<1x1x1x2xf32>, tensor<1x2x2x2xf32>, tensor<1x1x2x3xf32>, tensor<1x2x2x2xf32>) {
  %one = stablehlo.convolution(%x, %k) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f],
    window = {stride = [4, 8], pad = [[0, 0], [1, 3]]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
    : (tensor<1x5x5x3xf32>, tensor<3x3x3x2xf32>) -> tensor<1x1x1x2xf32>
  %padded = stablehlo.convolution(%x, %k) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f],
    window = {stride = [3, 3], pad = [[0, 2], [1, 2]]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
    : (tensor<1x5x5x3xf32>, tensor<3x3x3x2xf32>) -> tensor<1x2x2x2xf32>
  %low = stablehlo.constant dense<0xFF800000> : tensor<f32>
  %most = "stablehlo.reduce_window"(%x, %low) ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %m = stablehlo.maximum %a, %b : tensor<f32>
    stablehlo.return %m : tensor<f32>
  }) {window_dimensions = array<i64: 1, 3, 3, 1>, window_strides = array<i64: 1, 4, 3, 1>,
      padding = dense<[[0, 0], [0, 0], [0, 2], [0, 0]]> : tensor<4x2xi64>}
    : (tensor<1x5x5x3xf32>, tensor<f32>) -> tensor<1x1x2x3xf32>
  %stays = stablehlo.convolution(%y, %k) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f],
    window = {stride = [3, 3], pad = [[0, 0], [0, 0]]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
    : (tensor<1x7x7x3xf32>, tensor<3x3x3x2xf32>) -> tensor<1x2x2x2xf32>
  return %one, %padded, %most, %stays : tensor<1x1x1x2xf32>, tensor<1x2x2x2xf32>, tensor<1x1x2x3xf32>, tensor<1x2x2x2xf32>
}
// -----
module {
  func.func public @main(%arg0: tensor<1x5x5x3xf32>, %arg1: tensor<3x3x3x2xf32>, %arg2: tensor<1x7x7x3xf32>) -> (tensor<1x1x1x2xf32>, tensor<1x2x2x2xf32>, tensor<1x1x2x3xf32>, tensor<1x2x2x2xf32>) {
    %0 = stablehlo.convolution(%arg0, %arg1) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {stride = [4, 8], pad = [[0, -2], [1, -3]]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<1x5x5x3xf32>, tensor<3x3x3x2xf32>) -> tensor<1x1x1x2xf32>
    %1 = stablehlo.convolution(%arg0, %arg1) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {stride = [3, 3], pad = [[0, 1], [1, 0]]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<1x5x5x3xf32>, tensor<3x3x3x2xf32>) -> tensor<1x2x2x2xf32>
    %cst = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %2 = "stablehlo.reduce_window"(%arg0, %cst) <{padding = dense<[[0, 0], [0, -2], [0, 1], [0, 0]]> : tensor<4x2xi64>, window_dimensions = array<i64: 1, 3, 3, 1>, window_strides = array<i64: 1, 4, 3, 1>}> ({
    ^bb0(%arg3: tensor<f32>, %arg4: tensor<f32>):
      %4 = stablehlo.maximum %arg3, %arg4 : tensor<f32>
      stablehlo.return %4 : tensor<f32>
    }) : (tensor<1x5x5x3xf32>, tensor<f32>) -> tensor<1x1x2x3xf32>
    %3 = stablehlo.convolution(%arg2, %arg1) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {stride = [3, 3], pad = [[0, 0], [0, 0]]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<1x7x7x3xf32>, tensor<3x3x3x2xf32>) -> tensor<1x2x2x2xf32>
    return %0, %1, %2, %3 : tensor<1x1x1x2xf32>, tensor<1x2x2x2xf32>, tensor<1x1x2x3xf32>, tensor<1x2x2x2xf32>
  }
}
