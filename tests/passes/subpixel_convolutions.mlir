// pass: subpixel-convolutions
// weight: k=3x1x1xf32=[1 2 3]
// Even results meet two elements of the kernel, odd ones meet one. A strided convolution stays.
func.func public @main(%k: tensor<3x1x1xf32>, %x: tensor<1x4x1xf32>) -> (tensor<1x8x1xf32>, tensor<1x4x1xf32>) {
  %0 = stablehlo.convolution(%x, %k) dim_numbers = [b, 0, f]x[0, i, o]->[b, 0, f], window = {pad = [[1, 2]],
    lhs_dilate = [2]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
    : (tensor<1x4x1xf32>, tensor<3x1x1xf32>) -> tensor<1x8x1xf32>
  %1 = stablehlo.convolution(%x, %k) dim_numbers = [b, 0, f]x[0, i, o]->[b, 0, f], window = {stride = [2],
    pad = [[1, 2]], lhs_dilate = [2]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
    : (tensor<1x4x1xf32>, tensor<3x1x1xf32>) -> tensor<1x4x1xf32>
  return %0, %1 : tensor<1x8x1xf32>, tensor<1x4x1xf32>
}
// -----
// weight: k=3x1x1xf32=[[[1.0]] [[2.0]] [[3.0]]]
// weight: k.phases=2x1x1xf32=[[[1.0]] [[3.0]]]
module {
  func.func public @main(%arg0: tensor<3x1x1xf32>, %arg1: tensor<2x1x1xf32>, %arg2: tensor<1x4x1xf32>) -> (tensor<1x8x1xf32>, tensor<1x4x1xf32>) {
    %0 = stablehlo.reshape %arg0 : (tensor<3x1x1xf32>) -> tensor<3x1x1x1xf32>
    %1 = stablehlo.slice %0 [0:3:2, 0:1, 0:1, 0:1] : (tensor<3x1x1x1xf32>) -> tensor<2x1x1x1xf32>
    %2 = stablehlo.reshape %1 : (tensor<2x1x1x1xf32>) -> tensor<2x1x1x1x1xf32>
    %3 = stablehlo.concatenate %2, dim = 3 : (tensor<2x1x1x1x1xf32>) -> tensor<2x1x1x1x1xf32>
    %4 = stablehlo.reshape %3 : (tensor<2x1x1x1x1xf32>) -> tensor<2x1x1xf32>
    %5 = stablehlo.convolution(%arg2, %arg1) dim_numbers = [b, 0, f]x[0, i, o]->[b, 0, f], window = {pad = [[1, 1]], lhs_dilate = [1]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<1x4x1xf32>, tensor<2x1x1xf32>) -> tensor<1x5x1xf32>
    %6 = stablehlo.reshape %5 : (tensor<1x5x1xf32>) -> tensor<1x5x1x1x1xf32>
    %7 = stablehlo.reshape %arg0 : (tensor<3x1x1xf32>) -> tensor<3x1x1x1xf32>
    %8 = stablehlo.slice %7 [1:2:2, 0:1, 0:1, 0:1] : (tensor<3x1x1x1xf32>) -> tensor<1x1x1x1xf32>
    %9 = stablehlo.reshape %8 : (tensor<1x1x1x1xf32>) -> tensor<1x1x1x1x1xf32>
    %10 = stablehlo.concatenate %9, dim = 3 : (tensor<1x1x1x1x1xf32>) -> tensor<1x1x1x1x1xf32>
    %11 = stablehlo.reshape %10 : (tensor<1x1x1x1x1xf32>) -> tensor<1x1x1xf32>
    %cst = stablehlo.constant dense<2.000000e+00> : tensor<1x1x1xf32>
    %12 = stablehlo.convolution(%arg2, %cst) dim_numbers = [b, 0, f]x[0, i, o]->[b, 0, f], window = {pad = [[0, 1]], lhs_dilate = [1]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<1x4x1xf32>, tensor<1x1x1xf32>) -> tensor<1x5x1xf32>
    %13 = stablehlo.reshape %12 : (tensor<1x5x1xf32>) -> tensor<1x5x1x1x1xf32>
    %14 = stablehlo.concatenate %6, %13, dim = 3 : (tensor<1x5x1x1x1xf32>, tensor<1x5x1x1x1xf32>) -> tensor<1x5x1x2x1xf32>
    %15 = stablehlo.transpose %14, dims = [0, 1, 3, 2, 4] : (tensor<1x5x1x2x1xf32>) -> tensor<1x5x2x1x1xf32>
    %16 = stablehlo.reshape %15 : (tensor<1x5x2x1x1xf32>) -> tensor<1x10x1xf32>
    %17 = stablehlo.slice %16 [0:1, 1:9, 0:1] : (tensor<1x10x1xf32>) -> tensor<1x8x1xf32>
    %18 = stablehlo.convolution(%arg2, %arg0) dim_numbers = [b, 0, f]x[0, i, o]->[b, 0, f], window = {stride = [2], pad = [[1, 2]], lhs_dilate = [2]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<1x4x1xf32>, tensor<3x1x1xf32>) -> tensor<1x4x1xf32>
    return %17, %18 : tensor<1x8x1xf32>, tensor<1x4x1xf32>
  }
}
