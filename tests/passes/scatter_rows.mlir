// Windows of three along the second dimension, at any index; then a batching dimension and indices known to be valid.
// pass: scatter-rows

func.func public @main(
  %x: tensor<4x8xf32>, %i: tensor<2xi32>, %u: tensor<4x2x3xf32>, %v: tensor<4xf32>
) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %0 = "stablehlo.scatter"(%x, %i, %u) <{
    scatter_dimension_numbers = #stablehlo.scatter<
      update_window_dims = [0, 2], scatter_dims_to_operand_dims = [1], index_vector_dim = 1>
  }> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %2 = stablehlo.add %a, %b : tensor<f32>
    stablehlo.return %2 : tensor<f32>
  }) : (tensor<4x8xf32>, tensor<2xi32>, tensor<4x2x3xf32>) -> tensor<4x8xf32>
  %c = stablehlo.constant dense<[[7], [0], [1], [2]]> : tensor<4x1xi32>
  %1 = "stablehlo.scatter"(%x, %c, %v) <{
    scatter_dimension_numbers = #stablehlo.scatter<
      inserted_window_dims = [1], input_batching_dims = [0], scatter_indices_batching_dims = [0],
      scatter_dims_to_operand_dims = [1], index_vector_dim = 1>,
    unique_indices = true
  }> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    stablehlo.return %b : tensor<f32>
  }) : (tensor<4x8xf32>, tensor<4x1xi32>, tensor<4xf32>) -> tensor<4x8xf32>
  return %0, %1 : tensor<4x8xf32>, tensor<4x8xf32>
}
// -----
module {
  func.func public @main(%arg0: tensor<4x8xf32>, %arg1: tensor<2xi32>, %arg2: tensor<4x2x3xf32>, %arg3: tensor<4xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
    %0 = stablehlo.transpose %arg0, dims = [1, 0] : (tensor<4x8xf32>) -> tensor<8x4xf32>
    %1 = stablehlo.slice %0 [0:1, 0:4] : (tensor<8x4xf32>) -> tensor<1x4xf32>
    %2 = stablehlo.concatenate %0, %1, dim = 0 : (tensor<8x4xf32>, tensor<1x4xf32>) -> tensor<9x4xf32>
    %3 = stablehlo.iota dim = 0 : tensor<2x3xi32>
    %c = stablehlo.constant dense<0> : tensor<2x3xi32>
    %4 = stablehlo.iota dim = 1 : tensor<2x3xi32>
    %5 = stablehlo.broadcast_in_dim %arg1, dims = [0] : (tensor<2xi32>) -> tensor<2x3xi32>
    %6 = stablehlo.add %4, %5 : tensor<2x3xi32>
    %c_0 = stablehlo.constant dense<1> : tensor<2x3xi32>
    %7 = stablehlo.multiply %6, %c_0 : tensor<2x3xi32>
    %8 = stablehlo.add %c, %7 : tensor<2x3xi32>
    %c_1 = stablehlo.constant dense<0> : tensor<2xi32>
    %9 = stablehlo.compare GE, %arg1, %c_1 : (tensor<2xi32>, tensor<2xi32>) -> tensor<2xi1>
    %c_2 = stablehlo.constant dense<5> : tensor<2xi32>
    %10 = stablehlo.compare LE, %arg1, %c_2 : (tensor<2xi32>, tensor<2xi32>) -> tensor<2xi1>
    %11 = stablehlo.and %9, %10 : tensor<2xi1>
    %12 = stablehlo.broadcast_in_dim %11, dims = [0] : (tensor<2xi1>) -> tensor<2x3xi1>
    %c_3 = stablehlo.constant dense<8> : tensor<2x3xi32>
    %13 = stablehlo.select %12, %8, %c_3 : tensor<2x3xi1>, tensor<2x3xi32>
    %14 = stablehlo.reshape %13 : (tensor<2x3xi32>) -> tensor<6x1xi32>
    %15 = stablehlo.transpose %arg2, dims = [1, 2, 0] : (tensor<4x2x3xf32>) -> tensor<2x3x4xf32>
    %16 = stablehlo.reshape %15 : (tensor<2x3x4xf32>) -> tensor<6x4xf32>
    %17 = "stablehlo.scatter"(%2, %14, %16) <{scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [1], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}> ({
    ^bb0(%arg4: tensor<f32>, %arg5: tensor<f32>):
      %38 = stablehlo.add %arg4, %arg5 : tensor<f32>
      stablehlo.return %38 : tensor<f32>
    }) {webtensorc.in_bounds = true} : (tensor<9x4xf32>, tensor<6x1xi32>, tensor<6x4xf32>) -> tensor<9x4xf32>
    %18 = stablehlo.slice %17 [0:8, 0:4] : (tensor<9x4xf32>) -> tensor<8x4xf32>
    %19 = stablehlo.transpose %18, dims = [1, 0] : (tensor<8x4xf32>) -> tensor<4x8xf32>
    %c_4 = stablehlo.constant dense<[[7], [0], [1], [2]]> : tensor<4x1xi32>
    %20 = stablehlo.reshape %arg0 : (tensor<4x8xf32>) -> tensor<32xf32>
    %21 = stablehlo.iota dim = 0 : tensor<4xi32>
    %22 = stablehlo.slice %c_4 [0:4, 0:1] : (tensor<4x1xi32>) -> tensor<4x1xi32>
    %23 = stablehlo.reshape %22 : (tensor<4x1xi32>) -> tensor<4xi32>
    %24 = stablehlo.iota dim = 0 : tensor<4x1x1xi32>
    %c_5 = stablehlo.constant dense<0> : tensor<4x1x1xi32>
    %25 = stablehlo.iota dim = 2 : tensor<4x1x1xi32>
    %26 = stablehlo.broadcast_in_dim %23, dims = [0] : (tensor<4xi32>) -> tensor<4x1x1xi32>
    %27 = stablehlo.add %25, %26 : tensor<4x1x1xi32>
    %c_6 = stablehlo.constant dense<1> : tensor<4x1x1xi32>
    %28 = stablehlo.multiply %27, %c_6 : tensor<4x1x1xi32>
    %29 = stablehlo.add %c_5, %28 : tensor<4x1x1xi32>
    %30 = stablehlo.iota dim = 1 : tensor<4x1x1xi32>
    %31 = stablehlo.broadcast_in_dim %21, dims = [0] : (tensor<4xi32>) -> tensor<4x1x1xi32>
    %32 = stablehlo.add %30, %31 : tensor<4x1x1xi32>
    %c_7 = stablehlo.constant dense<8> : tensor<4x1x1xi32>
    %33 = stablehlo.multiply %32, %c_7 : tensor<4x1x1xi32>
    %34 = stablehlo.add %29, %33 : tensor<4x1x1xi32>
    %35 = stablehlo.reshape %34 : (tensor<4x1x1xi32>) -> tensor<4x1xi32>
    %36 = "stablehlo.scatter"(%20, %35, %arg3) <{scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, unique_indices = true}> ({
    ^bb0(%arg4: tensor<f32>, %arg5: tensor<f32>):
      stablehlo.return %arg5 : tensor<f32>
    }) {webtensorc.in_bounds = true} : (tensor<32xf32>, tensor<4x1xi32>, tensor<4xf32>) -> tensor<32xf32>
    %37 = stablehlo.reshape %36 : (tensor<32xf32>) -> tensor<4x8xf32>
    return %19, %37 : tensor<4x8xf32>, tensor<4x8xf32>
  }
}
