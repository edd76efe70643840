// The counter and the flag go to a block that takes offsets as well; the last block takes no numbers of 64 bits.
// pass: widen-arguments
util.func public @main(%n: i32, %flag: i1, %scale: f32, %a: index) -> f32 {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  cf.br ^bb1(%c0, %a, %flag, %scale : i32, index, i1, f32)
^bb1(%i: i32, %offset: index, %again: i1, %s: f32):
  %more = arith.cmpi slt, %i, %n : i32
  %go = arith.andi %more, %again : i1
  %next = arith.addi %i, %c1 : i32
  cf.cond_br %go, ^bb1(%next, %offset, %more, %s : i32, index, i1, f32), ^bb2(%s : f32)
^bb2(%r: f32):
  util.return %r : f32
}
// -----
module {
  util.func public @main(%arg0: i32, %arg1: i1, %arg2: f32, %arg3: index) -> f32 {
    %c0_i32 = arith.constant 0 : i32
    %c1_i32 = arith.constant 1 : i32
    %0 = arith.extui %c0_i32 : i32 to i64
    %1 = arith.extui %arg1 : i1 to i64
    %2 = arith.bitcast %arg2 : f32 to i32
    %3 = arith.extui %2 : i32 to i64
    cf.br ^bb1(%0, %arg3, %1, %3 : i64, index, i64, i64)
  ^bb1(%4: i64, %5: index, %6: i64, %7: i64):  // 2 preds: ^bb0, ^bb1
    %8 = arith.trunci %7 : i64 to i32
    %9 = arith.bitcast %8 : i32 to f32
    %10 = arith.trunci %6 : i64 to i1
    %11 = arith.trunci %4 : i64 to i32
    %12 = arith.cmpi slt, %11, %arg0 : i32
    %13 = arith.andi %12, %10 : i1
    %14 = arith.addi %11, %c1_i32 : i32
    %15 = arith.extui %14 : i32 to i64
    %16 = arith.extui %12 : i1 to i64
    %17 = arith.bitcast %9 : f32 to i32
    %18 = arith.extui %17 : i32 to i64
    cf.cond_br %13, ^bb1(%15, %5, %16, %18 : i64, index, i64, i64), ^bb2(%9 : f32)
  ^bb2(%19: f32):  // pred: ^bb1
    util.return %19 : f32
  }
}
