// pass: few-bindings{most=3}
// Four tensors are two kernels; what a product reads, moved or not, is stored, and one tensor for what follows; numbers
// are none.
func.func public @main(%a: tensor<4xf32>, %b: tensor<4xf32>, %c: tensor<4xf32>, %d: tensor<4xf32>)
    -> (tensor<4xf32>, tensor<f32>, tensor<4xf32>, tensor<1x1xf32>, tensor<4xf32>) {
  %0 = stablehlo.add %a, %b : tensor<4xf32>
  %1 = stablehlo.add %0, %c : tensor<4xf32>
  %2 = stablehlo.add %1, %d : tensor<4xf32>
  %3 = stablehlo.multiply %a, %b : tensor<4xf32>
  %4 = stablehlo.dot_general %3, %3, contracting_dims = [0] x [0]
    : (tensor<4xf32>, tensor<4xf32>) -> tensor<f32>
  %5 = stablehlo.add %3, %c : tensor<4xf32>
  %6 = stablehlo.add %5, %d : tensor<4xf32>
  %one = stablehlo.constant dense<1.0> : tensor<f32>
  %ones = stablehlo.broadcast_in_dim %one, dims = [] : (tensor<f32>) -> tensor<4xf32>
  %7 = stablehlo.subtract %a, %b : tensor<4xf32>
  %8 = stablehlo.subtract %7, %ones : tensor<4xf32>
  %row = stablehlo.reshape %8 : (tensor<4xf32>) -> tensor<1x4xf32>
  %9 = stablehlo.dot_general %row, %row, contracting_dims = [1] x [1]
    : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x1xf32>
  %10 = stablehlo.subtract %8, %c : tensor<4xf32>
  %11 = stablehlo.subtract %10, %d : tensor<4xf32>
  %12 = stablehlo.subtract %11, %ones : tensor<4xf32>
  return %2, %4, %6, %9, %12 : tensor<4xf32>, tensor<f32>, tensor<4xf32>, tensor<1x1xf32>, tensor<4xf32>
}
// -----
module {
  func.func public @main(%arg0: tensor<4xf32>, %arg1: tensor<4xf32>, %arg2: tensor<4xf32>, %arg3: tensor<4xf32>) -> (tensor<4xf32>, tensor<f32>, tensor<4xf32>, tensor<1x1xf32>, tensor<4xf32>) {
    %0 = stablehlo.add %arg0, %arg1 : tensor<4xf32>
    %1 = stablehlo.add %0, %arg2 : tensor<4xf32>
    %2 = stablehlo.optimization_barrier %1 : tensor<4xf32>
    %3 = stablehlo.add %2, %arg3 : tensor<4xf32>
    %4 = stablehlo.multiply %arg0, %arg1 : tensor<4xf32>
    %5 = stablehlo.dot_general %4, %4, contracting_dims = [0] x [0] : (tensor<4xf32>, tensor<4xf32>) -> tensor<f32>
    %6 = stablehlo.add %4, %arg2 : tensor<4xf32>
    %7 = stablehlo.add %6, %arg3 : tensor<4xf32>
    %cst = stablehlo.constant dense<1.000000e+00> : tensor<f32>
    %8 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %9 = stablehlo.subtract %arg0, %arg1 : tensor<4xf32>
    %10 = stablehlo.subtract %9, %8 : tensor<4xf32>
    %11 = stablehlo.reshape %10 : (tensor<4xf32>) -> tensor<1x4xf32>
    %12 = stablehlo.dot_general %11, %11, contracting_dims = [1] x [1] : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x1xf32>
    %13 = stablehlo.subtract %10, %arg2 : tensor<4xf32>
    %14 = stablehlo.subtract %13, %arg3 : tensor<4xf32>
    %15 = stablehlo.subtract %14, %8 : tensor<4xf32>
    return %3, %5, %7, %12, %15 : tensor<4xf32>, tensor<f32>, tensor<4xf32>, tensor<1x1xf32>, tensor<4xf32>
  }
}
