// pass: stay-quantised
// The maximum of numbers of a scale is that of their integers, and these are what quantising them alike gives; with
// another zero point they are not.
module {
  func.func public @main(%arg0: tensor<1x4x4x2xui8>) -> (tensor<1x2x2x2xui8>, tensor<1x2x2x2xui8>) {
    %scale = stablehlo.constant dense<5.000000e-02> : tensor<1x4x4x2xf32>
    %zero = stablehlo.constant dense<7> : tensor<1x4x4x2xi32>
    %least = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %0 = stablehlo.convert %arg0 : (tensor<1x4x4x2xui8>) -> tensor<1x4x4x2xi32>
    %1 = stablehlo.subtract %0, %zero : tensor<1x4x4x2xi32>
    %2 = stablehlo.convert %1 : (tensor<1x4x4x2xi32>) -> tensor<1x4x4x2xf32>
    %3 = stablehlo.multiply %2, %scale : tensor<1x4x4x2xf32>
    %4 = "stablehlo.reduce_window"(%3, %least) <{padding = dense<[[0, 0], [1, 0], [1, 0], [0, 0]]> : tensor<4x2xi64>, window_dimensions = array<i64: 1, 3, 3, 1>, window_strides = array<i64: 1, 2, 2, 1>}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %m = stablehlo.maximum %a, %b : tensor<f32>
      stablehlo.return %m : tensor<f32>
    }) : (tensor<1x4x4x2xf32>, tensor<f32>) -> tensor<1x2x2x2xf32>
    %step = stablehlo.constant dense<5.000000e-02> : tensor<1x2x2x2xf32>
    %middle = stablehlo.constant dense<7.000000e+00> : tensor<1x2x2x2xf32>
    %other = stablehlo.constant dense<8.000000e+00> : tensor<1x2x2x2xf32>
    %low = stablehlo.constant dense<0.000000e+00> : tensor<1x2x2x2xf32>
    %high = stablehlo.constant dense<2.550000e+02> : tensor<1x2x2x2xf32>
    %5 = stablehlo.divide %4, %step : tensor<1x2x2x2xf32>
    %6 = stablehlo.round_nearest_even %5 : tensor<1x2x2x2xf32>
    %7 = stablehlo.add %6, %middle : tensor<1x2x2x2xf32>
    %8 = stablehlo.compare GE, %7, %low, FLOAT : (tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xi1>
    %9 = stablehlo.select %8, %7, %low : tensor<1x2x2x2xi1>, tensor<1x2x2x2xf32>
    %10 = stablehlo.minimum %9, %high : tensor<1x2x2x2xf32>
    %11 = stablehlo.convert %10 : (tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xi32>
    %12 = stablehlo.convert %11 : (tensor<1x2x2x2xi32>) -> tensor<1x2x2x2xui8>
    %13 = stablehlo.add %6, %other : tensor<1x2x2x2xf32>
    %14 = stablehlo.compare GE, %13, %low, FLOAT : (tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xi1>
    %15 = stablehlo.select %14, %13, %low : tensor<1x2x2x2xi1>, tensor<1x2x2x2xf32>
    %16 = stablehlo.minimum %15, %high : tensor<1x2x2x2xf32>
    %17 = stablehlo.convert %16 : (tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xi32>
    %18 = stablehlo.convert %17 : (tensor<1x2x2x2xi32>) -> tensor<1x2x2x2xui8>
    return %12, %18 : tensor<1x2x2x2xui8>, tensor<1x2x2x2xui8>
  }
}
// -----
module {
  func.func public @main(%arg0: tensor<1x4x4x2xui8>) -> (tensor<1x2x2x2xui8>, tensor<1x2x2x2xui8>) {
    %cst = stablehlo.constant dense<5.000000e-02> : tensor<1x4x4x2xf32>
    %c = stablehlo.constant dense<7> : tensor<1x4x4x2xi32>
    %cst_0 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %0 = stablehlo.convert %arg0 : (tensor<1x4x4x2xui8>) -> tensor<1x4x4x2xi32>
    %1 = stablehlo.subtract %0, %c : tensor<1x4x4x2xi32>
    %2 = stablehlo.convert %1 : (tensor<1x4x4x2xi32>) -> tensor<1x4x4x2xf32>
    %3 = stablehlo.multiply %2, %cst : tensor<1x4x4x2xf32>
    %c_1 = stablehlo.constant dense<0> : tensor<ui8>
    %4 = "stablehlo.reduce_window"(%arg0, %c_1) <{padding = dense<[[0, 0], [1, 0], [1, 0], [0, 0]]> : tensor<4x2xi64>, window_dimensions = array<i64: 1, 3, 3, 1>, window_strides = array<i64: 1, 2, 2, 1>}> ({
    ^bb0(%arg1: tensor<ui8>, %arg2: tensor<ui8>):
      %24 = stablehlo.maximum %arg1, %arg2 : tensor<ui8>
      stablehlo.return %24 : tensor<ui8>
    }) : (tensor<1x4x4x2xui8>, tensor<ui8>) -> tensor<1x2x2x2xui8>
    %5 = stablehlo.convert %4 : (tensor<1x2x2x2xui8>) -> tensor<1x2x2x2xi32>
    %c_2 = stablehlo.constant dense<7> : tensor<i32>
    %6 = stablehlo.broadcast_in_dim %c_2, dims = [] : (tensor<i32>) -> tensor<1x2x2x2xi32>
    %7 = stablehlo.subtract %5, %6 : tensor<1x2x2x2xi32>
    %8 = stablehlo.convert %7 : (tensor<1x2x2x2xi32>) -> tensor<1x2x2x2xf32>
    %cst_3 = stablehlo.constant dense<5.000000e-02> : tensor<f32>
    %9 = stablehlo.broadcast_in_dim %cst_3, dims = [] : (tensor<f32>) -> tensor<1x2x2x2xf32>
    %10 = stablehlo.multiply %8, %9 : tensor<1x2x2x2xf32>
    %cst_4 = stablehlo.constant dense<5.000000e-02> : tensor<1x2x2x2xf32>
    %cst_5 = stablehlo.constant dense<7.000000e+00> : tensor<1x2x2x2xf32>
    %cst_6 = stablehlo.constant dense<8.000000e+00> : tensor<1x2x2x2xf32>
    %cst_7 = stablehlo.constant dense<0.000000e+00> : tensor<1x2x2x2xf32>
    %cst_8 = stablehlo.constant dense<2.550000e+02> : tensor<1x2x2x2xf32>
    %11 = stablehlo.divide %10, %cst_4 : tensor<1x2x2x2xf32>
    %12 = stablehlo.round_nearest_even %11 : tensor<1x2x2x2xf32>
    %13 = stablehlo.add %12, %cst_5 : tensor<1x2x2x2xf32>
    %14 = stablehlo.compare GE, %13, %cst_7, FLOAT : (tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xi1>
    %15 = stablehlo.select %14, %13, %cst_7 : tensor<1x2x2x2xi1>, tensor<1x2x2x2xf32>
    %16 = stablehlo.minimum %15, %cst_8 : tensor<1x2x2x2xf32>
    %17 = stablehlo.convert %16 : (tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xi32>
    %18 = stablehlo.add %12, %cst_6 : tensor<1x2x2x2xf32>
    %19 = stablehlo.compare GE, %18, %cst_7, FLOAT : (tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xi1>
    %20 = stablehlo.select %19, %18, %cst_7 : tensor<1x2x2x2xi1>, tensor<1x2x2x2xf32>
    %21 = stablehlo.minimum %20, %cst_8 : tensor<1x2x2x2xf32>
    %22 = stablehlo.convert %21 : (tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xi32>
    %23 = stablehlo.convert %22 : (tensor<1x2x2x2xi32>) -> tensor<1x2x2x2xui8>
    return %4, %23 : tensor<1x2x2x2xui8>, tensor<1x2x2x2xui8>
  }
}
