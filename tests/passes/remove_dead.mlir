// pass: remove-dead
// weight: used=2xf32=[1 2]
// weight: unused=2xf32=[3 4]
// weight: by-the-dead=2xf32=[5 6]
// A dead chain goes with the weight that it alone uses. A call that may do something stays.
func.func public @main(%used: tensor<2xf32>, %unused: tensor<2xf32>, %by_the_dead: tensor<2xf32>, %x: tensor<2xf32>,
                       %ignored: tensor<2xf32>) -> tensor<2xf32> {
  %0 = stablehlo.add %x, %used : tensor<2xf32>
  %1 = stablehlo.multiply %x, %by_the_dead : tensor<2xf32>
  %2 = stablehlo.tanh %1 : tensor<2xf32>
  %init = stablehlo.constant dense<0.0> : tensor<f32>
  %3 = stablehlo.reduce(%2 init: %init) applies stablehlo.add across dimensions = [0] : (tensor<2xf32>, tensor<f32>) -> tensor<f32>
  %4 = stablehlo.custom_call @writes(%x) {has_side_effect = true} : (tensor<2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
// -----
// weight: used=2xf32=[1.0 2.0]
module {
  func.func public @main(%arg0: tensor<2xf32>, %arg1: tensor<2xf32>, %arg2: tensor<2xf32>) -> tensor<2xf32> {
    %0 = stablehlo.add %arg1, %arg0 : tensor<2xf32>
    %1 = stablehlo.custom_call @writes(%arg1) {has_side_effect = true} : (tensor<2xf32>) -> tensor<2xf32>
    return %0 : tensor<2xf32>
  }
}
