// pass: integer-dot-products
// target: aarch64-v8.2
// The product of int8 is marked; that of floats, that of int16, and that of open size are not.
func.func public @main(%a: tensor<8x16xi8>, %b: tensor<16x4xi8>, %c: tensor<8x4xi32>, %x: tensor<8x16xf32>,
                       %y: tensor<16x4xf32>, %z: tensor<8x4xf32>, %h: tensor<8x16xi16>, %k: tensor<16x4xi16>,
                       %o: tensor<?x16xi8>, %p: tensor<?x4xi32>)
    -> (tensor<8x4xi32>, tensor<8x4xf32>, tensor<8x4xi32>, tensor<?x4xi32>) {
  %0 = linalg.matmul ins(%a, %b : tensor<8x16xi8>, tensor<16x4xi8>) outs(%c : tensor<8x4xi32>) -> tensor<8x4xi32>
  %1 = linalg.matmul ins(%x, %y : tensor<8x16xf32>, tensor<16x4xf32>) outs(%z : tensor<8x4xf32>) -> tensor<8x4xf32>
  %2 = linalg.matmul ins(%h, %k : tensor<8x16xi16>, tensor<16x4xi16>) outs(%c : tensor<8x4xi32>) -> tensor<8x4xi32>
  %3 = linalg.matmul ins(%o, %b : tensor<?x16xi8>, tensor<16x4xi8>) outs(%p : tensor<?x4xi32>) -> tensor<?x4xi32>
  return %0, %1, %2, %3 : tensor<8x4xi32>, tensor<8x4xf32>, tensor<8x4xi32>, tensor<?x4xi32>
}
// -----
module {
  func.func public @main(%arg0: tensor<8x16xi8>, %arg1: tensor<16x4xi8>, %arg2: tensor<8x4xi32>, %arg3: tensor<8x16xf32>, %arg4: tensor<16x4xf32>, %arg5: tensor<8x4xf32>, %arg6: tensor<8x16xi16>, %arg7: tensor<16x4xi16>, %arg8: tensor<?x16xi8>, %arg9: tensor<?x4xi32>) -> (tensor<8x4xi32>, tensor<8x4xf32>, tensor<8x4xi32>, tensor<?x4xi32>) {
    %0 = linalg.matmul {iree.opt.data_tiling} ins(%arg0, %arg1 : tensor<8x16xi8>, tensor<16x4xi8>) outs(%arg2 : tensor<8x4xi32>) -> tensor<8x4xi32>
    %1 = linalg.matmul ins(%arg3, %arg4 : tensor<8x16xf32>, tensor<16x4xf32>) outs(%arg5 : tensor<8x4xf32>) -> tensor<8x4xf32>
    %2 = linalg.matmul ins(%arg6, %arg7 : tensor<8x16xi16>, tensor<16x4xi16>) outs(%arg2 : tensor<8x4xi32>) -> tensor<8x4xi32>
    %3 = linalg.matmul ins(%arg8, %arg1 : tensor<?x16xi8>, tensor<16x4xi8>) outs(%arg9 : tensor<?x4xi32>) -> tensor<?x4xi32>
    return %0, %1, %2, %3 : tensor<8x4xi32>, tensor<8x4xf32>, tensor<8x4xi32>, tensor<?x4xi32>
  }
}
