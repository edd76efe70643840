// Two open sizes of float32, and no more than 2^58 bytes: 2^27 each, an element having 16 bytes at most. What is no size of a tensor stays.
// pass: bound-sizes
util.func public @main(%view: !hal.buffer_view, %count: index) -> !hal.buffer_view {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %rows = hal.buffer_view.dim<%view : !hal.buffer_view>[0] : index
  %columns = hal.buffer_view.dim<%view : !hal.buffer_view>[1] : index
  %x = hal.tensor.import %view "x" : !hal.buffer_view -> tensor<?x?xf32>{%rows, %columns}
  %last = scf.for %i = %zero to %count step %one iter_args(%state = %x) -> (tensor<?x?xf32>) {
    %next = flow.tensor.clone %state : tensor<?x?xf32>{%rows, %columns}
    scf.yield %next : tensor<?x?xf32>
  }
  %result = hal.tensor.export %last "y" : tensor<?x?xf32>{%rows, %columns} -> !hal.buffer_view
  util.return %result : !hal.buffer_view
}
// -----
module {
  util.func public @main(%arg0: !hal.buffer_view, %arg1: index) -> !hal.buffer_view {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %0 = hal.buffer_view.dim<%arg0 : !hal.buffer_view>[0] : index
    %1 = util.assume.int %0<umin = 0, umax = 134217728> : index
    %2 = hal.buffer_view.dim<%arg0 : !hal.buffer_view>[1] : index
    %3 = util.assume.int %2<umin = 0, umax = 134217728> : index
    %4 = hal.tensor.import %arg0 "x" : !hal.buffer_view -> tensor<?x?xf32>{%1, %3}
    %5 = scf.for %arg2 = %c0 to %arg1 step %c1 iter_args(%arg3 = %4) -> (tensor<?x?xf32>) {
      %7 = flow.tensor.clone %arg3 : tensor<?x?xf32>{%1, %3}
      scf.yield %7 : tensor<?x?xf32>
    }
    %6 = hal.tensor.export %5 "y" : tensor<?x?xf32>{%1, %3} -> !hal.buffer_view
    util.return %6 : !hal.buffer_view
  }
}
