// A product of widened unsigned and signed integers, a convolution of an open batch, products that widen themselves, and booleans.
// pass: unsigned-products

func.func public @main(%x: tensor<4x2xui8>, %w: tensor<2x3xi8>, %i: tensor<?x2x5xui8>, %k: tensor<4x2x3xi32>, %u: tensor<2x3xui8>, %f: tensor<4x?xf32>, %b: tensor<3x?xi1>) -> (tensor<4x3xi32>, tensor<?x4x3xi32>, tensor<4x3xui32>, tensor<4x3xf32>, tensor<4x3xf32>) {
  %0 = stablehlo.convert %x : (tensor<4x2xui8>) -> tensor<4x2xi32>
  %1 = stablehlo.convert %w : (tensor<2x3xi8>) -> tensor<2x3xi32>
  %2 = stablehlo.dot_general %0, %1, contracting_dims = [1] x [0] : (tensor<4x2xi32>, tensor<2x3xi32>) -> tensor<4x3xi32>
  %3 = stablehlo.convert %i : (tensor<?x2x5xui8>) -> tensor<?x2x5xi32>
  %4 = stablehlo.convolution(%3, %k) dim_numbers = [b, f, 0]x[o, i, 0]->[b, f, 0], window = {}
    {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
    : (tensor<?x2x5xi32>, tensor<4x2x3xi32>) -> tensor<?x4x3xi32>
  %5 = stablehlo.dot_general %x, %u, contracting_dims = [1] x [0] : (tensor<4x2xui8>, tensor<2x3xui8>) -> tensor<4x3xui32>
  %6 = stablehlo.dot_general %x, %u, contracting_dims = [1] x [0] : (tensor<4x2xui8>, tensor<2x3xui8>) -> tensor<4x3xf32>
  %7 = stablehlo.convert %b : (tensor<3x?xi1>) -> tensor<3x?xf32>
  %8 = stablehlo.dot_general %f, %7, contracting_dims = [1] x [1] : (tensor<4x?xf32>, tensor<3x?xf32>) -> tensor<4x3xf32>
  return %2, %4, %5, %6, %8 : tensor<4x3xi32>, tensor<?x4x3xi32>, tensor<4x3xui32>, tensor<4x3xf32>, tensor<4x3xf32>
}
// -----
module {
  func.func public @main(%arg0: tensor<4x2xui8>, %arg1: tensor<2x3xi8>, %arg2: tensor<?x2x5xui8>, %arg3: tensor<4x2x3xi32>, %arg4: tensor<2x3xui8>, %arg5: tensor<4x?xf32>, %arg6: tensor<3x?xi1>) -> (tensor<4x3xi32>, tensor<?x4x3xi32>, tensor<4x3xui32>, tensor<4x3xf32>, tensor<4x3xf32>) {
    %0 = stablehlo.convert %arg0 : (tensor<4x2xui8>) -> tensor<4x2xi32>
    %1 = stablehlo.convert %arg1 : (tensor<2x3xi8>) -> tensor<2x3xi32>
    %c = stablehlo.constant dense<0> : tensor<i32>
    %c_0 = stablehlo.constant dense<255> : tensor<i32>
    %2 = stablehlo.clamp %c, %0, %c_0 : (tensor<i32>, tensor<4x2xi32>, tensor<i32>) -> tensor<4x2xi32>
    %3 = stablehlo.dot_general %2, %1, contracting_dims = [1] x [0] : (tensor<4x2xi32>, tensor<2x3xi32>) -> tensor<4x3xi32>
    %4 = stablehlo.convert %arg2 : (tensor<?x2x5xui8>) -> tensor<?x2x5xi32>
    %c_1 = stablehlo.constant dense<0> : tensor<i32>
    %c_2 = stablehlo.constant dense<255> : tensor<i32>
    %5 = stablehlo.clamp %c_1, %4, %c_2 : (tensor<i32>, tensor<?x2x5xi32>, tensor<i32>) -> tensor<?x2x5xi32>
    %6 = stablehlo.convolution(%5, %arg3) dim_numbers = [b, f, 0]x[o, i, 0]->[b, f, 0], window = {} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<?x2x5xi32>, tensor<4x2x3xi32>) -> tensor<?x4x3xi32>
    %7 = stablehlo.convert %arg0 : (tensor<4x2xui8>) -> tensor<4x2xui32>
    %c_3 = stablehlo.constant dense<0> : tensor<ui32>
    %c_4 = stablehlo.constant dense<255> : tensor<ui32>
    %8 = stablehlo.clamp %c_3, %7, %c_4 : (tensor<ui32>, tensor<4x2xui32>, tensor<ui32>) -> tensor<4x2xui32>
    %9 = stablehlo.convert %arg4 : (tensor<2x3xui8>) -> tensor<2x3xui32>
    %c_5 = stablehlo.constant dense<0> : tensor<ui32>
    %c_6 = stablehlo.constant dense<255> : tensor<ui32>
    %10 = stablehlo.clamp %c_5, %9, %c_6 : (tensor<ui32>, tensor<2x3xui32>, tensor<ui32>) -> tensor<2x3xui32>
    %11 = stablehlo.dot_general %8, %10, contracting_dims = [1] x [0] : (tensor<4x2xui32>, tensor<2x3xui32>) -> tensor<4x3xui32>
    %12 = stablehlo.convert %arg0 : (tensor<4x2xui8>) -> tensor<4x2xf32>
    %cst = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %cst_7 = stablehlo.constant dense<2.550000e+02> : tensor<f32>
    %13 = stablehlo.clamp %cst, %12, %cst_7 : (tensor<f32>, tensor<4x2xf32>, tensor<f32>) -> tensor<4x2xf32>
    %14 = stablehlo.convert %arg4 : (tensor<2x3xui8>) -> tensor<2x3xf32>
    %cst_8 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %cst_9 = stablehlo.constant dense<2.550000e+02> : tensor<f32>
    %15 = stablehlo.clamp %cst_8, %14, %cst_9 : (tensor<f32>, tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
    %16 = stablehlo.dot_general %13, %15, contracting_dims = [1] x [0] : (tensor<4x2xf32>, tensor<2x3xf32>) -> tensor<4x3xf32>
    %17 = stablehlo.convert %arg6 : (tensor<3x?xi1>) -> tensor<3x?xf32>
    %cst_10 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %cst_11 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
    %18 = stablehlo.clamp %cst_10, %17, %cst_11 : (tensor<f32>, tensor<3x?xf32>, tensor<f32>) -> tensor<3x?xf32>
    %19 = stablehlo.dot_general %arg5, %18, contracting_dims = [1] x [1] : (tensor<4x?xf32>, tensor<3x?xf32>) -> tensor<4x3xf32>
    return %3, %6, %11, %16, %19 : tensor<4x3xi32>, tensor<?x4x3xi32>, tensor<4x3xui32>, tensor<4x3xf32>, tensor<4x3xf32>
  }
}
