// Two invocations for five rows of 16 results become 55 times two; of 169 rows 13 are one workgroup's. A prime number of
// rows is left as it is.
// pass: fill-workgroups
// target: spirv
#five = #iree_codegen.lowering_config<tile_sizes = [[5, 16], [5, 8], [0, 0, 4]]>
#one = #iree_codegen.lowering_config<tile_sizes = [[1, 64], [1, 8], [0, 0, 8]]>
#two = #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseVectorize> workgroup_size = [2, 1, 1]>
#eight = #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseVectorize> workgroup_size = [8, 1, 1]>
func.func @many(%a: tensor<3025x64xf32>, %b: tensor<64x16xf32>, %c: tensor<3025x16xf32>) -> tensor<3025x16xf32> attributes {translation_info = #two} {
  %0 = linalg.matmul {lowering_config = #five} ins(%a, %b : tensor<3025x64xf32>, tensor<64x16xf32>) outs(%c : tensor<3025x16xf32>) -> tensor<3025x16xf32>
  return %0 : tensor<3025x16xf32>
}
func.func @square(%a: tensor<169x64xf32>, %b: tensor<64x64xf32>, %c: tensor<169x64xf32>) -> tensor<169x64xf32> attributes {translation_info = #eight} {
  %0 = linalg.matmul {lowering_config = #one} ins(%a, %b : tensor<169x64xf32>, tensor<64x64xf32>) outs(%c : tensor<169x64xf32>) -> tensor<169x64xf32>
  return %0 : tensor<169x64xf32>
}
func.func @prime(%a: tensor<197x64xf32>, %b: tensor<64x64xf32>, %c: tensor<197x64xf32>) -> tensor<197x64xf32> attributes {translation_info = #eight} {
  %0 = linalg.matmul {lowering_config = #one} ins(%a, %b : tensor<197x64xf32>, tensor<64x64xf32>) outs(%c : tensor<197x64xf32>) -> tensor<197x64xf32>
  return %0 : tensor<197x64xf32>
}
// -----
#config = #iree_codegen.lowering_config<tile_sizes = [[275, 16], [5, 8], [0, 0, 4]]>
#config1 = #iree_codegen.lowering_config<tile_sizes = [[13, 64], [1, 8], [0, 0, 8]]>
#config2 = #iree_codegen.lowering_config<tile_sizes = [[1, 64], [1, 8], [0, 0, 8]]>
#translation = #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseVectorize> workgroup_size = [2, 55, 1]>
#translation1 = #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseVectorize> workgroup_size = [8, 13, 1]>
#translation2 = #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseVectorize> workgroup_size = [8, 1, 1]>
module {
  func.func @many(%arg0: tensor<3025x64xf32>, %arg1: tensor<64x16xf32>, %arg2: tensor<3025x16xf32>) -> tensor<3025x16xf32> attributes {translation_info = #translation} {
    %0 = linalg.matmul {lowering_config = #config} ins(%arg0, %arg1 : tensor<3025x64xf32>, tensor<64x16xf32>) outs(%arg2 : tensor<3025x16xf32>) -> tensor<3025x16xf32>
    return %0 : tensor<3025x16xf32>
  }
  func.func @square(%arg0: tensor<169x64xf32>, %arg1: tensor<64x64xf32>, %arg2: tensor<169x64xf32>) -> tensor<169x64xf32> attributes {translation_info = #translation1} {
    %0 = linalg.matmul {lowering_config = #config1} ins(%arg0, %arg1 : tensor<169x64xf32>, tensor<64x64xf32>) outs(%arg2 : tensor<169x64xf32>) -> tensor<169x64xf32>
    return %0 : tensor<169x64xf32>
  }
  func.func @prime(%arg0: tensor<197x64xf32>, %arg1: tensor<64x64xf32>, %arg2: tensor<197x64xf32>) -> tensor<197x64xf32> attributes {translation_info = #translation2} {
    %0 = linalg.matmul {lowering_config = #config2} ins(%arg0, %arg1 : tensor<197x64xf32>, tensor<64x64xf32>) outs(%arg2 : tensor<197x64xf32>) -> tensor<197x64xf32>
    return %0 : tensor<197x64xf32>
  }
}
