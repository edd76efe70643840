// Minus infinity is written as bits; a number alone is no table.
// pass: widen-tables
// target: spirv
#gpu = #hal.executable.target<"vulkan-spirv", "vulkan-spirv-fb">
#map = affine_map<(d0) -> (d0)>
hal.executable private @tables {
  hal.executable.variant public @spirv target(#gpu) {
    builtin.module {
      func.func @main(%x: tensor<3xbf16>) -> tensor<3xbf16> {
        %table = arith.constant dense<[0.0, 0xFF80, 5.937500e-01]> : tensor<3xbf16>
        %one = arith.constant dense<1.0> : tensor<3xbf16>
        %empty = tensor.empty() : tensor<3xbf16>
        %0 = linalg.generic {indexing_maps = [#map, #map, #map, #map], iterator_types = ["parallel"]}
          ins(%x, %table, %one : tensor<3xbf16>, tensor<3xbf16>, tensor<3xbf16>) outs(%empty : tensor<3xbf16>) {
        ^bb0(%a: bf16, %b: bf16, %c: bf16, %out: bf16):
          %1 = arith.addf %a, %b : bf16
          %2 = arith.mulf %1, %c : bf16
          linalg.yield %2 : bf16
        } -> tensor<3xbf16>
        return %0 : tensor<3xbf16>
      }
    }
  }
}
// -----
#executable_target_vulkan_spirv_fb = #hal.executable.target<"vulkan-spirv", "vulkan-spirv-fb">
#map = affine_map<(d0) -> (d0)>
module {
  hal.executable private @tables {
    hal.executable.variant public @spirv target(#executable_target_vulkan_spirv_fb) {
      builtin.module {
        func.func @main(%arg0: tensor<3xbf16>) -> tensor<3xbf16> {
          %cst = arith.constant dense<[0.000000e+00, 0xFF800000, 5.937500e-01]> : tensor<3xf32>
          %cst_0 = arith.constant dense<1.000000e+00> : tensor<3xbf16>
          %0 = tensor.empty() : tensor<3xbf16>
          %1 = linalg.generic {indexing_maps = [#map, #map, #map, #map], iterator_types = ["parallel"]} ins(%arg0, %cst, %cst_0 : tensor<3xbf16>, tensor<3xf32>, tensor<3xbf16>) outs(%0 : tensor<3xbf16>) {
          ^bb0(%in: bf16, %in_1: f32, %in_2: bf16, %out: bf16):
            %2 = arith.truncf %in_1 : f32 to bf16
            %3 = arith.addf %in, %2 : bf16
            %4 = arith.mulf %3, %in_2 : bf16
            linalg.yield %4 : bf16
          } -> tensor<3xbf16>
          return %1 : tensor<3xbf16>
        }
      }
    }
  }
}
