// pass: legalize-dynamism
// Sizes are computed with `index` arithmetic: the shape operands are gone. The reshape splits a dimension, which can be
// told from the types; the bias is repeated along the open one; what a size is used for as data is a scalar too.
func.func public @main(%x: tensor<?x8xf32>, %bias: tensor<4x2xf32>) -> (tensor<?x4x2xf32>, tensor<i32>) {
  %b = stablehlo.get_dimension_size %x, dim = 0 : (tensor<?x8xf32>) -> tensor<i32>
  %n = stablehlo.reshape %b : (tensor<i32>) -> tensor<1xi32>
  %inner = stablehlo.constant dense<[4, 2]> : tensor<2xi32>
  %shape = stablehlo.concatenate %n, %inner, dim = 0 : (tensor<1xi32>, tensor<2xi32>) -> tensor<3xi32>
  %split = stablehlo.dynamic_reshape %x, %shape : (tensor<?x8xf32>, tensor<3xi32>) -> tensor<?x4x2xf32>
  %repeated = stablehlo.dynamic_broadcast_in_dim %bias, %shape, dims = [1, 2] : (tensor<4x2xf32>, tensor<3xi32>) -> tensor<?x4x2xf32>
  %sum = stablehlo.add %split, %repeated : tensor<?x4x2xf32>
  %two = stablehlo.constant dense<2> : tensor<i32>
  %twice = stablehlo.multiply %b, %two : tensor<i32>
  return %sum, %twice : tensor<?x4x2xf32>, tensor<i32>
}
// -----
#map = affine_map<(d0, d1, d2) -> (d1, d2)>
#map1 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
module {
  func.func public @main(%arg0: tensor<?x8xf32>, %arg1: tensor<4x2xf32>) -> (tensor<?x4x2xf32>, tensor<i32>) {
    %c0 = arith.constant 0 : index
    %dim = tensor.dim %arg0, %c0 : tensor<?x8xf32>
    %c4 = arith.constant 4 : index
    %c2 = arith.constant 2 : index
    %expanded = tensor.expand_shape %arg0 [[0], [1, 2]] output_shape [%dim, 4, 2] : tensor<?x8xf32> into tensor<?x4x2xf32>
    %c0_0 = arith.constant 0 : index
    %dim_1 = tensor.dim %arg0, %c0_0 : tensor<?x8xf32>
    %c4_2 = arith.constant 4 : index
    %c2_3 = arith.constant 2 : index
    %0 = tensor.empty(%dim_1) : tensor<?x4x2xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg1 : tensor<4x2xf32>) outs(%0 : tensor<?x4x2xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<?x4x2xf32>
    %2 = stablehlo.add %expanded, %1 : tensor<?x4x2xf32>
    %c0_4 = arith.constant 0 : index
    %dim_5 = tensor.dim %arg0, %c0_4 : tensor<?x8xf32>
    %c2_6 = arith.constant 2 : index
    %3 = arith.muli %dim_5, %c2_6 : index
    %4 = arith.index_cast %3 : index to i32
    %from_elements = tensor.from_elements %4 : tensor<i32>
    return %2, %from_elements : tensor<?x4x2xf32>, tensor<i32>
  }
}
