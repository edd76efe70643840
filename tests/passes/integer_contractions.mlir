// pass: integer-contractions
// weight: w=2x2xi8=[[1 2] [3 -4]]
// weight: k=2x1x1x2xi8=[[[[1 2]]] [[[3 -4]]]]
// The product of dequantised operands becomes one of int8, and so does the convolution, whose padding is the zero point.
// A product with floats stays, with its weight.
func.func public @main(%w: tensor<2x2xi8>, %k: tensor<2x1x1x2xi8>, %q: tensor<3x2xui8>, %i: tensor<1x1x1x4xi8>,
    %f: tensor<3x2xf32>) -> (tensor<3x2xf32>, tensor<1x2x1x4xf32>, tensor<3x2xf32>) {
  %scale = stablehlo.constant dense<[0.5, 0.25]> : tensor<2xf32>
  %scales = stablehlo.broadcast_in_dim %scale, dims = [1] : (tensor<2xf32>) -> tensor<2x2xf32>
  %wf = stablehlo.convert %w : (tensor<2x2xi8>) -> tensor<2x2xf32>
  %wd = stablehlo.multiply %wf, %scales : tensor<2x2xf32>
  %zero = stablehlo.constant dense<130> : tensor<3x2xi32>
  %qi = stablehlo.convert %q : (tensor<3x2xui8>) -> tensor<3x2xi32>
  %qc = stablehlo.subtract %qi, %zero : tensor<3x2xi32>
  %qf = stablehlo.convert %qc : (tensor<3x2xi32>) -> tensor<3x2xf32>
  %two = stablehlo.constant dense<2.0> : tensor<3x2xf32>
  %qd = stablehlo.multiply %qf, %two : tensor<3x2xf32>
  %0 = stablehlo.dot_general %qd, %wd, contracting_dims = [1] x [0]
    : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  %three = stablehlo.constant dense<3> : tensor<1x1x1x4xi32>
  %ii = stablehlo.convert %i : (tensor<1x1x1x4xi8>) -> tensor<1x1x1x4xi32>
  %ic = stablehlo.subtract %ii, %three : tensor<1x1x1x4xi32>
  %if = stablehlo.convert %ic : (tensor<1x1x1x4xi32>) -> tensor<1x1x1x4xf32>
  %half = stablehlo.constant dense<0.5> : tensor<1x1x1x4xf32>
  %id = stablehlo.multiply %if, %half : tensor<1x1x1x4xf32>
  %kf = stablehlo.convert %k : (tensor<2x1x1x2xi8>) -> tensor<2x1x1x2xf32>
  %four = stablehlo.constant dense<4.0> : tensor<2x1x1x2xf32>
  %kd = stablehlo.multiply %kf, %four : tensor<2x1x1x2xf32>
  %1 = stablehlo.convolution(%id, %kd) dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1],
    window = {pad = [[0, 0], [0, 1]]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
    : (tensor<1x1x1x4xf32>, tensor<2x1x1x2xf32>) -> tensor<1x2x1x4xf32>
  %2 = stablehlo.dot_general %f, %wd, contracting_dims = [1] x [0]
    : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  return %0, %1, %2 : tensor<3x2xf32>, tensor<1x2x1x4xf32>, tensor<3x2xf32>
}
// -----
// weight: w=2x2xi8=[[1 2] [3 -4]]
// weight: k=2x1x1x2xi8=[[[[1 2]]] [[[3 -4]]]]
// weight: w.sums=2xi32=[8 -4]
// weight: k.sums=2xi32=[9 -3]
module {
  func.func public @main(%arg0: tensor<2x2xi8>, %arg1: tensor<2x1x1x2xi8>, %arg2: tensor<2xi32>, %arg3: tensor<2xi32>, %arg4: tensor<3x2xui8>, %arg5: tensor<1x1x1x4xi8>, %arg6: tensor<3x2xf32>) -> (tensor<3x2xf32>, tensor<1x2x1x4xf32>, tensor<3x2xf32>) {
    %cst = stablehlo.constant dense<[5.000000e-01, 2.500000e-01]> : tensor<2xf32>
    %0 = stablehlo.broadcast_in_dim %cst, dims = [1] : (tensor<2xf32>) -> tensor<2x2xf32>
    %1 = stablehlo.convert %arg0 : (tensor<2x2xi8>) -> tensor<2x2xf32>
    %2 = stablehlo.multiply %1, %0 : tensor<2x2xf32>
    %3 = stablehlo.bitcast_convert %arg4 : (tensor<3x2xui8>) -> tensor<3x2xi8>
    %c = stablehlo.constant dense<-128> : tensor<i8>
    %4 = stablehlo.broadcast_in_dim %c, dims = [] : (tensor<i8>) -> tensor<3x2xi8>
    %5 = stablehlo.xor %3, %4 : tensor<3x2xi8>
    %6 = stablehlo.dot_general %5, %arg0, contracting_dims = [1] x [0] : (tensor<3x2xi8>, tensor<2x2xi8>) -> tensor<3x2xi32>
    %7 = stablehlo.broadcast_in_dim %arg2, dims = [1] : (tensor<2xi32>) -> tensor<3x2xi32>
    %8 = stablehlo.subtract %6, %7 : tensor<3x2xi32>
    %9 = stablehlo.convert %8 : (tensor<3x2xi32>) -> tensor<3x2xf32>
    %cst_0 = stablehlo.constant dense<[1.000000e+00, 5.000000e-01]> : tensor<2xf32>
    %10 = stablehlo.broadcast_in_dim %cst_0, dims = [1] : (tensor<2xf32>) -> tensor<3x2xf32>
    %11 = stablehlo.multiply %9, %10 : tensor<3x2xf32>
    %c_1 = stablehlo.constant dense<3> : tensor<i8>
    %12 = stablehlo.pad %arg5, %c_1, low = [0, 0, 0, 0], high = [0, 0, 0, 1], interior = [0, 0, 0, 0] : (tensor<1x1x1x4xi8>, tensor<i8>) -> tensor<1x1x1x5xi8>
    %13 = stablehlo.convolution(%12, %arg1) dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1], window = {pad = [[0, 0], [0, 0]], lhs_dilate = [1, 1]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<1x1x1x5xi8>, tensor<2x1x1x2xi8>) -> tensor<1x2x1x4xi32>
    %14 = stablehlo.broadcast_in_dim %arg3, dims = [1] : (tensor<2xi32>) -> tensor<1x2x1x4xi32>
    %15 = stablehlo.subtract %13, %14 : tensor<1x2x1x4xi32>
    %16 = stablehlo.convert %15 : (tensor<1x2x1x4xi32>) -> tensor<1x2x1x4xf32>
    %cst_2 = stablehlo.constant dense<2.000000e+00> : tensor<f32>
    %17 = stablehlo.broadcast_in_dim %cst_2, dims = [] : (tensor<f32>) -> tensor<1x2x1x4xf32>
    %18 = stablehlo.multiply %16, %17 : tensor<1x2x1x4xf32>
    %19 = stablehlo.dot_general %arg6, %2, contracting_dims = [1] x [0] : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
    return %11, %18, %19 : tensor<3x2xf32>, tensor<1x2x1x4xf32>, tensor<3x2xf32>
  }
}
