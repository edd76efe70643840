// Products of half precision are added up in float32; others stay.
// pass: wide-accumulation

func.func public @main(%x: tensor<2x3xf16>, %y: tensor<3x4xf16>, %z: tensor<4x4xf32>) -> (tensor<2x4xf16>, tensor<4x4xf32>) {
  %0 = stablehlo.dot_general %x, %y, contracting_dims = [1] x [0] : (tensor<2x3xf16>, tensor<3x4xf16>) -> tensor<2x4xf16>
  %1 = stablehlo.dot_general %z, %z, contracting_dims = [1] x [0] : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  return %0, %1 : tensor<2x4xf16>, tensor<4x4xf32>
}
// -----
module {
  func.func public @main(%arg0: tensor<2x3xf16>, %arg1: tensor<3x4xf16>, %arg2: tensor<4x4xf32>) -> (tensor<2x4xf16>, tensor<4x4xf32>) {
    %0 = stablehlo.dot_general %arg0, %arg1, contracting_dims = [1] x [0] : (tensor<2x3xf16>, tensor<3x4xf16>) -> tensor<2x4xf32>
    %1 = stablehlo.convert %0 : (tensor<2x4xf32>) -> tensor<2x4xf16>
    %2 = stablehlo.dot_general %arg2, %arg2, contracting_dims = [1] x [0] : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
    return %1, %2 : tensor<2x4xf16>, tensor<4x4xf32>
  }
}
