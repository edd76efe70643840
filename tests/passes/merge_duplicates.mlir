// pass: merge-duplicates
// weight: a=2xf32=[1 2]
// weight: again=2xf32=[1 2]
// weight: zero=2xf32=[0 1]
// weight: negative-zero=2xf32=[-0 1]
// Equal weights are one, but 0 and -0 differ. Random numbers are not a function of the operands, and a comparison in
// another direction is another operation.
func.func public @main(%a: tensor<2xf32>, %again: tensor<2xf32>, %z: tensor<2xf32>, %nz: tensor<2xf32>,
                       %x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>, tensor<2xi1>, tensor<2xi1>, tensor<2xf32>) {
  %0 = stablehlo.multiply %x, %a : tensor<2xf32>
  %1 = stablehlo.multiply %x, %again : tensor<2xf32>
  %2 = stablehlo.add %0, %1 : tensor<2xf32>
  %3 = stablehlo.divide %x, %z : tensor<2xf32>
  %4 = stablehlo.divide %x, %nz : tensor<2xf32>
  %5 = stablehlo.subtract %3, %4 : tensor<2xf32>
  %6 = stablehlo.compare LT, %x, %a : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xi1>
  %7 = stablehlo.compare GT, %x, %a : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xi1>
  %shape = stablehlo.constant dense<2> : tensor<1xi64>
  %low = stablehlo.constant dense<0.0> : tensor<f32>
  %high = stablehlo.constant dense<1.0> : tensor<f32>
  %8 = stablehlo.rng %low, %high, %shape, distribution = UNIFORM : (tensor<f32>, tensor<f32>, tensor<1xi64>) -> tensor<2xf32>
  %9 = stablehlo.rng %low, %high, %shape, distribution = UNIFORM : (tensor<f32>, tensor<f32>, tensor<1xi64>) -> tensor<2xf32>
  %10 = stablehlo.add %8, %9 : tensor<2xf32>
  return %2, %5, %6, %7, %10 : tensor<2xf32>, tensor<2xf32>, tensor<2xi1>, tensor<2xi1>, tensor<2xf32>
}
// -----
// weight: a=2xf32=[1.0 2.0]
// weight: zero=2xf32=[0.0 1.0]
// weight: negative-zero=2xf32=[-0.0 1.0]
module {
  func.func public @main(%arg0: tensor<2xf32>, %arg1: tensor<2xf32>, %arg2: tensor<2xf32>, %arg3: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>, tensor<2xi1>, tensor<2xi1>, tensor<2xf32>) {
    %0 = stablehlo.multiply %arg3, %arg0 : tensor<2xf32>
    %1 = stablehlo.add %0, %0 : tensor<2xf32>
    %2 = stablehlo.divide %arg3, %arg1 : tensor<2xf32>
    %3 = stablehlo.divide %arg3, %arg2 : tensor<2xf32>
    %4 = stablehlo.subtract %2, %3 : tensor<2xf32>
    %5 = stablehlo.compare LT, %arg3, %arg0 : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xi1>
    %6 = stablehlo.compare GT, %arg3, %arg0 : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xi1>
    %c = stablehlo.constant dense<2> : tensor<1xi64>
    %cst = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %cst_0 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
    %7 = stablehlo.rng %cst, %cst_0, %c, distribution = UNIFORM : (tensor<f32>, tensor<f32>, tensor<1xi64>) -> tensor<2xf32>
    %8 = stablehlo.rng %cst, %cst_0, %c, distribution = UNIFORM : (tensor<f32>, tensor<f32>, tensor<1xi64>) -> tensor<2xf32>
    %9 = stablehlo.add %7, %8 : tensor<2xf32>
    return %1, %4, %5, %6, %9 : tensor<2xf32>, tensor<2xf32>, tensor<2xi1>, tensor<2xi1>, tensor<2xf32>
  }
}
