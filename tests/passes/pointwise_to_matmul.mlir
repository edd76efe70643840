// pass: pointwise-to-matmul
// weight: k=1x1x3x2xf32=[1 2 3 4 5 6]
// weight: s=1x1x3x2xf32=[6 5 4 3 2 1]
// A stride leaves pixels out first. A window of two by two stays a convolution.
func.func public @main(%k: tensor<1x1x3x2xf32>, %s: tensor<1x1x3x2xf32>, %x: tensor<1x4x4x3xf32>, %w: tensor<2x2x3x2xf32>)
    -> (tensor<1x4x4x2xf32>, tensor<1x2x2x2xf32>, tensor<1x3x3x2xf32>) {
  %0 = stablehlo.convolution(%x, %k) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {}
    {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
    : (tensor<1x4x4x3xf32>, tensor<1x1x3x2xf32>) -> tensor<1x4x4x2xf32>
  %1 = stablehlo.convolution(%x, %s) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {stride = [2, 2]}
    {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
    : (tensor<1x4x4x3xf32>, tensor<1x1x3x2xf32>) -> tensor<1x2x2x2xf32>
  %2 = stablehlo.convolution(%x, %w) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {}
    {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
    : (tensor<1x4x4x3xf32>, tensor<2x2x3x2xf32>) -> tensor<1x3x3x2xf32>
  return %0, %1, %2 : tensor<1x4x4x2xf32>, tensor<1x2x2x2xf32>, tensor<1x3x3x2xf32>
}
// -----
// weight: k=3x2xf32=[[1.0 2.0] [3.0 4.0] [5.0 6.0]]
// weight: s=3x2xf32=[[6.0 5.0] [4.0 3.0] [2.0 1.0]]
module {
  func.func public @main(%arg0: tensor<3x2xf32>, %arg1: tensor<3x2xf32>, %arg2: tensor<1x4x4x3xf32>, %arg3: tensor<2x2x3x2xf32>) -> (tensor<1x4x4x2xf32>, tensor<1x2x2x2xf32>, tensor<1x3x3x2xf32>) {
    %0 = stablehlo.reshape %arg2 : (tensor<1x4x4x3xf32>) -> tensor<16x3xf32>
    %1 = stablehlo.dot_general %0, %arg0, contracting_dims = [1] x [0] : (tensor<16x3xf32>, tensor<3x2xf32>) -> tensor<16x2xf32>
    %2 = stablehlo.reshape %1 : (tensor<16x2xf32>) -> tensor<1x4x4x2xf32>
    %3 = stablehlo.slice %arg2 [0:1, 0:4:2, 0:4:2, 0:3] : (tensor<1x4x4x3xf32>) -> tensor<1x2x2x3xf32>
    %4 = stablehlo.reshape %3 : (tensor<1x2x2x3xf32>) -> tensor<4x3xf32>
    %5 = stablehlo.dot_general %4, %arg1, contracting_dims = [1] x [0] : (tensor<4x3xf32>, tensor<3x2xf32>) -> tensor<4x2xf32>
    %6 = stablehlo.reshape %5 : (tensor<4x2xf32>) -> tensor<1x2x2x2xf32>
    %7 = stablehlo.convolution(%arg2, %arg3) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<1x4x4x3xf32>, tensor<2x2x3x2xf32>) -> tensor<1x3x3x2xf32>
    return %2, %6, %7 : tensor<1x4x4x2xf32>, tensor<1x2x2x2xf32>, tensor<1x3x3x2xf32>
  }
}
