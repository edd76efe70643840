// A mask of 64 bits is computed in numbers where two of 32 bits stand for one, in vectors where the target has 64 bits;
// so is what only passes through 64 bits. Floats stay in vectors.
// pass: lone-pairs
// target: spirv
#pairs = #hal.executable.target<"vulkan-spirv", "vulkan-spirv-fb", {iree_codegen.target_info = #iree_gpu.target<arch = "a", features = "spirv:v1.3", wgp = <compute = fp32|int32, storage = b32, subgroup = none, subgroup_size_choices = [64], max_workgroup_sizes = [128, 128, 64], max_thread_count_per_workgroup = 128, max_workgroup_memory_bytes = 16384, max_workgroup_counts = [65535, 65535, 65535]>>}>
#whole = #hal.executable.target<"vulkan-spirv", "vulkan-spirv-fb", {iree_codegen.target_info = #iree_gpu.target<arch = "a", features = "spirv:v1.3", wgp = <compute = fp32|int32|int64, storage = b32|b64, subgroup = none, subgroup_size_choices = [64], max_workgroup_sizes = [128, 128, 64], max_thread_count_per_workgroup = 128, max_workgroup_memory_bytes = 16384, max_workgroup_counts = [65535, 65535, 65535]>>}>
#vectors = #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseVectorize> workgroup_size = [32, 1, 1]>
#map = affine_map<(d0) -> (d0)>
hal.executable private @pairs {
  hal.executable.variant public @gpu target(#pairs) {
    builtin.module {
      func.func @mask(%a: tensor<128xi64>, %b: tensor<128xf32>) -> tensor<128xf32> attributes {translation_info = #vectors} {
        %0 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%a : tensor<128xi64>) outs(%b : tensor<128xf32>) {
        ^bb0(%x: i64, %y: f32):
          %1 = arith.sitofp %x : i64 to f32
          linalg.yield %1 : f32
        } -> tensor<128xf32>
        return %0 : tensor<128xf32>
      }
      func.func @through(%a: tensor<128xi32>, %b: tensor<128xi32>) -> tensor<128xi32> attributes {translation_info = #vectors} {
        %0 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%a : tensor<128xi32>) outs(%b : tensor<128xi32>) {
        ^bb0(%x: i32, %y: i32):
          %1 = arith.extsi %x : i32 to i64
          %2 = arith.muli %1, %1 : i64
          %3 = arith.trunci %2 : i64 to i32
          linalg.yield %3 : i32
        } -> tensor<128xi32>
        return %0 : tensor<128xi32>
      }
      func.func @floats(%a: tensor<128xf32>, %b: tensor<128xf32>) -> tensor<128xf32> attributes {translation_info = #vectors} {
        %0 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%a : tensor<128xf32>) outs(%b : tensor<128xf32>) {
        ^bb0(%x: f32, %y: f32):
          %1 = arith.addf %x, %x : f32
          linalg.yield %1 : f32
        } -> tensor<128xf32>
        return %0 : tensor<128xf32>
      }
    }
  }
}
hal.executable private @whole {
  hal.executable.variant public @gpu target(#whole) {
    builtin.module {
      func.func @mask(%a: tensor<128xi64>, %b: tensor<128xf32>) -> tensor<128xf32> attributes {translation_info = #vectors} {
        %0 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%a : tensor<128xi64>) outs(%b : tensor<128xf32>) {
        ^bb0(%x: i64, %y: f32):
          %1 = arith.sitofp %x : i64 to f32
          linalg.yield %1 : f32
        } -> tensor<128xf32>
        return %0 : tensor<128xf32>
      }
    }
  }
}
// -----
#executable_target_vulkan_spirv_fb = #hal.executable.target<"vulkan-spirv", "vulkan-spirv-fb", {iree_codegen.target_info = #iree_gpu.target<arch = "a", features = "spirv:v1.3", wgp = <compute = fp32|int32, storage = b32, subgroup = none, subgroup_size_choices = [64], max_workgroup_sizes = [128, 128, 64], max_thread_count_per_workgroup = 128, max_workgroup_memory_bytes = 16384, max_workgroup_counts = [65535, 65535, 65535]>>}>
#executable_target_vulkan_spirv_fb1 = #hal.executable.target<"vulkan-spirv", "vulkan-spirv-fb", {iree_codegen.target_info = #iree_gpu.target<arch = "a", features = "spirv:v1.3", wgp = <compute = fp32|int64|int32, storage = b64|b32, subgroup = none, subgroup_size_choices = [64], max_workgroup_sizes = [128, 128, 64], max_thread_count_per_workgroup = 128, max_workgroup_memory_bytes = 16384, max_workgroup_counts = [65535, 65535, 65535]>>}>
#map = affine_map<(d0) -> (d0)>
#translation = #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseDistribute> workgroup_size = [32, 1, 1]>
#translation1 = #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseVectorize> workgroup_size = [32, 1, 1]>
module {
  hal.executable private @pairs {
    hal.executable.variant public @gpu target(#executable_target_vulkan_spirv_fb) {
      builtin.module {
        func.func @mask(%arg0: tensor<128xi64>, %arg1: tensor<128xf32>) -> tensor<128xf32> attributes {translation_info = #translation} {
          %0 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%arg0 : tensor<128xi64>) outs(%arg1 : tensor<128xf32>) {
          ^bb0(%in: i64, %out: f32):
            %1 = arith.sitofp %in : i64 to f32
            linalg.yield %1 : f32
          } -> tensor<128xf32>
          return %0 : tensor<128xf32>
        }
        func.func @through(%arg0: tensor<128xi32>, %arg1: tensor<128xi32>) -> tensor<128xi32> attributes {translation_info = #translation} {
          %0 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%arg0 : tensor<128xi32>) outs(%arg1 : tensor<128xi32>) {
          ^bb0(%in: i32, %out: i32):
            %1 = arith.extsi %in : i32 to i64
            %2 = arith.muli %1, %1 : i64
            %3 = arith.trunci %2 : i64 to i32
            linalg.yield %3 : i32
          } -> tensor<128xi32>
          return %0 : tensor<128xi32>
        }
        func.func @floats(%arg0: tensor<128xf32>, %arg1: tensor<128xf32>) -> tensor<128xf32> attributes {translation_info = #translation1} {
          %0 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%arg0 : tensor<128xf32>) outs(%arg1 : tensor<128xf32>) {
          ^bb0(%in: f32, %out: f32):
            %1 = arith.addf %in, %in : f32
            linalg.yield %1 : f32
          } -> tensor<128xf32>
          return %0 : tensor<128xf32>
        }
      }
    }
  }
  hal.executable private @whole {
    hal.executable.variant public @gpu target(#executable_target_vulkan_spirv_fb1) {
      builtin.module {
        func.func @mask(%arg0: tensor<128xi64>, %arg1: tensor<128xf32>) -> tensor<128xf32> attributes {translation_info = #translation1} {
          %0 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%arg0 : tensor<128xi64>) outs(%arg1 : tensor<128xf32>) {
          ^bb0(%in: i64, %out: f32):
            %1 = arith.sitofp %in : i64 to f32
            linalg.yield %1 : f32
          } -> tensor<128xf32>
          return %0 : tensor<128xf32>
        }
      }
    }
  }
}
