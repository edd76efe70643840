// pass: legalize-booleans
// In `main`, in a region and in a function that is called; an addition of numbers is one, a conversion of numbers too.
func.func public @main(%x: tensor<6x4xi1>, %y: tensor<4xi1>, %n: tensor<4xi8>) -> (tensor<4xi1>, tensor<4xi8>, tensor<4xf32>, tensor<4xf32>) {
  %false = stablehlo.constant dense<false> : tensor<i1>
  %any = stablehlo.reduce(%x init: %false) applies stablehlo.add across dimensions = [0] : (tensor<6x4xi1>, tensor<i1>) -> tensor<4xi1>
  %0 = stablehlo.add %any, %y : tensor<4xi1>
  %1 = func.call @either(%0, %y) : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>
  %2 = stablehlo.add %n, %n : tensor<4xi8>
  %3 = stablehlo.convert %1 : (tensor<4xi1>) -> tensor<4xf32>
  %4 = stablehlo.convert %2 : (tensor<4xi8>) -> tensor<4xf32>
  return %1, %2, %3, %4 : tensor<4xi1>, tensor<4xi8>, tensor<4xf32>, tensor<4xf32>
}
func.func private @either(%x: tensor<4xi1>, %y: tensor<4xi1>) -> tensor<4xi1> {
  %0 = stablehlo.add %x, %y : tensor<4xi1>
  return %0 : tensor<4xi1>
}
// -----
module {
  func.func public @main(%arg0: tensor<6x4xi1>, %arg1: tensor<4xi1>, %arg2: tensor<4xi8>) -> (tensor<4xi1>, tensor<4xi8>, tensor<4xf32>, tensor<4xf32>) {
    %c = stablehlo.constant dense<false> : tensor<i1>
    %0 = stablehlo.reduce(%arg0 init: %c) applies stablehlo.or across dimensions = [0] : (tensor<6x4xi1>, tensor<i1>) -> tensor<4xi1>
    %1 = stablehlo.or %0, %arg1 : tensor<4xi1>
    %2 = call @either(%1, %arg1) : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>
    %3 = stablehlo.add %arg2, %arg2 : tensor<4xi8>
    %cst = stablehlo.constant dense<1.000000e+00> : tensor<4xf32>
    %cst_0 = stablehlo.constant dense<0.000000e+00> : tensor<4xf32>
    %4 = stablehlo.select %2, %cst, %cst_0 : tensor<4xi1>, tensor<4xf32>
    %5 = stablehlo.convert %3 : (tensor<4xi8>) -> tensor<4xf32>
    return %2, %3, %4, %5 : tensor<4xi1>, tensor<4xi8>, tensor<4xf32>, tensor<4xf32>
  }
  func.func private @either(%arg0: tensor<4xi1>, %arg1: tensor<4xi1>) -> tensor<4xi1> {
    %0 = stablehlo.or %arg0, %arg1 : tensor<4xi1>
    return %0 : tensor<4xi1>
  }
}
