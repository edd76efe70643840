// A running sum from the front in rows of four, one of a row each from behind along the middle. What is short stays, as
// does a window that is no scan, and a sum that starts from 5, which would be added several times.
// pass: split-scans{longest=8}
// target: spirv

func.func public @main(%x: tensor<13xf32>, %y: tensor<2x9x3xi32>)
    -> (tensor<13xf32>, tensor<2x9x3xi32>, tensor<2x9x3xi32>, tensor<13xf32>, tensor<13xf32>) {
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %five = stablehlo.constant dense<5.0> : tensor<f32>
  %low = stablehlo.constant dense<-2147483648> : tensor<i32>
  %0 = "stablehlo.reduce_window"(%x, %zero) <{padding = dense<[[12, 0]]> : tensor<1x2xi64>,
    window_dimensions = array<i64: 13>}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %s = stablehlo.add %a, %b : tensor<f32>
      stablehlo.return %s : tensor<f32>
    }) : (tensor<13xf32>, tensor<f32>) -> tensor<13xf32>
  %1 = "stablehlo.reduce_window"(%y, %low) <{padding = dense<[[0, 0], [0, 8], [0, 0]]> : tensor<3x2xi64>,
    window_dimensions = array<i64: 1, 9, 1>}> ({
    ^bb0(%a: tensor<i32>, %b: tensor<i32>):
      %s = stablehlo.maximum %a, %b : tensor<i32>
      stablehlo.return %s : tensor<i32>
    }) : (tensor<2x9x3xi32>, tensor<i32>) -> tensor<2x9x3xi32>
  %2 = "stablehlo.reduce_window"(%y, %low) <{padding = dense<[[0, 0], [0, 0], [2, 0]]> : tensor<3x2xi64>,
    window_dimensions = array<i64: 1, 1, 3>}> ({
    ^bb0(%a: tensor<i32>, %b: tensor<i32>):
      %s = stablehlo.maximum %a, %b : tensor<i32>
      stablehlo.return %s : tensor<i32>
    }) : (tensor<2x9x3xi32>, tensor<i32>) -> tensor<2x9x3xi32>
  %3 = "stablehlo.reduce_window"(%x, %zero) <{padding = dense<[[2, 2]]> : tensor<1x2xi64>,
    window_dimensions = array<i64: 5>}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %s = stablehlo.add %a, %b : tensor<f32>
      stablehlo.return %s : tensor<f32>
    }) : (tensor<13xf32>, tensor<f32>) -> tensor<13xf32>
  %4 = "stablehlo.reduce_window"(%x, %five) <{padding = dense<[[12, 0]]> : tensor<1x2xi64>,
    window_dimensions = array<i64: 13>}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %s = stablehlo.add %a, %b : tensor<f32>
      stablehlo.return %s : tensor<f32>
    }) : (tensor<13xf32>, tensor<f32>) -> tensor<13xf32>
  return %0, %1, %2, %3, %4
    : tensor<13xf32>, tensor<2x9x3xi32>, tensor<2x9x3xi32>, tensor<13xf32>, tensor<13xf32>
}
// -----
module {
  func.func public @main(%arg0: tensor<13xf32>, %arg1: tensor<2x9x3xi32>) -> (tensor<13xf32>, tensor<2x9x3xi32>, tensor<2x9x3xi32>, tensor<13xf32>, tensor<13xf32>) {
    %cst = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %cst_0 = stablehlo.constant dense<5.000000e+00> : tensor<f32>
    %c = stablehlo.constant dense<-2147483648> : tensor<i32>
    %0 = stablehlo.pad %arg0, %cst, low = [3], high = [0], interior = [0] : (tensor<13xf32>, tensor<f32>) -> tensor<16xf32>
    %1 = stablehlo.reshape %0 : (tensor<16xf32>) -> tensor<4x4xf32>
    %2 = "stablehlo.reduce_window"(%1, %cst) <{padding = dense<[[0, 0], [3, 0]]> : tensor<2x2xi64>, window_dimensions = array<i64: 1, 4>}> ({
    ^bb0(%arg2: tensor<f32>, %arg3: tensor<f32>):
      %25 = stablehlo.add %arg2, %arg3 : tensor<f32>
      stablehlo.return %25 : tensor<f32>
    }) : (tensor<4x4xf32>, tensor<f32>) -> tensor<4x4xf32>
    %3 = stablehlo.slice %2 [0:4, 3:4] : (tensor<4x4xf32>) -> tensor<4x1xf32>
    %4 = stablehlo.reshape %3 : (tensor<4x1xf32>) -> tensor<4xf32>
    %5 = "stablehlo.reduce_window"(%4, %cst) <{padding = dense<[[3, 0]]> : tensor<1x2xi64>, window_dimensions = array<i64: 4>}> ({
    ^bb0(%arg2: tensor<f32>, %arg3: tensor<f32>):
      %25 = stablehlo.add %arg2, %arg3 : tensor<f32>
      stablehlo.return %25 : tensor<f32>
    }) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
    %6 = stablehlo.slice %5 [0:3] : (tensor<4xf32>) -> tensor<3xf32>
    %7 = stablehlo.pad %6, %cst, low = [1], high = [0], interior = [0] : (tensor<3xf32>, tensor<f32>) -> tensor<4xf32>
    %8 = stablehlo.broadcast_in_dim %7, dims = [0] : (tensor<4xf32>) -> tensor<4x4xf32>
    %9 = stablehlo.add %8, %2 : tensor<4x4xf32>
    %10 = stablehlo.reshape %9 : (tensor<4x4xf32>) -> tensor<16xf32>
    %11 = stablehlo.slice %10 [3:16] : (tensor<16xf32>) -> tensor<13xf32>
    %12 = stablehlo.reshape %arg1 : (tensor<2x9x3xi32>) -> tensor<2x3x3x3xi32>
    %13 = "stablehlo.reduce_window"(%12, %c) <{padding = dense<[[0, 0], [0, 0], [0, 2], [0, 0]]> : tensor<4x2xi64>, window_dimensions = array<i64: 1, 1, 3, 1>}> ({
    ^bb0(%arg2: tensor<i32>, %arg3: tensor<i32>):
      %25 = stablehlo.maximum %arg2, %arg3 : tensor<i32>
      stablehlo.return %25 : tensor<i32>
    }) : (tensor<2x3x3x3xi32>, tensor<i32>) -> tensor<2x3x3x3xi32>
    %14 = stablehlo.slice %13 [0:2, 0:3, 0:1, 0:3] : (tensor<2x3x3x3xi32>) -> tensor<2x3x1x3xi32>
    %15 = stablehlo.reshape %14 : (tensor<2x3x1x3xi32>) -> tensor<2x3x3xi32>
    %16 = "stablehlo.reduce_window"(%15, %c) <{padding = dense<[[0, 0], [0, 2], [0, 0]]> : tensor<3x2xi64>, window_dimensions = array<i64: 1, 3, 1>}> ({
    ^bb0(%arg2: tensor<i32>, %arg3: tensor<i32>):
      %25 = stablehlo.maximum %arg2, %arg3 : tensor<i32>
      stablehlo.return %25 : tensor<i32>
    }) : (tensor<2x3x3xi32>, tensor<i32>) -> tensor<2x3x3xi32>
    %17 = stablehlo.slice %16 [0:2, 1:3, 0:3] : (tensor<2x3x3xi32>) -> tensor<2x2x3xi32>
    %18 = stablehlo.pad %17, %c, low = [0, 0, 0], high = [0, 1, 0], interior = [0, 0, 0] : (tensor<2x2x3xi32>, tensor<i32>) -> tensor<2x3x3xi32>
    %19 = stablehlo.broadcast_in_dim %18, dims = [0, 1, 3] : (tensor<2x3x3xi32>) -> tensor<2x3x3x3xi32>
    %20 = stablehlo.maximum %19, %13 : tensor<2x3x3x3xi32>
    %21 = stablehlo.reshape %20 : (tensor<2x3x3x3xi32>) -> tensor<2x9x3xi32>
    %22 = "stablehlo.reduce_window"(%arg1, %c) <{padding = dense<[[0, 0], [0, 0], [2, 0]]> : tensor<3x2xi64>, window_dimensions = array<i64: 1, 1, 3>}> ({
    ^bb0(%arg2: tensor<i32>, %arg3: tensor<i32>):
      %25 = stablehlo.maximum %arg2, %arg3 : tensor<i32>
      stablehlo.return %25 : tensor<i32>
    }) : (tensor<2x9x3xi32>, tensor<i32>) -> tensor<2x9x3xi32>
    %23 = "stablehlo.reduce_window"(%arg0, %cst) <{padding = dense<2> : tensor<1x2xi64>, window_dimensions = array<i64: 5>}> ({
    ^bb0(%arg2: tensor<f32>, %arg3: tensor<f32>):
      %25 = stablehlo.add %arg2, %arg3 : tensor<f32>
      stablehlo.return %25 : tensor<f32>
    }) : (tensor<13xf32>, tensor<f32>) -> tensor<13xf32>
    %24 = "stablehlo.reduce_window"(%arg0, %cst_0) <{padding = dense<[[12, 0]]> : tensor<1x2xi64>, window_dimensions = array<i64: 13>}> ({
    ^bb0(%arg2: tensor<f32>, %arg3: tensor<f32>):
      %25 = stablehlo.add %arg2, %arg3 : tensor<f32>
      stablehlo.return %25 : tensor<f32>
    }) : (tensor<13xf32>, tensor<f32>) -> tensor<13xf32>
    return %11, %21, %22, %23, %24 : tensor<13xf32>, tensor<2x9x3xi32>, tensor<2x9x3xi32>, tensor<13xf32>, tensor<13xf32>
  }
}
