// pass: repeat-channels
// Two results a channel; the others have one, or one group.
func.func public @main(%k: tensor<1x2x1x4xf32>, %x: tensor<1x1x3x2xf32>, %y: tensor<1x1x3x4xf32>, %z: tensor<1x1x3x1xf32>)
    -> (tensor<1x1x2x4xf32>, tensor<1x1x2x4xf32>, tensor<1x1x2x4xf32>) {
  %0 = stablehlo.convolution(%x, %k) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f],
    window = {} {batch_group_count = 1 : i64, feature_group_count = 2 : i64}
    : (tensor<1x1x3x2xf32>, tensor<1x2x1x4xf32>) -> tensor<1x1x2x4xf32>
  %1 = stablehlo.convolution(%y, %k) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f],
    window = {} {batch_group_count = 1 : i64, feature_group_count = 4 : i64}
    : (tensor<1x1x3x4xf32>, tensor<1x2x1x4xf32>) -> tensor<1x1x2x4xf32>
  %2 = stablehlo.convolution(%z, %k) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f],
    window = {} {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
    : (tensor<1x1x3x1xf32>, tensor<1x2x1x4xf32>) -> tensor<1x1x2x4xf32>
  return %0, %1, %2 : tensor<1x1x2x4xf32>, tensor<1x1x2x4xf32>, tensor<1x1x2x4xf32>
}
// -----
module {
  func.func public @main(%arg0: tensor<1x2x1x4xf32>, %arg1: tensor<1x1x3x2xf32>, %arg2: tensor<1x1x3x4xf32>, %arg3: tensor<1x1x3x1xf32>) -> (tensor<1x1x2x4xf32>, tensor<1x1x2x4xf32>, tensor<1x1x2x4xf32>) {
    %0 = stablehlo.broadcast_in_dim %arg1, dims = [0, 1, 2, 3] : (tensor<1x1x3x2xf32>) -> tensor<1x1x3x2x2xf32>
    %1 = stablehlo.reshape %0 : (tensor<1x1x3x2x2xf32>) -> tensor<1x1x3x4xf32>
    %2 = stablehlo.convolution(%1, %arg0) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {} {batch_group_count = 1 : i64, feature_group_count = 4 : i64} : (tensor<1x1x3x4xf32>, tensor<1x2x1x4xf32>) -> tensor<1x1x2x4xf32>
    %3 = stablehlo.convolution(%arg2, %arg0) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {} {batch_group_count = 1 : i64, feature_group_count = 4 : i64} : (tensor<1x1x3x4xf32>, tensor<1x2x1x4xf32>) -> tensor<1x1x2x4xf32>
    %4 = stablehlo.convolution(%arg3, %arg0) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<1x1x3x1xf32>, tensor<1x2x1x4xf32>) -> tensor<1x1x2x4xf32>
    return %2, %3, %4 : tensor<1x1x2x4xf32>, tensor<1x1x2x4xf32>, tensor<1x1x2x4xf32>
  }
}
