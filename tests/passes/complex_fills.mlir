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
#map = affine_map<() -> ()>
module {
  func.func public @main(%arg0: tensor<3xcomplex<f64>>, %arg1: tensor<3xcomplex<f32>>, %arg2: tensor<complex<f32>>) -> (tensor<5xcomplex<f64>>, tensor<3xcomplex<f64>>, tensor<5xcomplex<f32>>) {
    %c0 = arith.constant 0 : index
    %0 = arith.cmpi eq, %c0, %c0 : index
    %1 = util.optimization_barrier %0 : i1
    %2 = tensor.empty() : tensor<complex<f64>>
    %3 = linalg.generic {indexing_maps = [#map], iterator_types = []} outs(%2 : tensor<complex<f64>>) {
    ^bb0(%out: complex<f64>):
      %cst = arith.constant 1.000000e+00 : f64
      %cst_0 = arith.constant 5.000000e-01 : f64
      %18 = arith.select %1, %cst, %cst_0 : f64
      %cst_1 = arith.constant -2.000000e+00 : f64
      %cst_2 = arith.constant 5.000000e-01 : f64
      %19 = arith.select %1, %cst_1, %cst_2 : f64
      %20 = complex.create %18, %19 : complex<f64>
      linalg.yield %20 : complex<f64>
    } -> tensor<complex<f64>>
    %4 = stablehlo.real %arg0 : (tensor<3xcomplex<f64>>) -> tensor<3xf64>
    %5 = stablehlo.real %3 : (tensor<complex<f64>>) -> tensor<f64>
    %6 = stablehlo.pad %4, %5, low = [1], high = [1], interior = [0] : (tensor<3xf64>, tensor<f64>) -> tensor<5xf64>
    %7 = stablehlo.imag %arg0 : (tensor<3xcomplex<f64>>) -> tensor<3xf64>
    %8 = stablehlo.imag %3 : (tensor<complex<f64>>) -> tensor<f64>
    %9 = stablehlo.pad %7, %8, low = [1], high = [1], interior = [0] : (tensor<3xf64>, tensor<f64>) -> tensor<5xf64>
    %10 = stablehlo.complex %6, %9 : tensor<5xcomplex<f64>>
    %11 = stablehlo.real %arg1 : (tensor<3xcomplex<f32>>) -> tensor<3xf32>
    %12 = stablehlo.real %arg2 : (tensor<complex<f32>>) -> tensor<f32>
    %13 = stablehlo.pad %11, %12, low = [0], high = [0], interior = [1] : (tensor<3xf32>, tensor<f32>) -> tensor<5xf32>
    %14 = stablehlo.imag %arg1 : (tensor<3xcomplex<f32>>) -> tensor<3xf32>
    %15 = stablehlo.imag %arg2 : (tensor<complex<f32>>) -> tensor<f32>
    %16 = stablehlo.pad %14, %15, low = [0], high = [0], interior = [1] : (tensor<3xf32>, tensor<f32>) -> tensor<5xf32>
    %17 = stablehlo.complex %13, %16 : tensor<5xcomplex<f32>>
    return %10, %arg0, %17 : tensor<5xcomplex<f64>>, tensor<3xcomplex<f64>>, tensor<5xcomplex<f32>>
  }
}
