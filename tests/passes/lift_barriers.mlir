// A barrier on tensors goes; one on a number that has no storage stays.
// pass: lift-barriers
util.func public @main(%x: tensor<4xf32>, %n: index) -> (tensor<4xf32>, tensor<4xf32>, index) {
  %0 = util.optimization_barrier %x : tensor<4xf32>
  %1 = flow.tensor.clone %0 : tensor<4xf32>
  %2 = util.optimization_barrier %n : index
  util.return %1, %x, %2 : tensor<4xf32>, tensor<4xf32>, index
}
// -----
module {
  util.func public @main(%arg0: tensor<4xf32>, %arg1: index) -> (tensor<4xf32>, tensor<4xf32>, index) {
    %0 = flow.tensor.clone %arg0 : tensor<4xf32>
    %1 = util.optimization_barrier %arg1 : index
    util.return %0, %arg0, %1 : tensor<4xf32>, tensor<4xf32>, index
  }
}
