// pass: window-fills
// What a maximum begins with is filled in; a copy of the number that is a result itself stays as it is.
#number = affine_map<(d0, d1) -> ()>
#all = affine_map<(d0, d1) -> (d0, d1)>
#image = affine_map<(d0, d1, d2) -> (d0 + d2, d1)>
#window = affine_map<(d0, d1, d2) -> (d2)>
#out = affine_map<(d0, d1, d2) -> (d0, d1)>
func.func public @main(%x: tensor<6x4xf32>, %taps: tensor<3xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>) {
  %lowest = arith.constant dense<0xFF800000> : tensor<f32>
  %empty = tensor.empty() : tensor<4x4xf32>
  %0 = linalg.generic {indexing_maps = [#number, #all], iterator_types = ["parallel", "parallel"]} ins(%lowest : tensor<f32>) outs(%empty : tensor<4x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  } -> tensor<4x4xf32>
  %1 = linalg.generic {indexing_maps = [#image, #window, #out], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %taps : tensor<6x4xf32>, tensor<3xf32>) outs(%0 : tensor<4x4xf32>) {
  ^bb0(%in: f32, %tap: f32, %out: f32):
    %2 = arith.maximumf %out, %in : f32
    linalg.yield %2 : f32
  } -> tensor<4x4xf32>
  %3 = linalg.generic {indexing_maps = [#number, #all], iterator_types = ["parallel", "parallel"]} ins(%lowest : tensor<f32>) outs(%empty : tensor<4x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  } -> tensor<4x4xf32>
  return %1, %3 : tensor<4x4xf32>, tensor<4x4xf32>
}
// -----
#map = affine_map<(d0, d1, d2) -> (d0 + d2, d1)>
#map1 = affine_map<(d0, d1, d2) -> (d2)>
#map2 = affine_map<(d0, d1, d2) -> (d0, d1)>
#map3 = affine_map<(d0, d1) -> ()>
#map4 = affine_map<(d0, d1) -> (d0, d1)>
module {
  func.func public @main(%arg0: tensor<6x4xf32>, %arg1: tensor<3xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>) {
    %cst = arith.constant dense<0xFF800000> : tensor<f32>
    %0 = tensor.empty() : tensor<4x4xf32>
    %cst_0 = arith.constant 0xFF800000 : f32
    %1 = linalg.fill ins(%cst_0 : f32) outs(%0 : tensor<4x4xf32>) -> tensor<4x4xf32>
    %2 = linalg.generic {indexing_maps = [#map, #map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%arg0, %arg1 : tensor<6x4xf32>, tensor<3xf32>) outs(%1 : tensor<4x4xf32>) {
    ^bb0(%in: f32, %in_1: f32, %out: f32):
      %4 = arith.maximumf %out, %in : f32
      linalg.yield %4 : f32
    } -> tensor<4x4xf32>
    %3 = linalg.generic {indexing_maps = [#map3, #map4], iterator_types = ["parallel", "parallel"]} ins(%cst : tensor<f32>) outs(%0 : tensor<4x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<4x4xf32>
    return %2, %3 : tensor<4x4xf32>, tensor<4x4xf32>
  }
}
