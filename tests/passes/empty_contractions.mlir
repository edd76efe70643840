// One product over nothing, in batches, and one over something, which stays.
// pass: empty-contractions

func.func public @main(%a: tensor<2x3x0xf32>, %b: tensor<2x0x4xf32>, %c: tensor<4x5xf32>) -> tensor<2x3x5xf32> {
  %0 = stablehlo.dot_general %a, %b, batching_dims = [0] x [0], contracting_dims = [2] x [1]
    : (tensor<2x3x0xf32>, tensor<2x0x4xf32>) -> tensor<2x3x4xf32>
  %1 = stablehlo.dot_general %0, %c, contracting_dims = [2] x [0] : (tensor<2x3x4xf32>, tensor<4x5xf32>) -> tensor<2x3x5xf32>
  return %1 : tensor<2x3x5xf32>
}
// -----
module {
  func.func public @main(%arg0: tensor<2x3x0xf32>, %arg1: tensor<2x0x4xf32>, %arg2: tensor<4x5xf32>) -> tensor<2x3x5xf32> {
    %cst = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %0 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<2x3x4xf32>
    %1 = stablehlo.dot_general %0, %arg2, contracting_dims = [2] x [0] : (tensor<2x3x4xf32>, tensor<4x5xf32>) -> tensor<2x3x5xf32>
    return %1 : tensor<2x3x5xf32>
  }
}
