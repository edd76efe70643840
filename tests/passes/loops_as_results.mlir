// A grouped convolution whose loops are groups, features, positions: they get the order of the results, and so do tiles
// and the workgroup's size.
// pass: loops-as-results
// target: spirv
#gpu = #hal.executable.target<"vulkan-spirv", "vulkan-spirv-fb", {iree_codegen.target_info = #iree_gpu.target<arch = "a", features = "spirv:v1.3", wgp = <compute = fp32|int32, storage = b32, subgroup = none, subgroup_size_choices = [64], max_workgroup_sizes = [128, 128, 64], max_thread_count_per_workgroup = 128, max_workgroup_memory_bytes = 16384, max_workgroup_counts = [65535, 65535, 65535]>>}>
#numbers = #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseDistribute> workgroup_size = [16, 2, 2]>
#config = #iree_codegen.lowering_config<tile_sizes = [[2, 2, 16], [1, 1, 1]]>
#x = affine_map<(d0, d1, d2, d3) -> (d2, d0, d3)>
#w = affine_map<(d0, d1, d2, d3) -> (d3, d0, d1)>
#y = affine_map<(d0, d1, d2, d3) -> (d2, d0, d1)>
hal.executable private @kernels {
  hal.executable.variant public @gpu target(#gpu) {
    builtin.module {
      func.func @grouped(%a: tensor<16x2x2xf32>, %b: tensor<2x2x2xf32>, %c: tensor<16x2x2xf32>) -> tensor<16x2x2xf32> attributes {translation_info = #numbers} {
        %0 = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%a, %b : tensor<16x2x2xf32>, tensor<2x2x2xf32>) outs(%c : tensor<16x2x2xf32>) attrs = {lowering_config = #config} {
        ^bb0(%x: f32, %w: f32, %z: f32):
          %1 = arith.mulf %x, %w : f32
          %2 = arith.addf %z, %1 : f32
          linalg.yield %2 : f32
        } -> tensor<16x2x2xf32>
        return %0 : tensor<16x2x2xf32>
      }
    }
  }
}
// -----
#config = #iree_codegen.lowering_config<tile_sizes = [[16, 2, 2, 0], [1, 1, 1, 0]]>
#executable_target_vulkan_spirv_fb = #hal.executable.target<"vulkan-spirv", "vulkan-spirv-fb", {iree_codegen.target_info = #iree_gpu.target<arch = "a", features = "spirv:v1.3", wgp = <compute = fp32|int32, storage = b32, subgroup = none, subgroup_size_choices = [64], max_workgroup_sizes = [128, 128, 64], max_thread_count_per_workgroup = 128, max_workgroup_memory_bytes = 16384, max_workgroup_counts = [65535, 65535, 65535]>>}>
#map = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
#map1 = affine_map<(d0, d1, d2, d3) -> (d3, d1, d2)>
#map2 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#translation = #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseDistribute> workgroup_size = [2, 2, 16]>
module {
  hal.executable private @kernels {
    hal.executable.variant public @gpu target(#executable_target_vulkan_spirv_fb) {
      builtin.module {
        func.func @grouped(%arg0: tensor<16x2x2xf32>, %arg1: tensor<2x2x2xf32>, %arg2: tensor<16x2x2xf32>) -> tensor<16x2x2xf32> attributes {translation_info = #translation} {
          %0 = linalg.generic {indexing_maps = [#map, #map1, #map2], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%arg0, %arg1 : tensor<16x2x2xf32>, tensor<2x2x2xf32>) outs(%arg2 : tensor<16x2x2xf32>) attrs =  {lowering_config = #config} {
          ^bb0(%in: f32, %in_0: f32, %out: f32):
            %1 = arith.mulf %in, %in_0 : f32
            %2 = arith.addf %out, %1 : f32
            linalg.yield %2 : f32
          } -> tensor<16x2x2xf32>
          return %0 : tensor<16x2x2xf32>
        }
      }
    }
  }
}
