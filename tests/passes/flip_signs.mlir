// Of bfloat16 only: other types have an instruction that keeps the sign of NaN.
// pass: flip-signs
func.func @main(%x: bf16, %y: f16) -> (bf16, f16) {
  %0 = arith.negf %x : bf16
  %1 = arith.negf %y : f16
  return %0, %1 : bf16, f16
}
// -----
module {
  func.func @main(%arg0: bf16, %arg1: f16) -> (bf16, f16) {
    %c-32768_i16 = arith.constant -32768 : i16
    %0 = arith.bitcast %arg0 : bf16 to i16
    %1 = arith.xori %0, %c-32768_i16 : i16
    %2 = arith.bitcast %1 : i16 to bf16
    %3 = arith.negf %arg1 : f16
    return %2, %3 : bf16, f16
  }
}
