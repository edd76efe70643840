// A tensor that is stored transposed, and its product with another one, which reads it as it was; what is computed of a
// transposition that is not stored, and before one, stays.
// pass: read-transposed
#same = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#turned = affine_map<(d0, d1, d2) -> (d1, d2, d0)>
module {
  func.func @stored(%x: tensor<2x3x4xf32>, %y: tensor<3x4x2xf32>, %to: !iree_tensor_ext.dispatch.tensor<writeonly:tensor<3x4x2xf32>>) -> tensor<3x4x2xf32> {
    %empty = tensor.empty() : tensor<3x4x2xf32>
    %t = linalg.generic {indexing_maps = [#same, #turned], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x : tensor<2x3x4xf32>) outs(%empty : tensor<3x4x2xf32>) {
    ^bb0(%a: f32, %o: f32):
      linalg.yield %a : f32
    } -> tensor<3x4x2xf32>
    %z = linalg.generic {indexing_maps = [#same, #turned, #turned], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x, %y : tensor<2x3x4xf32>, tensor<3x4x2xf32>) outs(%empty : tensor<3x4x2xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %p = arith.mulf %a, %b : f32
      linalg.yield %p : f32
    } -> tensor<3x4x2xf32>
    iree_tensor_ext.dispatch.tensor.store %t, %to, offsets = [0, 0, 0], sizes = [3, 4, 2], strides = [1, 1, 1] : tensor<3x4x2xf32> -> !iree_tensor_ext.dispatch.tensor<writeonly:tensor<3x4x2xf32>>
    return %z : tensor<3x4x2xf32>
  }
  func.func @inside(%x: tensor<2x3x4xf32>) -> (tensor<3x4x2xf32>, tensor<2x3x4xf32>) {
    %empty = tensor.empty() : tensor<3x4x2xf32>
    %other = tensor.empty() : tensor<2x3x4xf32>
    %t = linalg.generic {indexing_maps = [#same, #turned], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x : tensor<2x3x4xf32>) outs(%empty : tensor<3x4x2xf32>) {
    ^bb0(%a: f32, %o: f32):
      linalg.yield %a : f32
    } -> tensor<3x4x2xf32>
    %n = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x : tensor<2x3x4xf32>) outs(%other : tensor<2x3x4xf32>) {
    ^bb0(%a: f32, %o: f32):
      %p = arith.negf %a : f32
      linalg.yield %p : f32
    } -> tensor<2x3x4xf32>
    return %t, %n : tensor<3x4x2xf32>, tensor<2x3x4xf32>
  }
}
// -----
#map = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map1 = affine_map<(d0, d1, d2) -> (d1, d2, d0)>
module {
  func.func @stored(%arg0: tensor<2x3x4xf32>, %arg1: tensor<3x4x2xf32>, %arg2: !iree_tensor_ext.dispatch.tensor<writeonly:tensor<3x4x2xf32>>) -> tensor<3x4x2xf32> {
    %0 = tensor.empty() : tensor<3x4x2xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<2x3x4xf32>) outs(%0 : tensor<3x4x2xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<3x4x2xf32>
    %2 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1, %arg1 : tensor<3x4x2xf32>, tensor<3x4x2xf32>) outs(%0 : tensor<3x4x2xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %3 = arith.mulf %in, %in_0 : f32
      linalg.yield %3 : f32
    } -> tensor<3x4x2xf32>
    iree_tensor_ext.dispatch.tensor.store %1, %arg2, offsets = [0, 0, 0], sizes = [3, 4, 2], strides = [1, 1, 1] : tensor<3x4x2xf32> -> !iree_tensor_ext.dispatch.tensor<writeonly:tensor<3x4x2xf32>>
    return %2 : tensor<3x4x2xf32>
  }
  func.func @inside(%arg0: tensor<2x3x4xf32>) -> (tensor<3x4x2xf32>, tensor<2x3x4xf32>) {
    %0 = tensor.empty() : tensor<3x4x2xf32>
    %1 = tensor.empty() : tensor<2x3x4xf32>
    %2 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<2x3x4xf32>) outs(%0 : tensor<3x4x2xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<3x4x2xf32>
    %3 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<2x3x4xf32>) outs(%1 : tensor<2x3x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %4 = arith.negf %in : f32
      linalg.yield %4 : f32
    } -> tensor<2x3x4xf32>
    return %2, %3 : tensor<3x4x2xf32>, tensor<2x3x4xf32>
  }
}
