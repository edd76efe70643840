// A loop that runs while a number is true, and one that counts; of what reads nothing but a size, and what reads more.
// pass: fence-loops
util.func public @main(%x: tensor<f32>, %flag: tensor<i1>, %count: index) -> (tensor<f32>, tensor<f32>, tensor<?xi64>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %y = scf.while (%value = %x) : (tensor<f32>) -> tensor<f32> {
    %goes_on = flow.tensor.load %flag : tensor<i1>
    scf.condition(%goes_on) %value : tensor<f32>
  } do {
  ^bb0(%value: tensor<f32>):
    %next = flow.tensor.clone %value : tensor<f32>
    scf.yield %next : tensor<f32>
  }
  %z = scf.for %i = %zero to %count step %one iter_args(%state = %x) -> (tensor<f32>) {
    %next = flow.tensor.clone %state : tensor<f32>
    scf.yield %next : tensor<f32>
  }
  %iota = flow.dispatch @count::@count(%count) : (index) -> tensor<?xi64>{%count}
  %more = flow.dispatch @more::@more(%iota, %count) : (tensor<?xi64>{%count}, index) -> tensor<?xi64>{%count}
  util.return %y, %z, %more : tensor<f32>, tensor<f32>, tensor<?xi64>
}
// -----
module {
  util.func public @main(%arg0: tensor<f32>, %arg1: tensor<i1>, %arg2: index) -> (tensor<f32>, tensor<f32>, tensor<?xi64>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %0 = scf.while (%arg3 = %arg0) : (tensor<f32>) -> tensor<f32> {
      %5 = flow.tensor.load %arg1 : tensor<i1>
      %6 = util.optimization_barrier %5 : i1
      scf.condition(%6) %arg3 : tensor<f32>
    } do {
    ^bb0(%arg3: tensor<f32>):
      %5 = flow.tensor.clone %arg3 : tensor<f32>
      scf.yield %5 : tensor<f32>
    }
    %1 = scf.for %arg3 = %c0 to %arg2 step %c1 iter_args(%arg4 = %arg0) -> (tensor<f32>) {
      %5 = flow.tensor.clone %arg4 : tensor<f32>
      scf.yield %5 : tensor<f32>
    }
    %2 = flow.dispatch @count::@count(%arg2) : (index) -> tensor<?xi64>{%arg2}
    %3 = flow.tensor.barrier %2 : tensor<?xi64>{%arg2} on #hal.device.affinity<@__device_0>
    %4 = flow.dispatch @more::@more(%3, %arg2) : (tensor<?xi64>{%arg2}, index) -> tensor<?xi64>{%arg2}
    util.return %0, %1, %4 : tensor<f32>, tensor<f32>, tensor<?xi64>
  }
}
