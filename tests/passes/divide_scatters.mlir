// The last update for a place is what is left there; sums and largest numbers of all updates for a place; one update is
// alone. What is neither stays as it is, and so does one that may go beyond its operand.
// pass: divide-scatters
// target: spirv

#rows = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>
#wide = #stablehlo.scatter<update_window_dims = [1], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0],
  index_vector_dim = 1>
func.func public @main(%x: tensor<9xf32>, %i: tensor<4x1xi32>, %u: tensor<4xf32>, %w: tensor<9x3xi8>,
    %v: tensor<4x3xi8>, %j: tensor<1x1xi32>, %o: tensor<1x3xi8>)
    -> (tensor<9xf32>, tensor<9xf32>, tensor<9x3xi8>, tensor<9x3xi8>, tensor<9xf32>, tensor<9xf32>) {
  %0 = "stablehlo.scatter"(%x, %i, %u) <{scatter_dimension_numbers = #rows}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      stablehlo.return %b : tensor<f32>
    }) {webtensorc.in_bounds = true} : (tensor<9xf32>, tensor<4x1xi32>, tensor<4xf32>) -> tensor<9xf32>
  %1 = "stablehlo.scatter"(%x, %i, %u) <{scatter_dimension_numbers = #rows}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %s = stablehlo.add %a, %b : tensor<f32>
      stablehlo.return %s : tensor<f32>
    }) {webtensorc.in_bounds = true} : (tensor<9xf32>, tensor<4x1xi32>, tensor<4xf32>) -> tensor<9xf32>
  %2 = "stablehlo.scatter"(%w, %i, %v) <{scatter_dimension_numbers = #wide}> ({
    ^bb0(%a: tensor<i8>, %b: tensor<i8>):
      %s = stablehlo.maximum %a, %b : tensor<i8>
      stablehlo.return %s : tensor<i8>
    }) {webtensorc.in_bounds = true} : (tensor<9x3xi8>, tensor<4x1xi32>, tensor<4x3xi8>) -> tensor<9x3xi8>
  %3 = "stablehlo.scatter"(%w, %j, %o) <{scatter_dimension_numbers = #wide}> ({
    ^bb0(%a: tensor<i8>, %b: tensor<i8>):
      %s = stablehlo.subtract %a, %b : tensor<i8>
      stablehlo.return %s : tensor<i8>
    }) {webtensorc.in_bounds = true} : (tensor<9x3xi8>, tensor<1x1xi32>, tensor<1x3xi8>) -> tensor<9x3xi8>
  %4 = "stablehlo.scatter"(%x, %i, %u) <{scatter_dimension_numbers = #rows}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %s = stablehlo.subtract %a, %b : tensor<f32>
      stablehlo.return %s : tensor<f32>
    }) {webtensorc.in_bounds = true} : (tensor<9xf32>, tensor<4x1xi32>, tensor<4xf32>) -> tensor<9xf32>
  %5 = "stablehlo.scatter"(%x, %i, %u) <{scatter_dimension_numbers = #rows}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      stablehlo.return %b : tensor<f32>
    }) : (tensor<9xf32>, tensor<4x1xi32>, tensor<4xf32>) -> tensor<9xf32>
  return %0, %1, %2, %3, %4, %5
    : tensor<9xf32>, tensor<9xf32>, tensor<9x3xi8>, tensor<9x3xi8>, tensor<9xf32>, tensor<9xf32>
}
// -----
module {
  func.func public @main(%arg0: tensor<9xf32>, %arg1: tensor<4x1xi32>, %arg2: tensor<4xf32>, %arg3: tensor<9x3xi8>, %arg4: tensor<4x3xi8>, %arg5: tensor<1x1xi32>, %arg6: tensor<1x3xi8>) -> (tensor<9xf32>, tensor<9xf32>, tensor<9x3xi8>, tensor<9x3xi8>, tensor<9xf32>, tensor<9xf32>) {
    %0 = stablehlo.reshape %arg1 : (tensor<4x1xi32>) -> tensor<4xi32>
    %1 = stablehlo.broadcast_in_dim %0, dims = [0] : (tensor<4xi32>) -> tensor<4x4xi32>
    %2 = stablehlo.broadcast_in_dim %0, dims = [1] : (tensor<4xi32>) -> tensor<4x4xi32>
    %3 = stablehlo.compare EQ, %1, %2 : (tensor<4x4xi32>, tensor<4x4xi32>) -> tensor<4x4xi1>
    %4 = stablehlo.iota dim = 1 : tensor<4x4xi32>
    %c = stablehlo.constant dense<0> : tensor<4x4xi32>
    %5 = stablehlo.select %3, %4, %c : tensor<4x4xi1>, tensor<4x4xi32>
    %c_0 = stablehlo.constant dense<0> : tensor<i32>
    %6 = stablehlo.reduce(%5 init: %c_0) applies stablehlo.maximum across dimensions = [1] : (tensor<4x4xi32>, tensor<i32>) -> tensor<4xi32>
    %7 = stablehlo.reshape %6 : (tensor<4xi32>) -> tensor<4x1xi32>
    %8 = "stablehlo.gather"(%arg2, %7) <{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1>}> {webtensorc.in_bounds = true} : (tensor<4xf32>, tensor<4x1xi32>) -> tensor<4xf32>
    %9 = "stablehlo.scatter"(%arg0, %arg1, %8) <{scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, unique_indices = true}> ({
    ^bb0(%arg7: tensor<f32>, %arg8: tensor<f32>):
      stablehlo.return %arg8 : tensor<f32>
    }) {webtensorc.in_bounds = true} : (tensor<9xf32>, tensor<4x1xi32>, tensor<4xf32>) -> tensor<9xf32>
    %10 = stablehlo.reshape %arg1 : (tensor<4x1xi32>) -> tensor<4xi32>
    %11 = stablehlo.broadcast_in_dim %10, dims = [0] : (tensor<4xi32>) -> tensor<4x4xi32>
    %12 = stablehlo.broadcast_in_dim %10, dims = [1] : (tensor<4xi32>) -> tensor<4x4xi32>
    %13 = stablehlo.compare EQ, %11, %12 : (tensor<4x4xi32>, tensor<4x4xi32>) -> tensor<4x4xi1>
    %14 = stablehlo.reshape %10 : (tensor<4xi32>) -> tensor<4x1xi32>
    %15 = "stablehlo.gather"(%arg0, %14) <{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1>}> {webtensorc.in_bounds = true} : (tensor<9xf32>, tensor<4x1xi32>) -> tensor<4xf32>
    %16 = stablehlo.broadcast_in_dim %arg2, dims = [1] : (tensor<4xf32>) -> tensor<4x4xf32>
    %cst = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %17 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<4x4xf32>
    %18 = stablehlo.select %13, %16, %17 : tensor<4x4xi1>, tensor<4x4xf32>
    %19 = stablehlo.reduce(%18 init: %cst) applies stablehlo.add across dimensions = [1] : (tensor<4x4xf32>, tensor<f32>) -> tensor<4xf32>
    %20 = stablehlo.add %15, %19 : tensor<4xf32>
    %21 = "stablehlo.scatter"(%arg0, %arg1, %20) <{scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, unique_indices = true}> ({
    ^bb0(%arg7: tensor<f32>, %arg8: tensor<f32>):
      stablehlo.return %arg8 : tensor<f32>
    }) {webtensorc.in_bounds = true} : (tensor<9xf32>, tensor<4x1xi32>, tensor<4xf32>) -> tensor<9xf32>
    %22 = stablehlo.reshape %arg1 : (tensor<4x1xi32>) -> tensor<4xi32>
    %23 = stablehlo.broadcast_in_dim %22, dims = [0] : (tensor<4xi32>) -> tensor<4x4xi32>
    %24 = stablehlo.broadcast_in_dim %22, dims = [1] : (tensor<4xi32>) -> tensor<4x4xi32>
    %25 = stablehlo.compare EQ, %23, %24 : (tensor<4x4xi32>, tensor<4x4xi32>) -> tensor<4x4xi1>
    %26 = stablehlo.reshape %22 : (tensor<4xi32>) -> tensor<4x1xi32>
    %27 = "stablehlo.gather"(%arg3, %26) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1, 3>}> {webtensorc.in_bounds = true} : (tensor<9x3xi8>, tensor<4x1xi32>) -> tensor<4x3xi8>
    %28 = stablehlo.broadcast_in_dim %arg4, dims = [1, 2] : (tensor<4x3xi8>) -> tensor<4x4x3xi8>
    %c_1 = stablehlo.constant dense<-128> : tensor<i8>
    %29 = stablehlo.broadcast_in_dim %25, dims = [0, 1] : (tensor<4x4xi1>) -> tensor<4x4x3xi1>
    %30 = stablehlo.broadcast_in_dim %c_1, dims = [] : (tensor<i8>) -> tensor<4x4x3xi8>
    %31 = stablehlo.select %29, %28, %30 : tensor<4x4x3xi1>, tensor<4x4x3xi8>
    %32 = stablehlo.reduce(%31 init: %c_1) applies stablehlo.maximum across dimensions = [1] : (tensor<4x4x3xi8>, tensor<i8>) -> tensor<4x3xi8>
    %33 = stablehlo.maximum %27, %32 : tensor<4x3xi8>
    %34 = "stablehlo.scatter"(%arg3, %arg1, %33) <{scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [1], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, unique_indices = true}> ({
    ^bb0(%arg7: tensor<i8>, %arg8: tensor<i8>):
      stablehlo.return %arg8 : tensor<i8>
    }) {webtensorc.in_bounds = true} : (tensor<9x3xi8>, tensor<4x1xi32>, tensor<4x3xi8>) -> tensor<9x3xi8>
    %35 = "stablehlo.scatter"(%arg3, %arg5, %arg6) <{scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [1], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, unique_indices = true}> ({
    ^bb0(%arg7: tensor<i8>, %arg8: tensor<i8>):
      %38 = stablehlo.subtract %arg7, %arg8 : tensor<i8>
      stablehlo.return %38 : tensor<i8>
    }) {webtensorc.in_bounds = true} : (tensor<9x3xi8>, tensor<1x1xi32>, tensor<1x3xi8>) -> tensor<9x3xi8>
    %36 = "stablehlo.scatter"(%arg0, %arg1, %arg2) <{scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}> ({
    ^bb0(%arg7: tensor<f32>, %arg8: tensor<f32>):
      %38 = stablehlo.subtract %arg7, %arg8 : tensor<f32>
      stablehlo.return %38 : tensor<f32>
    }) {webtensorc.in_bounds = true} : (tensor<9xf32>, tensor<4x1xi32>, tensor<4xf32>) -> tensor<9xf32>
    %37 = "stablehlo.scatter"(%arg0, %arg1, %arg2) <{scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}> ({
    ^bb0(%arg7: tensor<f32>, %arg8: tensor<f32>):
      stablehlo.return %arg8 : tensor<f32>
    }) : (tensor<9xf32>, tensor<4x1xi32>, tensor<4xf32>) -> tensor<9xf32>
    return %9, %21, %34, %35, %36, %37 : tensor<9xf32>, tensor<9xf32>, tensor<9x3xi8>, tensor<9x3xi8>, tensor<9xf32>, tensor<9xf32>
  }
}
