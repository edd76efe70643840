// pass: pack-weights{smallest=0,smallest-words=0}
// weight: w=2x34xf32=[[0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33] [40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64 65 66 67 68 69 70 71 72 73]]
// weight: carried=1x33xf32=[[100 101 102 103 104 105 106 107 108 109 110 111 112 113 114 115 116 117 118 119 120 121 122 123 124 125 126 127 128 129 130 131 132]]
// weight: shared=1x33xf32=[[100 101 102 103 104 105 106 107 108 109 110 111 112 113 114 115 116 117 118 119 120 121 122 123 124 125 126 127 128 129 130 131 132]]
// weight: narrow=2x2xf32=[[1 2] [3 4]]
// weight: bytes=4x34xi8=[[-60 -59 -58 -57 -56 -55 -54 -53 -52 -51 -50 -49 -48 -47 -46 -45 -44 -43 -42 -41 -40 -39 -38 -37 -36 -35 -34 -33 -32 -31 -30 -29 -28 -27] [-26 -25 -24 -23 -22 -21 -20 -19 -18 -17 -16 -15 -14 -13 -12 -11 -10 -9 -8 -7 -6 -5 -4 -3 -2 -1 0 1 2 3 4 5 6 7] [8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41] [42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64 65 66 67 68 69 70 71 72 73 74 75]]
// Thirty-four columns become two panels of thirty-two, the second from column 2 on. A matrix that a loop carries round is
// packed too; one that is read for something else, and one of a single panel, stay as they are. Of bytes four rows lie
// together.
func.func public @main(%w: tensor<2x34xf32>, %carried: tensor<1x33xf32>, %shared: tensor<1x33xf32>,
                       %narrow: tensor<2x2xf32>, %bytes: tensor<4x34xi8>, %x: tensor<4x2xf32>, %h: tensor<1x1xf32>, %word: tensor<1x4xi8>)
    -> (tensor<4x34xf32>, tensor<1x33xf32>, tensor<1x33xf32>, tensor<4x2xf32>, tensor<1x34xi32>) {
  %0 = stablehlo.dot_general %x, %w, contracting_dims = [1] x [0] : (tensor<4x2xf32>, tensor<2x34xf32>) -> tensor<4x34xf32>
  %1 = stablehlo.dot_general %h, %shared, contracting_dims = [1] x [0] : (tensor<1x1xf32>, tensor<1x33xf32>) -> tensor<1x33xf32>
  %2 = stablehlo.add %1, %shared : tensor<1x33xf32>
  %3 = stablehlo.dot_general %x, %narrow, contracting_dims = [1] x [0] : (tensor<4x2xf32>, tensor<2x2xf32>) -> tensor<4x2xf32>
  %4:2 = stablehlo.while(%a = %carried, %b = %1) : tensor<1x33xf32>, tensor<1x33xf32>
    cond {
      %5 = stablehlo.slice %b [0:1, 0:1] : (tensor<1x33xf32>) -> tensor<1x1xf32>
      %6 = stablehlo.reshape %5 : (tensor<1x1xf32>) -> tensor<f32>
      %7 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
      %8 = stablehlo.compare LT, %6, %7 : (tensor<f32>, tensor<f32>) -> tensor<i1>
      stablehlo.return %8 : tensor<i1>
    } do {
      %5 = stablehlo.slice %b [0:1, 0:1] : (tensor<1x33xf32>) -> tensor<1x1xf32>
      %6 = stablehlo.dot_general %5, %a, contracting_dims = [1] x [0] : (tensor<1x1xf32>, tensor<1x33xf32>) -> tensor<1x33xf32>
      stablehlo.return %a, %6 : tensor<1x33xf32>, tensor<1x33xf32>
    }
  %9 = stablehlo.dot_general %word, %bytes, contracting_dims = [1] x [0] : (tensor<1x4xi8>, tensor<4x34xi8>) -> tensor<1x34xi32>
  return %0, %2, %4#1, %3, %9 : tensor<4x34xf32>, tensor<1x33xf32>, tensor<1x33xf32>, tensor<4x2xf32>, tensor<1x34xi32>
}
// -----
// weight: w=2x2x32xf32=[[[0.0 1.0 2.0 3.0 4.0 5.0 6.0 7.0 8.0 9.0 10.0 11.0 12.0 13.0 14.0 15.0 16.0 17.0 18.0 19.0 20.0 21.0 22.0 23.0 24.0 25.0 26.0 27.0 28.0 29.0 30.0 31.0] [40.0 41.0 42.0 43.0 44.0 45.0 46.0 47.0 48.0 49.0 50.0 51.0 52.0 53.0 54.0 55.0 56.0 57.0 58.0 59.0 60.0 61.0 62.0 63.0 64.0 65.0 66.0 67.0 68.0 69.0 70.0 71.0]] [[2.0 3.0 4.0 5.0 6.0 7.0 8.0 9.0 10.0 11.0 12.0 13.0 14.0 15.0 16.0 17.0 18.0 19.0 20.0 21.0 22.0 23.0 24.0 25.0 26.0 27.0 28.0 29.0 30.0 31.0 32.0 33.0] [42.0 43.0 44.0 45.0 46.0 47.0 48.0 49.0 50.0 51.0 52.0 53.0 54.0 55.0 56.0 57.0 58.0 59.0 60.0 61.0 62.0 63.0 64.0 65.0 66.0 67.0 68.0 69.0 70.0 71.0 72.0 73.0]]]
// weight: carried=2x1x32xf32=[[[100.0 101.0 102.0 103.0 104.0 105.0 106.0 107.0 108.0 109.0 110.0 111.0 112.0 113.0 114.0 115.0 116.0 117.0 118.0 119.0 120.0 121.0 122.0 123.0 124.0 125.0 126.0 127.0 128.0 129.0 130.0 131.0]] [[101.0 102.0 103.0 104.0 105.0 106.0 107.0 108.0 109.0 110.0 111.0 112.0 113.0 114.0 115.0 116.0 117.0 118.0 119.0 120.0 121.0 122.0 123.0 124.0 125.0 126.0 127.0 128.0 129.0 130.0 131.0 132.0]]]
// weight: shared=1x33xf32=[[100.0 101.0 102.0 103.0 104.0 105.0 106.0 107.0 108.0 109.0 110.0 111.0 112.0 113.0 114.0 115.0 116.0 117.0 118.0 119.0 120.0 121.0 122.0 123.0 124.0 125.0 126.0 127.0 128.0 129.0 130.0 131.0 132.0]]
// weight: narrow=2x2xf32=[[1.0 2.0] [3.0 4.0]]
// weight: bytes=2x1x32x4xi8=[[[[-60 -26 8 42] [-59 -25 9 43] [-58 -24 10 44] [-57 -23 11 45] [-56 -22 12 46] [-55 -21 13 47] [-54 -20 14 48] [-53 -19 15 49] [-52 -18 16 50] [-51 -17 17 51] [-50 -16 18 52] [-49 -15 19 53] [-48 -14 20 54] [-47 -13 21 55] [-46 -12 22 56] [-45 -11 23 57] [-44 -10 24 58] [-43 -9 25 59] [-42 -8 26 60] [-41 -7 27 61] [-40 -6 28 62] [-39 -5 29 63] [-38 -4 30 64] [-37 -3 31 65] [-36 -2 32 66] [-35 -1 33 67] [-34 0 34 68] [-33 1 35 69] [-32 2 36 70] [-31 3 37 71] [-30 4 38 72] [-29 5 39 73]]] [[[-58 -24 10 44] [-57 -23 11 45] [-56 -22 12 46] [-55 -21 13 47] [-54 -20 14 48] [-53 -19 15 49] [-52 -18 16 50] [-51 -17 17 51] [-50 -16 18 52] [-49 -15 19 53] [-48 -14 20 54] [-47 -13 21 55] [-46 -12 22 56] [-45 -11 23 57] [-44 -10 24 58] [-43 -9 25 59] [-42 -8 26 60] [-41 -7 27 61] [-40 -6 28 62] [-39 -5 29 63] [-38 -4 30 64] [-37 -3 31 65] [-36 -2 32 66] [-35 -1 33 67] [-34 0 34 68] [-33 1 35 69] [-32 2 36 70] [-31 3 37 71] [-30 4 38 72] [-29 5 39 73] [-28 6 40 74] [-27 7 41 75]]]]
module {
  func.func public @main(%arg0: tensor<2x2x32xf32>, %arg1: tensor<2x1x32xf32>, %arg2: tensor<1x33xf32>, %arg3: tensor<2x2xf32>, %arg4: tensor<2x1x32x4xi8>, %arg5: tensor<4x2xf32>, %arg6: tensor<1x1xf32>, %arg7: tensor<1x4xi8>) -> (tensor<4x34xf32>, tensor<1x33xf32>, tensor<1x33xf32>, tensor<4x2xf32>, tensor<1x34xi32>) {
    %0 = stablehlo.transpose %arg0, dims = [1, 0, 2] : (tensor<2x2x32xf32>) -> tensor<2x2x32xf32>
    %1 = stablehlo.reshape %0 : (tensor<2x2x32xf32>) -> tensor<2x64xf32>
    %2 = stablehlo.slice %1 [0:2, 0:32] : (tensor<2x64xf32>) -> tensor<2x32xf32>
    %3 = stablehlo.slice %1 [0:2, 62:64] : (tensor<2x64xf32>) -> tensor<2x2xf32>
    %4 = stablehlo.concatenate %2, %3, dim = 1 : (tensor<2x32xf32>, tensor<2x2xf32>) -> tensor<2x34xf32>
    %5 = stablehlo.dot_general %arg5, %4, contracting_dims = [1] x [0] : (tensor<4x2xf32>, tensor<2x34xf32>) -> tensor<4x34xf32>
    %6 = stablehlo.dot_general %arg6, %arg2, contracting_dims = [1] x [0] : (tensor<1x1xf32>, tensor<1x33xf32>) -> tensor<1x33xf32>
    %7 = stablehlo.add %6, %arg2 : tensor<1x33xf32>
    %8 = stablehlo.dot_general %arg5, %arg3, contracting_dims = [1] x [0] : (tensor<4x2xf32>, tensor<2x2xf32>) -> tensor<4x2xf32>
    %9 = stablehlo.transpose %arg1, dims = [1, 0, 2] : (tensor<2x1x32xf32>) -> tensor<1x2x32xf32>
    %10 = stablehlo.reshape %9 : (tensor<1x2x32xf32>) -> tensor<1x64xf32>
    %11 = stablehlo.slice %10 [0:1, 0:32] : (tensor<1x64xf32>) -> tensor<1x32xf32>
    %12 = stablehlo.slice %10 [0:1, 63:64] : (tensor<1x64xf32>) -> tensor<1x1xf32>
    %13 = stablehlo.concatenate %11, %12, dim = 1 : (tensor<1x32xf32>, tensor<1x1xf32>) -> tensor<1x33xf32>
    %14:2 = stablehlo.while(%iterArg = %13, %iterArg_0 = %6) : tensor<1x33xf32>, tensor<1x33xf32>
    cond {
      %21 = stablehlo.slice %iterArg_0 [0:1, 0:1] : (tensor<1x33xf32>) -> tensor<1x1xf32>
      %22 = stablehlo.reshape %21 : (tensor<1x1xf32>) -> tensor<f32>
      %cst = stablehlo.constant dense<1.000000e+00> : tensor<f32>
      %23 = stablehlo.compare LT, %22, %cst : (tensor<f32>, tensor<f32>) -> tensor<i1>
      stablehlo.return %23 : tensor<i1>
    } do {
      %21 = stablehlo.slice %iterArg_0 [0:1, 0:1] : (tensor<1x33xf32>) -> tensor<1x1xf32>
      %22 = stablehlo.dot_general %21, %iterArg, contracting_dims = [1] x [0] : (tensor<1x1xf32>, tensor<1x33xf32>) -> tensor<1x33xf32>
      stablehlo.return %iterArg, %22 : tensor<1x33xf32>, tensor<1x33xf32>
    }
    %15 = stablehlo.transpose %arg4, dims = [1, 3, 0, 2] : (tensor<2x1x32x4xi8>) -> tensor<1x4x2x32xi8>
    %16 = stablehlo.reshape %15 : (tensor<1x4x2x32xi8>) -> tensor<4x64xi8>
    %17 = stablehlo.slice %16 [0:4, 0:32] : (tensor<4x64xi8>) -> tensor<4x32xi8>
    %18 = stablehlo.slice %16 [0:4, 62:64] : (tensor<4x64xi8>) -> tensor<4x2xi8>
    %19 = stablehlo.concatenate %17, %18, dim = 1 : (tensor<4x32xi8>, tensor<4x2xi8>) -> tensor<4x34xi8>
    %20 = stablehlo.dot_general %arg7, %19, contracting_dims = [1] x [0] : (tensor<1x4xi8>, tensor<4x34xi8>) -> tensor<1x34xi32>
    return %5, %7, %14#1, %8, %20 : tensor<4x34xf32>, tensor<1x33xf32>, tensor<1x33xf32>, tensor<4x2xf32>, tensor<1x34xi32>
  }
}
