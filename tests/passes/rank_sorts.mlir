// Two operands, descending by the first, along the first dimension; a row that is too long to compare all with all.
// pass: rank-sorts{longest=5}

func.func public @main(%x: tensor<5x3xf32>, %y: tensor<5x3xi8>, %z: tensor<6xf32>)
    -> (tensor<5x3xf32>, tensor<5x3xi8>, tensor<6xf32>) {
  %0:2 = "stablehlo.sort"(%x, %y) <{dimension = 0 : i64, is_stable = true}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>, %c: tensor<i8>, %d: tensor<i8>):
    %1 = stablehlo.compare GT, %a, %b, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
    stablehlo.return %1 : tensor<i1>
  }) : (tensor<5x3xf32>, tensor<5x3xi8>) -> (tensor<5x3xf32>, tensor<5x3xi8>)
  %2 = "stablehlo.sort"(%z) <{dimension = 0 : i64, is_stable = true}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %1 = stablehlo.compare LT, %a, %b, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
    stablehlo.return %1 : tensor<i1>
  }) : (tensor<6xf32>) -> tensor<6xf32>
  return %0#0, %0#1, %2 : tensor<5x3xf32>, tensor<5x3xi8>, tensor<6xf32>
}
// -----
module {
  func.func public @main(%arg0: tensor<5x3xf32>, %arg1: tensor<5x3xi8>, %arg2: tensor<6xf32>) -> (tensor<5x3xf32>, tensor<5x3xi8>, tensor<6xf32>) {
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
    ^bb0(%arg3: tensor<i32>, %arg4: tensor<i32>):
      stablehlo.return %arg4 : tensor<i32>
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
    %33 = stablehlo.reshape %arg2 : (tensor<6xf32>) -> tensor<1x6xf32>
    %34 = stablehlo.iota dim = 1 : tensor<1x8xi32>
    %35 = stablehlo.slice %33 [0:1, 0:2] : (tensor<1x6xf32>) -> tensor<1x2xf32>
    %36 = stablehlo.concatenate %33, %35, dim = 1 : (tensor<1x6xf32>, tensor<1x2xf32>) -> tensor<1x8xf32>
    %c_2 = stablehlo.constant dense<2> : tensor<i32>
    %c_3 = stablehlo.constant dense<1> : tensor<i32>
    %37:4 = stablehlo.while(%iterArg = %c_2, %iterArg_5 = %c_3, %iterArg_6 = %34, %iterArg_7 = %36) : tensor<i32>, tensor<i32>, tensor<1x8xi32>, tensor<1x8xf32>
    cond {
      %c_8 = stablehlo.constant dense<8> : tensor<i32>
      %46 = stablehlo.compare LE, %iterArg, %c_8 : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %46 : tensor<i1>
    } do {
      %46 = stablehlo.iota dim = 1 : tensor<1x8xi32>
      %47 = stablehlo.iota dim = 0 : tensor<1x8xi32>
      %c_8 = stablehlo.constant dense<8> : tensor<1x8xi32>
      %48 = stablehlo.multiply %47, %c_8 : tensor<1x8xi32>
      %49 = stablehlo.broadcast_in_dim %iterArg_5, dims = [] : (tensor<i32>) -> tensor<1x8xi32>
      %50 = stablehlo.xor %46, %49 : tensor<1x8xi32>
      %51 = stablehlo.add %48, %50 : tensor<1x8xi32>
      %52 = stablehlo.reshape %51 : (tensor<1x8xi32>) -> tensor<8xi32>
      %53 = stablehlo.reshape %iterArg_6 : (tensor<1x8xi32>) -> tensor<8xi32>
      %54 = stablehlo.reshape %52 : (tensor<8xi32>) -> tensor<8x1xi32>
      %55 = "stablehlo.gather"(%53, %54) <{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1>}> {webtensorc.in_bounds = true} : (tensor<8xi32>, tensor<8x1xi32>) -> tensor<8xi32>
      %56 = stablehlo.reshape %55 : (tensor<8xi32>) -> tensor<1x8xi32>
      %57 = stablehlo.reshape %iterArg_7 : (tensor<1x8xf32>) -> tensor<8xf32>
      %58 = stablehlo.reshape %52 : (tensor<8xi32>) -> tensor<8x1xi32>
      %59 = "stablehlo.gather"(%57, %58) <{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1>}> {webtensorc.in_bounds = true} : (tensor<8xf32>, tensor<8x1xi32>) -> tensor<8xf32>
      %60 = stablehlo.reshape %59 : (tensor<8xf32>) -> tensor<1x8xf32>
      %61 = stablehlo.compare LT, %iterArg_7, %60, FLOAT : (tensor<1x8xf32>, tensor<1x8xf32>) -> tensor<1x8xi1>
      %62 = stablehlo.compare LT, %60, %iterArg_7, FLOAT : (tensor<1x8xf32>, tensor<1x8xf32>) -> tensor<1x8xi1>
      %63 = stablehlo.compare LT, %iterArg_6, %56 : (tensor<1x8xi32>, tensor<1x8xi32>) -> tensor<1x8xi1>
      %64 = stablehlo.not %62 : tensor<1x8xi1>
      %65 = stablehlo.and %64, %63 : tensor<1x8xi1>
      %66 = stablehlo.or %61, %65 : tensor<1x8xi1>
      %c_9 = stablehlo.constant dense<6> : tensor<1x8xi32>
      %67 = stablehlo.compare LT, %iterArg_6, %c_9 : (tensor<1x8xi32>, tensor<1x8xi32>) -> tensor<1x8xi1>
      %68 = stablehlo.compare LT, %56, %c_9 : (tensor<1x8xi32>, tensor<1x8xi32>) -> tensor<1x8xi1>
      %69 = stablehlo.and %67, %68 : tensor<1x8xi1>
      %70 = stablehlo.select %69, %66, %63 : tensor<1x8xi1>, tensor<1x8xi1>
      %c_10 = stablehlo.constant dense<0> : tensor<1x8xi32>
      %71 = stablehlo.broadcast_in_dim %iterArg_5, dims = [] : (tensor<i32>) -> tensor<1x8xi32>
      %72 = stablehlo.and %46, %71 : tensor<1x8xi32>
      %73 = stablehlo.compare EQ, %72, %c_10 : (tensor<1x8xi32>, tensor<1x8xi32>) -> tensor<1x8xi1>
      %74 = stablehlo.broadcast_in_dim %iterArg, dims = [] : (tensor<i32>) -> tensor<1x8xi32>
      %75 = stablehlo.and %46, %74 : tensor<1x8xi32>
      %76 = stablehlo.compare EQ, %75, %c_10 : (tensor<1x8xi32>, tensor<1x8xi32>) -> tensor<1x8xi1>
      %77 = stablehlo.xor %73, %76 : tensor<1x8xi1>
      %78 = stablehlo.not %77 : tensor<1x8xi1>
      %79 = stablehlo.xor %70, %78 : tensor<1x8xi1>
      %80 = stablehlo.not %79 : tensor<1x8xi1>
      %81 = stablehlo.select %80, %iterArg_6, %56 : tensor<1x8xi1>, tensor<1x8xi32>
      %82 = stablehlo.select %80, %iterArg_7, %60 : tensor<1x8xi1>, tensor<1x8xf32>
      %c_11 = stablehlo.constant dense<1> : tensor<i32>
      %83 = stablehlo.compare EQ, %iterArg_5, %c_11 : (tensor<i32>, tensor<i32>) -> tensor<i1>
      %84 = stablehlo.shift_right_logical %iterArg_5, %c_11 : tensor<i32>
      %85 = stablehlo.add %iterArg, %iterArg : tensor<i32>
      %86 = stablehlo.select %83, %85, %iterArg : tensor<i1>, tensor<i32>
      %87 = stablehlo.select %83, %iterArg, %84 : tensor<i1>, tensor<i32>
      stablehlo.return %86, %87, %81, %82 : tensor<i32>, tensor<i32>, tensor<1x8xi32>, tensor<1x8xf32>
    }
    %38 = stablehlo.slice %37#2 [0:1, 0:6] : (tensor<1x8xi32>) -> tensor<1x6xi32>
    %39 = stablehlo.iota dim = 0 : tensor<1x6xi32>
    %c_4 = stablehlo.constant dense<6> : tensor<1x6xi32>
    %40 = stablehlo.multiply %39, %c_4 : tensor<1x6xi32>
    %41 = stablehlo.add %40, %38 : tensor<1x6xi32>
    %42 = stablehlo.reshape %41 : (tensor<1x6xi32>) -> tensor<6xi32>
    %43 = stablehlo.reshape %33 : (tensor<1x6xf32>) -> tensor<6xf32>
    %44 = stablehlo.reshape %42 : (tensor<6xi32>) -> tensor<6x1xi32>
    %45 = "stablehlo.gather"(%43, %44) <{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1>}> {webtensorc.in_bounds = true} : (tensor<6xf32>, tensor<6x1xi32>) -> tensor<6xf32>
    return %27, %32, %45 : tensor<5x3xf32>, tensor<5x3xi8>, tensor<6xf32>
  }
}
