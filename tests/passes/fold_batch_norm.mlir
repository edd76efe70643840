// pass: fold-batch-norm
// weight: k=1x1x2x2xf32=[[[[1 2] [3 4]]]]
// weight: scale=2xf32=[2 -1]
// weight: mean=2xf32=[1 1]
// weight: m=2x2xf32=[[1 2] [3 4]]
// weight: b=2xf32=[5 6]
// (conv(x) - mean) * scale becomes a convolution and one bias. `m` has two users, so no factor may go into it.
func.func public @main(%k: tensor<1x1x2x2xf32>, %scale: tensor<2xf32>, %mean: tensor<2xf32>, %m: tensor<2x2xf32>,
                       %b: tensor<2xf32>, %x: tensor<1x3x3x2xf32>, %y: tensor<4x2xf32>)
    -> (tensor<1x3x3x2xf32>, tensor<4x2xf32>, tensor<4x2xf32>, tensor<4x2xf32>) {
  %0 = stablehlo.convolution(%x, %k) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {}
    {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
    : (tensor<1x3x3x2xf32>, tensor<1x1x2x2xf32>) -> tensor<1x3x3x2xf32>
  %1 = stablehlo.broadcast_in_dim %mean, dims = [3] : (tensor<2xf32>) -> tensor<1x3x3x2xf32>
  %2 = stablehlo.subtract %0, %1 : tensor<1x3x3x2xf32>
  %3 = stablehlo.broadcast_in_dim %scale, dims = [3] : (tensor<2xf32>) -> tensor<1x3x3x2xf32>
  %4 = stablehlo.multiply %2, %3 : tensor<1x3x3x2xf32>
  %5 = stablehlo.dot_general %y, %m, contracting_dims = [1] x [0] : (tensor<4x2xf32>, tensor<2x2xf32>) -> tensor<4x2xf32>
  %6 = stablehlo.broadcast_in_dim %b, dims = [1] : (tensor<2xf32>) -> tensor<4x2xf32>
  %7 = stablehlo.add %5, %6 : tensor<4x2xf32>
  %two = stablehlo.constant dense<2.0> : tensor<4x2xf32>
  %8 = stablehlo.divide %7, %two : tensor<4x2xf32>
  %9 = stablehlo.dot_general %8, %m, contracting_dims = [1] x [0] : (tensor<4x2xf32>, tensor<2x2xf32>) -> tensor<4x2xf32>
  %10 = stablehlo.multiply %9, %two : tensor<4x2xf32>
  return %4, %8, %9, %10 : tensor<1x3x3x2xf32>, tensor<4x2xf32>, tensor<4x2xf32>, tensor<4x2xf32>
}
// -----
// weight: k=1x1x2x2xf32=[[[[2.0 -2.0] [6.0 -4.0]]]]
// weight: m=2x2xf32=[[1.0 2.0] [3.0 4.0]]
// weight: b=2xf32=[5.0 6.0]
// weight: k.bias=2xf32=[-2.0 1.0]
module {
  func.func public @main(%arg0: tensor<1x1x2x2xf32>, %arg1: tensor<2x2xf32>, %arg2: tensor<2xf32>, %arg3: tensor<2xf32>, %arg4: tensor<1x3x3x2xf32>, %arg5: tensor<4x2xf32>) -> (tensor<1x3x3x2xf32>, tensor<4x2xf32>, tensor<4x2xf32>, tensor<4x2xf32>) {
    %0 = stablehlo.convolution(%arg4, %arg0) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<1x3x3x2xf32>, tensor<1x1x2x2xf32>) -> tensor<1x3x3x2xf32>
    %1 = stablehlo.broadcast_in_dim %arg3, dims = [3] : (tensor<2xf32>) -> tensor<1x3x3x2xf32>
    %2 = stablehlo.add %0, %1 : tensor<1x3x3x2xf32>
    %3 = stablehlo.dot_general %arg5, %arg1, contracting_dims = [1] x [0] : (tensor<4x2xf32>, tensor<2x2xf32>) -> tensor<4x2xf32>
    %4 = stablehlo.broadcast_in_dim %arg2, dims = [1] : (tensor<2xf32>) -> tensor<4x2xf32>
    %5 = stablehlo.add %3, %4 : tensor<4x2xf32>
    %cst = stablehlo.constant dense<2.000000e+00> : tensor<4x2xf32>
    %6 = stablehlo.divide %5, %cst : tensor<4x2xf32>
    %7 = stablehlo.dot_general %6, %arg1, contracting_dims = [1] x [0] : (tensor<4x2xf32>, tensor<2x2xf32>) -> tensor<4x2xf32>
    %8 = stablehlo.multiply %7, %cst : tensor<4x2xf32>
    return %2, %6, %7, %8 : tensor<1x3x3x2xf32>, tensor<4x2xf32>, tensor<4x2xf32>, tensor<4x2xf32>
  }
}
