// A constant of one number, paddings, and a bit cast that does nothing.
// pass: complex-fills

func.func public @main(%x: tensor<3xcomplex<f64>>, %y: tensor<3xcomplex<f32>>, %p: tensor<complex<f32>>)
    -> (tensor<5xcomplex<f64>>, tensor<3xcomplex<f64>>, tensor<5xcomplex<f32>>) {
  %cst = stablehlo.constant dense<(1.0, -2.0)> : tensor<complex<f64>>
  %0 = stablehlo.pad %x, %cst, low = [1], high = [1], interior = [0]
    : (tensor<3xcomplex<f64>>, tensor<complex<f64>>) -> tensor<5xcomplex<f64>>
  %1 = stablehlo.bitcast_convert %x : (tensor<3xcomplex<f64>>) -> tensor<3xcomplex<f64>>
  %2 = stablehlo.pad %y, %p, low = [0], high = [0], interior = [1]
    : (tensor<3xcomplex<f32>>, tensor<complex<f32>>) -> tensor<5xcomplex<f32>>
  return %0, %1, %2 : tensor<5xcomplex<f64>>, tensor<3xcomplex<f64>>, tensor<5xcomplex<f32>>
}
// -----
module {
  func.func public @main(%arg0: tensor<3xcomplex<f64>>, %arg1: tensor<3xcomplex<f32>>, %arg2: tensor<complex<f32>>) -> (tensor<5xcomplex<f64>>, tensor<3xcomplex<f64>>, tensor<5xcomplex<f32>>) {
    %cst = stablehlo.constant dense<1.000000e+00> : tensor<f64>
    %cst_0 = stablehlo.constant dense<-2.000000e+00> : tensor<f64>
    %0:2 = stablehlo.optimization_barrier %cst, %cst_0 : tensor<f64>, tensor<f64>
    %1 = stablehlo.complex %0#0, %0#1 : tensor<complex<f64>>
    %2 = stablehlo.real %arg0 : (tensor<3xcomplex<f64>>) -> tensor<3xf64>
    %3 = stablehlo.real %1 : (tensor<complex<f64>>) -> tensor<f64>
    %4 = stablehlo.pad %2, %3, low = [1], high = [1], interior = [0] : (tensor<3xf64>, tensor<f64>) -> tensor<5xf64>
    %5 = stablehlo.imag %arg0 : (tensor<3xcomplex<f64>>) -> tensor<3xf64>
    %6 = stablehlo.imag %1 : (tensor<complex<f64>>) -> tensor<f64>
    %7 = stablehlo.pad %5, %6, low = [1], high = [1], interior = [0] : (tensor<3xf64>, tensor<f64>) -> tensor<5xf64>
    %8 = stablehlo.complex %4, %7 : tensor<5xcomplex<f64>>
    %9 = stablehlo.real %arg1 : (tensor<3xcomplex<f32>>) -> tensor<3xf32>
    %10 = stablehlo.real %arg2 : (tensor<complex<f32>>) -> tensor<f32>
    %11 = stablehlo.pad %9, %10, low = [0], high = [0], interior = [1] : (tensor<3xf32>, tensor<f32>) -> tensor<5xf32>
    %12 = stablehlo.imag %arg1 : (tensor<3xcomplex<f32>>) -> tensor<3xf32>
    %13 = stablehlo.imag %arg2 : (tensor<complex<f32>>) -> tensor<f32>
    %14 = stablehlo.pad %12, %13, low = [0], high = [0], interior = [1] : (tensor<3xf32>, tensor<f32>) -> tensor<5xf32>
    %15 = stablehlo.complex %11, %14 : tensor<5xcomplex<f32>>
    return %8, %arg0, %15 : tensor<5xcomplex<f64>>, tensor<3xcomplex<f64>>, tensor<5xcomplex<f32>>
  }
}
