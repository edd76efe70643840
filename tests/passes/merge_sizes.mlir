// One product computed three times: for two of them overflow has been ruled out, and one is in a loop.
// pass: merge-sizes
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
  %other = arith.addi %last, %second : index
  util.return %other : index
}
// -----
module {
  util.func public @main(%arg0: !hal.buffer_view, %arg1: index) -> index {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %0 = hal.buffer_view.dim<%arg0 : !hal.buffer_view>[0] : index
    %1 = arith.muli %0, %c2 : index
    %2 = scf.for %arg2 = %c0 to %arg1 step %c1 iter_args(%arg3 = %1) -> (index) {
      %4 = arith.addi %arg3, %1 : index
      scf.yield %4 : index
    }
    %3 = arith.addi %2, %1 : index
    util.return %3 : index
  }
}
