// Two choices between wide constants are made between narrow ones; one between computed values stays.
// pass: narrow-choices
func.func public @main(%p: tensor<4xi1>, %q: tensor<4xi1>, %a: tensor<4xf64>, %b: tensor<4xf64>) -> (tensor<4xf32>, tensor<4xf32>) {
  %0 = stablehlo.constant dense<0.46364760900080609> : tensor<f64>
  %1 = stablehlo.broadcast_in_dim %0, dims = [] : (tensor<f64>) -> tensor<4xf64>
  %2 = stablehlo.constant dense<[0.1, 0.2, 0.3, 0.4]> : tensor<4xf64>
  %3 = stablehlo.select %p, %1, %2 : tensor<4xi1>, tensor<4xf64>
  %4 = stablehlo.select %q, %3, %a : tensor<4xi1>, tensor<4xf64>
  %5 = stablehlo.select %p, %1, %4 : tensor<4xi1>, tensor<4xf64>
  %6 = stablehlo.convert %5 : (tensor<4xf64>) -> tensor<4xf32>
  %7 = stablehlo.select %p, %a, %b : tensor<4xi1>, tensor<4xf64>
  %8 = stablehlo.convert %7 : (tensor<4xf64>) -> tensor<4xf32>
  return %6, %8 : tensor<4xf32>, tensor<4xf32>
}
// -----
module {
  func.func public @main(%arg0: tensor<4xi1>, %arg1: tensor<4xi1>, %arg2: tensor<4xf64>, %arg3: tensor<4xf64>) -> (tensor<4xf32>, tensor<4xf32>) {
    %cst = stablehlo.constant dense<0.46364760900080609> : tensor<f64>
    %0 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f64>) -> tensor<4xf64>
    %cst_0 = stablehlo.constant dense<[1.000000e-01, 2.000000e-01, 3.000000e-01, 4.000000e-01]> : tensor<4xf64>
    %cst_1 = stablehlo.constant dense<0.463647604> : tensor<f32>
    %1 = stablehlo.broadcast_in_dim %cst_1, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %cst_2 = stablehlo.constant dense<[1.000000e-01, 2.000000e-01, 3.000000e-01, 4.000000e-01]> : tensor<4xf32>
    %2 = stablehlo.select %arg0, %1, %cst_2 : tensor<4xi1>, tensor<4xf32>
    %3 = stablehlo.convert %arg2 : (tensor<4xf64>) -> tensor<4xf32>
    %4 = stablehlo.select %arg1, %2, %3 : tensor<4xi1>, tensor<4xf32>
    %cst_3 = stablehlo.constant dense<0.463647604> : tensor<f32>
    %5 = stablehlo.broadcast_in_dim %cst_3, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %6 = stablehlo.select %arg0, %5, %4 : tensor<4xi1>, tensor<4xf32>
    %7 = stablehlo.select %arg0, %arg2, %arg3 : tensor<4xi1>, tensor<4xf64>
    %8 = stablehlo.convert %7 : (tensor<4xf64>) -> tensor<4xf32>
    return %6, %8 : tensor<4xf32>, tensor<4xf32>
  }
}
