// What is computed of constants alone goes through a barrier where it becomes complex; what an input is part of does not.
// pass: defer-complex

func.func public @main(%x: tensor<4xcomplex<f32>>) -> (tensor<4xcomplex<f32>>, tensor<4xcomplex<f32>>) {
  %half = stablehlo.constant dense<5.0e-01> : tensor<4xf32>
  %i = stablehlo.constant dense<(0.0, 1.0)> : tensor<4xcomplex<f32>>
  %count = stablehlo.iota dim = 0 : tensor<4xf32>
  %real = stablehlo.multiply %count, %half : tensor<4xf32>
  %number = stablehlo.complex %real, %count : tensor<4xcomplex<f32>>
  %turned = stablehlo.multiply %number, %i : tensor<4xcomplex<f32>>
  %size = stablehlo.multiply %x, %i : tensor<4xcomplex<f32>>
  return %turned, %size : tensor<4xcomplex<f32>>, tensor<4xcomplex<f32>>
}
// -----
module {
  func.func public @main(%arg0: tensor<4xcomplex<f32>>) -> (tensor<4xcomplex<f32>>, tensor<4xcomplex<f32>>) {
    %cst = stablehlo.constant dense<5.000000e-01> : tensor<4xf32>
    %cst_0 = stablehlo.constant dense<(0.000000e+00,1.000000e+00)> : tensor<4xcomplex<f32>>
    %0 = stablehlo.iota dim = 0 : tensor<4xf32>
    %1 = stablehlo.multiply %0, %cst : tensor<4xf32>
    %2 = stablehlo.optimization_barrier %1 : tensor<4xf32>
    %3 = stablehlo.optimization_barrier %0 : tensor<4xf32>
    %4 = stablehlo.complex %2, %3 : tensor<4xcomplex<f32>>
    %5 = stablehlo.multiply %4, %cst_0 : tensor<4xcomplex<f32>>
    %6 = stablehlo.multiply %arg0, %cst_0 : tensor<4xcomplex<f32>>
    return %5, %6 : tensor<4xcomplex<f32>>, tensor<4xcomplex<f32>>
  }
}
