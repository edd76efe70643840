// pass: few-bindings{most=3}
// Four tensors are two kernels; what a product reads is stored, and one tensor for what follows.
func.func public @main(%a: tensor<4xf32>, %b: tensor<4xf32>, %c: tensor<4xf32>, %d: tensor<4xf32>)
    -> (tensor<4xf32>, tensor<f32>, tensor<4xf32>) {
  %0 = stablehlo.add %a, %b : tensor<4xf32>
  %1 = stablehlo.add %0, %c : tensor<4xf32>
  %2 = stablehlo.add %1, %d : tensor<4xf32>
  %3 = stablehlo.multiply %a, %b : tensor<4xf32>
  %4 = stablehlo.dot_general %3, %3, contracting_dims = [0] x [0]
    : (tensor<4xf32>, tensor<4xf32>) -> tensor<f32>
  %5 = stablehlo.add %3, %c : tensor<4xf32>
  %6 = stablehlo.add %5, %d : tensor<4xf32>
  return %2, %4, %6 : tensor<4xf32>, tensor<f32>, tensor<4xf32>
}
// -----
module {
  func.func public @main(%arg0: tensor<4xf32>, %arg1: tensor<4xf32>, %arg2: tensor<4xf32>, %arg3: tensor<4xf32>) -> (tensor<4xf32>, tensor<f32>, tensor<4xf32>) {
    %0 = stablehlo.add %arg0, %arg1 : tensor<4xf32>
    %1 = stablehlo.add %0, %arg2 : tensor<4xf32>
    %2 = stablehlo.optimization_barrier %1 : tensor<4xf32>
    %3 = stablehlo.add %2, %arg3 : tensor<4xf32>
    %4 = stablehlo.multiply %arg0, %arg1 : tensor<4xf32>
    %5 = stablehlo.dot_general %4, %4, contracting_dims = [0] x [0] : (tensor<4xf32>, tensor<4xf32>) -> tensor<f32>
    %6 = stablehlo.add %4, %arg2 : tensor<4xf32>
    %7 = stablehlo.add %6, %arg3 : tensor<4xf32>
    return %3, %5, %7 : tensor<4xf32>, tensor<f32>, tensor<4xf32>
  }
}
