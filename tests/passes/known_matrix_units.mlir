// Volta and Turing have matrix units for 16x16x16; the product of 16x8x16 in one instruction came with Ampere.
// pass: known-matrix-units
module {
  hal.executable private @products {
    hal.executable.variant public @volta target(#hal.executable.target<"cuda", "cuda-nvptx-fb", {iree_codegen.target_info = #iree_gpu.target<arch = "sm_70", features = "+ptx76", wgp = <compute = fp32|fp16, storage = b32|b16, subgroup = shuffle|arithmetic, mma = [<NV_MMA_SYNC_F32_16x8x16_F16>, <NV_MMA_SYNC_F16_16x8x16_F16>, <NV_WMMA_F32_16x16x16_F16>], subgroup_size_choices = [32], max_workgroup_sizes = [1024, 1024, 1024], max_thread_count_per_workgroup = 1024, max_workgroup_memory_bytes = 98304, max_workgroup_counts = [2147483647, 65535, 65535]>>}>) {
    }
    hal.executable.variant public @ampere target(#hal.executable.target<"cuda", "cuda-nvptx-fb", {iree_codegen.target_info = #iree_gpu.target<arch = "sm_80", features = "+ptx76", wgp = <compute = fp32|fp16, storage = b32|b16, subgroup = shuffle|arithmetic, mma = [<NV_MMA_SYNC_F32_16x8x16_F16>], subgroup_size_choices = [32], max_workgroup_sizes = [1024, 1024, 1024], max_thread_count_per_workgroup = 1024, max_workgroup_memory_bytes = 98304, max_workgroup_counts = [2147483647, 65535, 65535]>>}>) {
    }
  }
}
// -----
#executable_target_cuda_nvptx_fb = #hal.executable.target<"cuda", "cuda-nvptx-fb", {iree_codegen.target_info = #iree_gpu.target<arch = "sm_70", features = "+ptx76", wgp = <compute = fp32|fp16, storage = b32|b16, subgroup = shuffle|arithmetic, mma = [<NV_WMMA_F32_16x16x16_F16>], subgroup_size_choices = [32], max_workgroup_sizes = [1024, 1024, 1024], max_thread_count_per_workgroup = 1024, max_workgroup_memory_bytes = 98304, max_workgroup_counts = [2147483647, 65535, 65535]>>}>
#executable_target_cuda_nvptx_fb1 = #hal.executable.target<"cuda", "cuda-nvptx-fb", {iree_codegen.target_info = #iree_gpu.target<arch = "sm_80", features = "+ptx76", wgp = <compute = fp32|fp16, storage = b32|b16, subgroup = shuffle|arithmetic, mma = [<NV_MMA_SYNC_F32_16x8x16_F16>], subgroup_size_choices = [32], max_workgroup_sizes = [1024, 1024, 1024], max_thread_count_per_workgroup = 1024, max_workgroup_memory_bytes = 98304, max_workgroup_counts = [2147483647, 65535, 65535]>>}>
module {
  hal.executable private @products {
    hal.executable.variant public @volta target(#executable_target_cuda_nvptx_fb) {
    }
    hal.executable.variant public @ampere target(#executable_target_cuda_nvptx_fb1) {
    }
  }
}
