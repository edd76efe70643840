// pass: merge-matmuls
// weight: a=2x2xf32=[[1 2] [3 4]]
// weight: b=2x3xf32=[[1 2 3] [4 5 6]]
// weight: c=2x1xf32=[[7] [8]]
// weight: p=2xf32=[1 2]
// weight: q=3xf32=[3 4 5]
// weight: r=1xf32=[6]
// Three products of one operand with their biases become one product with one bias; the third has no activation, so
// that is where the common way ends.
func.func public @main(%a: tensor<2x2xf32>, %b: tensor<2x3xf32>, %c: tensor<2x1xf32>, %p: tensor<2xf32>,
                       %q: tensor<3xf32>, %r: tensor<1xf32>, %x: tensor<4x2xf32>)
    -> (tensor<4x2xf32>, tensor<4x3xf32>, tensor<4x1xf32>) {
  %0 = stablehlo.dot_general %x, %a, contracting_dims = [1] x [0] : (tensor<4x2xf32>, tensor<2x2xf32>) -> tensor<4x2xf32>
  %1 = stablehlo.dot_general %x, %b, contracting_dims = [1] x [0] : (tensor<4x2xf32>, tensor<2x3xf32>) -> tensor<4x3xf32>
  %2 = stablehlo.dot_general %x, %c, contracting_dims = [1] x [0] : (tensor<4x2xf32>, tensor<2x1xf32>) -> tensor<4x1xf32>
  %3 = stablehlo.broadcast_in_dim %p, dims = [1] : (tensor<2xf32>) -> tensor<4x2xf32>
  %4 = stablehlo.broadcast_in_dim %q, dims = [1] : (tensor<3xf32>) -> tensor<4x3xf32>
  %5 = stablehlo.broadcast_in_dim %r, dims = [1] : (tensor<1xf32>) -> tensor<4x1xf32>
  %6 = stablehlo.add %0, %3 : tensor<4x2xf32>
  %7 = stablehlo.add %1, %4 : tensor<4x3xf32>
  %8 = stablehlo.add %2, %5 : tensor<4x1xf32>
  %9 = stablehlo.tanh %6 : tensor<4x2xf32>
  %10 = stablehlo.tanh %7 : tensor<4x3xf32>
  return %9, %10, %8 : tensor<4x2xf32>, tensor<4x3xf32>, tensor<4x1xf32>
}
// -----
// weight: a.merged=2x6xf32=[[1.0 2.0 1.0 2.0 3.0 7.0] [3.0 4.0 4.0 5.0 6.0 8.0]]
// weight: p.merged=6xf32=[1.0 2.0 3.0 4.0 5.0 6.0]
module {
  func.func public @main(%arg0: tensor<2x6xf32>, %arg1: tensor<6xf32>, %arg2: tensor<4x2xf32>) -> (tensor<4x2xf32>, tensor<4x3xf32>, tensor<4x1xf32>) {
    %0 = stablehlo.dot_general %arg2, %arg0, contracting_dims = [1] x [0] : (tensor<4x2xf32>, tensor<2x6xf32>) -> tensor<4x6xf32>
    %1 = stablehlo.broadcast_in_dim %arg1, dims = [1] : (tensor<6xf32>) -> tensor<4x6xf32>
    %2 = stablehlo.add %0, %1 : tensor<4x6xf32>
    %3 = stablehlo.slice %2 [0:4, 0:2] : (tensor<4x6xf32>) -> tensor<4x2xf32>
    %4 = stablehlo.slice %2 [0:4, 2:5] : (tensor<4x6xf32>) -> tensor<4x3xf32>
    %5 = stablehlo.slice %2 [0:4, 5:6] : (tensor<4x6xf32>) -> tensor<4x1xf32>
    %6 = stablehlo.tanh %3 : tensor<4x2xf32>
    %7 = stablehlo.tanh %4 : tensor<4x3xf32>
    return %6, %7, %5 : tensor<4x2xf32>, tensor<4x3xf32>, tensor<4x1xf32>
  }
}
