// pass: fold-complex-parts
// The real part is the tensor that the number was made of; the imaginary one is a constant, which stays.
#id = affine_map<(d0) -> (d0)>
func.func public @main(%a: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xcomplex<f32>>) {
  %zero = arith.constant 0.0 : f32
  %c = tensor.empty() : tensor<4xcomplex<f32>>
  %f = tensor.empty() : tensor<4xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%a : tensor<4xf32>) outs(%c : tensor<4xcomplex<f32>>) {
  ^bb0(%in: f32, %out: complex<f32>):
    %1 = complex.create %in, %zero : complex<f32>
    linalg.yield %1 : complex<f32>
  } -> tensor<4xcomplex<f32>>
  %2 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%0 : tensor<4xcomplex<f32>>) outs(%f : tensor<4xf32>) {
  ^bb0(%in: complex<f32>, %out: f32):
    %3 = complex.re %in : complex<f32>
    linalg.yield %3 : f32
  } -> tensor<4xf32>
  %4 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%0 : tensor<4xcomplex<f32>>) outs(%f : tensor<4xf32>) {
  ^bb0(%in: complex<f32>, %out: f32):
    %5 = complex.im %in : complex<f32>
    linalg.yield %5 : f32
  } -> tensor<4xf32>
  return %2, %4, %0 : tensor<4xf32>, tensor<4xf32>, tensor<4xcomplex<f32>>
}
// -----
#map = affine_map<(d0) -> (d0)>
module {
  func.func public @main(%arg0: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xcomplex<f32>>) {
    %cst = arith.constant 0.000000e+00 : f32
    %0 = tensor.empty() : tensor<4xcomplex<f32>>
    %1 = tensor.empty() : tensor<4xf32>
    %2 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%arg0 : tensor<4xf32>) outs(%0 : tensor<4xcomplex<f32>>) {
    ^bb0(%in: f32, %out: complex<f32>):
      %4 = complex.create %in, %cst : complex<f32>
      linalg.yield %4 : complex<f32>
    } -> tensor<4xcomplex<f32>>
    %3 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%2 : tensor<4xcomplex<f32>>) outs(%1 : tensor<4xf32>) {
    ^bb0(%in: complex<f32>, %out: f32):
      %4 = complex.im %in : complex<f32>
      linalg.yield %4 : f32
    } -> tensor<4xf32>
    return %arg0, %3, %2 : tensor<4xf32>, tensor<4xf32>, tensor<4xcomplex<f32>>
  }
}
