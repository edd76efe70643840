// pass: im2col
// target: spirv
// Windows with strides, and with holes, are copied and multiplied. A result of few channels, integers, groups, and what is
// larger than a buffer may be stay as they are.
func.func public @main(%x: tensor<2x9x9x8xf32>, %w: tensor<3x3x8x16xf32>, %y: tensor<2x4x4x16xf32>,
                       %a: tensor<1x20x4xf16>, %b: tensor<3x4x32xf16>, %c: tensor<1x12x32xf16>,
                       %few: tensor<3x3x8x4xf32>, %z: tensor<2x4x4x4xf32>,
                       %i: tensor<2x9x9x8xi8>, %j: tensor<3x3x8x16xi8>, %k: tensor<2x4x4x16xi32>,
                       %large: tensor<1x1026x1026x8xf32>, %sums: tensor<1x1024x1024x16xf32>,
                       %p: tensor<1x20x2x4xf32>, %q: tensor<2x3x4x16xf32>, %r: tensor<1x18x2x16xf32>)
    -> (tensor<2x4x4x16xf32>, tensor<1x12x32xf16>, tensor<2x4x4x4xf32>, tensor<2x4x4x16xi32>,
        tensor<1x1024x1024x16xf32>, tensor<1x18x2x16xf32>) {
  %0 = linalg.conv_2d_nhwc_hwcf {strides = dense<2> : tensor<2xi64>, dilations = dense<1> : tensor<2xi64>}
    ins(%x, %w : tensor<2x9x9x8xf32>, tensor<3x3x8x16xf32>) outs(%y : tensor<2x4x4x16xf32>) -> tensor<2x4x4x16xf32>
  %1 = linalg.conv_1d_nwc_wcf {strides = dense<1> : tensor<1xi64>, dilations = dense<4> : tensor<1xi64>}
    ins(%a, %b : tensor<1x20x4xf16>, tensor<3x4x32xf16>) outs(%c : tensor<1x12x32xf16>) -> tensor<1x12x32xf16>
  %2 = linalg.conv_2d_nhwc_hwcf {strides = dense<2> : tensor<2xi64>, dilations = dense<1> : tensor<2xi64>}
    ins(%x, %few : tensor<2x9x9x8xf32>, tensor<3x3x8x4xf32>) outs(%z : tensor<2x4x4x4xf32>) -> tensor<2x4x4x4xf32>
  %3 = linalg.conv_2d_nhwc_hwcf {strides = dense<2> : tensor<2xi64>, dilations = dense<1> : tensor<2xi64>}
    ins(%i, %j : tensor<2x9x9x8xi8>, tensor<3x3x8x16xi8>) outs(%k : tensor<2x4x4x16xi32>) -> tensor<2x4x4x16xi32>
  %4 = linalg.conv_2d_nhwc_hwcf {strides = dense<1> : tensor<2xi64>, dilations = dense<1> : tensor<2xi64>}
    ins(%large, %w : tensor<1x1026x1026x8xf32>, tensor<3x3x8x16xf32>) outs(%sums : tensor<1x1024x1024x16xf32>)
    -> tensor<1x1024x1024x16xf32>
  %5 = linalg.generic {
      indexing_maps = [affine_map<(n, w, g, o, k, c) -> (n, w + k, g, c)>,
                       affine_map<(n, w, g, o, k, c) -> (g, k, c, o)>, affine_map<(n, w, g, o, k, c) -> (n, w, g, o)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]
    } ins(%p, %q : tensor<1x20x2x4xf32>, tensor<2x3x4x16xf32>) outs(%r : tensor<1x18x2x16xf32>) {
    ^bb0(%one: f32, %other: f32, %so_far: f32):
      %product = arith.mulf %one, %other : f32
      %sum = arith.addf %so_far, %product : f32
      linalg.yield %sum : f32
  } -> tensor<1x18x2x16xf32>
  return %0, %1, %2, %3, %4, %5 : tensor<2x4x4x16xf32>, tensor<1x12x32xf16>, tensor<2x4x4x4xf32>, tensor<2x4x4x16xi32>,
    tensor<1x1024x1024x16xf32>, tensor<1x18x2x16xf32>
}
// -----
#map = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1 * 2 + d3, d2 * 2 + d4, d5)>
#map1 = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d3, d4, d5)>
#map2 = affine_map<(d0, d1, d2, d3) -> (d0, d1 + d2 * 4, d3)>
#map3 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map4 = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1 + d4, d2, d5)>
#map5 = affine_map<(d0, d1, d2, d3, d4, d5) -> (d2, d4, d5, d3)>
#map6 = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d3)>
module {
  func.func public @main(%arg0: tensor<2x9x9x8xf32>, %arg1: tensor<3x3x8x16xf32>, %arg2: tensor<2x4x4x16xf32>, %arg3: tensor<1x20x4xf16>, %arg4: tensor<3x4x32xf16>, %arg5: tensor<1x12x32xf16>, %arg6: tensor<3x3x8x4xf32>, %arg7: tensor<2x4x4x4xf32>, %arg8: tensor<2x9x9x8xi8>, %arg9: tensor<3x3x8x16xi8>, %arg10: tensor<2x4x4x16xi32>, %arg11: tensor<1x1026x1026x8xf32>, %arg12: tensor<1x1024x1024x16xf32>, %arg13: tensor<1x20x2x4xf32>, %arg14: tensor<2x3x4x16xf32>, %arg15: tensor<1x18x2x16xf32>) -> (tensor<2x4x4x16xf32>, tensor<1x12x32xf16>, tensor<2x4x4x4xf32>, tensor<2x4x4x16xi32>, tensor<1x1024x1024x16xf32>, tensor<1x18x2x16xf32>) {
    %0 = tensor.empty() : tensor<2x4x4x3x3x8xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%arg0 : tensor<2x9x9x8xf32>) outs(%0 : tensor<2x4x4x3x3x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x4x4x3x3x8xf32>
    %collapsed = tensor.collapse_shape %1 [[0, 1, 2], [3, 4, 5]] : tensor<2x4x4x3x3x8xf32> into tensor<32x72xf32>
    %collapsed_0 = tensor.collapse_shape %arg1 [[0, 1, 2], [3]] : tensor<3x3x8x16xf32> into tensor<72x16xf32>
    %collapsed_1 = tensor.collapse_shape %arg2 [[0, 1, 2], [3]] : tensor<2x4x4x16xf32> into tensor<32x16xf32>
    %2 = linalg.matmul ins(%collapsed, %collapsed_0 : tensor<32x72xf32>, tensor<72x16xf32>) outs(%collapsed_1 : tensor<32x16xf32>) -> tensor<32x16xf32>
    %expanded = tensor.expand_shape %2 [[0, 1, 2], [3]] output_shape [2, 4, 4, 16] : tensor<32x16xf32> into tensor<2x4x4x16xf32>
    %3 = tensor.empty() : tensor<1x12x3x4xf16>
    %4 = linalg.generic {indexing_maps = [#map2, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%arg3 : tensor<1x20x4xf16>) outs(%3 : tensor<1x12x3x4xf16>) {
    ^bb0(%in: f16, %out: f16):
      linalg.yield %in : f16
    } -> tensor<1x12x3x4xf16>
    %collapsed_2 = tensor.collapse_shape %4 [[0, 1], [2, 3]] : tensor<1x12x3x4xf16> into tensor<12x12xf16>
    %collapsed_3 = tensor.collapse_shape %arg4 [[0, 1], [2]] : tensor<3x4x32xf16> into tensor<12x32xf16>
    %collapsed_4 = tensor.collapse_shape %arg5 [[0, 1], [2]] : tensor<1x12x32xf16> into tensor<12x32xf16>
    %5 = linalg.matmul ins(%collapsed_2, %collapsed_3 : tensor<12x12xf16>, tensor<12x32xf16>) outs(%collapsed_4 : tensor<12x32xf16>) -> tensor<12x32xf16>
    %expanded_5 = tensor.expand_shape %5 [[0, 1], [2]] output_shape [1, 12, 32] : tensor<12x32xf16> into tensor<1x12x32xf16>
    %6 = linalg.conv_2d_nhwc_hwcf {dilations = dense<1> : tensor<2xi64>, strides = dense<2> : tensor<2xi64>} ins(%arg0, %arg6 : tensor<2x9x9x8xf32>, tensor<3x3x8x4xf32>) outs(%arg7 : tensor<2x4x4x4xf32>) -> tensor<2x4x4x4xf32>
    %7 = linalg.conv_2d_nhwc_hwcf {dilations = dense<1> : tensor<2xi64>, strides = dense<2> : tensor<2xi64>} ins(%arg8, %arg9 : tensor<2x9x9x8xi8>, tensor<3x3x8x16xi8>) outs(%arg10 : tensor<2x4x4x16xi32>) -> tensor<2x4x4x16xi32>
    %8 = linalg.conv_2d_nhwc_hwcf {dilations = dense<1> : tensor<2xi64>, strides = dense<1> : tensor<2xi64>} ins(%arg11, %arg1 : tensor<1x1026x1026x8xf32>, tensor<3x3x8x16xf32>) outs(%arg12 : tensor<1x1024x1024x16xf32>) -> tensor<1x1024x1024x16xf32>
    %9 = linalg.generic {indexing_maps = [#map4, #map5, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]} ins(%arg13, %arg14 : tensor<1x20x2x4xf32>, tensor<2x3x4x16xf32>) outs(%arg15 : tensor<1x18x2x16xf32>) {
    ^bb0(%in: f32, %in_6: f32, %out: f32):
      %10 = arith.mulf %in, %in_6 : f32
      %11 = arith.addf %out, %10 : f32
      linalg.yield %11 : f32
    } -> tensor<1x18x2x16xf32>
    return %expanded, %expanded_5, %6, %7, %8, %9 : tensor<2x4x4x16xf32>, tensor<1x12x32xf16>, tensor<2x4x4x4xf32>, tensor<2x4x4x16xi32>, tensor<1x1024x1024x16xf32>, tensor<1x18x2x16xf32>
  }
}
