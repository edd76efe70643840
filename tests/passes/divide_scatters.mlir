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
    %c = stablehlo.constant dense<-1> : tensor<4x4xi32>
    %5 = stablehlo.select %3, %4, %c : tensor<4x4xi1>, tensor<4x4xi32>
    %c_0 = stablehlo.constant dense<-1> : tensor<i32>
    %6 = stablehlo.reduce(%5 init: %c_0) applies stablehlo.maximum across dimensions = [1] : (tensor<4x4xi32>, tensor<i32>) -> tensor<4xi32>
    %7 = stablehlo.iota dim = 0 : tensor<4xi32>
    %8 = stablehlo.compare EQ, %6, %7 : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi1>
    %9 = stablehlo.iota dim = 0 : tensor<4xi32>
    %c_1 = stablehlo.constant dense<9> : tensor<4xi32>
    %10 = stablehlo.add %9, %c_1 : tensor<4xi32>
    %cst = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %11 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %12 = stablehlo.concatenate %arg0, %11, dim = 0 : (tensor<9xf32>, tensor<4xf32>) -> tensor<13xf32>
    %13 = stablehlo.select %8, %0, %10 : tensor<4xi1>, tensor<4xi32>
    %14 = stablehlo.reshape %13 : (tensor<4xi32>) -> tensor<4x1xi32>
    %15 = stablehlo.optimization_barrier %14 : tensor<4x1xi32>
    %16 = stablehlo.optimization_barrier %arg2 : tensor<4xf32>
    %17 = "stablehlo.scatter"(%12, %15, %16) <{scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, unique_indices = true}> ({
    ^bb0(%arg7: tensor<f32>, %arg8: tensor<f32>):
      stablehlo.return %arg8 : tensor<f32>
    }) {webtensorc.in_bounds = true} : (tensor<13xf32>, tensor<4x1xi32>, tensor<4xf32>) -> tensor<13xf32>
    %18 = stablehlo.slice %17 [0:9] : (tensor<13xf32>) -> tensor<9xf32>
    %19 = stablehlo.reshape %arg1 : (tensor<4x1xi32>) -> tensor<4xi32>
    %20 = stablehlo.broadcast_in_dim %19, dims = [0] : (tensor<4xi32>) -> tensor<4x4xi32>
    %21 = stablehlo.broadcast_in_dim %19, dims = [1] : (tensor<4xi32>) -> tensor<4x4xi32>
    %22 = stablehlo.compare EQ, %20, %21 : (tensor<4x4xi32>, tensor<4x4xi32>) -> tensor<4x4xi1>
    %23 = stablehlo.iota dim = 1 : tensor<4x4xi32>
    %c_2 = stablehlo.constant dense<-1> : tensor<4x4xi32>
    %24 = stablehlo.select %22, %23, %c_2 : tensor<4x4xi1>, tensor<4x4xi32>
    %c_3 = stablehlo.constant dense<-1> : tensor<i32>
    %25 = stablehlo.reduce(%24 init: %c_3) applies stablehlo.maximum across dimensions = [1] : (tensor<4x4xi32>, tensor<i32>) -> tensor<4xi32>
    %26 = stablehlo.iota dim = 0 : tensor<4xi32>
    %27 = stablehlo.compare EQ, %25, %26 : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi1>
    %cst_4 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %28 = stablehlo.broadcast_in_dim %arg2, dims = [1] : (tensor<4xf32>) -> tensor<4x4xf32>
    %29 = stablehlo.broadcast_in_dim %cst_4, dims = [] : (tensor<f32>) -> tensor<4x4xf32>
    %30 = stablehlo.select %22, %28, %29 : tensor<4x4xi1>, tensor<4x4xf32>
    %31 = stablehlo.reduce(%30 init: %cst_4) applies stablehlo.add across dimensions = [1] : (tensor<4x4xf32>, tensor<f32>) -> tensor<4xf32>
    %32 = stablehlo.iota dim = 0 : tensor<4xi32>
    %c_5 = stablehlo.constant dense<9> : tensor<4xi32>
    %33 = stablehlo.add %32, %c_5 : tensor<4xi32>
    %cst_6 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %34 = stablehlo.broadcast_in_dim %cst_6, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %35 = stablehlo.concatenate %arg0, %34, dim = 0 : (tensor<9xf32>, tensor<4xf32>) -> tensor<13xf32>
    %36 = stablehlo.select %27, %19, %33 : tensor<4xi1>, tensor<4xi32>
    %37 = stablehlo.reshape %36 : (tensor<4xi32>) -> tensor<4x1xi32>
    %38 = stablehlo.optimization_barrier %37 : tensor<4x1xi32>
    %39 = stablehlo.optimization_barrier %31 : tensor<4xf32>
    %40 = "stablehlo.scatter"(%35, %38, %39) <{scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, unique_indices = true}> ({
    ^bb0(%arg7: tensor<f32>, %arg8: tensor<f32>):
      %69 = stablehlo.add %arg7, %arg8 : tensor<f32>
      stablehlo.return %69 : tensor<f32>
    }) {webtensorc.in_bounds = true} : (tensor<13xf32>, tensor<4x1xi32>, tensor<4xf32>) -> tensor<13xf32>
    %41 = stablehlo.slice %40 [0:9] : (tensor<13xf32>) -> tensor<9xf32>
    %42 = stablehlo.reshape %arg1 : (tensor<4x1xi32>) -> tensor<4xi32>
    %43 = stablehlo.broadcast_in_dim %42, dims = [0] : (tensor<4xi32>) -> tensor<4x4xi32>
    %44 = stablehlo.broadcast_in_dim %42, dims = [1] : (tensor<4xi32>) -> tensor<4x4xi32>
    %45 = stablehlo.compare EQ, %43, %44 : (tensor<4x4xi32>, tensor<4x4xi32>) -> tensor<4x4xi1>
    %46 = stablehlo.iota dim = 1 : tensor<4x4xi32>
    %c_7 = stablehlo.constant dense<-1> : tensor<4x4xi32>
    %47 = stablehlo.select %45, %46, %c_7 : tensor<4x4xi1>, tensor<4x4xi32>
    %c_8 = stablehlo.constant dense<-1> : tensor<i32>
    %48 = stablehlo.reduce(%47 init: %c_8) applies stablehlo.maximum across dimensions = [1] : (tensor<4x4xi32>, tensor<i32>) -> tensor<4xi32>
    %49 = stablehlo.iota dim = 0 : tensor<4xi32>
    %50 = stablehlo.compare EQ, %48, %49 : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi1>
    %c_9 = stablehlo.constant dense<-128> : tensor<i8>
    %51 = stablehlo.broadcast_in_dim %arg4, dims = [1, 2] : (tensor<4x3xi8>) -> tensor<4x4x3xi8>
    %52 = stablehlo.broadcast_in_dim %c_9, dims = [] : (tensor<i8>) -> tensor<4x4x3xi8>
    %53 = stablehlo.broadcast_in_dim %45, dims = [0, 1] : (tensor<4x4xi1>) -> tensor<4x4x3xi1>
    %54 = stablehlo.select %53, %51, %52 : tensor<4x4x3xi1>, tensor<4x4x3xi8>
    %55 = stablehlo.reduce(%54 init: %c_9) applies stablehlo.maximum across dimensions = [1] : (tensor<4x4x3xi8>, tensor<i8>) -> tensor<4x3xi8>
    %56 = stablehlo.iota dim = 0 : tensor<4xi32>
    %c_10 = stablehlo.constant dense<9> : tensor<4xi32>
    %57 = stablehlo.add %56, %c_10 : tensor<4xi32>
    %c_11 = stablehlo.constant dense<0> : tensor<i8>
    %58 = stablehlo.broadcast_in_dim %c_11, dims = [] : (tensor<i8>) -> tensor<4x3xi8>
    %59 = stablehlo.concatenate %arg3, %58, dim = 0 : (tensor<9x3xi8>, tensor<4x3xi8>) -> tensor<13x3xi8>
    %60 = stablehlo.select %50, %42, %57 : tensor<4xi1>, tensor<4xi32>
    %61 = stablehlo.reshape %60 : (tensor<4xi32>) -> tensor<4x1xi32>
    %62 = stablehlo.optimization_barrier %61 : tensor<4x1xi32>
    %63 = stablehlo.optimization_barrier %55 : tensor<4x3xi8>
    %64 = "stablehlo.scatter"(%59, %62, %63) <{scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [1], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, unique_indices = true}> ({
    ^bb0(%arg7: tensor<i8>, %arg8: tensor<i8>):
      %69 = stablehlo.maximum %arg7, %arg8 : tensor<i8>
      stablehlo.return %69 : tensor<i8>
    }) {webtensorc.in_bounds = true} : (tensor<13x3xi8>, tensor<4x1xi32>, tensor<4x3xi8>) -> tensor<13x3xi8>
    %65 = stablehlo.slice %64 [0:9, 0:3] : (tensor<13x3xi8>) -> tensor<9x3xi8>
    %66 = "stablehlo.scatter"(%arg3, %arg5, %arg6) <{scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [1], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, unique_indices = true}> ({
    ^bb0(%arg7: tensor<i8>, %arg8: tensor<i8>):
      %69 = stablehlo.subtract %arg7, %arg8 : tensor<i8>
      stablehlo.return %69 : tensor<i8>
    }) {webtensorc.in_bounds = true} : (tensor<9x3xi8>, tensor<1x1xi32>, tensor<1x3xi8>) -> tensor<9x3xi8>
    %67 = "stablehlo.scatter"(%arg0, %arg1, %arg2) <{scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}> ({
    ^bb0(%arg7: tensor<f32>, %arg8: tensor<f32>):
      %69 = stablehlo.subtract %arg7, %arg8 : tensor<f32>
      stablehlo.return %69 : tensor<f32>
    }) {webtensorc.in_bounds = true} : (tensor<9xf32>, tensor<4x1xi32>, tensor<4xf32>) -> tensor<9xf32>
    %68 = "stablehlo.scatter"(%arg0, %arg1, %arg2) <{scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}> ({
    ^bb0(%arg7: tensor<f32>, %arg8: tensor<f32>):
      stablehlo.return %arg8 : tensor<f32>
    }) : (tensor<9xf32>, tensor<4x1xi32>, tensor<4xf32>) -> tensor<9xf32>
    return %18, %41, %65, %66, %67, %68 : tensor<9xf32>, tensor<9xf32>, tensor<9x3xi8>, tensor<9x3xi8>, tensor<9xf32>, tensor<9xf32>
  }
}
