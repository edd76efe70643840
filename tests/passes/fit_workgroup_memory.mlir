// Slices of 64 numbers of both factors take 48 KiB and the results 32: half as deep they fit into the 64 that there are.
// What fits is left as it is.
// pass: fit-workgroup-memory
// target: rocm
#gpu = #hal.executable.target<"rocm", "rocm-hsaco-fb", {iree_codegen.target_info = #iree_gpu.target<arch = "gfx90a", features = "", wgp = <compute = fp32|int32, storage = b32, subgroup = shuffle|arithmetic, mma = [<MFMA_F32_16x16x4_F32>], subgroup_size_choices = [64], max_workgroup_sizes = [1024, 1024, 1024], max_thread_count_per_workgroup = 1024, max_workgroup_memory_bytes = 65536, max_workgroup_counts = [2147483647, 2147483647, 2147483647]>>}>
#left = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
#right = affine_map<(d0, d1, d2, d3) -> (d3, d2)>
#result = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#large = #iree_gpu.lowering_config<{mma_kind = #iree_gpu.mma_layout<MFMA_F32_16x16x4_F32>, padding = [2, 64, 64, 64], promote_operands = [0, 1], reduction = [0, 0, 0, 16], subgroup = [2, 1, 2, 0], workgroup = [2, 64, 64, 0]}>
#small = #iree_gpu.lowering_config<{mma_kind = #iree_gpu.mma_layout<MFMA_F32_16x16x4_F32>, padding = [1, 64, 64, 64], promote_operands = [0, 1], reduction = [0, 0, 0, 16], subgroup = [1, 1, 2, 0], workgroup = [1, 64, 64, 0]}>
hal.executable private @products {
  hal.executable.variant public @gpu target(#gpu) {
    builtin.module {
      func.func @large(%a: tensor<55x55x576xf32>, %b: tensor<576x192xf32>, %c: tensor<55x55x192xf32>) -> tensor<55x55x192xf32> {
        %0 = linalg.generic {indexing_maps = [#left, #right, #result], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%a, %b : tensor<55x55x576xf32>, tensor<576x192xf32>) outs(%c : tensor<55x55x192xf32>) attrs = {lowering_config = #large} {
        ^bb0(%x: f32, %w: f32, %sum: f32):
          %1 = arith.mulf %x, %w : f32
          %2 = arith.addf %sum, %1 : f32
          linalg.yield %2 : f32
        } -> tensor<55x55x192xf32>
        return %0 : tensor<55x55x192xf32>
      }
      func.func @small(%a: tensor<55x55x576xf32>, %b: tensor<576x192xf32>, %c: tensor<55x55x192xf32>) -> tensor<55x55x192xf32> {
        %0 = linalg.generic {indexing_maps = [#left, #right, #result], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%a, %b : tensor<55x55x576xf32>, tensor<576x192xf32>) outs(%c : tensor<55x55x192xf32>) attrs = {lowering_config = #small} {
        ^bb0(%x: f32, %w: f32, %sum: f32):
          %1 = arith.mulf %x, %w : f32
          %2 = arith.addf %sum, %1 : f32
          linalg.yield %2 : f32
        } -> tensor<55x55x192xf32>
        return %0 : tensor<55x55x192xf32>
      }
    }
  }
}
// -----
#executable_target_rocm_hsaco_fb = #hal.executable.target<"rocm", "rocm-hsaco-fb", {iree_codegen.target_info = #iree_gpu.target<arch = "gfx90a", features = "", wgp = <compute = fp32|int32, storage = b32, subgroup = shuffle|arithmetic, mma = [<MFMA_F32_16x16x4_F32>], subgroup_size_choices = [64], max_workgroup_sizes = [1024, 1024, 1024], max_thread_count_per_workgroup = 1024, max_workgroup_memory_bytes = 65536, max_workgroup_counts = [2147483647, 2147483647, 2147483647]>>}>
#map = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
#map1 = affine_map<(d0, d1, d2, d3) -> (d3, d2)>
#map2 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
module {
  hal.executable private @products {
    hal.executable.variant public @gpu target(#executable_target_rocm_hsaco_fb) {
      builtin.module {
        func.func @large(%arg0: tensor<55x55x576xf32>, %arg1: tensor<576x192xf32>, %arg2: tensor<55x55x192xf32>) -> tensor<55x55x192xf32> {
          %0 = linalg.generic {indexing_maps = [#map, #map1, #map2], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%arg0, %arg1 : tensor<55x55x576xf32>, tensor<576x192xf32>) outs(%arg2 : tensor<55x55x192xf32>) attrs =  {lowering_config = #iree_gpu.lowering_config<{mma_kind = #iree_gpu.mma_layout<MFMA_F32_16x16x4_F32>, padding = [2, 64, 64, 32], promote_operands = [0, 1], reduction = [0, 0, 0, 8], subgroup = [2, 1, 2, 0], workgroup = [2, 64, 64, 0]}>} {
          ^bb0(%in: f32, %in_0: f32, %out: f32):
            %1 = arith.mulf %in, %in_0 : f32
            %2 = arith.addf %out, %1 : f32
            linalg.yield %2 : f32
          } -> tensor<55x55x192xf32>
          return %0 : tensor<55x55x192xf32>
        }
        func.func @small(%arg0: tensor<55x55x576xf32>, %arg1: tensor<576x192xf32>, %arg2: tensor<55x55x192xf32>) -> tensor<55x55x192xf32> {
          %0 = linalg.generic {indexing_maps = [#map, #map1, #map2], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%arg0, %arg1 : tensor<55x55x576xf32>, tensor<576x192xf32>) outs(%arg2 : tensor<55x55x192xf32>) attrs =  {lowering_config = #iree_gpu.lowering_config<{mma_kind = #iree_gpu.mma_layout<MFMA_F32_16x16x4_F32>, padding = [1, 64, 64, 64], promote_operands = [0, 1], reduction = [0, 0, 0, 16], subgroup = [1, 1, 2, 0], workgroup = [1, 64, 64, 0]}>} {
          ^bb0(%in: f32, %in_0: f32, %out: f32):
            %1 = arith.mulf %in, %in_0 : f32
            %2 = arith.addf %out, %1 : f32
            linalg.yield %2 : f32
          } -> tensor<55x55x192xf32>
          return %0 : tensor<55x55x192xf32>
        }
      }
    }
  }
}
