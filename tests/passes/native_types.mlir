// Each kernel gets what it computes in: float16 with its storage; 64-bit integers where there is a division or a table,
// but not for a sum, which two of 32 bits do as well. Code for other kinds of devices is left alone.
// pass: native-types
// target: spirv
#small = #hal.executable.target<"vulkan-spirv", "vulkan-spirv-fb", {iree_codegen.target_info = #iree_gpu.target<arch = "a", features = "spirv:v1.3", wgp = <compute = fp32|int32, storage = b32, subgroup = none, subgroup_size_choices = [64], max_workgroup_sizes = [128, 128, 64], max_thread_count_per_workgroup = 128, max_workgroup_memory_bytes = 16384, max_workgroup_counts = [65535, 65535, 65535]>>}>
#processor = #hal.executable.target<"llvm-cpu", "embedded-elf-x86_64">
hal.executable private @halves {
  hal.executable.variant public @spirv target(#small) {
    builtin.module {
      func.func @main(%x: f16) -> f16 {
        %0 = arith.addf %x, %x : f16
        return %0 : f16
      }
    }
  }
  hal.executable.variant public @cpu target(#processor) {
    builtin.module {
      func.func @main(%x: f16) -> f16 {
        %0 = arith.addf %x, %x : f16
        return %0 : f16
      }
    }
  }
}
hal.executable private @sums {
  hal.executable.variant public @spirv target(#small) {
    builtin.module {
      func.func @main(%x: i64) -> i64 {
        %0 = arith.addi %x, %x : i64
        return %0 : i64
      }
    }
  }
}
hal.executable private @quotients {
  hal.executable.variant public @spirv target(#small) {
    builtin.module {
      func.func @main(%x: i64) -> i64 {
        %0 = arith.divsi %x, %x : i64
        return %0 : i64
      }
    }
  }
}
hal.executable private @tables {
  hal.executable.variant public @spirv target(#small) {
    builtin.module {
      func.func @main() -> tensor<2xi64> {
        %0 = arith.constant dense<[1, 2]> : tensor<2xi64>
        return %0 : tensor<2xi64>
      }
    }
  }
}
// -----
#executable_target_embedded_elf_x86_64 = #hal.executable.target<"llvm-cpu", "embedded-elf-x86_64">
#executable_target_vulkan_spirv_fb = #hal.executable.target<"vulkan-spirv", "vulkan-spirv-fb", {iree_codegen.target_info = #iree_gpu.target<arch = "a", features = "spirv:v1.3", wgp = <compute = fp32|fp16|int32, storage = b32|b16, subgroup = none, subgroup_size_choices = [64], max_workgroup_sizes = [128, 128, 64], max_thread_count_per_workgroup = 128, max_workgroup_memory_bytes = 16384, max_workgroup_counts = [65535, 65535, 65535]>>}>
#executable_target_vulkan_spirv_fb1 = #hal.executable.target<"vulkan-spirv", "vulkan-spirv-fb", {iree_codegen.target_info = #iree_gpu.target<arch = "a", features = "spirv:v1.3", wgp = <compute = fp32|int32, storage = b32, subgroup = none, subgroup_size_choices = [64], max_workgroup_sizes = [128, 128, 64], max_thread_count_per_workgroup = 128, max_workgroup_memory_bytes = 16384, max_workgroup_counts = [65535, 65535, 65535]>>}>
#executable_target_vulkan_spirv_fb2 = #hal.executable.target<"vulkan-spirv", "vulkan-spirv-fb", {iree_codegen.target_info = #iree_gpu.target<arch = "a", features = "spirv:v1.3", wgp = <compute = fp32|int64|int32, storage = b64|b32, subgroup = none, subgroup_size_choices = [64], max_workgroup_sizes = [128, 128, 64], max_thread_count_per_workgroup = 128, max_workgroup_memory_bytes = 16384, max_workgroup_counts = [65535, 65535, 65535]>>}>
module {
  hal.executable private @halves {
    hal.executable.variant public @spirv target(#executable_target_vulkan_spirv_fb) {
      builtin.module {
        func.func @main(%arg0: f16) -> f16 {
          %0 = arith.addf %arg0, %arg0 : f16
          return %0 : f16
        }
      }
    }
    hal.executable.variant public @cpu target(#executable_target_embedded_elf_x86_64) {
      builtin.module {
        func.func @main(%arg0: f16) -> f16 {
          %0 = arith.addf %arg0, %arg0 : f16
          return %0 : f16
        }
      }
    }
  }
  hal.executable private @sums {
    hal.executable.variant public @spirv target(#executable_target_vulkan_spirv_fb1) {
      builtin.module {
        func.func @main(%arg0: i64) -> i64 {
          %0 = arith.addi %arg0, %arg0 : i64
          return %0 : i64
        }
      }
    }
  }
  hal.executable private @quotients {
    hal.executable.variant public @spirv target(#executable_target_vulkan_spirv_fb2) {
      builtin.module {
        func.func @main(%arg0: i64) -> i64 {
          %0 = arith.divsi %arg0, %arg0 : i64
          return %0 : i64
        }
      }
    }
  }
  hal.executable private @tables {
    hal.executable.variant public @spirv target(#executable_target_vulkan_spirv_fb2) {
      builtin.module {
        func.func @main() -> tensor<2xi64> {
          %cst = arith.constant dense<[1, 2]> : tensor<2xi64>
          return %cst : tensor<2xi64>
        }
      }
    }
  }
}
