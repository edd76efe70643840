// A float32 has no 2147483647, and a negative number may be an integer; what has been limited is left as it is.
// pass: saturate-conversions
#same = affine_map<(d0) -> (d0)>
func.func @main(%x: f32, %h: f16, %t: tensor<4xf32>) -> (i32, i8, tensor<4xi8>) {
  %0 = arith.fptosi %x : f32 to i32
  %1 = arith.fptoui %h : f16 to i8
  %low = arith.constant 0.0 : f32
  %high = arith.constant 255.0 : f32
  %floats = tensor.empty() : tensor<4xf32>
  %limited = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel"]}
    ins(%t : tensor<4xf32>) outs(%floats : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %2 = arith.cmpf oge, %in, %low : f32
    %3 = arith.select %2, %in, %low : f32
    %4 = arith.minimumf %3, %high : f32
    linalg.yield %4 : f32
  } -> tensor<4xf32>
  %bytes = tensor.empty() : tensor<4xi8>
  %converted = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel"]}
    ins(%limited : tensor<4xf32>) outs(%bytes : tensor<4xi8>) {
  ^bb0(%in: f32, %out: i8):
    %5 = arith.fptoui %in : f32 to i8
    linalg.yield %5 : i8
  } -> tensor<4xi8>
  return %0, %1, %converted : i32, i8, tensor<4xi8>
}
// -----
#map = affine_map<(d0) -> (d0)>
module {
  func.func @main(%arg0: f32, %arg1: f16, %arg2: tensor<4xf32>) -> (i32, i8, tensor<4xi8>) {
    %cst = arith.constant -2.14748365E+9 : f32
    %0 = arith.cmpf ogt, %arg0, %cst : f32
    %1 = arith.select %0, %arg0, %cst : f32
    %cst_0 = arith.constant 2.14748352E+9 : f32
    %2 = arith.cmpf olt, %1, %cst_0 : f32
    %3 = arith.select %2, %1, %cst_0 : f32
    %4 = arith.fptosi %3 : f32 to i32
    %cst_1 = arith.constant 2.14748365E+9 : f32
    %5 = arith.cmpf oge, %arg0, %cst_1 : f32
    %c2147483647_i32 = arith.constant 2147483647 : i32
    %6 = arith.select %5, %c2147483647_i32, %4 : i32
    %7 = arith.cmpf uno, %arg0, %arg0 : f32
    %c0_i32 = arith.constant 0 : i32
    %8 = arith.select %7, %c0_i32, %6 : i32
    %9 = arith.extf %arg1 : f16 to f32
    %cst_2 = arith.constant 0.000000e+00 : f32
    %10 = arith.cmpf ogt, %9, %cst_2 : f32
    %11 = arith.select %10, %9, %cst_2 : f32
    %cst_3 = arith.constant 2.550000e+02 : f32
    %12 = arith.cmpf olt, %11, %cst_3 : f32
    %13 = arith.select %12, %11, %cst_3 : f32
    %14 = arith.fptoui %13 : f32 to i8
    %cst_4 = arith.constant 0.000000e+00 : f32
    %cst_5 = arith.constant 2.550000e+02 : f32
    %15 = tensor.empty() : tensor<4xf32>
    %16 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%arg2 : tensor<4xf32>) outs(%15 : tensor<4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %19 = arith.cmpf oge, %in, %cst_4 : f32
      %20 = arith.select %19, %in, %cst_4 : f32
      %21 = arith.minimumf %20, %cst_5 : f32
      linalg.yield %21 : f32
    } -> tensor<4xf32>
    %17 = tensor.empty() : tensor<4xi8>
    %18 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%16 : tensor<4xf32>) outs(%17 : tensor<4xi8>) {
    ^bb0(%in: f32, %out: i8):
      %19 = arith.fptoui %in : f32 to i8
      linalg.yield %19 : i8
    } -> tensor<4xi8>
    return %8, %14, %18 : i32, i8, tensor<4xi8>
  }
}
