// A cumulative minimum of unsigned numbers compares unsigned; a reversal compares nothing.
// pass: signless-windows

func.func public @main(%x: tensor<8xui16>) -> (tensor<8xui16>, tensor<8xui16>) {
  %c = stablehlo.constant dense<65535> : tensor<ui16>
  %0 = "stablehlo.reduce_window"(%x, %c) <{
    padding = dense<[[7, 0]]> : tensor<1x2xi64>, window_dimensions = array<i64: 8>
  }> ({
  ^bb0(%a: tensor<ui16>, %b: tensor<ui16>):
    %2 = stablehlo.minimum %a, %b : tensor<ui16>
    stablehlo.return %2 : tensor<ui16>
  }) : (tensor<8xui16>, tensor<ui16>) -> tensor<8xui16>
  %1 = stablehlo.reverse %x, dims = [0] : tensor<8xui16>
  return %0, %1 : tensor<8xui16>, tensor<8xui16>
}
// -----
module {
  func.func public @main(%arg0: tensor<8xui16>) -> (tensor<8xui16>, tensor<8xui16>) {
    %c = stablehlo.constant dense<65535> : tensor<ui16>
    %0 = stablehlo.bitcast_convert %arg0 : (tensor<8xui16>) -> tensor<8xi16>
    %c_0 = stablehlo.constant dense<-1> : tensor<i16>
    %1 = "stablehlo.reduce_window"(%0, %c_0) <{padding = dense<[[7, 0]]> : tensor<1x2xi64>, window_dimensions = array<i64: 8>}> ({
    ^bb0(%arg1: tensor<i16>, %arg2: tensor<i16>):
      %6 = stablehlo.bitcast_convert %arg1 : (tensor<i16>) -> tensor<ui16>
      %7 = stablehlo.bitcast_convert %arg2 : (tensor<i16>) -> tensor<ui16>
      %8 = stablehlo.minimum %6, %7 : tensor<ui16>
      %9 = stablehlo.bitcast_convert %8 : (tensor<ui16>) -> tensor<i16>
      stablehlo.return %9 : tensor<i16>
    }) : (tensor<8xi16>, tensor<i16>) -> tensor<8xi16>
    %2 = stablehlo.bitcast_convert %1 : (tensor<8xi16>) -> tensor<8xui16>
    %3 = stablehlo.bitcast_convert %arg0 : (tensor<8xui16>) -> tensor<8xi16>
    %4 = stablehlo.reverse %3, dims = [0] : tensor<8xi16>
    %5 = stablehlo.bitcast_convert %4 : (tensor<8xi16>) -> tensor<8xui16>
    return %2, %5 : tensor<8xui16>, tensor<8xui16>
  }
}
