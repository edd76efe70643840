// Both ways read a number of a tensor: the second becomes a loop of one round or none. Ways that are not alike stay.
// pass: part-branches
// target: spirv
#gpu = #hal.executable.target<"vulkan-spirv", "vulkan-spirv-fb">
hal.executable private @joined {
  hal.executable.variant public @gpu target(#gpu) {
    builtin.module {
      func.func @alike(%c: i1, %i: index, %a: tensor<?xf32>, %b: tensor<?xf32>) -> f32 {
        %0 = scf.if %c -> (f32) {
          %1 = tensor.extract %a[%i] : tensor<?xf32>
          scf.yield %1 : f32
        } else {
          %1 = tensor.extract %b[%i] : tensor<?xf32>
          scf.yield %1 : f32
        }
        return %0 : f32
      }
      func.func @unlike(%c: i1, %i: index, %j: index, %a: tensor<?xf32>, %b: tensor<?xf32>) -> f32 {
        %0 = scf.if %c -> (f32) {
          %1 = tensor.extract %a[%i] : tensor<?xf32>
          scf.yield %1 : f32
        } else {
          %1 = arith.subi %i, %j : index
          %2 = tensor.extract %b[%1] : tensor<?xf32>
          scf.yield %2 : f32
        }
        return %0 : f32
      }
    }
  }
}
// -----
#executable_target_vulkan_spirv_fb = #hal.executable.target<"vulkan-spirv", "vulkan-spirv-fb">
module {
  hal.executable private @joined {
    hal.executable.variant public @gpu target(#executable_target_vulkan_spirv_fb) {
      builtin.module {
        func.func @alike(%arg0: i1, %arg1: index, %arg2: tensor<?xf32>, %arg3: tensor<?xf32>) -> f32 {
          %cst = arith.constant 0.000000e+00 : f32
          %0 = scf.if %arg0 -> (f32) {
            %extracted = tensor.extract %arg2[%arg1] : tensor<?xf32>
            scf.yield %extracted : f32
          } else {
            scf.yield %cst : f32
          }
          %c0 = arith.constant 0 : index
          %c1 = arith.constant 1 : index
          %1 = arith.select %arg0, %c0, %c1 : index
          %2 = scf.for %arg4 = %c0 to %1 step %c1 iter_args(%arg5 = %0) -> (f32) {
            %extracted = tensor.extract %arg3[%arg1] : tensor<?xf32>
            scf.yield %extracted : f32
          }
          return %2 : f32
        }
        func.func @unlike(%arg0: i1, %arg1: index, %arg2: index, %arg3: tensor<?xf32>, %arg4: tensor<?xf32>) -> f32 {
          %0 = scf.if %arg0 -> (f32) {
            %extracted = tensor.extract %arg3[%arg1] : tensor<?xf32>
            scf.yield %extracted : f32
          } else {
            %1 = arith.subi %arg1, %arg2 : index
            %extracted = tensor.extract %arg4[%1] : tensor<?xf32>
            scf.yield %extracted : f32
          }
          return %0 : f32
        }
      }
    }
  }
}
