// pass: keep-apart
// The reversal and the softmax see what they read through a barrier; the third reader of the softmax's input does not.
// So does the scatter its updates, which are counted, and the join of open size what is widened right before; and both
// pads that are added, but not the one that is not. A window sees through a barrier what another sees a function of.
func.func public @main(%x: tensor<4x6xf32>, %y: tensor<4x6xf32>, %i: tensor<3x1xi32>, %v: tensor<?xf32>, %w: tensor<?xi64>)
    -> (tensor<4x3xf32>, tensor<4x6xf32>, tensor<4x6xf32>, tensor<6xi32>, tensor<?xi64>, tensor<?xi32>, tensor<4x7xf32>, tensor<4x6xf32>) {
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
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %12 = stablehlo.pad %5, %zero, low = [0, 1], high = [0, 0], interior = [0, 0] : (tensor<4x6xf32>, tensor<f32>) -> tensor<4x7xf32>
  %13 = stablehlo.pad %6, %zero, low = [0, 0], high = [0, 1], interior = [0, 0] : (tensor<4x6xf32>, tensor<f32>) -> tensor<4x7xf32>
  %14 = stablehlo.add %12, %13 : tensor<4x7xf32>
  %15 = stablehlo.pad %6, %zero, low = [0, 1], high = [0, 0], interior = [0, 0] : (tensor<4x6xf32>, tensor<f32>) -> tensor<4x7xf32>
  %16 = stablehlo.multiply %14, %15 : tensor<4x7xf32>
  %17 = stablehlo.tanh %x : tensor<4x6xf32>
  %18 = stablehlo.multiply %17, %y : tensor<4x6xf32>
  %19 = "stablehlo.reduce_window"(%17, %inf) <{padding = dense<[[0, 0], [1, 0]]> : tensor<2x2xi64>,
    window_dimensions = array<i64: 1, 2>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %max = stablehlo.maximum %a, %b : tensor<f32>
    stablehlo.return %max : tensor<f32>
  }) : (tensor<4x6xf32>, tensor<f32>) -> tensor<4x6xf32>
  %20 = "stablehlo.reduce_window"(%18, %inf) <{padding = dense<[[0, 0], [1, 0]]> : tensor<2x2xi64>,
    window_dimensions = array<i64: 1, 2>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %max = stablehlo.maximum %a, %b : tensor<f32>
    stablehlo.return %max : tensor<f32>
  }) : (tensor<4x6xf32>, tensor<f32>) -> tensor<4x6xf32>
  %21 = stablehlo.add %19, %20 : tensor<4x6xf32>
  return %1, %6, %2, %7, %9, %11, %16, %21
    : tensor<4x3xf32>, tensor<4x6xf32>, tensor<4x6xf32>, tensor<6xi32>, tensor<?xi64>, tensor<?xi32>, tensor<4x7xf32>, tensor<4x6xf32>
}
// -----
module {
  func.func public @main(%arg0: tensor<4x6xf32>, %arg1: tensor<4x6xf32>, %arg2: tensor<3x1xi32>, %arg3: tensor<?xf32>, %arg4: tensor<?xi64>) -> (tensor<4x3xf32>, tensor<4x6xf32>, tensor<4x6xf32>, tensor<6xi32>, tensor<?xi64>, tensor<?xi32>, tensor<4x7xf32>, tensor<4x6xf32>) {
    %0 = stablehlo.slice %arg0 [0:4, 0:6:2] : (tensor<4x6xf32>) -> tensor<4x3xf32>
    %1 = stablehlo.optimization_barrier %0 : tensor<4x3xf32>
    %2 = stablehlo.reverse %1, dims = [1] : tensor<4x3xf32>
    %3 = stablehlo.add %arg0, %arg1 : tensor<4x6xf32>
    %4 = stablehlo.optimization_barrier %3 : tensor<4x6xf32>
    %cst = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %5 = stablehlo.reduce(%4 init: %cst) applies stablehlo.maximum across dimensions = [1] : (tensor<4x6xf32>, tensor<f32>) -> tensor<4xf32>
    %6 = stablehlo.broadcast_in_dim %5, dims = [0] : (tensor<4xf32>) -> tensor<4x6xf32>
    %7 = stablehlo.subtract %4, %6 : tensor<4x6xf32>
    %8 = stablehlo.optimization_barrier %7 : tensor<4x6xf32>
    %9 = stablehlo.exponential %7 : tensor<4x6xf32>
    %10 = stablehlo.optimization_barrier %9 : tensor<4x6xf32>
    %c = stablehlo.constant dense<0> : tensor<6xi32>
    %11 = stablehlo.iota dim = 0 : tensor<3xi32>
    %12 = stablehlo.optimization_barrier %11 : tensor<3xi32>
    %13 = "stablehlo.scatter"(%c, %arg2, %12) <{scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}> ({
    ^bb0(%arg5: tensor<i32>, %arg6: tensor<i32>):
      stablehlo.return %arg6 : tensor<i32>
    }) : (tensor<6xi32>, tensor<3x1xi32>, tensor<3xi32>) -> tensor<6xi32>
    %14 = stablehlo.convert %arg3 : (tensor<?xf32>) -> tensor<?xi64>
    %15 = stablehlo.optimization_barrier %14 : tensor<?xi64>
    %16 = stablehlo.concatenate %15, %arg4, %15, dim = 0 : (tensor<?xi64>, tensor<?xi64>, tensor<?xi64>) -> tensor<?xi64>
    %17 = stablehlo.convert %arg3 : (tensor<?xf32>) -> tensor<?xi32>
    %18 = stablehlo.concatenate %17, %17, dim = 0 : (tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>
    %cst_0 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %19 = stablehlo.pad %8, %cst_0, low = [0, 1], high = [0, 0], interior = [0, 0] : (tensor<4x6xf32>, tensor<f32>) -> tensor<4x7xf32>
    %20 = stablehlo.pad %10, %cst_0, low = [0, 0], high = [0, 1], interior = [0, 0] : (tensor<4x6xf32>, tensor<f32>) -> tensor<4x7xf32>
    %21 = stablehlo.add %19, %20 : tensor<4x7xf32>
    %22 = stablehlo.pad %9, %cst_0, low = [0, 1], high = [0, 0], interior = [0, 0] : (tensor<4x6xf32>, tensor<f32>) -> tensor<4x7xf32>
    %23 = stablehlo.multiply %21, %22 : tensor<4x7xf32>
    %24 = stablehlo.tanh %arg0 : tensor<4x6xf32>
    %25 = stablehlo.optimization_barrier %24 : tensor<4x6xf32>
    %26 = stablehlo.multiply %24, %arg1 : tensor<4x6xf32>
    %27 = "stablehlo.reduce_window"(%25, %cst) <{padding = dense<[[0, 0], [1, 0]]> : tensor<2x2xi64>, window_dimensions = array<i64: 1, 2>}> ({
    ^bb0(%arg5: tensor<f32>, %arg6: tensor<f32>):
      %30 = stablehlo.maximum %arg5, %arg6 : tensor<f32>
      stablehlo.return %30 : tensor<f32>
    }) : (tensor<4x6xf32>, tensor<f32>) -> tensor<4x6xf32>
    %28 = "stablehlo.reduce_window"(%26, %cst) <{padding = dense<[[0, 0], [1, 0]]> : tensor<2x2xi64>, window_dimensions = array<i64: 1, 2>}> ({
    ^bb0(%arg5: tensor<f32>, %arg6: tensor<f32>):
      %30 = stablehlo.maximum %arg5, %arg6 : tensor<f32>
      stablehlo.return %30 : tensor<f32>
    }) : (tensor<4x6xf32>, tensor<f32>) -> tensor<4x6xf32>
    %29 = stablehlo.add %27, %28 : tensor<4x6xf32>
    return %2, %9, %3, %13, %16, %18, %23, %29 : tensor<4x3xf32>, tensor<4x6xf32>, tensor<4x6xf32>, tensor<6xi32>, tensor<?xi64>, tensor<?xi32>, tensor<4x7xf32>, tensor<4x6xf32>
  }
}
