// pass: state-guards
// A guard in a branch gives its value on under a condition, which is checked there; a guard anywhere is the same.
func.func public @main(%p: tensor<i1>, %x: tensor<4xf32>, %fits: tensor<i1>) -> tensor<4xf32> {
  %0 = "stablehlo.if"(%p) ({
    %1 = stablehlo.add %x, %x : tensor<4xf32>
    %2 = stablehlo.custom_call @webtensorc.guard(%1, %fits) {backend_config = "node \22If_0\22: it does not fit"} : (tensor<4xf32>, tensor<i1>) -> tensor<4xf32>
    stablehlo.return %2 : tensor<4xf32>
  }, {
    stablehlo.return %x : tensor<4xf32>
  }) : (tensor<i1>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
// -----
module {
  func.func public @main(%arg0: tensor<i1>, %arg1: tensor<4xf32>, %arg2: tensor<i1>) -> tensor<4xf32> {
    %0 = "stablehlo.if"(%arg0) ({
      %1 = stablehlo.add %arg1, %arg1 : tensor<4xf32>
      %extracted = tensor.extract %arg2[] : tensor<i1>
      %c0_i32 = arith.constant 0 : i32
      %c9_i32 = arith.constant 9 : i32
      %2 = arith.select %extracted, %c0_i32, %c9_i32 : i32
      util.status.check_ok %2, "node \22If_0\22: it does not fit"
      stablehlo.return %1 : tensor<4xf32>
    }, {
      stablehlo.return %arg1 : tensor<4xf32>
    }) : (tensor<i1>) -> tensor<4xf32>
    return %0 : tensor<4xf32>
  }
}
