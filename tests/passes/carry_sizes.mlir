// Two tensors of open size that change places in each round; the loop carries their sizes, too.
// pass: carry-sizes
func.func @main(%a: tensor<?x2xf32>, %b: tensor<?x2xf32>, %n: index) -> (tensor<?x2xf32>, tensor<?x2xf32>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %0:2 = scf.for %i = %zero to %n step %one iter_args(%x = %a, %y = %b) -> (tensor<?x2xf32>, tensor<?x2xf32>) {
    scf.yield %y, %x : tensor<?x2xf32>, tensor<?x2xf32>
  }
  return %0#0, %0#1 : tensor<?x2xf32>, tensor<?x2xf32>
}
// -----
module {
  func.func @main(%arg0: tensor<?x2xf32>, %arg1: tensor<?x2xf32>, %arg2: index) -> (tensor<?x2xf32>, tensor<?x2xf32>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c0_0 = arith.constant 0 : index
    %dim = tensor.dim %arg0, %c0_0 : tensor<?x2xf32>
    %c2 = arith.constant 2 : index
    %c0_1 = arith.constant 0 : index
    %dim_2 = tensor.dim %arg1, %c0_1 : tensor<?x2xf32>
    %c2_3 = arith.constant 2 : index
    %0:4 = scf.for %arg3 = %c0 to %arg2 step %c1 iter_args(%arg4 = %arg0, %arg5 = %arg1, %arg6 = %dim, %arg7 = %dim_2) -> (tensor<?x2xf32>, tensor<?x2xf32>, index, index) {
      %3 = flow.tensor.tie_shape %arg4 : tensor<?x2xf32>{%arg6}
      %4 = flow.tensor.tie_shape %arg5 : tensor<?x2xf32>{%arg7}
      %c0_4 = arith.constant 0 : index
      %dim_5 = tensor.dim %4, %c0_4 : tensor<?x2xf32>
      %c0_6 = arith.constant 0 : index
      %dim_7 = tensor.dim %3, %c0_6 : tensor<?x2xf32>
      scf.yield %4, %3, %dim_5, %dim_7 : tensor<?x2xf32>, tensor<?x2xf32>, index, index
    } {webtensorc.carries_sizes}
    %1 = flow.tensor.tie_shape %0#0 : tensor<?x2xf32>{%0#2}
    %2 = flow.tensor.tie_shape %0#1 : tensor<?x2xf32>{%0#3}
    return %1, %2 : tensor<?x2xf32>, tensor<?x2xf32>
  }
}
