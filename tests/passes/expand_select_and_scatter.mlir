// The gradient of max pooling with padding.
// pass: expand-select-and-scatter

func.func public @main(%x: tensor<4x6xf32>, %s: tensor<2x3xf32>) -> tensor<4x6xf32> {
  %cst = stablehlo.constant dense<0.0> : tensor<f32>
  %0 = "stablehlo.select_and_scatter"(%x, %s, %cst) <{
    padding = dense<[[0, 1], [1, 0]]> : tensor<2x2xi64>, window_dimensions = array<i64: 3, 3>,
    window_strides = array<i64: 2, 2>
  }> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %1 = stablehlo.compare GE, %a, %b : (tensor<f32>, tensor<f32>) -> tensor<i1>
    stablehlo.return %1 : tensor<i1>
  }, {
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %1 = stablehlo.add %a, %b : tensor<f32>
    stablehlo.return %1 : tensor<f32>
  }) : (tensor<4x6xf32>, tensor<2x3xf32>, tensor<f32>) -> tensor<4x6xf32>
  return %0 : tensor<4x6xf32>
}
// -----
module {
  func.func public @main(%arg0: tensor<4x6xf32>, %arg1: tensor<2x3xf32>) -> tensor<4x6xf32> {
    %cst = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %0 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<24xf32>
    %1 = stablehlo.iota dim = 0 : tensor<2x3x3x3xi32>
    %c = stablehlo.constant dense<2> : tensor<2x3x3x3xi32>
    %2 = stablehlo.multiply %1, %c : tensor<2x3x3x3xi32>
    %3 = stablehlo.iota dim = 2 : tensor<2x3x3x3xi32>
    %4 = stablehlo.add %2, %3 : tensor<2x3x3x3xi32>
    %c_0 = stablehlo.constant dense<0> : tensor<2x3x3x3xi32>
    %5 = stablehlo.subtract %4, %c_0 : tensor<2x3x3x3xi32>
    %c_1 = stablehlo.constant dense<0> : tensor<2x3x3x3xi32>
    %6 = stablehlo.compare GE, %5, %c_1 : (tensor<2x3x3x3xi32>, tensor<2x3x3x3xi32>) -> tensor<2x3x3x3xi1>
    %c_2 = stablehlo.constant dense<4> : tensor<2x3x3x3xi32>
    %7 = stablehlo.compare LT, %5, %c_2 : (tensor<2x3x3x3xi32>, tensor<2x3x3x3xi32>) -> tensor<2x3x3x3xi1>
    %8 = stablehlo.and %6, %7 : tensor<2x3x3x3xi1>
    %c_3 = stablehlo.constant dense<6> : tensor<2x3x3x3xi32>
    %9 = stablehlo.multiply %5, %c_3 : tensor<2x3x3x3xi32>
    %10 = stablehlo.iota dim = 1 : tensor<2x3x3x3xi32>
    %c_4 = stablehlo.constant dense<2> : tensor<2x3x3x3xi32>
    %11 = stablehlo.multiply %10, %c_4 : tensor<2x3x3x3xi32>
    %12 = stablehlo.iota dim = 3 : tensor<2x3x3x3xi32>
    %13 = stablehlo.add %11, %12 : tensor<2x3x3x3xi32>
    %c_5 = stablehlo.constant dense<1> : tensor<2x3x3x3xi32>
    %14 = stablehlo.subtract %13, %c_5 : tensor<2x3x3x3xi32>
    %c_6 = stablehlo.constant dense<0> : tensor<2x3x3x3xi32>
    %15 = stablehlo.compare GE, %14, %c_6 : (tensor<2x3x3x3xi32>, tensor<2x3x3x3xi32>) -> tensor<2x3x3x3xi1>
    %c_7 = stablehlo.constant dense<6> : tensor<2x3x3x3xi32>
    %16 = stablehlo.compare LT, %14, %c_7 : (tensor<2x3x3x3xi32>, tensor<2x3x3x3xi32>) -> tensor<2x3x3x3xi1>
    %17 = stablehlo.and %15, %16 : tensor<2x3x3x3xi1>
    %18 = stablehlo.and %8, %17 : tensor<2x3x3x3xi1>
    %c_8 = stablehlo.constant dense<1> : tensor<2x3x3x3xi32>
    %19 = stablehlo.multiply %14, %c_8 : tensor<2x3x3x3xi32>
    %20 = stablehlo.add %9, %19 : tensor<2x3x3x3xi32>
    %c_9 = stablehlo.constant dense<-1> : tensor<2x3x3x3xi32>
    %21 = stablehlo.select %18, %20, %c_9 : tensor<2x3x3x3xi1>, tensor<2x3x3x3xi32>
    %22 = stablehlo.reshape %21 : (tensor<2x3x3x3xi32>) -> tensor<6x9xi32>
    %c_10 = stablehlo.constant dense<0> : tensor<6x9xi32>
    %23 = stablehlo.maximum %22, %c_10 : tensor<6x9xi32>
    %24 = stablehlo.reshape %23 : (tensor<6x9xi32>) -> tensor<54xi32>
    %25 = stablehlo.reshape %arg0 : (tensor<4x6xf32>) -> tensor<24xf32>
    %26 = stablehlo.reshape %24 : (tensor<54xi32>) -> tensor<54x1xi32>
    %27 = "stablehlo.gather"(%25, %26) <{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1>}> {webtensorc.in_bounds = true} : (tensor<24xf32>, tensor<54x1xi32>) -> tensor<54xf32>
    %28 = stablehlo.slice %27 [0:1] : (tensor<54xf32>) -> tensor<1xf32>
    %29 = stablehlo.reshape %28 : (tensor<1xf32>) -> tensor<f32>
    %c_11 = stablehlo.constant dense<-1> : tensor<i32>
    %30 = stablehlo.reshape %27 : (tensor<54xf32>) -> tensor<6x9xf32>
    %31:2 = stablehlo.reduce(%30 init: %29), (%22 init: %c_11) across dimensions = [1] : (tensor<6x9xf32>, tensor<6x9xi32>, tensor<f32>, tensor<i32>) -> (tensor<6xf32>, tensor<6xi32>)
     reducer(%arg2: tensor<f32>, %arg4: tensor<f32>) (%arg3: tensor<i32>, %arg5: tensor<i32>)  {
      %36 = stablehlo.compare LT, %arg3, %arg5 : (tensor<i32>, tensor<i32>) -> tensor<i1>
      %37 = stablehlo.select %36, %arg2, %arg4 : tensor<i1>, tensor<f32>
      %38 = stablehlo.select %36, %arg4, %arg2 : tensor<i1>, tensor<f32>
      %39 = stablehlo.select %36, %arg3, %arg5 : tensor<i1>, tensor<i32>
      %40 = stablehlo.select %36, %arg5, %arg3 : tensor<i1>, tensor<i32>
      %41 = stablehlo.compare GE, %37, %38 : (tensor<f32>, tensor<f32>) -> tensor<i1>
      %c_12 = stablehlo.constant dense<0> : tensor<i32>
      %42 = stablehlo.compare GE, %39, %c_12 : (tensor<i32>, tensor<i32>) -> tensor<i1>
      %43 = stablehlo.and %42, %41 : tensor<i1>
      %44 = stablehlo.select %43, %37, %38 : tensor<i1>, tensor<f32>
      %45 = stablehlo.select %43, %39, %40 : tensor<i1>, tensor<i32>
      stablehlo.return %44, %45 : tensor<f32>, tensor<i32>
    }
    %32 = stablehlo.reshape %arg1 : (tensor<2x3xf32>) -> tensor<6xf32>
    %33 = stablehlo.reshape %31#1 : (tensor<6xi32>) -> tensor<6x1xi32>
    %34 = "stablehlo.scatter"(%0, %33, %32) <{scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}> ({
    ^bb0(%arg2: tensor<f32>, %arg3: tensor<f32>):
      %36 = stablehlo.add %arg2, %arg3 : tensor<f32>
      stablehlo.return %36 : tensor<f32>
    }) : (tensor<24xf32>, tensor<6x1xi32>, tensor<6xf32>) -> tensor<24xf32>
    %35 = stablehlo.reshape %34 : (tensor<24xf32>) -> tensor<4x6xf32>
    return %35 : tensor<4x6xf32>
  }
}
