// Invocations for 64 rows, which the native compiler would lose, share a row. Those of 32 channels do without a second
// dimension. A workgroup whose dimensions follow each other is left as it is.
// pass: distribute-rows
// target: spirv
#rows = #iree_codegen.lowering_config<tile_sizes = [[64, 1], [1, 1]]>
#pairs = #iree_codegen.lowering_config<tile_sizes = [[2, 1, 32], [1, 1, 1]]>
#flat = #iree_codegen.lowering_config<tile_sizes = [[2, 32], [1, 1]]>
#lost = #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseDistribute> workgroup_size = [1, 64, 1]>
#second = #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseDistribute> workgroup_size = [32, 1, 2]>
#used = #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseDistribute> workgroup_size = [32, 2, 1]>
#same = affine_map<(d0, d1) -> (d0, d1)>
#image = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
func.func @table(%x: tensor<2048x257xf32>) -> tensor<2048x257xf32> attributes {translation_info = #lost} {
  %0 = linalg.generic {indexing_maps = [#same], iterator_types = ["parallel", "parallel"]} outs(%x : tensor<2048x257xf32>) attrs = {lowering_config = #rows} {
  ^bb0(%a: f32):
    %1 = arith.negf %a : f32
    linalg.yield %1 : f32
  } -> tensor<2048x257xf32>
  return %0 : tensor<2048x257xf32>
}
func.func @pixels(%x: tensor<18x19x32xf32>) -> tensor<18x19x32xf32> attributes {translation_info = #second} {
  %0 = linalg.generic {indexing_maps = [#image], iterator_types = ["parallel", "parallel", "parallel"]} outs(%x : tensor<18x19x32xf32>) attrs = {lowering_config = #pairs} {
  ^bb0(%a: f32):
    %1 = arith.negf %a : f32
    linalg.yield %1 : f32
  } -> tensor<18x19x32xf32>
  return %0 : tensor<18x19x32xf32>
}
func.func @left(%x: tensor<8x64xf32>) -> tensor<8x64xf32> attributes {translation_info = #used} {
  %0 = linalg.generic {indexing_maps = [#same], iterator_types = ["parallel", "parallel"]} outs(%x : tensor<8x64xf32>) attrs = {lowering_config = #flat} {
  ^bb0(%a: f32):
    %1 = arith.negf %a : f32
    linalg.yield %1 : f32
  } -> tensor<8x64xf32>
  return %0 : tensor<8x64xf32>
}
// -----
#config = #iree_codegen.lowering_config<tile_sizes = [[1, 257], [1, 1]]>
#config1 = #iree_codegen.lowering_config<tile_sizes = [[1, 1, 32], [1, 1, 1]]>
#config2 = #iree_codegen.lowering_config<tile_sizes = [[2, 32], [1, 1]]>
#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#translation = #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseDistribute> workgroup_size = [64, 1, 1]>
#translation1 = #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseDistribute> workgroup_size = [32, 1, 1]>
#translation2 = #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseDistribute> workgroup_size = [32, 2, 1]>
module {
  func.func @table(%arg0: tensor<2048x257xf32>) -> tensor<2048x257xf32> attributes {translation_info = #translation} {
    %0 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%arg0 : tensor<2048x257xf32>) attrs =  {lowering_config = #config} {
    ^bb0(%out: f32):
      %1 = arith.negf %out : f32
      linalg.yield %1 : f32
    } -> tensor<2048x257xf32>
    return %0 : tensor<2048x257xf32>
  }
  func.func @pixels(%arg0: tensor<18x19x32xf32>) -> tensor<18x19x32xf32> attributes {translation_info = #translation1} {
    %0 = linalg.generic {indexing_maps = [#map1], iterator_types = ["parallel", "parallel", "parallel"]} outs(%arg0 : tensor<18x19x32xf32>) attrs =  {lowering_config = #config1} {
    ^bb0(%out: f32):
      %1 = arith.negf %out : f32
      linalg.yield %1 : f32
    } -> tensor<18x19x32xf32>
    return %0 : tensor<18x19x32xf32>
  }
  func.func @left(%arg0: tensor<8x64xf32>) -> tensor<8x64xf32> attributes {translation_info = #translation2} {
    %0 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%arg0 : tensor<8x64xf32>) attrs =  {lowering_config = #config2} {
    ^bb0(%out: f32):
      %1 = arith.negf %out : f32
      linalg.yield %1 : f32
    } -> tensor<8x64xf32>
    return %0 : tensor<8x64xf32>
  }
}
