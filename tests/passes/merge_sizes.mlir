// One product computed three times: for two of them overflow has been ruled out, and one is in a loop. A loop that begins
// with a constant that was computed ahead.
// pass: merge-sizes
util.global private @zeros = dense<0.0> : tensor<4xf32>
util.func public @main(%view: !hal.buffer_view, %count: index) -> index {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %rows = hal.buffer_view.dim<%view : !hal.buffer_view>[0] : index
  %first = arith.muli %rows, %two overflow<nsw> : index
  %second = arith.muli %rows, %two : index
  %last = scf.for %i = %zero to %count step %one iter_args(%state = %first) -> (index) {
    %third = arith.muli %rows, %two overflow<nsw> : index
    %next = arith.addi %state, %third : index
    scf.yield %next : index
  }
  %zeros = util.global.load @zeros : tensor<4xf32>
  %same = scf.for %i = %zero to %count step %one iter_args(%state = %zeros) -> (tensor<4xf32>) {
    %next = flow.tensor.clone %state : tensor<4xf32>
    scf.yield %next : tensor<4xf32>
  }
  util.optimization_barrier %same : tensor<4xf32>
  %other = arith.addi %last, %second : index
  util.return %other : index
}
// -----
module {
  util.global private @zeros = dense<0.000000e+00> : tensor<4xf32>
  util.func public @main(%arg0: !hal.buffer_view, %arg1: index) -> index {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %0 = hal.buffer_view.dim<%arg0 : !hal.buffer_view>[0] : index
    %1 = arith.muli %0, %c2 : index
    %2 = scf.for %arg2 = %c0 to %arg1 step %c1 iter_args(%arg3 = %1) -> (index) {
      %6 = arith.addi %arg3, %1 : index
      scf.yield %6 : index
    }
    %zeros = util.global.load @zeros : tensor<4xf32>
    %cst = arith.constant dense<0.000000e+00> : tensor<4xf32>
    %3 = scf.for %arg2 = %c0 to %arg1 step %c1 iter_args(%arg3 = %cst) -> (tensor<4xf32>) {
      %6 = flow.tensor.clone %arg3 : tensor<4xf32>
      scf.yield %6 : tensor<4xf32>
    }
    %4 = util.optimization_barrier %3 : tensor<4xf32>
    %5 = arith.addi %2, %1 : index
    util.return %5 : index
  }
}
