// pass: look-up-one-hot
// weight: table=3x2xf32=[[1 2] [3 4] [5 6]]
// weight: infinite=2x1xf32=[1 inf]
// A table with an infinity stays: its product with 0 is not a number. So does a matrix that counts something else.
func.func public @main(%w: tensor<3x2xf32>, %bad: tensor<2x1xf32>, %i: tensor<2x4xi32>)
    -> (tensor<2x4x2xf32>, tensor<2x4x2xf32>, tensor<2x4x1xf32>, tensor<2x4x2xf32>) {
  %n = stablehlo.constant dense<[0, 1, 2]> : tensor<3xi32>
  %column = stablehlo.reshape %i : (tensor<2x4xi32>) -> tensor<2x4x1xi32>
  %a = stablehlo.broadcast_in_dim %column, dims = [0, 1, 2] : (tensor<2x4x1xi32>) -> tensor<2x4x3xi32>
  %b = stablehlo.broadcast_in_dim %n, dims = [2] : (tensor<3xi32>) -> tensor<2x4x3xi32>
  %0 = stablehlo.compare EQ, %a, %b : (tensor<2x4x3xi32>, tensor<2x4x3xi32>) -> tensor<2x4x3xi1>
  %hot = stablehlo.convert %0 : (tensor<2x4x3xi1>) -> tensor<2x4x3xf32>
  %1 = stablehlo.dot_general %hot, %w, contracting_dims = [2] x [0] : (tensor<2x4x3xf32>, tensor<3x2xf32>) -> tensor<2x4x2xf32>
  %c = stablehlo.broadcast_in_dim %i, dims = [0, 1] : (tensor<2x4xi32>) -> tensor<2x4x3xi32>
  %2 = stablehlo.compare EQ, %b, %c : (tensor<2x4x3xi32>, tensor<2x4x3xi32>) -> tensor<2x4x3xi1>
  %again = stablehlo.convert %2 : (tensor<2x4x3xi1>) -> tensor<2x4x3xf32>
  %3 = stablehlo.dot_general %again, %w, contracting_dims = [2] x [0] : (tensor<2x4x3xf32>, tensor<3x2xf32>) -> tensor<2x4x2xf32>
  %m = stablehlo.constant dense<[0, 1]> : tensor<2xi32>
  %d = stablehlo.broadcast_in_dim %m, dims = [2] : (tensor<2xi32>) -> tensor<2x4x2xi32>
  %e = stablehlo.broadcast_in_dim %i, dims = [0, 1] : (tensor<2x4xi32>) -> tensor<2x4x2xi32>
  %4 = stablehlo.compare EQ, %e, %d : (tensor<2x4x2xi32>, tensor<2x4x2xi32>) -> tensor<2x4x2xi1>
  %two = stablehlo.convert %4 : (tensor<2x4x2xi1>) -> tensor<2x4x2xf32>
  %5 = stablehlo.dot_general %two, %bad, contracting_dims = [2] x [0] : (tensor<2x4x2xf32>, tensor<2x1xf32>) -> tensor<2x4x1xf32>
  %k = stablehlo.constant dense<[1, 2, 3]> : tensor<3xi32>
  %f = stablehlo.broadcast_in_dim %k, dims = [2] : (tensor<3xi32>) -> tensor<2x4x3xi32>
  %6 = stablehlo.compare EQ, %a, %f : (tensor<2x4x3xi32>, tensor<2x4x3xi32>) -> tensor<2x4x3xi1>
  %other = stablehlo.convert %6 : (tensor<2x4x3xi1>) -> tensor<2x4x3xf32>
  %7 = stablehlo.dot_general %other, %w, contracting_dims = [2] x [0] : (tensor<2x4x3xf32>, tensor<3x2xf32>) -> tensor<2x4x2xf32>
  return %1, %3, %5, %7 : tensor<2x4x2xf32>, tensor<2x4x2xf32>, tensor<2x4x1xf32>, tensor<2x4x2xf32>
}
// -----
// weight: table=3x2xf32=[[1.0 2.0] [3.0 4.0] [5.0 6.0]]
// weight: infinite=2x1xf32=[[1.0] [inf]]
// weight: table.rows=5x2xf32=[[0.0 0.0] [1.0 2.0] [3.0 4.0] [5.0 6.0] [0.0 0.0]]
// weight: table.rows.2=5x2xf32=[[0.0 0.0] [1.0 2.0] [3.0 4.0] [5.0 6.0] [0.0 0.0]]
module {
  func.func public @main(%arg0: tensor<3x2xf32>, %arg1: tensor<2x1xf32>, %arg2: tensor<5x2xf32>, %arg3: tensor<5x2xf32>, %arg4: tensor<2x4xi32>) -> (tensor<2x4x2xf32>, tensor<2x4x2xf32>, tensor<2x4x1xf32>, tensor<2x4x2xf32>) {
    %0 = stablehlo.reshape %arg4 : (tensor<2x4xi32>) -> tensor<2x4x1xi32>
    %1 = stablehlo.reshape %0 : (tensor<2x4x1xi32>) -> tensor<2x4xi32>
    %2 = stablehlo.broadcast_in_dim %0, dims = [0, 1, 2] : (tensor<2x4x1xi32>) -> tensor<2x4x3xi32>
    %c = stablehlo.constant dense<-1> : tensor<i32>
    %c_0 = stablehlo.constant dense<3> : tensor<i32>
    %c_1 = stablehlo.constant dense<1> : tensor<i32>
    %3 = stablehlo.clamp %c, %1, %c_0 : (tensor<i32>, tensor<2x4xi32>, tensor<i32>) -> tensor<2x4xi32>
    %4 = stablehlo.reshape %3 : (tensor<2x4xi32>) -> tensor<8xi32>
    %5 = stablehlo.broadcast_in_dim %c_1, dims = [] : (tensor<i32>) -> tensor<8xi32>
    %6 = stablehlo.add %4, %5 : tensor<8xi32>
    %7 = stablehlo.reshape %6 : (tensor<8xi32>) -> tensor<8x1xi32>
    %8 = "stablehlo.gather"(%arg2, %7) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1, 2>}> {webtensorc.in_bounds = true} : (tensor<5x2xf32>, tensor<8x1xi32>) -> tensor<8x2xf32>
    %9 = stablehlo.reshape %8 : (tensor<8x2xf32>) -> tensor<2x4x2xf32>
    %c_2 = stablehlo.constant dense<-1> : tensor<i32>
    %c_3 = stablehlo.constant dense<3> : tensor<i32>
    %c_4 = stablehlo.constant dense<1> : tensor<i32>
    %10 = stablehlo.clamp %c_2, %arg4, %c_3 : (tensor<i32>, tensor<2x4xi32>, tensor<i32>) -> tensor<2x4xi32>
    %11 = stablehlo.reshape %10 : (tensor<2x4xi32>) -> tensor<8xi32>
    %12 = stablehlo.broadcast_in_dim %c_4, dims = [] : (tensor<i32>) -> tensor<8xi32>
    %13 = stablehlo.add %11, %12 : tensor<8xi32>
    %14 = stablehlo.reshape %13 : (tensor<8xi32>) -> tensor<8x1xi32>
    %15 = "stablehlo.gather"(%arg3, %14) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1, 2>}> {webtensorc.in_bounds = true} : (tensor<5x2xf32>, tensor<8x1xi32>) -> tensor<8x2xf32>
    %16 = stablehlo.reshape %15 : (tensor<8x2xf32>) -> tensor<2x4x2xf32>
    %c_5 = stablehlo.constant dense<[0, 1]> : tensor<2xi32>
    %17 = stablehlo.broadcast_in_dim %c_5, dims = [2] : (tensor<2xi32>) -> tensor<2x4x2xi32>
    %18 = stablehlo.broadcast_in_dim %arg4, dims = [0, 1] : (tensor<2x4xi32>) -> tensor<2x4x2xi32>
    %19 = stablehlo.compare EQ, %18, %17 : (tensor<2x4x2xi32>, tensor<2x4x2xi32>) -> tensor<2x4x2xi1>
    %20 = stablehlo.convert %19 : (tensor<2x4x2xi1>) -> tensor<2x4x2xf32>
    %21 = stablehlo.dot_general %20, %arg1, contracting_dims = [2] x [0] : (tensor<2x4x2xf32>, tensor<2x1xf32>) -> tensor<2x4x1xf32>
    %c_6 = stablehlo.constant dense<[1, 2, 3]> : tensor<3xi32>
    %22 = stablehlo.broadcast_in_dim %c_6, dims = [2] : (tensor<3xi32>) -> tensor<2x4x3xi32>
    %23 = stablehlo.compare EQ, %2, %22 : (tensor<2x4x3xi32>, tensor<2x4x3xi32>) -> tensor<2x4x3xi1>
    %24 = stablehlo.convert %23 : (tensor<2x4x3xi1>) -> tensor<2x4x3xf32>
    %25 = stablehlo.dot_general %24, %arg0, contracting_dims = [2] x [0] : (tensor<2x4x3xf32>, tensor<3x2xf32>) -> tensor<2x4x2xf32>
    return %9, %16, %21, %25 : tensor<2x4x2xf32>, tensor<2x4x2xf32>, tensor<2x4x1xf32>, tensor<2x4x2xf32>
  }
}
