// Two operands, descending by the first, along the first dimension.
// pass: rank-sorts

func.func public @main(%x: tensor<5x3xf32>, %y: tensor<5x3xi8>) -> (tensor<5x3xf32>, tensor<5x3xi8>) {
  %0:2 = "stablehlo.sort"(%x, %y) <{dimension = 0 : i64, is_stable = true}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>, %c: tensor<i8>, %d: tensor<i8>):
    %1 = stablehlo.compare GT, %a, %b, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
    stablehlo.return %1 : tensor<i1>
  }) : (tensor<5x3xf32>, tensor<5x3xi8>) -> (tensor<5x3xf32>, tensor<5x3xi8>)
  return %0#0, %0#1 : tensor<5x3xf32>, tensor<5x3xi8>
}
// -----
module {
  func.func public @main(%arg0: tensor<5x3xf32>, %arg1: tensor<5x3xi8>) -> (tensor<5x3xf32>, tensor<5x3xi8>) {
    %0 = stablehlo.transpose %arg0, dims = [1, 0] : (tensor<5x3xf32>) -> tensor<3x5xf32>
    %1 = stablehlo.transpose %arg1, dims = [1, 0] : (tensor<5x3xi8>) -> tensor<3x5xi8>
    %2 = stablehlo.broadcast_in_dim %0, dims = [0, 1] : (tensor<3x5xf32>) -> tensor<3x5x5xf32>
    %3 = stablehlo.broadcast_in_dim %1, dims = [0, 1] : (tensor<3x5xi8>) -> tensor<3x5x5xi8>
    %4 = stablehlo.broadcast_in_dim %0, dims = [0, 2] : (tensor<3x5xf32>) -> tensor<3x5x5xf32>
    %5 = stablehlo.broadcast_in_dim %1, dims = [0, 2] : (tensor<3x5xi8>) -> tensor<3x5x5xi8>
    %6 = stablehlo.compare GT, %4, %2, FLOAT : (tensor<3x5x5xf32>, tensor<3x5x5xf32>) -> tensor<3x5x5xi1>
    %7 = stablehlo.compare GT, %2, %4, FLOAT : (tensor<3x5x5xf32>, tensor<3x5x5xf32>) -> tensor<3x5x5xi1>
    %8 = stablehlo.iota dim = 2 : tensor<3x5x5xi32>
    %9 = stablehlo.iota dim = 1 : tensor<3x5x5xi32>
    %10 = stablehlo.compare LT, %8, %9 : (tensor<3x5x5xi32>, tensor<3x5x5xi32>) -> tensor<3x5x5xi1>
    %11 = stablehlo.not %7 : tensor<3x5x5xi1>
    %12 = stablehlo.and %11, %10 : tensor<3x5x5xi1>
    %13 = stablehlo.or %6, %12 : tensor<3x5x5xi1>
    %14 = stablehlo.convert %13 : (tensor<3x5x5xi1>) -> tensor<3x5x5xi32>
    %c = stablehlo.constant dense<0> : tensor<i32>
    %15 = stablehlo.reduce(%14 init: %c) applies stablehlo.add across dimensions = [2] : (tensor<3x5x5xi32>, tensor<i32>) -> tensor<3x5xi32>
    %16 = stablehlo.iota dim = 0 : tensor<3x5xi32>
    %c_0 = stablehlo.constant dense<5> : tensor<3x5xi32>
    %17 = stablehlo.multiply %16, %c_0 : tensor<3x5xi32>
    %18 = stablehlo.add %15, %17 : tensor<3x5xi32>
    %19 = stablehlo.iota dim = 0 : tensor<15xi32>
    %c_1 = stablehlo.constant dense<0> : tensor<15xi32>
    %20 = stablehlo.reshape %18 : (tensor<3x5xi32>) -> tensor<15xi32>
    %21 = stablehlo.reshape %20 : (tensor<15xi32>) -> tensor<15x1xi32>
    %22 = "stablehlo.scatter"(%c_1, %21, %19) <{scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, unique_indices = true}> ({
    ^bb0(%arg2: tensor<i32>, %arg3: tensor<i32>):
      stablehlo.return %arg3 : tensor<i32>
    }) {webtensorc.in_bounds = true} : (tensor<15xi32>, tensor<15x1xi32>, tensor<15xi32>) -> tensor<15xi32>
    %23 = stablehlo.reshape %0 : (tensor<3x5xf32>) -> tensor<15xf32>
    %24 = stablehlo.reshape %22 : (tensor<15xi32>) -> tensor<15x1xi32>
    %25 = "stablehlo.gather"(%23, %24) <{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1>}> {webtensorc.in_bounds = true} : (tensor<15xf32>, tensor<15x1xi32>) -> tensor<15xf32>
    %26 = stablehlo.reshape %25 : (tensor<15xf32>) -> tensor<3x5xf32>
    %27 = stablehlo.transpose %26, dims = [1, 0] : (tensor<3x5xf32>) -> tensor<5x3xf32>
    %28 = stablehlo.reshape %1 : (tensor<3x5xi8>) -> tensor<15xi8>
    %29 = stablehlo.reshape %22 : (tensor<15xi32>) -> tensor<15x1xi32>
    %30 = "stablehlo.gather"(%28, %29) <{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1>}> {webtensorc.in_bounds = true} : (tensor<15xi8>, tensor<15x1xi32>) -> tensor<15xi8>
    %31 = stablehlo.reshape %30 : (tensor<15xi8>) -> tensor<3x5xi8>
    %32 = stablehlo.transpose %31, dims = [1, 0] : (tensor<3x5xi8>) -> tensor<5x3xi8>
    return %27, %32 : tensor<5x3xf32>, tensor<5x3xi8>
  }
}
