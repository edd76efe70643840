// Sums of columns that are read with the columns again: loops. Sums of rows, and sums of columns alone: vectors.
// pass: loops-over-columns
#config = #iree_codegen.lowering_config<tile_sizes = [[64], [1], [0, 17]]>
#vectors = #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseVectorize> workgroup_size = [64, 1, 1]>
#rows = affine_map<(d0, d1) -> (d0, d1)>
#columns = affine_map<(d0, d1) -> (d1, d0)>
#sums = affine_map<(d0, d1) -> (d0)>
module {
  func.func @columns(%x: tensor<17x256xf32>, %s: tensor<256xf32>, %y: tensor<17x256xf32>) -> tensor<17x256xf32> attributes {translation_info = #vectors} {
    %0 = linalg.generic {indexing_maps = [#columns, #sums], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<17x256xf32>) outs(%s : tensor<256xf32>) attrs = {lowering_config = #config} {
    ^bb0(%in: f32, %out: f32):
      %2 = arith.addf %out, %in : f32
      linalg.yield %2 : f32
    } -> tensor<256xf32>
    %1 = linalg.generic {indexing_maps = [#columns, #sums, #columns], iterator_types = ["parallel", "parallel"]} ins(%x, %0 : tensor<17x256xf32>, tensor<256xf32>) outs(%y : tensor<17x256xf32>) {
    ^bb0(%in: f32, %sum: f32, %out: f32):
      %2 = arith.subf %in, %sum : f32
      linalg.yield %2 : f32
    } -> tensor<17x256xf32>
    return %1 : tensor<17x256xf32>
  }
  func.func @rows(%x: tensor<256x17xf32>, %s: tensor<256xf32>, %y: tensor<256x17xf32>) -> tensor<256x17xf32> attributes {translation_info = #vectors} {
    %0 = linalg.generic {indexing_maps = [#rows, #sums], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<256x17xf32>) outs(%s : tensor<256xf32>) attrs = {lowering_config = #config} {
    ^bb0(%in: f32, %out: f32):
      %2 = arith.addf %out, %in : f32
      linalg.yield %2 : f32
    } -> tensor<256xf32>
    %1 = linalg.generic {indexing_maps = [#rows, #sums, #rows], iterator_types = ["parallel", "parallel"]} ins(%x, %0 : tensor<256x17xf32>, tensor<256xf32>) outs(%y : tensor<256x17xf32>) {
    ^bb0(%in: f32, %sum: f32, %out: f32):
      %2 = arith.subf %in, %sum : f32
      linalg.yield %2 : f32
    } -> tensor<256x17xf32>
    return %1 : tensor<256x17xf32>
  }
  func.func @sums(%x: tensor<17x256xf32>, %s: tensor<256xf32>) -> tensor<256xf32> attributes {translation_info = #vectors} {
    %0 = linalg.generic {indexing_maps = [#columns, #sums], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<17x256xf32>) outs(%s : tensor<256xf32>) attrs = {lowering_config = #config} {
    ^bb0(%in: f32, %out: f32):
      %2 = arith.addf %out, %in : f32
      linalg.yield %2 : f32
    } -> tensor<256xf32>
    return %0 : tensor<256xf32>
  }
}
// -----
#config = #iree_codegen.lowering_config<tile_sizes = [[64], [1], [0, 17]]>
#map = affine_map<(d0, d1) -> (d1, d0)>
#map1 = affine_map<(d0, d1) -> (d0)>
#map2 = affine_map<(d0, d1) -> (d0, d1)>
#translation = #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseDistribute> workgroup_size = [64, 1, 1]>
#translation1 = #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseVectorize> workgroup_size = [64, 1, 1]>
module {
  func.func @columns(%arg0: tensor<17x256xf32>, %arg1: tensor<256xf32>, %arg2: tensor<17x256xf32>) -> tensor<17x256xf32> attributes {translation_info = #translation} {
    %0 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "reduction"]} ins(%arg0 : tensor<17x256xf32>) outs(%arg1 : tensor<256xf32>) attrs =  {lowering_config = #config} {
    ^bb0(%in: f32, %out: f32):
      %2 = arith.addf %out, %in : f32
      linalg.yield %2 : f32
    } -> tensor<256xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%arg0, %0 : tensor<17x256xf32>, tensor<256xf32>) outs(%arg2 : tensor<17x256xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %2 = arith.subf %in, %in_0 : f32
      linalg.yield %2 : f32
    } -> tensor<17x256xf32>
    return %1 : tensor<17x256xf32>
  }
  func.func @rows(%arg0: tensor<256x17xf32>, %arg1: tensor<256xf32>, %arg2: tensor<256x17xf32>) -> tensor<256x17xf32> attributes {translation_info = #translation1} {
    %0 = linalg.generic {indexing_maps = [#map2, #map1], iterator_types = ["parallel", "reduction"]} ins(%arg0 : tensor<256x17xf32>) outs(%arg1 : tensor<256xf32>) attrs =  {lowering_config = #config} {
    ^bb0(%in: f32, %out: f32):
      %2 = arith.addf %out, %in : f32
      linalg.yield %2 : f32
    } -> tensor<256xf32>
    %1 = linalg.generic {indexing_maps = [#map2, #map1, #map2], iterator_types = ["parallel", "parallel"]} ins(%arg0, %0 : tensor<256x17xf32>, tensor<256xf32>) outs(%arg2 : tensor<256x17xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %2 = arith.subf %in, %in_0 : f32
      linalg.yield %2 : f32
    } -> tensor<256x17xf32>
    return %1 : tensor<256x17xf32>
  }
  func.func @sums(%arg0: tensor<17x256xf32>, %arg1: tensor<256xf32>) -> tensor<256xf32> attributes {translation_info = #translation1} {
    %0 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "reduction"]} ins(%arg0 : tensor<17x256xf32>) outs(%arg1 : tensor<256xf32>) attrs =  {lowering_config = #config} {
    ^bb0(%in: f32, %out: f32):
      %1 = arith.addf %out, %in : f32
      linalg.yield %1 : f32
    } -> tensor<256xf32>
    return %0 : tensor<256xf32>
  }
}
