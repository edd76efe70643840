// pass: expand-fixed-point
// Nothing here reads the bytes of the numbers themselves, so the matrix that is put together of two panels becomes a global
// of its own, which an initializer fills. What is made of an input stays where it is.
module {
  util.global private @w.fixed : tensor<2x256xi8>
  util.global private @w.steps : tensor<2x32xf32>
  util.func public @main(%x: tensor<1x2xf32>, %bytes: tensor<2x256xi8>) -> (tensor<1x64xf32>, tensor<2x2x32xi8>) {
    %c8_i32 = arith.constant 8 : i32
    %c16_i32 = arith.constant 16 : i32
    %c24_i32 = arith.constant 24 : i32
    %fixed = util.global.load @w.fixed : tensor<2x256xi8>
    %steps = util.global.load @w.steps : tensor<2x32xf32>
    %used = tensor.extract_slice %fixed[0, 0] [2, 192] [1, 1] : tensor<2x256xi8> to tensor<2x192xi8>
    %each = tensor.expand_shape %used [[0], [1, 2, 3]] output_shape [2, 2, 32, 3] : tensor<2x192xi8> into tensor<2x2x32x3xi8>
    %whole = tensor.empty() : tensor<2x2x32xi32>
    %float = tensor.empty() : tensor<2x2x32xf32>
    %slice0 = tensor.extract_slice %each[0, 0, 0, 0] [2, 2, 32, 1] [1, 1, 1, 1] : tensor<2x2x32x3xi8> to tensor<2x2x32x1xi8>
    %byte0 = tensor.collapse_shape %slice0 [[0], [1], [2, 3]] : tensor<2x2x32x1xi8> into tensor<2x2x32xi8>
    %wide0 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%byte0 : tensor<2x2x32xi8>) outs(%whole : tensor<2x2x32xi32>) {
    ^bb0(%in: i8, %out: i32):
      %0 = arith.extui %in : i8 to i32
      linalg.yield %0 : i32
    } -> tensor<2x2x32xi32>
    %part0 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%wide0 : tensor<2x2x32xi32>) outs(%whole : tensor<2x2x32xi32>) {
    ^bb0(%in: i32, %out: i32):
      %0 = arith.shli %in, %c8_i32 : i32
      linalg.yield %0 : i32
    } -> tensor<2x2x32xi32>
    %slice1 = tensor.extract_slice %each[0, 0, 0, 1] [2, 2, 32, 1] [1, 1, 1, 1] : tensor<2x2x32x3xi8> to tensor<2x2x32x1xi8>
    %byte1 = tensor.collapse_shape %slice1 [[0], [1], [2, 3]] : tensor<2x2x32x1xi8> into tensor<2x2x32xi8>
    %wide1 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%byte1 : tensor<2x2x32xi8>) outs(%whole : tensor<2x2x32xi32>) {
    ^bb0(%in: i8, %out: i32):
      %0 = arith.extui %in : i8 to i32
      linalg.yield %0 : i32
    } -> tensor<2x2x32xi32>
    %part1 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%wide1 : tensor<2x2x32xi32>) outs(%whole : tensor<2x2x32xi32>) {
    ^bb0(%in: i32, %out: i32):
      %0 = arith.shli %in, %c16_i32 : i32
      linalg.yield %0 : i32
    } -> tensor<2x2x32xi32>
    %slice2 = tensor.extract_slice %each[0, 0, 0, 2] [2, 2, 32, 1] [1, 1, 1, 1] : tensor<2x2x32x3xi8> to tensor<2x2x32x1xi8>
    %byte2 = tensor.collapse_shape %slice2 [[0], [1], [2, 3]] : tensor<2x2x32x1xi8> into tensor<2x2x32xi8>
    %wide2 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%byte2 : tensor<2x2x32xi8>) outs(%whole : tensor<2x2x32xi32>) {
    ^bb0(%in: i8, %out: i32):
      %0 = arith.extui %in : i8 to i32
      linalg.yield %0 : i32
    } -> tensor<2x2x32xi32>
    %part2 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%wide2 : tensor<2x2x32xi32>) outs(%whole : tensor<2x2x32xi32>) {
    ^bb0(%in: i32, %out: i32):
      %0 = arith.shli %in, %c24_i32 : i32
      linalg.yield %0 : i32
    } -> tensor<2x2x32xi32>
    %upper = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%part2, %part1 : tensor<2x2x32xi32>, tensor<2x2x32xi32>) outs(%whole : tensor<2x2x32xi32>) {
    ^bb0(%in: i32, %more: i32, %out: i32):
      %0 = arith.addi %in, %more : i32
      linalg.yield %0 : i32
    } -> tensor<2x2x32xi32>
    %all = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%upper, %part0 : tensor<2x2x32xi32>, tensor<2x2x32xi32>) outs(%whole : tensor<2x2x32xi32>) {
    ^bb0(%in: i32, %more: i32, %out: i32):
      %0 = arith.addi %in, %more : i32
      linalg.yield %0 : i32
    } -> tensor<2x2x32xi32>
    %number = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%all : tensor<2x2x32xi32>) outs(%float : tensor<2x2x32xf32>) {
    ^bb0(%in: i32, %out: f32):
      %0 = arith.sitofp %in : i32 to f32
      linalg.yield %0 : f32
    } -> tensor<2x2x32xf32>
    %step = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%steps : tensor<2x32xf32>) outs(%float : tensor<2x2x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x2x32xf32>
    %panels = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%number, %step : tensor<2x2x32xf32>, tensor<2x2x32xf32>) outs(%float : tensor<2x2x32xf32>) {
    ^bb0(%in: f32, %more: f32, %out: f32):
      %0 = arith.mulf %in, %more : f32
      linalg.yield %0 : f32
    } -> tensor<2x2x32xf32>
    %turned = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d1, d0, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%panels : tensor<2x2x32xf32>) outs(%float : tensor<2x2x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x2x32xf32>
    %matrix = tensor.collapse_shape %turned [[0], [1, 2]] : tensor<2x2x32xf32> into tensor<2x64xf32>
    %zero = arith.constant 0.0 : f32
    %empty = tensor.empty() : tensor<1x64xf32>
    %zeros = linalg.fill ins(%zero : f32) outs(%empty : tensor<1x64xf32>) -> tensor<1x64xf32>
    %y = linalg.matmul ins(%x, %matrix : tensor<1x2xf32>, tensor<2x64xf32>) outs(%zeros : tensor<1x64xf32>) -> tensor<1x64xf32>
    %some = tensor.extract_slice %bytes[0, 0] [2, 64] [1, 1] : tensor<2x256xi8> to tensor<2x64xi8>
    %other = tensor.expand_shape %some [[0], [1, 2]] output_shape [2, 2, 32] : tensor<2x64xi8> into tensor<2x2x32xi8>
    util.return %y, %other : tensor<1x64xf32>, tensor<2x2x32xi8>
  }
}
// -----
#map = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map1 = affine_map<(d0, d1, d2) -> (d0, d2)>
#map2 = affine_map<(d0, d1, d2) -> (d1, d0, d2)>
module {
  util.global private @w.fixed : tensor<2x256xi8>
  util.global private @w.steps : tensor<2x32xf32>
  util.global private @w.fixed.matrix : tensor<2x64xf32>
  util.initializer {
    %w.fixed = util.global.load @w.fixed : tensor<2x256xi8>
    %extracted_slice = tensor.extract_slice %w.fixed[0, 0] [2, 192] [1, 1] : tensor<2x256xi8> to tensor<2x192xi8>
    %expanded = tensor.expand_shape %extracted_slice [[0], [1, 2, 3]] output_shape [2, 2, 32, 3] : tensor<2x192xi8> into tensor<2x2x32x3xi8>
    %extracted_slice_0 = tensor.extract_slice %expanded[0, 0, 0, 2] [2, 2, 32, 1] [1, 1, 1, 1] : tensor<2x2x32x3xi8> to tensor<2x2x32x1xi8>
    %collapsed = tensor.collapse_shape %extracted_slice_0 [[0], [1], [2, 3]] : tensor<2x2x32x1xi8> into tensor<2x2x32xi8>
    %0 = tensor.empty() : tensor<2x2x32xi32>
    %1 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%collapsed : tensor<2x2x32xi8>) outs(%0 : tensor<2x2x32xi32>) {
    ^bb0(%in: i8, %out: i32):
      %16 = arith.extui %in : i8 to i32
      linalg.yield %16 : i32
    } -> tensor<2x2x32xi32>
    %c24_i32 = arith.constant 24 : i32
    %2 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1 : tensor<2x2x32xi32>) outs(%0 : tensor<2x2x32xi32>) {
    ^bb0(%in: i32, %out: i32):
      %16 = arith.shli %in, %c24_i32 : i32
      linalg.yield %16 : i32
    } -> tensor<2x2x32xi32>
    %extracted_slice_1 = tensor.extract_slice %expanded[0, 0, 0, 1] [2, 2, 32, 1] [1, 1, 1, 1] : tensor<2x2x32x3xi8> to tensor<2x2x32x1xi8>
    %collapsed_2 = tensor.collapse_shape %extracted_slice_1 [[0], [1], [2, 3]] : tensor<2x2x32x1xi8> into tensor<2x2x32xi8>
    %3 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%collapsed_2 : tensor<2x2x32xi8>) outs(%0 : tensor<2x2x32xi32>) {
    ^bb0(%in: i8, %out: i32):
      %16 = arith.extui %in : i8 to i32
      linalg.yield %16 : i32
    } -> tensor<2x2x32xi32>
    %c16_i32 = arith.constant 16 : i32
    %4 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%3 : tensor<2x2x32xi32>) outs(%0 : tensor<2x2x32xi32>) {
    ^bb0(%in: i32, %out: i32):
      %16 = arith.shli %in, %c16_i32 : i32
      linalg.yield %16 : i32
    } -> tensor<2x2x32xi32>
    %5 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%2, %4 : tensor<2x2x32xi32>, tensor<2x2x32xi32>) outs(%0 : tensor<2x2x32xi32>) {
    ^bb0(%in: i32, %in_8: i32, %out: i32):
      %16 = arith.addi %in, %in_8 : i32
      linalg.yield %16 : i32
    } -> tensor<2x2x32xi32>
    %extracted_slice_3 = tensor.extract_slice %expanded[0, 0, 0, 0] [2, 2, 32, 1] [1, 1, 1, 1] : tensor<2x2x32x3xi8> to tensor<2x2x32x1xi8>
    %collapsed_4 = tensor.collapse_shape %extracted_slice_3 [[0], [1], [2, 3]] : tensor<2x2x32x1xi8> into tensor<2x2x32xi8>
    %6 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%collapsed_4 : tensor<2x2x32xi8>) outs(%0 : tensor<2x2x32xi32>) {
    ^bb0(%in: i8, %out: i32):
      %16 = arith.extui %in : i8 to i32
      linalg.yield %16 : i32
    } -> tensor<2x2x32xi32>
    %c8_i32 = arith.constant 8 : i32
    %7 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%6 : tensor<2x2x32xi32>) outs(%0 : tensor<2x2x32xi32>) {
    ^bb0(%in: i32, %out: i32):
      %16 = arith.shli %in, %c8_i32 : i32
      linalg.yield %16 : i32
    } -> tensor<2x2x32xi32>
    %8 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%5, %7 : tensor<2x2x32xi32>, tensor<2x2x32xi32>) outs(%0 : tensor<2x2x32xi32>) {
    ^bb0(%in: i32, %in_8: i32, %out: i32):
      %16 = arith.addi %in, %in_8 : i32
      linalg.yield %16 : i32
    } -> tensor<2x2x32xi32>
    %9 = tensor.empty() : tensor<2x2x32xf32>
    %10 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%8 : tensor<2x2x32xi32>) outs(%9 : tensor<2x2x32xf32>) {
    ^bb0(%in: i32, %out: f32):
      %16 = arith.sitofp %in : i32 to f32
      linalg.yield %16 : f32
    } -> tensor<2x2x32xf32>
    %w.steps = util.global.load @w.steps : tensor<2x32xf32>
    %11 = linalg.generic {indexing_maps = [#map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%w.steps : tensor<2x32xf32>) outs(%9 : tensor<2x2x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x2x32xf32>
    %12 = flow.tensor.bitcast %w.fixed : tensor<2x256xi8> -> tensor<2x64xi32>
    %c24 = arith.constant 24 : index
    %c1 = arith.constant 1 : index
    %c0_i32 = arith.constant 0 : i32
    %c1_i32 = arith.constant 1 : i32
    %c2_i32 = arith.constant 2 : i32
    %c3_i32 = arith.constant 3 : i32
    %c5_i32 = arith.constant 5 : i32
    %c8_i32_5 = arith.constant 8 : i32
    %c24_i32_6 = arith.constant 24 : i32
    %13 = tensor.empty() : tensor<2x2x32xf32>
    %14 = linalg.generic {indexing_maps = [#map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%w.steps : tensor<2x32xf32>) outs(%13 : tensor<2x2x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %16 = linalg.index 0 : index
      %17 = linalg.index 1 : index
      %18 = linalg.index 2 : index
      %19 = arith.index_cast %18 : index to i32
      %20 = arith.muli %19, %c3_i32 : i32
      %21 = arith.shrui %20, %c2_i32 : i32
      %22 = arith.andi %20, %c3_i32 : i32
      %23 = arith.muli %17, %c24 : index
      %24 = arith.index_cast %21 : i32 to index
      %25 = arith.addi %23, %24 : index
      %26 = arith.addi %25, %c1 : index
      %extracted = tensor.extract %12[%16, %25] : tensor<2x64xi32>
      %extracted_8 = tensor.extract %12[%16, %26] : tensor<2x64xi32>
      %27 = arith.muli %22, %c8_i32_5 : i32
      %28 = arith.shrui %extracted, %27 : i32
      %29 = arith.shli %28, %c8_i32_5 : i32
      %30 = arith.cmpi ugt, %22, %c1_i32 : i32
      %31 = arith.subi %c5_i32, %22 : i32
      %32 = arith.muli %31, %c8_i32_5 : i32
      %33 = arith.minui %32, %c24_i32_6 : i32
      %34 = arith.shli %extracted_8, %33 : i32
      %35 = arith.select %30, %34, %c0_i32 : i32
      %36 = arith.ori %29, %35 : i32
      %37 = arith.sitofp %36 : i32 to f32
      %38 = arith.mulf %37, %in : f32
      linalg.yield %38 : f32
    } -> tensor<2x2x32xf32>
    %15 = linalg.generic {indexing_maps = [#map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%14 : tensor<2x2x32xf32>) outs(%9 : tensor<2x2x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x2x32xf32>
    %collapsed_7 = tensor.collapse_shape %15 [[0], [1, 2]] : tensor<2x2x32xf32> into tensor<2x64xf32>
    util.global.store %collapsed_7, @w.fixed.matrix : tensor<2x64xf32>
    util.return
  }
  util.func public @main(%arg0: tensor<1x2xf32>, %arg1: tensor<2x256xi8>) -> (tensor<1x64xf32>, tensor<2x2x32xi8>) {
    %c8_i32 = arith.constant 8 : i32
    %c16_i32 = arith.constant 16 : i32
    %c24_i32 = arith.constant 24 : i32
    %w.fixed = util.global.load @w.fixed : tensor<2x256xi8>
    %w.steps = util.global.load @w.steps : tensor<2x32xf32>
    %extracted_slice = tensor.extract_slice %w.fixed[0, 0] [2, 192] [1, 1] : tensor<2x256xi8> to tensor<2x192xi8>
    %expanded = tensor.expand_shape %extracted_slice [[0], [1, 2, 3]] output_shape [2, 2, 32, 3] : tensor<2x192xi8> into tensor<2x2x32x3xi8>
    %0 = tensor.empty() : tensor<2x2x32xi32>
    %1 = tensor.empty() : tensor<2x2x32xf32>
    %extracted_slice_0 = tensor.extract_slice %expanded[0, 0, 0, 0] [2, 2, 32, 1] [1, 1, 1, 1] : tensor<2x2x32x3xi8> to tensor<2x2x32x1xi8>
    %collapsed = tensor.collapse_shape %extracted_slice_0 [[0], [1], [2, 3]] : tensor<2x2x32x1xi8> into tensor<2x2x32xi8>
    %2 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%collapsed : tensor<2x2x32xi8>) outs(%0 : tensor<2x2x32xi32>) {
    ^bb0(%in: i8, %out: i32):
      %17 = arith.extui %in : i8 to i32
      linalg.yield %17 : i32
    } -> tensor<2x2x32xi32>
    %3 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%2 : tensor<2x2x32xi32>) outs(%0 : tensor<2x2x32xi32>) {
    ^bb0(%in: i32, %out: i32):
      %17 = arith.shli %in, %c8_i32 : i32
      linalg.yield %17 : i32
    } -> tensor<2x2x32xi32>
    %extracted_slice_1 = tensor.extract_slice %expanded[0, 0, 0, 1] [2, 2, 32, 1] [1, 1, 1, 1] : tensor<2x2x32x3xi8> to tensor<2x2x32x1xi8>
    %collapsed_2 = tensor.collapse_shape %extracted_slice_1 [[0], [1], [2, 3]] : tensor<2x2x32x1xi8> into tensor<2x2x32xi8>
    %4 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%collapsed_2 : tensor<2x2x32xi8>) outs(%0 : tensor<2x2x32xi32>) {
    ^bb0(%in: i8, %out: i32):
      %17 = arith.extui %in : i8 to i32
      linalg.yield %17 : i32
    } -> tensor<2x2x32xi32>
    %5 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%4 : tensor<2x2x32xi32>) outs(%0 : tensor<2x2x32xi32>) {
    ^bb0(%in: i32, %out: i32):
      %17 = arith.shli %in, %c16_i32 : i32
      linalg.yield %17 : i32
    } -> tensor<2x2x32xi32>
    %extracted_slice_3 = tensor.extract_slice %expanded[0, 0, 0, 2] [2, 2, 32, 1] [1, 1, 1, 1] : tensor<2x2x32x3xi8> to tensor<2x2x32x1xi8>
    %collapsed_4 = tensor.collapse_shape %extracted_slice_3 [[0], [1], [2, 3]] : tensor<2x2x32x1xi8> into tensor<2x2x32xi8>
    %6 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%collapsed_4 : tensor<2x2x32xi8>) outs(%0 : tensor<2x2x32xi32>) {
    ^bb0(%in: i8, %out: i32):
      %17 = arith.extui %in : i8 to i32
      linalg.yield %17 : i32
    } -> tensor<2x2x32xi32>
    %7 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%6 : tensor<2x2x32xi32>) outs(%0 : tensor<2x2x32xi32>) {
    ^bb0(%in: i32, %out: i32):
      %17 = arith.shli %in, %c24_i32 : i32
      linalg.yield %17 : i32
    } -> tensor<2x2x32xi32>
    %8 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%7, %5 : tensor<2x2x32xi32>, tensor<2x2x32xi32>) outs(%0 : tensor<2x2x32xi32>) {
    ^bb0(%in: i32, %in_8: i32, %out: i32):
      %17 = arith.addi %in, %in_8 : i32
      linalg.yield %17 : i32
    } -> tensor<2x2x32xi32>
    %9 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%8, %3 : tensor<2x2x32xi32>, tensor<2x2x32xi32>) outs(%0 : tensor<2x2x32xi32>) {
    ^bb0(%in: i32, %in_8: i32, %out: i32):
      %17 = arith.addi %in, %in_8 : i32
      linalg.yield %17 : i32
    } -> tensor<2x2x32xi32>
    %10 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%9 : tensor<2x2x32xi32>) outs(%1 : tensor<2x2x32xf32>) {
    ^bb0(%in: i32, %out: f32):
      %17 = arith.sitofp %in : i32 to f32
      linalg.yield %17 : f32
    } -> tensor<2x2x32xf32>
    %11 = linalg.generic {indexing_maps = [#map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%w.steps : tensor<2x32xf32>) outs(%1 : tensor<2x2x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x2x32xf32>
    %12 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%10, %11 : tensor<2x2x32xf32>, tensor<2x2x32xf32>) outs(%1 : tensor<2x2x32xf32>) {
    ^bb0(%in: f32, %in_8: f32, %out: f32):
      %17 = arith.mulf %in, %in_8 : f32
      linalg.yield %17 : f32
    } -> tensor<2x2x32xf32>
    %13 = linalg.generic {indexing_maps = [#map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%12 : tensor<2x2x32xf32>) outs(%1 : tensor<2x2x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x2x32xf32>
    %w.fixed.matrix = util.global.load @w.fixed.matrix : tensor<2x64xf32>
    %collapsed_5 = tensor.collapse_shape %13 [[0], [1, 2]] : tensor<2x2x32xf32> into tensor<2x64xf32>
    %cst = arith.constant 0.000000e+00 : f32
    %14 = tensor.empty() : tensor<1x64xf32>
    %15 = linalg.fill ins(%cst : f32) outs(%14 : tensor<1x64xf32>) -> tensor<1x64xf32>
    %16 = linalg.matmul ins(%arg0, %w.fixed.matrix : tensor<1x2xf32>, tensor<2x64xf32>) outs(%15 : tensor<1x64xf32>) -> tensor<1x64xf32>
    %extracted_slice_6 = tensor.extract_slice %arg1[0, 0] [2, 64] [1, 1] : tensor<2x256xi8> to tensor<2x64xi8>
    %expanded_7 = tensor.expand_shape %extracted_slice_6 [[0], [1, 2]] output_shape [2, 2, 32] : tensor<2x64xi8> into tensor<2x2x32xi8>
    util.return %16, %expanded_7 : tensor<1x64xf32>, tensor<2x2x32xi8>
  }
}
