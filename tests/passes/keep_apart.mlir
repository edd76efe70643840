// pass: keep-apart
// The reversal and the softmax see what they read through a barrier; the third reader of the softmax's input does not.
// So does the scatter its updates, which are counted, and the join of open size what is widened right before.
func.func public @main(%x: tensor<4x6xf32>, %y: tensor<4x6xf32>, %i: tensor<3x1xi32>, %v: tensor<?xf32>, %w: tensor<?xi64>)
    -> (tensor<4x3xf32>, tensor<4x6xf32>, tensor<4x6xf32>, tensor<6xi32>, tensor<?xi64>, tensor<?xi32>) {
  %0 = stablehlo.slice %x [0:4, 0:6:2] : (tensor<4x6xf32>) -> tensor<4x3xf32>
  %1 = stablehlo.reverse %0, dims = [1] : tensor<4x3xf32>
  %2 = stablehlo.add %x, %y : tensor<4x6xf32>
  %inf = stablehlo.constant dense<0xFF800000> : tensor<f32>
  %3 = stablehlo.reduce(%2 init: %inf) applies stablehlo.maximum across dimensions = [1]
    : (tensor<4x6xf32>, tensor<f32>) -> tensor<4xf32>
  %4 = stablehlo.broadcast_in_dim %3, dims = [0] : (tensor<4xf32>) -> tensor<4x6xf32>
  %5 = stablehlo.subtract %2, %4 : tensor<4x6xf32>
  %6 = stablehlo.exponential %5 : tensor<4x6xf32>
  %zeros = stablehlo.constant dense<0> : tensor<6xi32>
  %count = stablehlo.iota dim = 0 : tensor<3xi32>
  %7 = "stablehlo.scatter"(%zeros, %i, %count) <{scatter_dimension_numbers = #stablehlo.scatter<
    inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}> ({
  ^bb0(%old: tensor<i32>, %new: tensor<i32>):
    stablehlo.return %new : tensor<i32>
  }) : (tensor<6xi32>, tensor<3x1xi32>, tensor<3xi32>) -> tensor<6xi32>
  %8 = stablehlo.convert %v : (tensor<?xf32>) -> tensor<?xi64>
  %9 = stablehlo.concatenate %8, %w, %8, dim = 0 : (tensor<?xi64>, tensor<?xi64>, tensor<?xi64>) -> tensor<?xi64>
  %10 = stablehlo.convert %v : (tensor<?xf32>) -> tensor<?xi32>
  %11 = stablehlo.concatenate %10, %10, dim = 0 : (tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>
  return %1, %6, %2, %7, %9, %11
    : tensor<4x3xf32>, tensor<4x6xf32>, tensor<4x6xf32>, tensor<6xi32>, tensor<?xi64>, tensor<?xi32>
}
// -----
module {
  func.func public @main(%arg0: tensor<4x6xf32>, %arg1: tensor<4x6xf32>, %arg2: tensor<3x1xi32>, %arg3: tensor<?xf32>, %arg4: tensor<?xi64>) -> (tensor<4x3xf32>, tensor<4x6xf32>, tensor<4x6xf32>, tensor<6xi32>, tensor<?xi64>, tensor<?xi32>) {
    %0 = stablehlo.slice %arg0 [0:4, 0:6:2] : (tensor<4x6xf32>) -> tensor<4x3xf32>
    %1 = stablehlo.optimization_barrier %0 : tensor<4x3xf32>
    %2 = stablehlo.reverse %1, dims = [1] : tensor<4x3xf32>
    %3 = stablehlo.add %arg0, %arg1 : tensor<4x6xf32>
    %4 = stablehlo.optimization_barrier %3 : tensor<4x6xf32>
    %cst = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %5 = stablehlo.reduce(%4 init: %cst) applies stablehlo.maximum across dimensions = [1] : (tensor<4x6xf32>, tensor<f32>) -> tensor<4xf32>
    %6 = stablehlo.broadcast_in_dim %5, dims = [0] : (tensor<4xf32>) -> tensor<4x6xf32>
    %7 = stablehlo.subtract %4, %6 : tensor<4x6xf32>
    %8 = stablehlo.exponential %7 : tensor<4x6xf32>
    %c = stablehlo.constant dense<0> : tensor<6xi32>
    %9 = stablehlo.iota dim = 0 : tensor<3xi32>
    %10 = stablehlo.optimization_barrier %9 : tensor<3xi32>
    %11 = "stablehlo.scatter"(%c, %arg2, %10) <{scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}> ({
    ^bb0(%arg5: tensor<i32>, %arg6: tensor<i32>):
      stablehlo.return %arg6 : tensor<i32>
    }) : (tensor<6xi32>, tensor<3x1xi32>, tensor<3xi32>) -> tensor<6xi32>
    %12 = stablehlo.convert %arg3 : (tensor<?xf32>) -> tensor<?xi64>
    %13 = stablehlo.optimization_barrier %12 : tensor<?xi64>
    %14 = stablehlo.concatenate %13, %arg4, %13, dim = 0 : (tensor<?xi64>, tensor<?xi64>, tensor<?xi64>) -> tensor<?xi64>
    %15 = stablehlo.convert %arg3 : (tensor<?xf32>) -> tensor<?xi32>
    %16 = stablehlo.concatenate %15, %15, dim = 0 : (tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>
    return %2, %8, %3, %11, %14, %16 : tensor<4x3xf32>, tensor<4x6xf32>, tensor<4x6xf32>, tensor<6xi32>, tensor<?xi64>, tensor<?xi32>
  }
}
