// Lookups in a column of a tensor, the second of several, and in one whose number is known at run time, of open length;
// a column that is read as it is, and rows, stay.
// pass: read-whole-tables
module {
  func.func @fixed(%table: !iree_tensor_ext.dispatch.tensor<readonly:tensor<5x2x3xf32>>, %i: index, %j: index) -> (f32, tensor<5x2xf32>) {
    %column = iree_tensor_ext.dispatch.tensor.load %table, offsets = [0, 0, 1], sizes = [5, 2, 1], strides = [1, 1, 1] : !iree_tensor_ext.dispatch.tensor<readonly:tensor<5x2x3xf32>> -> tensor<5x2xf32>
    %element = tensor.extract %column[%i, %j] : tensor<5x2xf32>
    return %element, %column : f32, tensor<5x2xf32>
  }
  func.func @open(%table: !iree_tensor_ext.dispatch.tensor<readonly:tensor<?x1x3xf32>>, %length: index, %number: index, %i: index) -> f32 {
    %column = iree_tensor_ext.dispatch.tensor.load %table, offsets = [0, 0, %number], sizes = [%length, 1, 1], strides = [1, 1, 1] : !iree_tensor_ext.dispatch.tensor<readonly:tensor<?x1x3xf32>>{%length} -> tensor<?xf32>
    %element = tensor.extract %column[%i] : tensor<?xf32>
    return %element : f32
  }
  func.func @rows(%table: !iree_tensor_ext.dispatch.tensor<readonly:tensor<5x2x3xf32>>, %i: index, %j: index) -> f32 {
    %rows = iree_tensor_ext.dispatch.tensor.load %table, offsets = [0, 1, 0], sizes = [5, 1, 3], strides = [1, 1, 1] : !iree_tensor_ext.dispatch.tensor<readonly:tensor<5x2x3xf32>> -> tensor<5x3xf32>
    %element = tensor.extract %rows[%i, %j] : tensor<5x3xf32>
    return %element : f32
  }
}
// -----
module {
  func.func @fixed(%arg0: !iree_tensor_ext.dispatch.tensor<readonly:tensor<5x2x3xf32>>, %arg1: index, %arg2: index) -> (f32, tensor<5x2xf32>) {
    %0 = iree_tensor_ext.dispatch.tensor.load %arg0, offsets = [0, 0, 0], sizes = [5, 2, 3], strides = [1, 1, 1] : !iree_tensor_ext.dispatch.tensor<readonly:tensor<5x2x3xf32>> -> tensor<5x2x3xf32>
    %c0 = arith.constant 0 : index
    %c0_0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %1 = iree_tensor_ext.dispatch.tensor.load %arg0, offsets = [0, 0, 1], sizes = [5, 2, 1], strides = [1, 1, 1] : !iree_tensor_ext.dispatch.tensor<readonly:tensor<5x2x3xf32>> -> tensor<5x2xf32>
    %2 = arith.addi %arg1, %c0 : index
    %3 = arith.addi %arg2, %c0_0 : index
    %extracted = tensor.extract %0[%2, %3, %c1] : tensor<5x2x3xf32>
    return %extracted, %1 : f32, tensor<5x2xf32>
  }
  func.func @open(%arg0: !iree_tensor_ext.dispatch.tensor<readonly:tensor<?x1x3xf32>>, %arg1: index, %arg2: index, %arg3: index) -> f32 {
    %0 = iree_tensor_ext.dispatch.tensor.load %arg0, offsets = [0, 0, 0], sizes = [%arg1, 1, 3], strides = [1, 1, 1] : !iree_tensor_ext.dispatch.tensor<readonly:tensor<?x1x3xf32>>{%arg1} -> tensor<?x1x3xf32>
    %c0 = arith.constant 0 : index
    %c0_0 = arith.constant 0 : index
    %1 = arith.addi %arg3, %c0 : index
    %extracted = tensor.extract %0[%1, %c0_0, %arg2] : tensor<?x1x3xf32>
    return %extracted : f32
  }
  func.func @rows(%arg0: !iree_tensor_ext.dispatch.tensor<readonly:tensor<5x2x3xf32>>, %arg1: index, %arg2: index) -> f32 {
    %0 = iree_tensor_ext.dispatch.tensor.load %arg0, offsets = [0, 1, 0], sizes = [5, 1, 3], strides = [1, 1, 1] : !iree_tensor_ext.dispatch.tensor<readonly:tensor<5x2x3xf32>> -> tensor<5x3xf32>
    %extracted = tensor.extract %0[%arg1, %arg2] : tensor<5x3xf32>
    return %extracted : f32
  }
}
