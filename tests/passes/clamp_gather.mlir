// Indices from outside are clamped; those that are known to be valid are not.
// pass: clamp-gather

func.func public @main(%x: tensor<8x5xf32>, %i: tensor<3x1xi32>) -> (tensor<3x5xf32>, tensor<2x5xf32>) {
  %0 = "stablehlo.gather"(%x, %i) <{
    dimension_numbers = #stablehlo.gather<
      offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>,
    slice_sizes = array<i64: 1, 5>
  }> : (tensor<8x5xf32>, tensor<3x1xi32>) -> tensor<3x5xf32>
  %c = stablehlo.constant dense<[[7], [0]]> : tensor<2x1xi32>
  %1 = "stablehlo.gather"(%x, %c) <{
    dimension_numbers = #stablehlo.gather<
      offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>,
    slice_sizes = array<i64: 1, 5>
  }> : (tensor<8x5xf32>, tensor<2x1xi32>) -> tensor<2x5xf32>
  return %0, %1 : tensor<3x5xf32>, tensor<2x5xf32>
}
// -----
module {
  func.func public @main(%arg0: tensor<8x5xf32>, %arg1: tensor<3x1xi32>) -> (tensor<3x5xf32>, tensor<2x5xf32>) {
    %c = stablehlo.constant dense<0> : tensor<i32>
    %c_0 = stablehlo.constant dense<7> : tensor<i32>
    %0 = stablehlo.clamp %c, %arg1, %c_0 : (tensor<i32>, tensor<3x1xi32>, tensor<i32>) -> tensor<3x1xi32>
    %1 = "stablehlo.gather"(%arg0, %0) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1, 5>}> {webtensorc.in_bounds = true} : (tensor<8x5xf32>, tensor<3x1xi32>) -> tensor<3x5xf32>
    %c_1 = stablehlo.constant dense<[[7], [0]]> : tensor<2x1xi32>
    %2 = "stablehlo.gather"(%arg0, %c_1) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1, 5>}> {webtensorc.in_bounds = true} : (tensor<8x5xf32>, tensor<2x1xi32>) -> tensor<2x5xf32>
    return %1, %2 : tensor<3x5xf32>, tensor<2x5xf32>
  }
}
