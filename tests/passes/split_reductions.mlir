// A sum in two steps; a maximum of a prime number of elements, whose rest is folded apart; positions of maxima, which
// stay in their order; one number along two dimensions. What starts from 5 is left as it is, and so is what is short.
// pass: split-reductions{longest=8}
// target: spirv

func.func public @main(%x: tensor<2x12xf32>, %y: tensor<13xf32>, %i: tensor<13xi32>, %z: tensor<1x4x3x5xf32>)
    -> (tensor<2xf32>, tensor<f32>, tensor<f32>, tensor<i32>, tensor<5xf32>, tensor<2xf32>, tensor<12xf32>) {
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %five = stablehlo.constant dense<5.0> : tensor<f32>
  %low = stablehlo.constant dense<0xFF800000> : tensor<f32>
  %first = stablehlo.constant dense<0> : tensor<i32>
  %0 = stablehlo.reduce(%x init: %zero) applies stablehlo.add across dimensions = [1]
    : (tensor<2x12xf32>, tensor<f32>) -> tensor<2xf32>
  %1 = stablehlo.reduce(%y init: %low) applies stablehlo.maximum across dimensions = [0]
    : (tensor<13xf32>, tensor<f32>) -> tensor<f32>
  %2:2 = stablehlo.reduce(%y init: %low), (%i init: %first) across dimensions = [0]
    : (tensor<13xf32>, tensor<13xi32>, tensor<f32>, tensor<i32>) -> (tensor<f32>, tensor<i32>)
    reducer(%a: tensor<f32>, %c: tensor<f32>) (%b: tensor<i32>, %d: tensor<i32>) {
      %p = stablehlo.compare GE, %a, %c : (tensor<f32>, tensor<f32>) -> tensor<i1>
      %q = stablehlo.select %p, %a, %c : tensor<i1>, tensor<f32>
      %r = stablehlo.select %p, %b, %d : tensor<i1>, tensor<i32>
      stablehlo.return %q, %r : tensor<f32>, tensor<i32>
    }
  %3 = stablehlo.reduce(%z init: %zero) applies stablehlo.add across dimensions = [0, 1, 2]
    : (tensor<1x4x3x5xf32>, tensor<f32>) -> tensor<5xf32>
  %4 = stablehlo.reduce(%x init: %five) applies stablehlo.add across dimensions = [1]
    : (tensor<2x12xf32>, tensor<f32>) -> tensor<2xf32>
  %5 = stablehlo.reduce(%x init: %zero) applies stablehlo.add across dimensions = [0]
    : (tensor<2x12xf32>, tensor<f32>) -> tensor<12xf32>
  return %0, %1, %2#0, %2#1, %3, %4, %5
    : tensor<2xf32>, tensor<f32>, tensor<f32>, tensor<i32>, tensor<5xf32>, tensor<2xf32>, tensor<12xf32>
}
// -----
module {
  func.func public @main(%arg0: tensor<2x12xf32>, %arg1: tensor<13xf32>, %arg2: tensor<13xi32>, %arg3: tensor<1x4x3x5xf32>) -> (tensor<2xf32>, tensor<f32>, tensor<f32>, tensor<i32>, tensor<5xf32>, tensor<2xf32>, tensor<12xf32>) {
    %cst = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %cst_0 = stablehlo.constant dense<5.000000e+00> : tensor<f32>
    %cst_1 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %c = stablehlo.constant dense<0> : tensor<i32>
    %0 = stablehlo.reshape %arg0 : (tensor<2x12xf32>) -> tensor<2x3x4xf32>
    %1 = stablehlo.reduce(%0 init: %cst) applies stablehlo.add across dimensions = [1] : (tensor<2x3x4xf32>, tensor<f32>) -> tensor<2x4xf32>
    %2 = stablehlo.reduce(%1 init: %cst) applies stablehlo.add across dimensions = [1] : (tensor<2x4xf32>, tensor<f32>) -> tensor<2xf32>
    %3 = stablehlo.slice %arg1 [0:12] : (tensor<13xf32>) -> tensor<12xf32>
    %4 = stablehlo.reshape %3 : (tensor<12xf32>) -> tensor<3x4xf32>
    %5 = stablehlo.reduce(%4 init: %cst_1) applies stablehlo.maximum across dimensions = [0] : (tensor<3x4xf32>, tensor<f32>) -> tensor<4xf32>
    %6 = stablehlo.reduce(%5 init: %cst_1) applies stablehlo.maximum across dimensions = [0] : (tensor<4xf32>, tensor<f32>) -> tensor<f32>
    %7 = stablehlo.slice %arg1 [12:13] : (tensor<13xf32>) -> tensor<1xf32>
    %8 = stablehlo.reduce(%7 init: %cst_1) applies stablehlo.maximum across dimensions = [0] : (tensor<1xf32>, tensor<f32>) -> tensor<f32>
    %9 = stablehlo.maximum %6, %8 : tensor<f32>
    %10 = stablehlo.optimization_barrier %9 : tensor<f32>
    %11 = stablehlo.slice %arg1 [0:12] : (tensor<13xf32>) -> tensor<12xf32>
    %12 = stablehlo.slice %arg2 [0:12] : (tensor<13xi32>) -> tensor<12xi32>
    %13 = stablehlo.reshape %11 : (tensor<12xf32>) -> tensor<4x3xf32>
    %14 = stablehlo.reshape %12 : (tensor<12xi32>) -> tensor<4x3xi32>
    %15:2 = stablehlo.reduce(%13 init: %cst_1), (%14 init: %c) across dimensions = [1] : (tensor<4x3xf32>, tensor<4x3xi32>, tensor<f32>, tensor<i32>) -> (tensor<4xf32>, tensor<4xi32>)
     reducer(%arg4: tensor<f32>, %arg6: tensor<f32>) (%arg5: tensor<i32>, %arg7: tensor<i32>)  {
      %30 = stablehlo.compare GE, %arg4, %arg6 : (tensor<f32>, tensor<f32>) -> tensor<i1>
      %31 = stablehlo.select %30, %arg4, %arg6 : tensor<i1>, tensor<f32>
      %32 = stablehlo.select %30, %arg5, %arg7 : tensor<i1>, tensor<i32>
      stablehlo.return %31, %32 : tensor<f32>, tensor<i32>
    }
    %16:2 = stablehlo.reduce(%15#0 init: %cst_1), (%15#1 init: %c) across dimensions = [0] : (tensor<4xf32>, tensor<4xi32>, tensor<f32>, tensor<i32>) -> (tensor<f32>, tensor<i32>)
     reducer(%arg4: tensor<f32>, %arg6: tensor<f32>) (%arg5: tensor<i32>, %arg7: tensor<i32>)  {
      %30 = stablehlo.compare GE, %arg4, %arg6 : (tensor<f32>, tensor<f32>) -> tensor<i1>
      %31 = stablehlo.select %30, %arg4, %arg6 : tensor<i1>, tensor<f32>
      %32 = stablehlo.select %30, %arg5, %arg7 : tensor<i1>, tensor<i32>
      stablehlo.return %31, %32 : tensor<f32>, tensor<i32>
    }
    %17 = stablehlo.slice %arg1 [12:13] : (tensor<13xf32>) -> tensor<1xf32>
    %18 = stablehlo.slice %arg2 [12:13] : (tensor<13xi32>) -> tensor<1xi32>
    %19:2 = stablehlo.reduce(%17 init: %cst_1), (%18 init: %c) across dimensions = [0] : (tensor<1xf32>, tensor<1xi32>, tensor<f32>, tensor<i32>) -> (tensor<f32>, tensor<i32>)
     reducer(%arg4: tensor<f32>, %arg6: tensor<f32>) (%arg5: tensor<i32>, %arg7: tensor<i32>)  {
      %30 = stablehlo.compare GE, %arg4, %arg6 : (tensor<f32>, tensor<f32>) -> tensor<i1>
      %31 = stablehlo.select %30, %arg4, %arg6 : tensor<i1>, tensor<f32>
      %32 = stablehlo.select %30, %arg5, %arg7 : tensor<i1>, tensor<i32>
      stablehlo.return %31, %32 : tensor<f32>, tensor<i32>
    }
    %20 = stablehlo.compare GE, %16#0, %19#0 : (tensor<f32>, tensor<f32>) -> tensor<i1>
    %21 = stablehlo.select %20, %16#0, %19#0 : tensor<i1>, tensor<f32>
    %22 = stablehlo.select %20, %16#1, %19#1 : tensor<i1>, tensor<i32>
    %23 = stablehlo.optimization_barrier %21 : tensor<f32>
    %24 = stablehlo.optimization_barrier %22 : tensor<i32>
    %25 = stablehlo.reduce(%arg3 init: %cst) applies stablehlo.add across dimensions = [1] : (tensor<1x4x3x5xf32>, tensor<f32>) -> tensor<1x3x5xf32>
    %26 = stablehlo.reduce(%25 init: %cst) applies stablehlo.add across dimensions = [1] : (tensor<1x3x5xf32>, tensor<f32>) -> tensor<1x5xf32>
    %27 = stablehlo.reshape %26 : (tensor<1x5xf32>) -> tensor<5xf32>
    %28 = stablehlo.reduce(%arg0 init: %cst_0) applies stablehlo.add across dimensions = [1] : (tensor<2x12xf32>, tensor<f32>) -> tensor<2xf32>
    %29 = stablehlo.reduce(%arg0 init: %cst) applies stablehlo.add across dimensions = [0] : (tensor<2x12xf32>, tensor<f32>) -> tensor<12xf32>
    return %2, %10, %23, %24, %27, %28, %29 : tensor<2xf32>, tensor<f32>, tensor<f32>, tensor<i32>, tensor<5xf32>, tensor<2xf32>, tensor<12xf32>
  }
}
