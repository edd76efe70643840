// A number that is stored into a matrix, and one whose place is not known, which stays.
// pass: flat-stores
util.func public @main(%x: tensor<2x2xi64>, %value: i64, %place: index) -> tensor<2x2xi64> {
  %first = arith.constant 0 : index
  %second = arith.constant 1 : index
  %0 = flow.tensor.store %value, %x[%second, %first] : tensor<2x2xi64>
  %1 = flow.tensor.store %value, %0[%place, %first] : tensor<2x2xi64>
  util.return %1 : tensor<2x2xi64>
}
// -----
module {
  util.func public @main(%arg0: tensor<2x2xi64>, %arg1: i64, %arg2: index) -> tensor<2x2xi64> {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %0 = flow.tensor.reshape %arg0 : tensor<2x2xi64> -> tensor<4xi64>
    %1 = flow.tensor.store %arg1, %0[%c2] : tensor<4xi64>
    %2 = flow.tensor.reshape %1 : tensor<4xi64> -> tensor<2x2xi64>
    %3 = flow.tensor.store %arg1, %2[%arg2, %c0] : tensor<2x2xi64>
    util.return %3 : tensor<2x2xi64>
  }
}
