// Kernels for GPUs with subgroups say the smallest size that there is, where they do not say one; others need none.
// pass: subgroup-size
#family = #hal.executable.target<"vulkan-spirv", "vulkan-spirv-fb", {iree_codegen.target_info = #iree_gpu.target<arch = "a", features = "spirv:v1.6,cap:Shader", wgp = <compute = fp32|int32, storage = b32, subgroup = shuffle|arithmetic, subgroup_size_choices = [32, 64], max_workgroup_sizes = [1024, 1024, 1024], max_thread_count_per_workgroup = 1024, max_workgroup_memory_bytes = 65536, max_workgroup_counts = [65535, 65535, 65535]>>}>
#any = #hal.executable.target<"vulkan-spirv", "vulkan-spirv-fb", {iree_codegen.target_info = #iree_gpu.target<arch = "a", features = "spirv:v1.3,cap:Shader", wgp = <compute = fp32|int32, storage = b32, subgroup = none, subgroup_size_choices = [64], max_workgroup_sizes = [128, 128, 64], max_thread_count_per_workgroup = 128, max_workgroup_memory_bytes = 16384, max_workgroup_counts = [65535, 65535, 65535]>>}>
hal.executable private @sums {
  hal.executable.variant public @family target(#family) {
    builtin.module {
      func.func @sum() attributes {translation_info = #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<SubgroupReduce> workgroup_size = [256, 1, 1]>} {
        return
      }
      func.func @product() attributes {translation_info = #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<CooperativeMatrixVectorize> workgroup_size = [64, 2, 1] subgroup_size = 64, {pipeline_depth = 1 : i64}>} {
        return
      }
    }
  }
  hal.executable.variant public @any target(#any) {
    builtin.module {
      func.func @sum() attributes {translation_info = #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseVectorize> workgroup_size = [64, 1, 1]>} {
        return
      }
    }
  }
}
// -----
#executable_target_vulkan_spirv_fb = #hal.executable.target<"vulkan-spirv", "vulkan-spirv-fb", {iree_codegen.target_info = #iree_gpu.target<arch = "a", features = "spirv:v1.6,cap:Shader", wgp = <compute = fp32|int32, storage = b32, subgroup = shuffle|arithmetic, subgroup_size_choices = [32, 64], max_workgroup_sizes = [1024, 1024, 1024], max_thread_count_per_workgroup = 1024, max_workgroup_memory_bytes = 65536, max_workgroup_counts = [65535, 65535, 65535]>>}>
#executable_target_vulkan_spirv_fb1 = #hal.executable.target<"vulkan-spirv", "vulkan-spirv-fb", {iree_codegen.target_info = #iree_gpu.target<arch = "a", features = "spirv:v1.3,cap:Shader", wgp = <compute = fp32|int32, storage = b32, subgroup = none, subgroup_size_choices = [64], max_workgroup_sizes = [128, 128, 64], max_thread_count_per_workgroup = 128, max_workgroup_memory_bytes = 16384, max_workgroup_counts = [65535, 65535, 65535]>>}>
#translation = #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<SubgroupReduce> workgroup_size = [256, 1, 1] subgroup_size = 32>
#translation1 = #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<CooperativeMatrixVectorize> workgroup_size = [64, 2, 1] subgroup_size = 64, {pipeline_depth = 1 : i64}>
#translation2 = #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseVectorize> workgroup_size = [64, 1, 1]>
module {
  hal.executable private @sums {
    hal.executable.variant public @family target(#executable_target_vulkan_spirv_fb) {
      builtin.module {
        func.func @sum() attributes {translation_info = #translation} {
          return
        }
        func.func @product() attributes {translation_info = #translation1} {
          return
        }
      }
    }
    hal.executable.variant public @any target(#executable_target_vulkan_spirv_fb1) {
      builtin.module {
        func.func @sum() attributes {translation_info = #translation2} {
          return
        }
      }
    }
  }
}
