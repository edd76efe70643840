// A loop that leaves one of two tensors, the second; the first is a constant after the first round. And one that carries
// one tensor and leaves two, of which every round makes the second anew. And one that
// leaves one tensor in two shapes. And one that leaves one tensor twice.
// pass: even-loops
util.func public @main(%x: tensor<f32>, %flag: tensor<i1>) -> tensor<f32> {
  %never = arith.constant dense<false> : tensor<i1>
  %y = scf.while (%first = %flag, %value = %x) : (tensor<i1>, tensor<f32>) -> tensor<f32> {
    %next = flow.tensor.clone %value : tensor<f32>
    %goes_on = flow.tensor.load %first : tensor<i1>
    scf.condition(%goes_on) %next : tensor<f32>
  } do {
  ^bb0(%value: tensor<f32>):
    scf.yield %never, %value : tensor<i1>, tensor<f32>
  }
  util.return %y : tensor<f32>
}
util.func public @more(%x: tensor<f32>, %flag: tensor<i1>) -> (tensor<f32>, tensor<f32>) {
  %y:2 = scf.while (%value = %x) : (tensor<f32>) -> (tensor<f32>, tensor<f32>) {
    %next = flow.tensor.clone %value : tensor<f32>
    %other = flow.tensor.clone %value : tensor<f32>
    %goes_on = flow.tensor.load %flag : tensor<i1>
    scf.condition(%goes_on) %next, %other : tensor<f32>, tensor<f32>
  } do {
  ^bb0(%value: tensor<f32>, %unused: tensor<f32>):
    scf.yield %value : tensor<f32>
  }
  util.return %y#0, %y#1 : tensor<f32>, tensor<f32>
}
util.func public @shapes(%x: tensor<2xf32>, %y: tensor<1x2xf32>, %flag: tensor<i1>) -> (tensor<2xf32>, tensor<1x2xf32>) {
  %z:2 = scf.while (%value = %x, %row = %y) : (tensor<2xf32>, tensor<1x2xf32>) -> (tensor<2xf32>, tensor<1x2xf32>) {
    %next = flow.tensor.clone %value : tensor<2xf32>
    %shaped = flow.tensor.reshape %next : tensor<2xf32> -> tensor<1x2xf32>
    %goes_on = flow.tensor.load %flag : tensor<i1>
    scf.condition(%goes_on) %next, %shaped : tensor<2xf32>, tensor<1x2xf32>
  } do {
  ^bb0(%value: tensor<2xf32>, %row: tensor<1x2xf32>):
    scf.yield %value, %row : tensor<2xf32>, tensor<1x2xf32>
  }
  util.return %z#0, %z#1 : tensor<2xf32>, tensor<1x2xf32>
}

util.func public @twice(%x: tensor<f32>, %y: tensor<f32>, %flag: tensor<i1>) -> (tensor<f32>, tensor<f32>) {
  %z:2 = scf.while (%value = %x, %best = %y) : (tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>) {
    %next = flow.dispatch @next(%value, %best) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    %goes_on = flow.tensor.load %flag : tensor<i1>
    scf.condition(%goes_on) %next, %next : tensor<f32>, tensor<f32>
  } do {
  ^bb0(%value: tensor<f32>, %best: tensor<f32>):
    scf.yield %value, %best : tensor<f32>, tensor<f32>
  }
  util.return %z#0, %z#1 : tensor<f32>, tensor<f32>
}

// -----
module {
  util.func public @main(%arg0: tensor<f32>, %arg1: tensor<i1>) -> tensor<f32> {
    %cst = arith.constant dense<false> : tensor<i1>
    %0:2 = scf.while (%arg2 = %arg1, %arg3 = %arg0) : (tensor<i1>, tensor<f32>) -> (tensor<i1>, tensor<f32>) {
      %2 = flow.tensor.clone %arg3 : tensor<f32>
      %3 = flow.tensor.load %arg2 : tensor<i1>
      scf.condition(%3) %arg2, %2 : tensor<i1>, tensor<f32>
    } do {
    ^bb0(%arg2: tensor<i1>, %arg3: tensor<f32>):
      scf.yield %cst, %arg3 : tensor<i1>, tensor<f32>
    }
    %1 = util.optimization_barrier %0#0 : tensor<i1>
    util.return %0#1 : tensor<f32>
  }
  util.func public @more(%arg0: tensor<f32>, %arg1: tensor<i1>) -> (tensor<f32>, tensor<f32>) {
    %0 = flow.tensor.empty : tensor<f32>
    %1:2 = scf.while (%arg2 = %arg0, %arg3 = %0) : (tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>) {
      %2 = util.optimization_barrier %arg3 : tensor<f32>
      %3 = flow.tensor.clone %arg2 : tensor<f32>
      %4 = flow.tensor.clone %arg2 : tensor<f32>
      %5 = flow.tensor.load %arg1 : tensor<i1>
      scf.condition(%5) %3, %4 : tensor<f32>, tensor<f32>
    } do {
    ^bb0(%arg2: tensor<f32>, %arg3: tensor<f32>):
      scf.yield %arg2, %arg3 : tensor<f32>, tensor<f32>
    }
    util.return %1#0, %1#1 : tensor<f32>, tensor<f32>
  }
  util.func public @shapes(%arg0: tensor<2xf32>, %arg1: tensor<1x2xf32>, %arg2: tensor<i1>) -> (tensor<2xf32>, tensor<1x2xf32>) {
    %0:2 = scf.while (%arg3 = %arg0, %arg4 = %arg1) : (tensor<2xf32>, tensor<1x2xf32>) -> (tensor<2xf32>, tensor<1x2xf32>) {
      %1 = flow.tensor.clone %arg3 : tensor<2xf32>
      %2 = flow.tensor.reshape %1 : tensor<2xf32> -> tensor<1x2xf32>
      %3 = flow.tensor.load %arg2 : tensor<i1>
      %4 = util.optimization_barrier %2 : tensor<1x2xf32>
      scf.condition(%3) %1, %4 : tensor<2xf32>, tensor<1x2xf32>
    } do {
    ^bb0(%arg3: tensor<2xf32>, %arg4: tensor<1x2xf32>):
      scf.yield %arg3, %arg4 : tensor<2xf32>, tensor<1x2xf32>
    }
    util.return %0#0, %0#1 : tensor<2xf32>, tensor<1x2xf32>
  }
  util.func public @twice(%arg0: tensor<f32>, %arg1: tensor<f32>, %arg2: tensor<i1>) -> (tensor<f32>, tensor<f32>) {
    %0:2 = scf.while (%arg3 = %arg0, %arg4 = %arg1) : (tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>) {
      %1 = flow.dispatch @next(%arg3, %arg4) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      %2 = flow.tensor.load %arg2 : tensor<i1>
      %3 = util.optimization_barrier %1 : tensor<f32>
      scf.condition(%2) %1, %3 : tensor<f32>, tensor<f32>
    } do {
    ^bb0(%arg3: tensor<f32>, %arg4: tensor<f32>):
      scf.yield %arg3, %arg4 : tensor<f32>, tensor<f32>
    }
    util.return %0#0, %0#1 : tensor<f32>, tensor<f32>
  }
}
