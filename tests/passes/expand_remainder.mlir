// pass: expand-remainder
func.func public @main(%x: tensor<3xf64>, %y: tensor<3xf64>, %z: tensor<2xf32>) -> (tensor<3xf64>, tensor<2xf32>) {
  %0 = stablehlo.remainder %x, %y : tensor<3xf64>
  %1 = stablehlo.remainder %z, %z : tensor<2xf32>
  return %0, %1 : tensor<3xf64>, tensor<2xf32>
}
// -----
module {
  func.func private @remainder_3xf64(%arg0: tensor<3xf64>, %arg1: tensor<3xf64>) -> tensor<3xf64> {
    %cst = stablehlo.constant dense<0.000000e+00> : tensor<3xf64>
    %cst_0 = stablehlo.constant dense<5.000000e-01> : tensor<3xf64>
    %cst_1 = stablehlo.constant dense<0x7FF0000000000000> : tensor<3xf64>
    %cst_2 = stablehlo.constant dense<0x7FF8000000000000> : tensor<3xf64>
    %cst_3 = stablehlo.constant dense<2.2250738585072014E-308> : tensor<3xf64>
    %cst_4 = stablehlo.constant dense<0x4350000000000000> : tensor<3xf64>
    %c = stablehlo.constant dense<2> : tensor<3xi64>
    %c_5 = stablehlo.constant dense<3> : tensor<3xi64>
    %c_6 = stablehlo.constant dense<52> : tensor<3xi64>
    %c_7 = stablehlo.constant dense<54> : tensor<3xi64>
    %c_8 = stablehlo.constant dense<1023> : tensor<3xi64>
    %c_9 = stablehlo.constant dense<false> : tensor<i1>
    %0 = stablehlo.abs %arg0 : tensor<3xf64>
    %1 = stablehlo.abs %arg1 : tensor<3xf64>
    %2 = stablehlo.compare LT, %0, %cst_1 : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xi1>
    %3 = stablehlo.compare LT, %1, %cst_1 : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xi1>
    %4 = stablehlo.compare GT, %1, %cst : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xi1>
    %5 = stablehlo.and %2, %3 : tensor<3xi1>
    %6 = stablehlo.and %5, %4 : tensor<3xi1>
    %7 = stablehlo.while(%iterArg = %0) : tensor<3xf64>
    cond {
      %16 = stablehlo.compare GE, %iterArg, %1 : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xi1>
      %17 = stablehlo.compare GT, %iterArg, %cst : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xi1>
      %18 = stablehlo.and %17, %6 : tensor<3xi1>
      %19 = stablehlo.and %16, %18 : tensor<3xi1>
      %20 = stablehlo.reduce(%19 init: %c_9) applies stablehlo.or across dimensions = [0] : (tensor<3xi1>, tensor<i1>) -> tensor<i1>
      stablehlo.return %20 : tensor<i1>
    } do {
      %16 = stablehlo.compare LT, %iterArg, %cst_3 : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xi1>
      %17 = stablehlo.multiply %iterArg, %cst_4 : tensor<3xf64>
      %18 = stablehlo.select %16, %17, %iterArg : tensor<3xi1>, tensor<3xf64>
      %19 = stablehlo.bitcast_convert %18 : (tensor<3xf64>) -> tensor<3xi64>
      %20 = stablehlo.shift_right_logical %19, %c_6 : tensor<3xi64>
      %21 = stablehlo.subtract %20, %c_7 : tensor<3xi64>
      %22 = stablehlo.select %16, %21, %20 : tensor<3xi1>, tensor<3xi64>
      %23 = stablehlo.compare LT, %1, %cst_3 : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xi1>
      %24 = stablehlo.multiply %1, %cst_4 : tensor<3xf64>
      %25 = stablehlo.select %23, %24, %1 : tensor<3xi1>, tensor<3xf64>
      %26 = stablehlo.bitcast_convert %25 : (tensor<3xf64>) -> tensor<3xi64>
      %27 = stablehlo.shift_right_logical %26, %c_6 : tensor<3xi64>
      %28 = stablehlo.subtract %27, %c_7 : tensor<3xi64>
      %29 = stablehlo.select %23, %28, %27 : tensor<3xi1>, tensor<3xi64>
      %30 = stablehlo.subtract %22, %29 : tensor<3xi64>
      %31 = stablehlo.shift_right_arithmetic %30, %c : tensor<3xi64>
      %32 = stablehlo.multiply %31, %c_5 : tensor<3xi64>
      %33 = stablehlo.subtract %30, %32 : tensor<3xi64>
      %34 = stablehlo.add %31, %c_8 : tensor<3xi64>
      %35 = stablehlo.add %33, %c_8 : tensor<3xi64>
      %36 = stablehlo.shift_left %34, %c_6 : tensor<3xi64>
      %37 = stablehlo.shift_left %35, %c_6 : tensor<3xi64>
      %38 = stablehlo.bitcast_convert %36 : (tensor<3xi64>) -> tensor<3xf64>
      %39 = stablehlo.bitcast_convert %37 : (tensor<3xi64>) -> tensor<3xf64>
      %40 = stablehlo.multiply %1, %38 : tensor<3xf64>
      %41 = stablehlo.multiply %40, %38 : tensor<3xf64>
      %42 = stablehlo.multiply %41, %38 : tensor<3xf64>
      %43 = stablehlo.multiply %42, %39 : tensor<3xf64>
      %44 = stablehlo.compare GT, %43, %iterArg : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xi1>
      %45 = stablehlo.multiply %43, %cst_0 : tensor<3xf64>
      %46 = stablehlo.select %44, %45, %43 : tensor<3xi1>, tensor<3xf64>
      %47 = stablehlo.compare GE, %iterArg, %1 : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xi1>
      %48 = stablehlo.compare GT, %iterArg, %cst : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xi1>
      %49 = stablehlo.and %48, %6 : tensor<3xi1>
      %50 = stablehlo.and %47, %49 : tensor<3xi1>
      %51 = stablehlo.subtract %iterArg, %46 : tensor<3xf64>
      %52 = stablehlo.compare EQ, %51, %iterArg : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xi1>
      %53 = stablehlo.select %52, %cst, %51 : tensor<3xi1>, tensor<3xf64>
      %54 = stablehlo.select %50, %53, %iterArg : tensor<3xi1>, tensor<3xf64>
      stablehlo.return %54 : tensor<3xf64>
    }
    %8 = stablehlo.negate %7 : tensor<3xf64>
    %9 = stablehlo.bitcast_convert %arg0 : (tensor<3xf64>) -> tensor<3xi64>
    %c_10 = stablehlo.constant dense<0> : tensor<3xi64>
    %10 = stablehlo.compare LT, %9, %c_10, SIGNED : (tensor<3xi64>, tensor<3xi64>) -> tensor<3xi1>
    %11 = stablehlo.select %10, %8, %7 : tensor<3xi1>, tensor<3xf64>
    %12 = stablehlo.compare EQ, %1, %cst_1 : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xi1>
    %13 = stablehlo.and %12, %2 : tensor<3xi1>
    %14 = stablehlo.or %6, %13 : tensor<3xi1>
    %15 = stablehlo.select %14, %11, %cst_2 : tensor<3xi1>, tensor<3xf64>
    return %15 : tensor<3xf64>
  }
  func.func public @main(%arg0: tensor<3xf64>, %arg1: tensor<3xf64>, %arg2: tensor<2xf32>) -> (tensor<3xf64>, tensor<2xf32>) {
    %0 = call @remainder_3xf64(%arg0, %arg1) : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>
    %1 = stablehlo.remainder %arg2, %arg2 : tensor<2xf32>
    return %0, %1 : tensor<3xf64>, tensor<2xf32>
  }
}
