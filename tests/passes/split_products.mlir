// A dot product and a product of a matrix with a vector are multiplied where they lie and summed; a matrix times itself
// becomes four products and one of what is left; of bytes the sums are wider. Short sums stay, and so do long ones of
// which there are many.
// pass: split-products{longest=8}
// target: spirv

func.func public @main(%x: tensor<12xf32>, %m: tensor<2x3x12xf32>, %g: tensor<17x3xf32>, %b: tensor<3x12xi8>,
    %s: tensor<3x5xf32>, %l: tensor<64x12xf32>)
    -> (tensor<f32>, tensor<2x3xf32>, tensor<3x3xf32>, tensor<3xi32>, tensor<3x3xf32>, tensor<64x64xf32>) {
  %0 = stablehlo.dot_general %x, %x, contracting_dims = [0] x [0] : (tensor<12xf32>, tensor<12xf32>) -> tensor<f32>
  %1 = stablehlo.dot_general %x, %m, contracting_dims = [0] x [2]
    : (tensor<12xf32>, tensor<2x3x12xf32>) -> tensor<2x3xf32>
  %2 = stablehlo.dot_general %g, %g, contracting_dims = [0] x [0]
    : (tensor<17x3xf32>, tensor<17x3xf32>) -> tensor<3x3xf32>
  %3 = stablehlo.dot_general %b, %b, batching_dims = [0] x [0], contracting_dims = [1] x [1]
    : (tensor<3x12xi8>, tensor<3x12xi8>) -> tensor<3xi32>
  %4 = stablehlo.dot_general %s, %s, contracting_dims = [1] x [1]
    : (tensor<3x5xf32>, tensor<3x5xf32>) -> tensor<3x3xf32>
  %5 = stablehlo.dot_general %l, %l, contracting_dims = [1] x [1]
    : (tensor<64x12xf32>, tensor<64x12xf32>) -> tensor<64x64xf32>
  return %0, %1, %2, %3, %4, %5
    : tensor<f32>, tensor<2x3xf32>, tensor<3x3xf32>, tensor<3xi32>, tensor<3x3xf32>, tensor<64x64xf32>
}
// -----
module {
  func.func public @main(%arg0: tensor<12xf32>, %arg1: tensor<2x3x12xf32>, %arg2: tensor<17x3xf32>, %arg3: tensor<3x12xi8>, %arg4: tensor<3x5xf32>, %arg5: tensor<64x12xf32>) -> (tensor<f32>, tensor<2x3xf32>, tensor<3x3xf32>, tensor<3xi32>, tensor<3x3xf32>, tensor<64x64xf32>) {
    %0 = stablehlo.multiply %arg0, %arg0 : tensor<12xf32>
    %cst = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %1 = stablehlo.reduce(%0 init: %cst) applies stablehlo.add across dimensions = [0] : (tensor<12xf32>, tensor<f32>) -> tensor<f32>
    %2 = stablehlo.broadcast_in_dim %arg0, dims = [2] : (tensor<12xf32>) -> tensor<2x3x12xf32>
    %3 = stablehlo.multiply %arg1, %2 : tensor<2x3x12xf32>
    %cst_0 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %4 = stablehlo.reduce(%3 init: %cst_0) applies stablehlo.add across dimensions = [2] : (tensor<2x3x12xf32>, tensor<f32>) -> tensor<2x3xf32>
    %5 = stablehlo.slice %arg2 [0:16, 0:3] : (tensor<17x3xf32>) -> tensor<16x3xf32>
    %6 = stablehlo.reshape %5 : (tensor<16x3xf32>) -> tensor<4x4x3xf32>
    %7 = stablehlo.slice %arg2 [0:16, 0:3] : (tensor<17x3xf32>) -> tensor<16x3xf32>
    %8 = stablehlo.reshape %7 : (tensor<16x3xf32>) -> tensor<4x4x3xf32>
    %9 = stablehlo.dot_general %6, %8, batching_dims = [0] x [0], contracting_dims = [1] x [1] : (tensor<4x4x3xf32>, tensor<4x4x3xf32>) -> tensor<4x3x3xf32>
    %cst_1 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %10 = stablehlo.reduce(%9 init: %cst_1) applies stablehlo.add across dimensions = [0] : (tensor<4x3x3xf32>, tensor<f32>) -> tensor<3x3xf32>
    %11 = stablehlo.slice %arg2 [16:17, 0:3] : (tensor<17x3xf32>) -> tensor<1x3xf32>
    %12 = stablehlo.slice %arg2 [16:17, 0:3] : (tensor<17x3xf32>) -> tensor<1x3xf32>
    %13 = stablehlo.dot_general %11, %12, contracting_dims = [0] x [0] : (tensor<1x3xf32>, tensor<1x3xf32>) -> tensor<3x3xf32>
    %14 = stablehlo.add %10, %13 : tensor<3x3xf32>
    %15 = stablehlo.convert %arg3 : (tensor<3x12xi8>) -> tensor<3x12xi32>
    %16 = stablehlo.convert %arg3 : (tensor<3x12xi8>) -> tensor<3x12xi32>
    %17 = stablehlo.multiply %15, %16 : tensor<3x12xi32>
    %c = stablehlo.constant dense<0> : tensor<i32>
    %18 = stablehlo.reduce(%17 init: %c) applies stablehlo.add across dimensions = [1] : (tensor<3x12xi32>, tensor<i32>) -> tensor<3xi32>
    %19 = stablehlo.dot_general %arg4, %arg4, contracting_dims = [1] x [1] : (tensor<3x5xf32>, tensor<3x5xf32>) -> tensor<3x3xf32>
    %20 = stablehlo.dot_general %arg5, %arg5, contracting_dims = [1] x [1] : (tensor<64x12xf32>, tensor<64x12xf32>) -> tensor<64x64xf32>
    return %1, %4, %14, %18, %19, %20 : tensor<f32>, tensor<2x3xf32>, tensor<3x3xf32>, tensor<3xi32>, tensor<3x3xf32>, tensor<64x64xf32>
  }
}
