// A product of 784 rows is tiled by 16 of them, with the bias added behind it; one of 7 rows is left to the native compiler.
// pass: promote-matmuls
// target: spirv
#config = #iree_codegen.lowering_config<tile_sizes = [[32, 128], [8, 8], [0, 0, 4]]>
#translation = #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseVectorize> workgroup_size = [16, 4, 1]>
#rows = affine_map<(d0, d1, d2) -> (d0, d2)>
#columns = affine_map<(d0, d1, d2) -> (d2, d1)>
#results = affine_map<(d0, d1, d2) -> (d0, d1)>
#same = affine_map<(d0, d1) -> (d0, d1)>
#bias = affine_map<(d0, d1) -> (d1)>
func.func @tiled(%x: !iree_tensor_ext.dispatch.tensor<readonly:tensor<784x64xf32>>, %w: !iree_tensor_ext.dispatch.tensor<readonly:tensor<64x96xf32>>, %b: tensor<96xf32>, %to: tensor<784x96xf32>) -> tensor<784x96xf32> attributes {translation_info = #translation} {
  %0 = iree_tensor_ext.dispatch.tensor.load %x, offsets = [0, 0], sizes = [784, 64], strides = [1, 1] : !iree_tensor_ext.dispatch.tensor<readonly:tensor<784x64xf32>> -> tensor<784x64xf32>
  %1 = iree_tensor_ext.dispatch.tensor.load %w, offsets = [0, 0], sizes = [64, 96], strides = [1, 1] : !iree_tensor_ext.dispatch.tensor<readonly:tensor<64x96xf32>> -> tensor<64x96xf32>
  %2 = linalg.generic {indexing_maps = [#rows, #columns, #results], iterator_types = ["parallel", "parallel", "reduction"]} ins(%0, %1 : tensor<784x64xf32>, tensor<64x96xf32>) outs(%to : tensor<784x96xf32>) attrs = {lowering_config = #config} {
  ^bb0(%a: f32, %c: f32, %sum: f32):
    %p = arith.mulf %a, %c : f32
    %s = arith.addf %sum, %p : f32
    linalg.yield %s : f32
  } -> tensor<784x96xf32>
  %3 = linalg.generic {indexing_maps = [#same, #bias, #same], iterator_types = ["parallel", "parallel"]} ins(%2, %b : tensor<784x96xf32>, tensor<96xf32>) outs(%to : tensor<784x96xf32>) {
  ^bb0(%a: f32, %c: f32, %old: f32):
    %s = arith.addf %a, %c : f32
    linalg.yield %s : f32
  } -> tensor<784x96xf32>
  return %3 : tensor<784x96xf32>
}
func.func @few_rows(%x: !iree_tensor_ext.dispatch.tensor<readonly:tensor<7x64xf32>>, %w: !iree_tensor_ext.dispatch.tensor<readonly:tensor<64x96xf32>>, %to: tensor<7x96xf32>) -> tensor<7x96xf32> attributes {translation_info = #translation} {
  %0 = iree_tensor_ext.dispatch.tensor.load %x, offsets = [0, 0], sizes = [7, 64], strides = [1, 1] : !iree_tensor_ext.dispatch.tensor<readonly:tensor<7x64xf32>> -> tensor<7x64xf32>
  %1 = iree_tensor_ext.dispatch.tensor.load %w, offsets = [0, 0], sizes = [64, 96], strides = [1, 1] : !iree_tensor_ext.dispatch.tensor<readonly:tensor<64x96xf32>> -> tensor<64x96xf32>
  %2 = linalg.generic {indexing_maps = [#rows, #columns, #results], iterator_types = ["parallel", "parallel", "reduction"]} ins(%0, %1 : tensor<7x64xf32>, tensor<64x96xf32>) outs(%to : tensor<7x96xf32>) attrs = {lowering_config = #config} {
  ^bb0(%a: f32, %c: f32, %sum: f32):
    %p = arith.mulf %a, %c : f32
    %s = arith.addf %sum, %p : f32
    linalg.yield %s : f32
  } -> tensor<7x96xf32>
  return %2 : tensor<7x96xf32>
}
// -----
#config = #iree_codegen.lowering_config<tile_sizes = [[16, 32, 32]]>
#config1 = #iree_codegen.lowering_config<tile_sizes = [[32, 128], [8, 8], [0, 0, 4]]>
#map = affine_map<(d0, d1, d2) -> (d0, d2)>
#map1 = affine_map<(d0, d1, d2) -> (d2, d1)>
#map2 = affine_map<(d0, d1, d2) -> (d0, d1)>
#map3 = affine_map<(d0, d1) -> (d0, d1)>
#map4 = affine_map<(d0, d1) -> (d1)>
#translation = #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<MatmulPromoteVectorize> workgroup_size = [8, 16, 1], {pipeline_depth = 1 : i64, store_stage = 1 : i64}>
#translation1 = #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseVectorize> workgroup_size = [16, 4, 1]>
module {
  func.func @tiled(%arg0: !iree_tensor_ext.dispatch.tensor<readonly:tensor<784x64xf32>>, %arg1: !iree_tensor_ext.dispatch.tensor<readonly:tensor<64x96xf32>>, %arg2: tensor<96xf32>, %arg3: tensor<784x96xf32>) -> tensor<784x96xf32> attributes {translation_info = #translation} {
    %0 = iree_tensor_ext.dispatch.tensor.load %arg0, offsets = [0, 0], sizes = [784, 64], strides = [1, 1] : !iree_tensor_ext.dispatch.tensor<readonly:tensor<784x64xf32>> -> tensor<784x64xf32>
    %1 = iree_tensor_ext.dispatch.tensor.load %arg1, offsets = [0, 0], sizes = [64, 96], strides = [1, 1] : !iree_tensor_ext.dispatch.tensor<readonly:tensor<64x96xf32>> -> tensor<64x96xf32>
    %2 = linalg.generic {indexing_maps = [#map, #map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%0, %1 : tensor<784x64xf32>, tensor<64x96xf32>) outs(%arg3 : tensor<784x96xf32>) attrs =  {lowering_config = #config} {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %4 = arith.mulf %in, %in_0 : f32
      %5 = arith.addf %out, %4 : f32
      linalg.yield %5 : f32
    } -> tensor<784x96xf32>
    %3 = linalg.generic {indexing_maps = [#map3, #map4, #map3], iterator_types = ["parallel", "parallel"]} ins(%2, %arg2 : tensor<784x96xf32>, tensor<96xf32>) outs(%arg3 : tensor<784x96xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %4 = arith.addf %in, %in_0 : f32
      linalg.yield %4 : f32
    } -> tensor<784x96xf32>
    return %3 : tensor<784x96xf32>
  }
  func.func @few_rows(%arg0: !iree_tensor_ext.dispatch.tensor<readonly:tensor<7x64xf32>>, %arg1: !iree_tensor_ext.dispatch.tensor<readonly:tensor<64x96xf32>>, %arg2: tensor<7x96xf32>) -> tensor<7x96xf32> attributes {translation_info = #translation1} {
    %0 = iree_tensor_ext.dispatch.tensor.load %arg0, offsets = [0, 0], sizes = [7, 64], strides = [1, 1] : !iree_tensor_ext.dispatch.tensor<readonly:tensor<7x64xf32>> -> tensor<7x64xf32>
    %1 = iree_tensor_ext.dispatch.tensor.load %arg1, offsets = [0, 0], sizes = [64, 96], strides = [1, 1] : !iree_tensor_ext.dispatch.tensor<readonly:tensor<64x96xf32>> -> tensor<64x96xf32>
    %2 = linalg.generic {indexing_maps = [#map, #map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%0, %1 : tensor<7x64xf32>, tensor<64x96xf32>) outs(%arg2 : tensor<7x96xf32>) attrs =  {lowering_config = #config1} {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %3 = arith.mulf %in, %in_0 : f32
      %4 = arith.addf %out, %3 : f32
      linalg.yield %4 : f32
    } -> tensor<7x96xf32>
    return %2 : tensor<7x96xf32>
  }
}
