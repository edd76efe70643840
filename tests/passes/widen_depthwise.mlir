// pass: widen-depthwise
// weight: k=2x1x1x2xf16=[[[[1 2]]] [[[3 -4]]]]
// Only where every input channel has a kernel of its own, and the sum is of another type.
func.func public @main(%k: tensor<2x1x1x2xf16>, %x: tensor<1x2x1x3xf16>, %y: tensor<1x1x1x3xf16>)
    -> (tensor<1x2x1x2xf32>, tensor<1x2x1x2xf16>, tensor<1x2x1x2xf32>) {
  %0 = stablehlo.convolution(%x, %k) dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1],
    window = {} {batch_group_count = 1 : i64, feature_group_count = 2 : i64}
    : (tensor<1x2x1x3xf16>, tensor<2x1x1x2xf16>) -> tensor<1x2x1x2xf32>
  %1 = stablehlo.convolution(%x, %k) dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1],
    window = {} {batch_group_count = 1 : i64, feature_group_count = 2 : i64}
    : (tensor<1x2x1x3xf16>, tensor<2x1x1x2xf16>) -> tensor<1x2x1x2xf16>
  %2 = stablehlo.convolution(%y, %k) dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1],
    window = {} {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
    : (tensor<1x1x1x3xf16>, tensor<2x1x1x2xf16>) -> tensor<1x2x1x2xf32>
  return %0, %1, %2 : tensor<1x2x1x2xf32>, tensor<1x2x1x2xf16>, tensor<1x2x1x2xf32>
}
// -----
// weight: k=2x1x1x2xf16=[[[[1.0 2.0]]] [[[3.0 -4.0]]]]
module {
  func.func public @main(%arg0: tensor<2x1x1x2xf16>, %arg1: tensor<1x2x1x3xf16>, %arg2: tensor<1x1x1x3xf16>) -> (tensor<1x2x1x2xf32>, tensor<1x2x1x2xf16>, tensor<1x2x1x2xf32>) {
    %0 = stablehlo.convert %arg1 : (tensor<1x2x1x3xf16>) -> tensor<1x2x1x3xf32>
    %1 = stablehlo.convert %arg0 : (tensor<2x1x1x2xf16>) -> tensor<2x1x1x2xf32>
    %2:2 = stablehlo.optimization_barrier %0, %1 : tensor<1x2x1x3xf32>, tensor<2x1x1x2xf32>
    %3 = stablehlo.convolution(%2#0, %2#1) dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1], window = {} {batch_group_count = 1 : i64, feature_group_count = 2 : i64} : (tensor<1x2x1x3xf32>, tensor<2x1x1x2xf32>) -> tensor<1x2x1x2xf32>
    %4 = stablehlo.convolution(%arg1, %arg0) dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1], window = {} {batch_group_count = 1 : i64, feature_group_count = 2 : i64} : (tensor<1x2x1x3xf16>, tensor<2x1x1x2xf16>) -> tensor<1x2x1x2xf16>
    %5 = stablehlo.convolution(%arg2, %arg0) dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1], window = {} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<1x1x1x3xf16>, tensor<2x1x1x2xf16>) -> tensor<1x2x1x2xf32>
    return %3, %4, %5 : tensor<1x2x1x2xf32>, tensor<1x2x1x2xf16>, tensor<1x2x1x2xf32>
  }
}
