// Signed bytes and 16-bit integers go by their unsigned values in kernels that are in vectors; other kernels stay.
// pass: signed-bytes
// target: spirv
#gpu = #hal.executable.target<"vulkan-spirv", "vulkan-spirv-fb", {iree_codegen.target_info = #iree_gpu.target<arch = "a", features = "spirv:v1.3", wgp = <compute = fp32|int32, storage = b32, subgroup = none, subgroup_size_choices = [64], max_workgroup_sizes = [128, 128, 64], max_thread_count_per_workgroup = 128, max_workgroup_memory_bytes = 16384, max_workgroup_counts = [65535, 65535, 65535]>>}>
#vectors = #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseVectorize> workgroup_size = [32, 1, 1]>
#numbers = #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseDistribute> workgroup_size = [32, 1, 1]>
#map = affine_map<(d0) -> (d0)>
hal.executable private @kernels {
  hal.executable.variant public @gpu target(#gpu) {
    builtin.module {
      func.func @vectors(%a: tensor<128xi8>, %b: tensor<128xi16>, %c: tensor<128xi32>, %d: tensor<128xf16>) -> (tensor<128xi32>, tensor<128xf16>) attributes {translation_info = #vectors} {
        %0:2 = linalg.generic {indexing_maps = [#map, #map, #map, #map], iterator_types = ["parallel"]} ins(%a, %b : tensor<128xi8>, tensor<128xi16>) outs(%c, %d : tensor<128xi32>, tensor<128xf16>) {
        ^bb0(%x: i8, %y: i16, %z: i32, %w: f16):
          %1 = arith.extsi %x : i8 to i32
          %2 = arith.sitofp %y : i16 to f16
          linalg.yield %1, %2 : i32, f16
        } -> (tensor<128xi32>, tensor<128xf16>)
        return %0#0, %0#1 : tensor<128xi32>, tensor<128xf16>
      }
      func.func @numbers(%a: tensor<128xi8>, %c: tensor<128xi32>) -> tensor<128xi32> attributes {translation_info = #numbers} {
        %0 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%a : tensor<128xi8>) outs(%c : tensor<128xi32>) {
        ^bb0(%x: i8, %z: i32):
          %1 = arith.extsi %x : i8 to i32
          linalg.yield %1 : i32
        } -> tensor<128xi32>
        return %0 : tensor<128xi32>
      }
    }
  }
}
// -----
#executable_target_vulkan_spirv_fb = #hal.executable.target<"vulkan-spirv", "vulkan-spirv-fb", {iree_codegen.target_info = #iree_gpu.target<arch = "a", features = "spirv:v1.3", wgp = <compute = fp32|int32, storage = b32, subgroup = none, subgroup_size_choices = [64], max_workgroup_sizes = [128, 128, 64], max_thread_count_per_workgroup = 128, max_workgroup_memory_bytes = 16384, max_workgroup_counts = [65535, 65535, 65535]>>}>
#map = affine_map<(d0) -> (d0)>
#translation = #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseVectorize> workgroup_size = [32, 1, 1]>
#translation1 = #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseDistribute> workgroup_size = [32, 1, 1]>
module {
  hal.executable private @kernels {
    hal.executable.variant public @gpu target(#executable_target_vulkan_spirv_fb) {
      builtin.module {
        func.func @vectors(%arg0: tensor<128xi8>, %arg1: tensor<128xi16>, %arg2: tensor<128xi32>, %arg3: tensor<128xf16>) -> (tensor<128xi32>, tensor<128xf16>) attributes {translation_info = #translation} {
          %0:2 = linalg.generic {indexing_maps = [#map, #map, #map, #map], iterator_types = ["parallel"]} ins(%arg0, %arg1 : tensor<128xi8>, tensor<128xi16>) outs(%arg2, %arg3 : tensor<128xi32>, tensor<128xf16>) {
          ^bb0(%in: i8, %in_0: i16, %out: i32, %out_1: f16):
            %c-128_i8 = arith.constant -128 : i8
            %1 = arith.xori %in, %c-128_i8 : i8
            %2 = arith.extui %1 : i8 to i32
            %c128_i32 = arith.constant 128 : i32
            %3 = arith.subi %2, %c128_i32 : i32
            %c-32768_i16 = arith.constant -32768 : i16
            %4 = arith.xori %in_0, %c-32768_i16 : i16
            %5 = arith.extui %4 : i16 to i32
            %c32768_i32 = arith.constant 32768 : i32
            %6 = arith.subi %5, %c32768_i32 : i32
            %7 = arith.sitofp %6 : i32 to f16
            linalg.yield %3, %7 : i32, f16
          } -> (tensor<128xi32>, tensor<128xf16>)
          return %0#0, %0#1 : tensor<128xi32>, tensor<128xf16>
        }
        func.func @numbers(%arg0: tensor<128xi8>, %arg1: tensor<128xi32>) -> tensor<128xi32> attributes {translation_info = #translation1} {
          %0 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%arg0 : tensor<128xi8>) outs(%arg1 : tensor<128xi32>) {
          ^bb0(%in: i8, %out: i32):
            %1 = arith.extsi %in : i8 to i32
            linalg.yield %1 : i32
          } -> tensor<128xi32>
          return %0 : tensor<128xi32>
        }
      }
    }
  }
}
