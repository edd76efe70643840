// pass: fixed-point-weights{cached=0,smallest=0}
// weight: w=2x34xf32=[[-5 -2 1 4 -4 -1 2 5 -3 0 3 -5 -2 1 4 -4 -1 2 5 -3 0 3 -5 -2 1 4 -4 -1 2 5 -3 0 3 -5] [2 5 -3 0 3 -5 -2 1 4 -4 -1 2 5 -3 0 3 -5 -2 1 4 -4 -1 2 5 -3 0 3 -5 -2 1 4 -4 -1 2]]
// weight: uneven=2x33xf32=[[0.3 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1] [100000000 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1]]
// weight: shared=2x33xf32=[[0.3 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1] [2 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1]]
// A matrix becomes two weights, from which the graph makes it again: the bytes of its panels' numbers, and a step for each
// column. One whose small numbers would be lost beside large ones stays as it is, and so does one that is
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
// weight: w.fixed=2x256xu8=[[0 0 176 0 0 224 0 0 32 0 0 64 0 0 192 0 0 240 0 0 64 0 0 80 0 0 208 0 0 0 0 0 96 0 0 176 0 0 224 0 0 32 0 0 64 0 0 192 0 0 240 0 0 64 0 0 80 0 0 208 0 0 0 0 0 96 0 0 176 0 0 224 0 0 32 0 0 64 0 0 192 0 0 240 0 0 64 0 0 80 0 0 208 0 0 0 0 0 32 0 0 80 0 0 160 0 0 0 0 0 48 0 0 176 0 0 192 0 0 16 0 0 64 0 0 192 0 0 224 0 0 32 0 0 80 0 0 160 0 0 0 0 0 48 0 0 176 0 0 192 0 0 16 0 0 64 0 0 192 0 0 224 0 0 32 0 0 80 0 0 160 0 0 0 0 0 48 0 0 176 0 0 192 0 0 16 0 0 64 0 0 192 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0] [0 0 32 0 0 64 0 0 192 0 0 240 0 0 64 0 0 80 0 0 208 0 0 0 0 0 96 0 0 176 0 0 224 0 0 32 0 0 64 0 0 192 0 0 240 0 0 64 0 0 80 0 0 208 0 0 0 0 0 96 0 0 176 0 0 224 0 0 32 0 0 64 0 0 192 0 0 240 0 0 64 0 0 80 0 0 208 0 0 0 0 0 96 0 0 176 0 0 160 0 0 0 0 0 48 0 0 176 0 0 192 0 0 16 0 0 64 0 0 192 0 0 224 0 0 32 0 0 80 0 0 160 0 0 0 0 0 48 0 0 176 0 0 192 0 0 16 0 0 64 0 0 192 0 0 224 0 0 32 0 0 80 0 0 160 0 0 0 0 0 48 0 0 176 0 0 192 0 0 16 0 0 64 0 0 192 0 0 224 0 0 32 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0]]
// weight: w.steps=2x32xf32=[[3.7252903e-09 3.7252903e-09 1.8626451e-09 3.7252903e-09 3.7252903e-09 3.7252903e-09 1.8626451e-09 3.7252903e-09 3.7252903e-09 3.7252903e-09 1.8626451e-09 3.7252903e-09 3.7252903e-09 1.8626451e-09 3.7252903e-09 3.7252903e-09 3.7252903e-09 1.8626451e-09 3.7252903e-09 3.7252903e-09 3.7252903e-09 1.8626451e-09 3.7252903e-09 3.7252903e-09 1.8626451e-09 3.7252903e-09 3.7252903e-09 3.7252903e-09 1.8626451e-09 3.7252903e-09 3.7252903e-09 3.7252903e-09] [1.8626451e-09 3.7252903e-09 3.7252903e-09 3.7252903e-09 1.8626451e-09 3.7252903e-09 3.7252903e-09 3.7252903e-09 1.8626451e-09 3.7252903e-09 3.7252903e-09 1.8626451e-09 3.7252903e-09 3.7252903e-09 3.7252903e-09 1.8626451e-09 3.7252903e-09 3.7252903e-09 3.7252903e-09 1.8626451e-09 3.7252903e-09 3.7252903e-09 1.8626451e-09 3.7252903e-09 3.7252903e-09 3.7252903e-09 1.8626451e-09 3.7252903e-09 3.7252903e-09 3.7252903e-09 1.8626451e-09 3.7252903e-09]]
// weight: uneven.fixed=2x256xu8=[[1 0 0 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 16 94 95 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0] [0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 64 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0]]
// weight: uneven.steps=2x32xf32=[[0.0625 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10] [9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10 9.313226e-10]]
module {
  func.func public @main(%arg0: tensor<2x33xf32>, %arg1: tensor<2x256xui8>, %arg2: tensor<2x32xf32>, %arg3: tensor<2x256xui8>, %arg4: tensor<2x32xf32>, %arg5: tensor<4x2xf32>) -> (tensor<4x34xf32>, tensor<4x33xf32>, tensor<4x33xf32>, tensor<2x33xf32>) {
    %0 = stablehlo.slice %arg1 [0:2, 0:192] : (tensor<2x256xui8>) -> tensor<2x192xui8>
    %1 = stablehlo.reshape %0 : (tensor<2x192xui8>) -> tensor<2x2x32x3xui8>
    %2 = stablehlo.slice %1 [0:2, 0:2, 0:32, 0:1] : (tensor<2x2x32x3xui8>) -> tensor<2x2x32x1xui8>
    %3 = stablehlo.reshape %2 : (tensor<2x2x32x1xui8>) -> tensor<2x2x32xui8>
    %4 = stablehlo.convert %3 : (tensor<2x2x32xui8>) -> tensor<2x2x32xi32>
    %c = stablehlo.constant dense<8> : tensor<2x2x32xi32>
    %5 = stablehlo.shift_left %4, %c : tensor<2x2x32xi32>
    %6 = stablehlo.slice %1 [0:2, 0:2, 0:32, 1:2] : (tensor<2x2x32x3xui8>) -> tensor<2x2x32x1xui8>
    %7 = stablehlo.reshape %6 : (tensor<2x2x32x1xui8>) -> tensor<2x2x32xui8>
    %8 = stablehlo.convert %7 : (tensor<2x2x32xui8>) -> tensor<2x2x32xi32>
    %c_0 = stablehlo.constant dense<16> : tensor<2x2x32xi32>
    %9 = stablehlo.shift_left %8, %c_0 : tensor<2x2x32xi32>
    %10 = stablehlo.slice %1 [0:2, 0:2, 0:32, 2:3] : (tensor<2x2x32x3xui8>) -> tensor<2x2x32x1xui8>
    %11 = stablehlo.reshape %10 : (tensor<2x2x32x1xui8>) -> tensor<2x2x32xui8>
    %12 = stablehlo.convert %11 : (tensor<2x2x32xui8>) -> tensor<2x2x32xi32>
    %c_1 = stablehlo.constant dense<24> : tensor<2x2x32xi32>
    %13 = stablehlo.shift_left %12, %c_1 : tensor<2x2x32xi32>
    %14 = stablehlo.add %13, %9 : tensor<2x2x32xi32>
    %15 = stablehlo.add %14, %5 : tensor<2x2x32xi32>
    %16 = stablehlo.convert %15 : (tensor<2x2x32xi32>) -> tensor<2x2x32xf32>
    %17 = stablehlo.broadcast_in_dim %arg2, dims = [0, 2] : (tensor<2x32xf32>) -> tensor<2x2x32xf32>
    %18 = stablehlo.multiply %16, %17 : tensor<2x2x32xf32>
    %19 = stablehlo.transpose %18, dims = [1, 0, 2] : (tensor<2x2x32xf32>) -> tensor<2x2x32xf32>
    %20 = stablehlo.reshape %19 : (tensor<2x2x32xf32>) -> tensor<2x64xf32>
    %21 = stablehlo.slice %20 [0:2, 0:32] : (tensor<2x64xf32>) -> tensor<2x32xf32>
    %22 = stablehlo.slice %20 [0:2, 62:64] : (tensor<2x64xf32>) -> tensor<2x2xf32>
    %23 = stablehlo.concatenate %21, %22, dim = 1 : (tensor<2x32xf32>, tensor<2x2xf32>) -> tensor<2x34xf32>
    %24 = stablehlo.dot_general %arg5, %23, contracting_dims = [1] x [0] : (tensor<4x2xf32>, tensor<2x34xf32>) -> tensor<4x34xf32>
    %25 = stablehlo.slice %arg3 [0:2, 0:192] : (tensor<2x256xui8>) -> tensor<2x192xui8>
    %26 = stablehlo.reshape %25 : (tensor<2x192xui8>) -> tensor<2x2x32x3xui8>
    %27 = stablehlo.slice %26 [0:2, 0:2, 0:32, 0:1] : (tensor<2x2x32x3xui8>) -> tensor<2x2x32x1xui8>
    %28 = stablehlo.reshape %27 : (tensor<2x2x32x1xui8>) -> tensor<2x2x32xui8>
    %29 = stablehlo.convert %28 : (tensor<2x2x32xui8>) -> tensor<2x2x32xi32>
    %c_2 = stablehlo.constant dense<8> : tensor<2x2x32xi32>
    %30 = stablehlo.shift_left %29, %c_2 : tensor<2x2x32xi32>
    %31 = stablehlo.slice %26 [0:2, 0:2, 0:32, 1:2] : (tensor<2x2x32x3xui8>) -> tensor<2x2x32x1xui8>
    %32 = stablehlo.reshape %31 : (tensor<2x2x32x1xui8>) -> tensor<2x2x32xui8>
    %33 = stablehlo.convert %32 : (tensor<2x2x32xui8>) -> tensor<2x2x32xi32>
    %c_3 = stablehlo.constant dense<16> : tensor<2x2x32xi32>
    %34 = stablehlo.shift_left %33, %c_3 : tensor<2x2x32xi32>
    %35 = stablehlo.slice %26 [0:2, 0:2, 0:32, 2:3] : (tensor<2x2x32x3xui8>) -> tensor<2x2x32x1xui8>
    %36 = stablehlo.reshape %35 : (tensor<2x2x32x1xui8>) -> tensor<2x2x32xui8>
    %37 = stablehlo.convert %36 : (tensor<2x2x32xui8>) -> tensor<2x2x32xi32>
    %c_4 = stablehlo.constant dense<24> : tensor<2x2x32xi32>
    %38 = stablehlo.shift_left %37, %c_4 : tensor<2x2x32xi32>
    %39 = stablehlo.add %38, %34 : tensor<2x2x32xi32>
    %40 = stablehlo.add %39, %30 : tensor<2x2x32xi32>
    %41 = stablehlo.convert %40 : (tensor<2x2x32xi32>) -> tensor<2x2x32xf32>
    %42 = stablehlo.broadcast_in_dim %arg4, dims = [0, 2] : (tensor<2x32xf32>) -> tensor<2x2x32xf32>
    %43 = stablehlo.multiply %41, %42 : tensor<2x2x32xf32>
    %44 = stablehlo.transpose %43, dims = [1, 0, 2] : (tensor<2x2x32xf32>) -> tensor<2x2x32xf32>
    %45 = stablehlo.reshape %44 : (tensor<2x2x32xf32>) -> tensor<2x64xf32>
    %46 = stablehlo.slice %45 [0:2, 0:32] : (tensor<2x64xf32>) -> tensor<2x32xf32>
    %47 = stablehlo.slice %45 [0:2, 63:64] : (tensor<2x64xf32>) -> tensor<2x1xf32>
    %48 = stablehlo.concatenate %46, %47, dim = 1 : (tensor<2x32xf32>, tensor<2x1xf32>) -> tensor<2x33xf32>
    %49 = stablehlo.dot_general %arg5, %48, contracting_dims = [1] x [0] : (tensor<4x2xf32>, tensor<2x33xf32>) -> tensor<4x33xf32>
    %50 = stablehlo.dot_general %arg5, %arg0, contracting_dims = [1] x [0] : (tensor<4x2xf32>, tensor<2x33xf32>) -> tensor<4x33xf32>
    %51 = stablehlo.add %arg0, %arg0 : tensor<2x33xf32>
    return %24, %49, %50, %51 : tensor<4x34xf32>, tensor<4x33xf32>, tensor<4x33xf32>, tensor<2x33xf32>
  }
}
