// A result that is read as well is read in the caller's memory; one that is written in two pieces begins there; the third
// is put there by the native compiler.
// pass: results-in-place
module {
  util.func public @main(%x: !hal.buffer_view, %r: !hal.buffer_view, %s: !hal.buffer_view, %t: !hal.buffer_view) -> (!hal.buffer_view, !hal.buffer_view, !hal.buffer_view) {
    %c0 = arith.constant 0 : index
    %c4 = arith.constant 4 : index
    %0 = hal.tensor.import %x : !hal.buffer_view -> tensor<4xf32>
    %1 = flow.dispatch @e::@double(%0) : (tensor<4xf32>) -> tensor<4xf32>
    %2 = flow.dispatch @e::@double(%1) : (tensor<4xf32>) -> tensor<4xf32>
    %3 = flow.tensor.empty : tensor<8xf32>
    %4 = flow.tensor.update %1, %3[%c0] : tensor<4xf32> -> %3 as tensor<8xf32>
    %5 = flow.dispatch @e::@behind(%0, %4) : (tensor<4xf32>, tensor<8xf32>) -> %4
    %6 = flow.tensor.reshape %5 : tensor<8xf32> -> tensor<2x4xf32>
    %7 = hal.tensor.alias %1 : tensor<4xf32> to %r : !hal.buffer_view
    %8 = hal.tensor.alias %6 : tensor<2x4xf32> to %s : !hal.buffer_view
    %9 = hal.tensor.alias %2 : tensor<4xf32> to %t : !hal.buffer_view
    %10 = hal.tensor.export %7 : tensor<4xf32> -> !hal.buffer_view
    %11 = hal.tensor.export %8 : tensor<2x4xf32> -> !hal.buffer_view
    %12 = hal.tensor.export %9 : tensor<4xf32> -> !hal.buffer_view
    util.return %10, %11, %12 : !hal.buffer_view, !hal.buffer_view, !hal.buffer_view
  }
  flow.executable private @e {
    flow.executable.export public @double
    flow.executable.export public @behind
  }
}
// -----
module {
  util.func public @main(%arg0: !hal.buffer_view, %arg1: !hal.buffer_view, %arg2: !hal.buffer_view, %arg3: !hal.buffer_view) -> (!hal.buffer_view, !hal.buffer_view, !hal.buffer_view) {
    %0 = hal.tensor.import consume %arg2 : !hal.buffer_view -> tensor<2x4xf32>
    %c0 = arith.constant 0 : index
    %c4 = arith.constant 4 : index
    %1 = hal.tensor.import %arg0 : !hal.buffer_view -> tensor<4xf32>
    %2 = flow.dispatch @e::@double(%1) : (tensor<4xf32>) -> tensor<4xf32>
    %3 = hal.tensor.alias %2 : tensor<4xf32> to %arg1 : !hal.buffer_view
    %4 = flow.dispatch @e::@double(%3) : (tensor<4xf32>) -> tensor<4xf32>
    %5 = flow.tensor.empty : tensor<8xf32>
    %6 = flow.tensor.reshape %0 : tensor<2x4xf32> -> tensor<8xf32>
    %7 = flow.tensor.update %3, %6[%c0] : tensor<4xf32> -> %6 as tensor<8xf32>
    %8 = flow.dispatch @e::@behind(%1, %7) : (tensor<4xf32>, tensor<8xf32>) -> %7
    %9 = flow.tensor.reshape %8 : tensor<8xf32> -> tensor<2x4xf32>
    %10 = hal.tensor.alias %4 : tensor<4xf32> to %arg3 : !hal.buffer_view
    %11 = hal.tensor.export %3 : tensor<4xf32> -> !hal.buffer_view
    %12 = hal.tensor.export %9 : tensor<2x4xf32> -> !hal.buffer_view
    %13 = hal.tensor.export %10 : tensor<4xf32> -> !hal.buffer_view
    util.return %11, %12, %13 : !hal.buffer_view, !hal.buffer_view, !hal.buffer_view
  }
  flow.executable private @e {
    flow.executable.export public @double 
    flow.executable.export public @behind 
  }
}
