// A constant of one number and one of several, paddings, also of a window, and a bit cast that does nothing.
// pass: complex-fills

func.func public @main(%x: tensor<3xcomplex<f64>>, %y: tensor<3xcomplex<f32>>, %p: tensor<complex<f32>>)
    -> (tensor<5xcomplex<f64>>, tensor<3xcomplex<f64>>, tensor<5xcomplex<f32>>, tensor<2xcomplex<f64>>,
        tensor<2xcomplex<f32>>) {
  %cst = stablehlo.constant dense<(1.0, -2.0)> : tensor<complex<f64>>
  %0 = stablehlo.pad %x, %cst, low = [1], high = [1], interior = [0]
    : (tensor<3xcomplex<f64>>, tensor<complex<f64>>) -> tensor<5xcomplex<f64>>
  %1 = stablehlo.bitcast_convert %x : (tensor<3xcomplex<f64>>) -> tensor<3xcomplex<f64>>
  %2 = stablehlo.pad %y, %p, low = [0], high = [0], interior = [1]
    : (tensor<3xcomplex<f32>>, tensor<complex<f32>>) -> tensor<5xcomplex<f32>>
  %3 = stablehlo.constant dense<[(1.0, 2.0), (3.0, 4.0)]> : tensor<2xcomplex<f64>>
  %4 = "stablehlo.reduce_window"(%y, %p) <{
    padding = dense<[[1, 1]]> : tensor<1x2xi64>, window_dimensions = array<i64: 3>, window_strides = array<i64: 2>
  }> ({
  ^bb0(%a: tensor<complex<f32>>, %b: tensor<complex<f32>>):
    %5 = stablehlo.add %a, %b : tensor<complex<f32>>
    stablehlo.return %5 : tensor<complex<f32>>
  }) : (tensor<3xcomplex<f32>>, tensor<complex<f32>>) -> tensor<2xcomplex<f32>>
  return %0, %1, %2, %3, %4
    : tensor<5xcomplex<f64>>, tensor<3xcomplex<f64>>, tensor<5xcomplex<f32>>, tensor<2xcomplex<f64>>,
      tensor<2xcomplex<f32>>
}
// -----
module {
  func.func public @main(%arg0: tensor<3xcomplex<f64>>, %arg1: tensor<3xcomplex<f32>>, %arg2: tensor<complex<f32>>) -> (tensor<5xcomplex<f64>>, tensor<3xcomplex<f64>>, tensor<5xcomplex<f32>>, tensor<2xcomplex<f64>>, tensor<2xcomplex<f32>>) {
    %cst = stablehlo.constant dense<[1.000000e+00, -2.000000e+00, 0.000000e+00]> : tensor<3xf64>
    %0 = stablehlo.optimization_barrier %cst : tensor<3xf64>
    %1 = stablehlo.slice %0 [0:1] : (tensor<3xf64>) -> tensor<1xf64>
    %2 = stablehlo.reshape %1 : (tensor<1xf64>) -> tensor<f64>
    %3 = stablehlo.slice %0 [1:2] : (tensor<3xf64>) -> tensor<1xf64>
    %4 = stablehlo.reshape %3 : (tensor<1xf64>) -> tensor<f64>
    %5 = stablehlo.complex %2, %4 : tensor<complex<f64>>
    %6 = stablehlo.real %arg0 : (tensor<3xcomplex<f64>>) -> tensor<3xf64>
    %7 = stablehlo.real %5 : (tensor<complex<f64>>) -> tensor<f64>
    %8 = stablehlo.pad %6, %7, low = [1], high = [1], interior = [0] : (tensor<3xf64>, tensor<f64>) -> tensor<5xf64>
    %9 = stablehlo.imag %arg0 : (tensor<3xcomplex<f64>>) -> tensor<3xf64>
    %10 = stablehlo.imag %5 : (tensor<complex<f64>>) -> tensor<f64>
    %11 = stablehlo.pad %9, %10, low = [1], high = [1], interior = [0] : (tensor<3xf64>, tensor<f64>) -> tensor<5xf64>
    %12 = stablehlo.complex %8, %11 : tensor<5xcomplex<f64>>
    %13 = stablehlo.real %arg1 : (tensor<3xcomplex<f32>>) -> tensor<3xf32>
    %14 = stablehlo.real %arg2 : (tensor<complex<f32>>) -> tensor<f32>
    %15 = stablehlo.pad %13, %14, low = [0], high = [0], interior = [1] : (tensor<3xf32>, tensor<f32>) -> tensor<5xf32>
    %16 = stablehlo.imag %arg1 : (tensor<3xcomplex<f32>>) -> tensor<3xf32>
    %17 = stablehlo.imag %arg2 : (tensor<complex<f32>>) -> tensor<f32>
    %18 = stablehlo.pad %16, %17, low = [0], high = [0], interior = [1] : (tensor<3xf32>, tensor<f32>) -> tensor<5xf32>
    %19 = stablehlo.complex %15, %18 : tensor<5xcomplex<f32>>
    %cst_0 = stablehlo.constant dense<[[1.000000e+00, 2.000000e+00], [3.000000e+00, 4.000000e+00]]> : tensor<2x2xf64>
    %20 = stablehlo.optimization_barrier %cst_0 : tensor<2x2xf64>
    %21 = stablehlo.slice %20 [0:2, 0:1] : (tensor<2x2xf64>) -> tensor<2x1xf64>
    %22 = stablehlo.reshape %21 : (tensor<2x1xf64>) -> tensor<2xf64>
    %23 = stablehlo.slice %20 [0:2, 1:2] : (tensor<2x2xf64>) -> tensor<2x1xf64>
    %24 = stablehlo.reshape %23 : (tensor<2x1xf64>) -> tensor<2xf64>
    %25 = stablehlo.complex %22, %24 : tensor<2xcomplex<f64>>
    %26 = stablehlo.real %arg1 : (tensor<3xcomplex<f32>>) -> tensor<3xf32>
    %27 = stablehlo.real %arg2 : (tensor<complex<f32>>) -> tensor<f32>
    %28 = stablehlo.pad %26, %27, low = [1], high = [1], interior = [0] : (tensor<3xf32>, tensor<f32>) -> tensor<5xf32>
    %29 = stablehlo.imag %arg1 : (tensor<3xcomplex<f32>>) -> tensor<3xf32>
    %30 = stablehlo.imag %arg2 : (tensor<complex<f32>>) -> tensor<f32>
    %31 = stablehlo.pad %29, %30, low = [1], high = [1], interior = [0] : (tensor<3xf32>, tensor<f32>) -> tensor<5xf32>
    %32 = stablehlo.complex %28, %31 : tensor<5xcomplex<f32>>
    %33 = "stablehlo.reduce_window"(%32, %arg2) <{base_dilations = array<i64: 1>, padding = dense<0> : tensor<1x2xi64>, window_dimensions = array<i64: 3>, window_strides = array<i64: 2>}> ({
    ^bb0(%arg3: tensor<complex<f32>>, %arg4: tensor<complex<f32>>):
      %34 = stablehlo.add %arg3, %arg4 : tensor<complex<f32>>
      stablehlo.return %34 : tensor<complex<f32>>
    }) : (tensor<5xcomplex<f32>>, tensor<complex<f32>>) -> tensor<2xcomplex<f32>>
    return %12, %arg0, %19, %25, %33 : tensor<5xcomplex<f64>>, tensor<3xcomplex<f64>>, tensor<5xcomplex<f32>>, tensor<2xcomplex<f64>>, tensor<2xcomplex<f32>>
  }
}
