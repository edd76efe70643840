// pass: fixed-point-weights{cached=0,smallest=0}
// weight: w=2x34xf32=[[-5 -2 1 4 -4 -1 2 5 -3 0 3 -5 -2 1 4 -4 -1 2 5 -3 0 3 -5 -2 1 4 -4 -1 2 5 -3 0 3 -5] [2 5 -3 0 3 -5 -2 1 4 -4 -1 2 5 -3 0 3 -5 -2 1 4 -4 -1 2 5 -3 0 3 -5 -2 1 4 -4 -1 2]]
// weight: uneven=2x33xf32=[[0.3 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1] [100000000 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1]]
// weight: shared=2x33xf32=[[0.3 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1] [2 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1]]
// A matrix becomes three weights, from which the graph makes it again: upper and lower parts of its panels' numbers, and a
// step for each column. One whose small numbers would be lost beside large ones stays as it is, and so does one that is
// read for something else, or multiplied by many rows.
func.func public @main(%w: tensor<2x34xf32>, %uneven: tensor<2x33xf32>, %shared: tensor<2x33xf32>, %x: tensor<4x2xf32>)
    -> (tensor<4x34xf32>, tensor<4x33xf32>, tensor<4x33xf32>, tensor<2x33xf32>) {
  %0 = stablehlo.dot_general %x, %w, contracting_dims = [1] x [0] : (tensor<4x2xf32>, tensor<2x34xf32>) -> tensor<4x34xf32>
  %1 = stablehlo.dot_general %x, %uneven, contracting_dims = [1] x [0] : (tensor<4x2xf32>, tensor<2x33xf32>) -> tensor<4x33xf32>
  %2 = stablehlo.dot_general %x, %shared, contracting_dims = [1] x [0] : (tensor<4x2xf32>, tensor<2x33xf32>) -> tensor<4x33xf32>
  %3 = stablehlo.add %shared, %shared : tensor<2x33xf32>
  return %0, %1, %2, %3 : tensor<4x34xf32>, tensor<4x33xf32>, tensor<4x33xf32>, tensor<2x33xf32>
}
// -----
// weight: shared=2x33xf32=[[0.3 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0] [2.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0]]
// weight: w.high=2x2x32xi16=[[[-20480 -8192 8192 16384 -16384 -4096 16384 20480 -12288 0 24576 -20480 -8192 8192 16384 -16384 -4096 16384 20480 -12288 0 24576 -20480 -8192 8192 16384 -16384 -4096 16384 20480 -12288 0] [8192 20480 -24576 0 12288 -20480 -16384 4096 16384 -16384 -8192 8192 20480 -24576 0 12288 -20480 -16384 4096 16384 -16384 -8192 8192 20480 -24576 0 12288 -20480 -16384 4096 16384 -16384]] [[8192 16384 -16384 -4096 16384 20480 -12288 0 24576 -20480 -8192 8192 16384 -16384 -4096 16384 20480 -12288 0 24576 -20480 -8192 8192 16384 -16384 -4096 16384 20480 -12288 0 24576 -20480] [-24576 0 12288 -20480 -16384 4096 16384 -16384 -8192 8192 20480 -24576 0 12288 -20480 -16384 4096 16384 -16384 -8192 8192 20480 -24576 0 12288 -20480 -16384 4096 16384 -16384 -8192 8192]]]
// weight: w.low=2x2x32xi8=[[[0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0] [0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0]] [[0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0] [0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0]]]
// weight: w.steps=2x32xf32=[[9.536743e-07 9.536743e-07 4.7683716e-07 9.536743e-07 9.536743e-07 9.536743e-07 4.7683716e-07 9.536743e-07 9.536743e-07 9.536743e-07 4.7683716e-07 9.536743e-07 9.536743e-07 4.7683716e-07 9.536743e-07 9.536743e-07 9.536743e-07 4.7683716e-07 9.536743e-07 9.536743e-07 9.536743e-07 4.7683716e-07 9.536743e-07 9.536743e-07 4.7683716e-07 9.536743e-07 9.536743e-07 9.536743e-07 4.7683716e-07 9.536743e-07 9.536743e-07 9.536743e-07] [4.7683716e-07 9.536743e-07 9.536743e-07 9.536743e-07 4.7683716e-07 9.536743e-07 9.536743e-07 9.536743e-07 4.7683716e-07 9.536743e-07 9.536743e-07 4.7683716e-07 9.536743e-07 9.536743e-07 9.536743e-07 4.7683716e-07 9.536743e-07 9.536743e-07 9.536743e-07 4.7683716e-07 9.536743e-07 9.536743e-07 4.7683716e-07 9.536743e-07 9.536743e-07 9.536743e-07 4.7683716e-07 9.536743e-07 9.536743e-07 9.536743e-07 4.7683716e-07 9.536743e-07]]
// weight: uneven.high=2x2x32xi16=[[[0 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384] [24414 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384]] [[16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384] [16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384 16384]]]
// weight: uneven.low=2x2x32xi8=[[[1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0] [16 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0]] [[0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0] [0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0]]]
// weight: uneven.steps=2x32xf32=[[16.0 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07] [2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07 2.3841858e-07]]
module {
  func.func public @main(%arg0: tensor<2x33xf32>, %arg1: tensor<2x2x32xi16>, %arg2: tensor<2x2x32xi8>, %arg3: tensor<2x32xf32>, %arg4: tensor<2x2x32xi16>, %arg5: tensor<2x2x32xi8>, %arg6: tensor<2x32xf32>, %arg7: tensor<4x2xf32>) -> (tensor<4x34xf32>, tensor<4x33xf32>, tensor<4x33xf32>, tensor<2x33xf32>) {
    %0 = stablehlo.convert %arg1 : (tensor<2x2x32xi16>) -> tensor<2x2x32xi32>
    %1 = stablehlo.convert %arg2 : (tensor<2x2x32xi8>) -> tensor<2x2x32xi32>
    %c = stablehlo.constant dense<8> : tensor<2x2x32xi32>
    %2 = stablehlo.shift_left %0, %c : tensor<2x2x32xi32>
    %3 = stablehlo.add %2, %1 : tensor<2x2x32xi32>
    %4 = stablehlo.convert %3 : (tensor<2x2x32xi32>) -> tensor<2x2x32xf32>
    %5 = stablehlo.broadcast_in_dim %arg3, dims = [0, 2] : (tensor<2x32xf32>) -> tensor<2x2x32xf32>
    %6 = stablehlo.multiply %4, %5 : tensor<2x2x32xf32>
    %7 = stablehlo.transpose %6, dims = [1, 0, 2] : (tensor<2x2x32xf32>) -> tensor<2x2x32xf32>
    %8 = stablehlo.reshape %7 : (tensor<2x2x32xf32>) -> tensor<2x64xf32>
    %9 = stablehlo.slice %8 [0:2, 0:32] : (tensor<2x64xf32>) -> tensor<2x32xf32>
    %10 = stablehlo.slice %8 [0:2, 62:64] : (tensor<2x64xf32>) -> tensor<2x2xf32>
    %11 = stablehlo.concatenate %9, %10, dim = 1 : (tensor<2x32xf32>, tensor<2x2xf32>) -> tensor<2x34xf32>
    %12 = stablehlo.dot_general %arg7, %11, contracting_dims = [1] x [0] : (tensor<4x2xf32>, tensor<2x34xf32>) -> tensor<4x34xf32>
    %13 = stablehlo.convert %arg4 : (tensor<2x2x32xi16>) -> tensor<2x2x32xi32>
    %14 = stablehlo.convert %arg5 : (tensor<2x2x32xi8>) -> tensor<2x2x32xi32>
    %c_0 = stablehlo.constant dense<8> : tensor<2x2x32xi32>
    %15 = stablehlo.shift_left %13, %c_0 : tensor<2x2x32xi32>
    %16 = stablehlo.add %15, %14 : tensor<2x2x32xi32>
    %17 = stablehlo.convert %16 : (tensor<2x2x32xi32>) -> tensor<2x2x32xf32>
    %18 = stablehlo.broadcast_in_dim %arg6, dims = [0, 2] : (tensor<2x32xf32>) -> tensor<2x2x32xf32>
    %19 = stablehlo.multiply %17, %18 : tensor<2x2x32xf32>
    %20 = stablehlo.transpose %19, dims = [1, 0, 2] : (tensor<2x2x32xf32>) -> tensor<2x2x32xf32>
    %21 = stablehlo.reshape %20 : (tensor<2x2x32xf32>) -> tensor<2x64xf32>
    %22 = stablehlo.slice %21 [0:2, 0:32] : (tensor<2x64xf32>) -> tensor<2x32xf32>
    %23 = stablehlo.slice %21 [0:2, 63:64] : (tensor<2x64xf32>) -> tensor<2x1xf32>
    %24 = stablehlo.concatenate %22, %23, dim = 1 : (tensor<2x32xf32>, tensor<2x1xf32>) -> tensor<2x33xf32>
    %25 = stablehlo.dot_general %arg7, %24, contracting_dims = [1] x [0] : (tensor<4x2xf32>, tensor<2x33xf32>) -> tensor<4x33xf32>
    %26 = stablehlo.dot_general %arg7, %arg0, contracting_dims = [1] x [0] : (tensor<4x2xf32>, tensor<2x33xf32>) -> tensor<4x33xf32>
    %27 = stablehlo.add %arg0, %arg0 : tensor<2x33xf32>
    return %12, %25, %26, %27 : tensor<4x34xf32>, tensor<4x33xf32>, tensor<4x33xf32>, tensor<2x33xf32>
  }
}
