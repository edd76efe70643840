// pass: widen-halves
// target: x86-64-v3
// Weights become float32 where they are loaded, images inside of their padding and reshapes. What is between products is
// float32 too, rounded where it was; what is only a choice of numbers is not rounded. Weights that few rows are multiplied
// by, and a product that is rounded to 16 bits at each step, stay as they are.
util.global private @weights = #flow.parameter.named<"model"::"weights"> : tensor<16x32xf16>
util.func public @main(%x: tensor<1x8x8x16xf16>, %k: tensor<3x3x16x32xf16>, %few: tensor<2x16xf16>,
                       %rows: tensor<64x32xf32>, %sums: tensor<1x8x8x32xf32>, %two: tensor<2x32xf32>,
                       %narrow: tensor<64x32xf16>)
    -> (tensor<64x32xf16>, tensor<64x32xf32>, tensor<1x8x8x32xf32>, tensor<2x32xf32>, tensor<64x32xf16>) {
  %zero = arith.constant 0.0 : f16
  %none = arith.constant 0.0 : f32
  %zeros = linalg.fill ins(%none : f32) outs(%rows : tensor<64x32xf32>) -> tensor<64x32xf32>
  %image = linalg.fill ins(%none : f32) outs(%sums : tensor<1x8x8x32xf32>) -> tensor<1x8x8x32xf32>
  %little = linalg.fill ins(%none : f32) outs(%two : tensor<2x32xf32>) -> tensor<2x32xf32>
  %weights = util.global.load @weights : tensor<16x32xf16>
  %flat = tensor.collapse_shape %x [[0, 1, 2], [3]] : tensor<1x8x8x16xf16> into tensor<64x16xf16>
  %0 = linalg.matmul ins(%flat, %weights : tensor<64x16xf16>, tensor<16x32xf16>) outs(%zeros : tensor<64x32xf32>)
    -> tensor<64x32xf32>
  %padded = tensor.pad %x low[0, 1, 1, 0] high[0, 1, 1, 0] {
    ^bb0(%n: index, %h: index, %w: index, %c: index):
      tensor.yield %zero : f16
  } : tensor<1x8x8x16xf16> to tensor<1x10x10x16xf16>
  %1 = linalg.conv_2d_nhwc_hwcf {strides = dense<1> : tensor<2xi64>, dilations = dense<1> : tensor<2xi64>}
    ins(%padded, %k : tensor<1x10x10x16xf16>, tensor<3x3x16x32xf16>) outs(%image : tensor<1x8x8x32xf32>)
    -> tensor<1x8x8x32xf32>
  %2 = linalg.matmul ins(%few, %weights : tensor<2x16xf16>, tensor<16x32xf16>) outs(%little : tensor<2x32xf32>)
    -> tensor<2x32xf32>
  %3 = linalg.matmul ins(%flat, %weights : tensor<64x16xf16>, tensor<16x32xf16>) outs(%narrow : tensor<64x32xf16>)
    -> tensor<64x32xf16>
  %halves = tensor.empty() : tensor<64x32xf16>
  %steps = linalg.generic {
    indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>],
    iterator_types = ["parallel", "parallel"]
  } ins(%0 : tensor<64x32xf32>) outs(%halves : tensor<64x32xf16>) {
  ^bb0(%n: f32, %out: f16):
    %half = arith.truncf %n : f32 to f16
    %twice = arith.addf %half, %half : f16
    %power = math.exp %twice : f16
    %large = arith.maximumf %power, %zero : f16
    linalg.yield %large : f16
  } -> tensor<64x32xf16>
  util.return %steps, %0, %1, %2, %3 : tensor<64x32xf16>, tensor<64x32xf32>, tensor<1x8x8x32xf32>, tensor<2x32xf32>, tensor<64x32xf16>
}
// -----
#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
module {
  util.global private @weights = #flow.parameter.named<"model"::"weights"> : tensor<16x32xf16>
  util.global private @weights.f32 : tensor<16x32xf32>
  util.initializer {
    %weights = util.global.load @weights : tensor<16x32xf16>
    %0 = tensor.empty() : tensor<16x32xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%weights : tensor<16x32xf16>) outs(%0 : tensor<16x32xf32>) {
    ^bb0(%in: f16, %out: f32):
      %2 = arith.extf %in : f16 to f32
      linalg.yield %2 : f32
    } -> tensor<16x32xf32>
    util.global.store %1, @weights.f32 : tensor<16x32xf32>
    util.return
  }
  util.func public @main(%arg0: tensor<1x8x8x16xf16>, %arg1: tensor<3x3x16x32xf16>, %arg2: tensor<2x16xf16>, %arg3: tensor<64x32xf32>, %arg4: tensor<1x8x8x32xf32>, %arg5: tensor<2x32xf32>, %arg6: tensor<64x32xf16>) -> (tensor<64x32xf16>, tensor<64x32xf32>, tensor<1x8x8x32xf32>, tensor<2x32xf32>, tensor<64x32xf16>) {
    %cst = arith.constant 0.000000e+00 : f16
    %cst_0 = arith.constant 0.000000e+00 : f32
    %0 = linalg.fill ins(%cst_0 : f32) outs(%arg3 : tensor<64x32xf32>) -> tensor<64x32xf32>
    %1 = linalg.fill ins(%cst_0 : f32) outs(%arg4 : tensor<1x8x8x32xf32>) -> tensor<1x8x8x32xf32>
    %2 = linalg.fill ins(%cst_0 : f32) outs(%arg5 : tensor<2x32xf32>) -> tensor<2x32xf32>
    %weights.f32 = util.global.load @weights.f32 : tensor<16x32xf32>
    %weights = util.global.load @weights : tensor<16x32xf16>
    %3 = tensor.empty() : tensor<1x8x8x16xf32>
    %4 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%arg0 : tensor<1x8x8x16xf16>) outs(%3 : tensor<1x8x8x16xf32>) {
    ^bb0(%in: f16, %out: f32):
      %20 = arith.extf %in : f16 to f32
      linalg.yield %20 : f32
    } -> tensor<1x8x8x16xf32>
    %collapsed = tensor.collapse_shape %4 [[0, 1, 2], [3]] : tensor<1x8x8x16xf32> into tensor<64x16xf32>
    %5 = tensor.empty() : tensor<64x16xf16>
    %6 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%collapsed : tensor<64x16xf32>) outs(%5 : tensor<64x16xf16>) {
    ^bb0(%in: f32, %out: f16):
      %20 = arith.truncf %in : f32 to f16
      linalg.yield %20 : f16
    } -> tensor<64x16xf16>
    %7 = linalg.matmul ins(%collapsed, %weights.f32 : tensor<64x16xf32>, tensor<16x32xf32>) outs(%0 : tensor<64x32xf32>) -> tensor<64x32xf32>
    %cst_1 = arith.constant 0.000000e+00 : f32
    %padded = tensor.pad %4 low[0, 1, 1, 0] high[0, 1, 1, 0] {
    ^bb0(%arg7: index, %arg8: index, %arg9: index, %arg10: index):
      tensor.yield %cst_1 : f32
    } : tensor<1x8x8x16xf32> to tensor<1x10x10x16xf32>
    %8 = tensor.empty() : tensor<3x3x16x32xf32>
    %9 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%arg1 : tensor<3x3x16x32xf16>) outs(%8 : tensor<3x3x16x32xf32>) {
    ^bb0(%in: f16, %out: f32):
      %20 = arith.extf %in : f16 to f32
      linalg.yield %20 : f32
    } -> tensor<3x3x16x32xf32>
    %10 = linalg.conv_2d_nhwc_hwcf {dilations = dense<1> : tensor<2xi64>, strides = dense<1> : tensor<2xi64>} ins(%padded, %9 : tensor<1x10x10x16xf32>, tensor<3x3x16x32xf32>) outs(%1 : tensor<1x8x8x32xf32>) -> tensor<1x8x8x32xf32>
    %11 = tensor.empty() : tensor<2x16xf32>
    %12 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg2 : tensor<2x16xf16>) outs(%11 : tensor<2x16xf32>) {
    ^bb0(%in: f16, %out: f32):
      %20 = arith.extf %in : f16 to f32
      linalg.yield %20 : f32
    } -> tensor<2x16xf32>
    %13 = linalg.matmul ins(%12, %weights : tensor<2x16xf32>, tensor<16x32xf16>) outs(%2 : tensor<2x32xf32>) -> tensor<2x32xf32>
    %14 = linalg.matmul ins(%6, %weights : tensor<64x16xf16>, tensor<16x32xf16>) outs(%arg6 : tensor<64x32xf16>) -> tensor<64x32xf16>
    %15 = tensor.empty() : tensor<64x32xf32>
    %16 = tensor.empty() : tensor<64x32xf16>
    %cst_2 = arith.constant 0.000000e+00 : f32
    %17 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%7 : tensor<64x32xf32>) outs(%15 : tensor<64x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %20 = arith.truncf %in : f32 to f16
      %21 = arith.extf %20 : f16 to f32
      %22 = arith.addf %21, %21 : f32
      %23 = arith.truncf %22 : f32 to f16
      %24 = arith.extf %23 : f16 to f32
      %25 = arith.truncf %24 : f32 to f16
      %26 = math.exp %25 : f16
      %27 = arith.extf %26 : f16 to f32
      %28 = arith.maximumf %27, %cst_2 : f32
      linalg.yield %28 : f32
    } -> tensor<64x32xf32>
    %18 = tensor.empty() : tensor<64x32xf16>
    %19 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%17 : tensor<64x32xf32>) outs(%18 : tensor<64x32xf16>) {
    ^bb0(%in: f32, %out: f16):
      %20 = arith.truncf %in : f32 to f16
      linalg.yield %20 : f16
    } -> tensor<64x32xf16>
    util.return %19, %7, %10, %13, %14 : tensor<64x32xf16>, tensor<64x32xf32>, tensor<1x8x8x32xf32>, tensor<2x32xf32>, tensor<64x32xf16>
  }
}
