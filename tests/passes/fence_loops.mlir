// A loop that runs while a number is true, and one that counts; of what reads nothing but sizes, and what reads more.
// pass: fence-loops
util.func public @main(%x: tensor<f32>, %flag: tensor<i1>, %count: index) -> (tensor<f32>, tensor<f32>, tensor<?xi64>, tensor<i64>, tensor<?xf32>) {
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
  %rounds, %row = flow.dispatch @rounds::@rounds(%count, %zero) : (index, index) -> (tensor<i64>, tensor<?xf32>{%count})
  %fixed = flow.dispatch @fixed::@fixed() : () -> tensor<f32>
  %w = flow.dispatch @last::@last(%z, %fixed) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  util.return %y, %w, %more, %rounds, %row : tensor<f32>, tensor<f32>, tensor<?xi64>, tensor<i64>, tensor<?xf32>
}
// -----
module {
  util.func public @main(%arg0: tensor<f32>, %arg1: tensor<i1>, %arg2: index) -> (tensor<f32>, tensor<f32>, tensor<?xi64>, tensor<i64>, tensor<?xf32>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %0 = scf.while (%arg3 = %arg0) : (tensor<f32>) -> tensor<f32> {
      %10 = flow.tensor.load %arg1 : tensor<i1>
      %11 = util.optimization_barrier %10 : i1
      scf.condition(%11) %arg3 : tensor<f32>
    } do {
    ^bb0(%arg3: tensor<f32>):
      %10 = flow.tensor.clone %arg3 : tensor<f32>
      scf.yield %10 : tensor<f32>
    }
    %1 = scf.for %arg3 = %c0 to %arg2 step %c1 iter_args(%arg4 = %arg0) -> (tensor<f32>) {
      %10 = flow.tensor.clone %arg4 : tensor<f32>
      scf.yield %10 : tensor<f32>
    }
    %2 = flow.dispatch @count::@count(%arg2) : (index) -> tensor<?xi64>{%arg2}
    %3 = flow.tensor.barrier %2 : tensor<?xi64>{%arg2} on #hal.device.affinity<@__device_0>
    %4 = flow.dispatch @more::@more(%3, %arg2) : (tensor<?xi64>{%arg2}, index) -> tensor<?xi64>{%arg2}
    %5:2 = flow.dispatch @rounds::@rounds(%arg2, %c0) : (index, index) -> (tensor<i64>, tensor<?xf32>{%arg2})
    %6 = flow.tensor.barrier %5#1 : tensor<?xf32>{%arg2} on #hal.device.affinity<@__device_0>
    %7 = flow.tensor.barrier %5#0 : tensor<i64> on #hal.device.affinity<@__device_0>
    %8 = flow.dispatch @fixed::@fixed() : () -> tensor<f32>
    %9 = flow.dispatch @last::@last(%1, %8) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    util.return %0, %9, %4, %7, %6 : tensor<f32>, tensor<f32>, tensor<?xi64>, tensor<i64>, tensor<?xf32>
  }
}
