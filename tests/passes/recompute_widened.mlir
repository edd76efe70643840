// Halves that are widened for the maximum of a row and for the differences to it are widened where they are read. Sums that
// one operation alone reads, and exponentials, which are not cheap, stay as they are.
// pass: recompute-widened
// target: spirv
#all = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
#gpu = #hal.executable.target<"vulkan-spirv", "vulkan-spirv-fb">
hal.executable private @rows {
  hal.executable.variant public @gpu target(#gpu) {
    builtin.module {
      func.func @differences(%x: tensor<33x128xf16>, %floor: tensor<33xf32>, %wide: tensor<33x128xf32>) -> tensor<33x128xf32> {
        %0 = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<33x128xf16>) outs(%wide : tensor<33x128xf32>) {
        ^bb0(%a: f16, %b: f32):
          %3 = arith.extf %a : f16 to f32
          linalg.yield %3 : f32
        } -> tensor<33x128xf32>
        %1 = linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]} ins(%0 : tensor<33x128xf32>) outs(%floor : tensor<33xf32>) {
        ^bb0(%a: f32, %b: f32):
          %3 = arith.maximumf %b, %a : f32
          linalg.yield %3 : f32
        } -> tensor<33xf32>
        %2 = linalg.generic {indexing_maps = [#all, #row, #all], iterator_types = ["parallel", "parallel"]} ins(%0, %1 : tensor<33x128xf32>, tensor<33xf32>) outs(%wide : tensor<33x128xf32>) {
        ^bb0(%a: f32, %b: f32, %c: f32):
          %3 = arith.subf %a, %b : f32
          linalg.yield %3 : f32
        } -> tensor<33x128xf32>
        return %2 : tensor<33x128xf32>
      }
      func.func @exponentials(%x: tensor<33x128xf32>, %zero: tensor<33xf32>, %wide: tensor<33x128xf32>) -> tensor<33x128xf32> {
        %0 = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<33x128xf32>) outs(%wide : tensor<33x128xf32>) {
        ^bb0(%a: f32, %b: f32):
          %3 = math.exp %a : f32
          linalg.yield %3 : f32
        } -> tensor<33x128xf32>
        %1 = linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]} ins(%0 : tensor<33x128xf32>) outs(%zero : tensor<33xf32>) {
        ^bb0(%a: f32, %b: f32):
          %3 = arith.addf %b, %a : f32
          linalg.yield %3 : f32
        } -> tensor<33xf32>
        %2 = linalg.generic {indexing_maps = [#all, #row, #all], iterator_types = ["parallel", "parallel"]} ins(%0, %1 : tensor<33x128xf32>, tensor<33xf32>) outs(%wide : tensor<33x128xf32>) {
        ^bb0(%a: f32, %b: f32, %c: f32):
          %3 = arith.divf %a, %b : f32
          linalg.yield %3 : f32
        } -> tensor<33x128xf32>
        return %2 : tensor<33x128xf32>
      }
    }
  }
}
// -----
#executable_target_vulkan_spirv_fb = #hal.executable.target<"vulkan-spirv", "vulkan-spirv-fb">
#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1) -> (d0)>
module {
  hal.executable private @rows {
    hal.executable.variant public @gpu target(#executable_target_vulkan_spirv_fb) {
      builtin.module {
        func.func @differences(%arg0: tensor<33x128xf16>, %arg1: tensor<33xf32>, %arg2: tensor<33x128xf32>) -> tensor<33x128xf32> {
          %0 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "reduction"]} ins(%arg0 : tensor<33x128xf16>) outs(%arg1 : tensor<33xf32>) {
          ^bb0(%in: f16, %out: f32):
            %3 = arith.extf %in : f16 to f32
            %4 = arith.maximumf %out, %3 : f32
            linalg.yield %4 : f32
          } -> tensor<33xf32>
          %1 = tensor.empty() : tensor<33x128xf32>
          %2 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%arg0, %0 : tensor<33x128xf16>, tensor<33xf32>) outs(%1 : tensor<33x128xf32>) {
          ^bb0(%in: f16, %in_0: f32, %out: f32):
            %3 = arith.extf %in : f16 to f32
            %4 = arith.subf %3, %in_0 : f32
            linalg.yield %4 : f32
          } -> tensor<33x128xf32>
          return %2 : tensor<33x128xf32>
        }
        func.func @exponentials(%arg0: tensor<33x128xf32>, %arg1: tensor<33xf32>, %arg2: tensor<33x128xf32>) -> tensor<33x128xf32> {
          %0 = tensor.empty() : tensor<33x128xf32>
          %1 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg0 : tensor<33x128xf32>) outs(%0 : tensor<33x128xf32>) {
          ^bb0(%in: f32, %out: f32):
            %5 = math.exp %in : f32
            linalg.yield %5 : f32
          } -> tensor<33x128xf32>
          %2 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "reduction"]} ins(%1 : tensor<33x128xf32>) outs(%arg1 : tensor<33xf32>) {
          ^bb0(%in: f32, %out: f32):
            %5 = arith.addf %out, %in : f32
            linalg.yield %5 : f32
          } -> tensor<33xf32>
          %3 = tensor.empty() : tensor<33x128xf32>
          %4 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%1, %2 : tensor<33x128xf32>, tensor<33xf32>) outs(%3 : tensor<33x128xf32>) {
          ^bb0(%in: f32, %in_0: f32, %out: f32):
            %5 = arith.divf %in, %in_0 : f32
            linalg.yield %5 : f32
          } -> tensor<33x128xf32>
          return %4 : tensor<33x128xf32>
        }
      }
    }
  }
}
