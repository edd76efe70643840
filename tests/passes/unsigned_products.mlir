// A product of widened unsigned and signed integers, and a convolution of an open batch.
// pass: unsigned-products

func.func public @main(%x: tensor<4x2xui8>, %w: tensor<2x3xi8>, %i: tensor<?x2x5xui8>, %k: tensor<4x2x3xi32>) -> (tensor<4x3xi32>, tensor<?x4x3xi32>) {
  %0 = stablehlo.convert %x : (tensor<4x2xui8>) -> tensor<4x2xi32>
  %1 = stablehlo.convert %w : (tensor<2x3xi8>) -> tensor<2x3xi32>
  %2 = stablehlo.dot_general %0, %1, contracting_dims = [1] x [0] : (tensor<4x2xi32>, tensor<2x3xi32>) -> tensor<4x3xi32>
  %3 = stablehlo.convert %i : (tensor<?x2x5xui8>) -> tensor<?x2x5xi32>
  %4 = stablehlo.convolution(%3, %k) dim_numbers = [b, f, 0]x[o, i, 0]->[b, f, 0], window = {}
    {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
    : (tensor<?x2x5xi32>, tensor<4x2x3xi32>) -> tensor<?x4x3xi32>
  return %2, %4 : tensor<4x3xi32>, tensor<?x4x3xi32>
}
// -----
module {
  func.func public @main(%arg0: tensor<4x2xui8>, %arg1: tensor<2x3xi8>, %arg2: tensor<?x2x5xui8>, %arg3: tensor<4x2x3xi32>) -> (tensor<4x3xi32>, tensor<?x4x3xi32>) {
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
    return %3, %6 : tensor<4x3xi32>, tensor<?x4x3xi32>
  }
}
