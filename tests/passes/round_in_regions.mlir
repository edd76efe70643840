// In the body of a scatter, not outside.
// pass: round-in-regions
func.func public @main(%x: tensor<8xf32>, %i: tensor<4x1xi32>, %u: tensor<4xf32>) -> tensor<8xf32> {
  %0 = stablehlo.round_nearest_even %x : tensor<8xf32>
  %1 = "stablehlo.scatter"(%0, %i, %u) <{
    scatter_dimension_numbers = #stablehlo.scatter<
      inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>
  }> ({
  ^bb0(%old: tensor<f32>, %new: tensor<f32>):
    %2 = stablehlo.add %old, %new : tensor<f32>
    %3 = stablehlo.round_nearest_even %2 : tensor<f32>
    stablehlo.return %3 : tensor<f32>
  }) : (tensor<8xf32>, tensor<4x1xi32>, tensor<4xf32>) -> tensor<8xf32>
  return %1 : tensor<8xf32>
}
// -----
module {
  func.func public @main(%arg0: tensor<8xf32>, %arg1: tensor<4x1xi32>, %arg2: tensor<4xf32>) -> tensor<8xf32> {
    %0 = stablehlo.round_nearest_even %arg0 : tensor<8xf32>
    %1 = "stablehlo.scatter"(%0, %arg1, %arg2) <{scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}> ({
    ^bb0(%arg3: tensor<f32>, %arg4: tensor<f32>):
      %2 = stablehlo.add %arg3, %arg4 : tensor<f32>
      %cst = stablehlo.constant dense<0.000000e+00> : tensor<f32>
      %cst_0 = stablehlo.constant dense<5.000000e-01> : tensor<f32>
      %cst_1 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
      %3 = stablehlo.floor %2 : tensor<f32>
      %4 = stablehlo.subtract %2, %3 : tensor<f32>
      %5 = stablehlo.multiply %3, %cst_0 : tensor<f32>
      %6 = stablehlo.floor %5 : tensor<f32>
      %7 = stablehlo.compare NE, %5, %6 : (tensor<f32>, tensor<f32>) -> tensor<i1>
      %8 = stablehlo.compare EQ, %4, %cst_0 : (tensor<f32>, tensor<f32>) -> tensor<i1>
      %9 = stablehlo.and %8, %7 : tensor<i1>
      %10 = stablehlo.compare GT, %4, %cst_0 : (tensor<f32>, tensor<f32>) -> tensor<i1>
      %11 = stablehlo.or %10, %9 : tensor<i1>
      %12 = stablehlo.add %3, %cst_1 : tensor<f32>
      %13 = stablehlo.select %11, %12, %3 : tensor<i1>, tensor<f32>
      %14 = stablehlo.compare EQ, %13, %cst : (tensor<f32>, tensor<f32>) -> tensor<i1>
      %15 = stablehlo.multiply %2, %cst : tensor<f32>
      %16 = stablehlo.select %14, %15, %13 : tensor<i1>, tensor<f32>
      stablehlo.return %16 : tensor<f32>
    }) : (tensor<8xf32>, tensor<4x1xi32>, tensor<4xf32>) -> tensor<8xf32>
    return %1 : tensor<8xf32>
  }
}
