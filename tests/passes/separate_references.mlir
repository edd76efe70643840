// The buffer and the fence that the body hands over several times are as many values, each made of the one before, as
// equal ones would be joined again; numbers may be repeated.
// pass: separate-references
util.func public @main(%a: !hal.buffer, %b: !hal.buffer, %f: !hal.fence, %n: index) -> !hal.buffer {
  %c1 = arith.constant 1 : index
  cf.br ^bb1(%a, %b, %f, %f, %f, %n, %n : !hal.buffer, !hal.buffer, !hal.fence, !hal.fence, !hal.fence, index, index)
^bb1(%x: !hal.buffer, %y: !hal.buffer, %p: !hal.fence, %q: !hal.fence, %r: !hal.fence, %i: index, %j: index):
  %more = arith.cmpi slt, %c1, %i : index
  cf.cond_br %more, ^bb1(%y, %y, %p, %q, %r, %j, %j : !hal.buffer, !hal.buffer, !hal.fence, !hal.fence, !hal.fence, index, index), ^bb2(%y : !hal.buffer)
^bb2(%left: !hal.buffer):
  util.return %left : !hal.buffer
}
// -----
module {
  util.func public @main(%arg0: !hal.buffer, %arg1: !hal.buffer, %arg2: !hal.fence, %arg3: index) -> !hal.buffer {
    %c1 = arith.constant 1 : index
    %0 = util.null : !hal.fence
    %1 = util.cmp.ne %arg2, %0 : !hal.fence
    %2 = arith.select %1, %arg2, %0 : !hal.fence
    %3 = util.null : !hal.fence
    %4 = util.cmp.ne %2, %3 : !hal.fence
    %5 = arith.select %4, %2, %3 : !hal.fence
    cf.br ^bb1(%arg0, %arg1, %arg2, %2, %5, %arg3, %arg3 : !hal.buffer, !hal.buffer, !hal.fence, !hal.fence, !hal.fence, index, index)
  ^bb1(%6: !hal.buffer, %7: !hal.buffer, %8: !hal.fence, %9: !hal.fence, %10: !hal.fence, %11: index, %12: index):  // 2 preds: ^bb0, ^bb1
    %13 = arith.cmpi slt, %c1, %11 : index
    %14 = util.null : !hal.buffer
    %15 = util.cmp.ne %7, %14 : !hal.buffer
    %16 = arith.select %15, %7, %14 : !hal.buffer
    cf.cond_br %13, ^bb1(%7, %16, %8, %9, %10, %12, %12 : !hal.buffer, !hal.buffer, !hal.fence, !hal.fence, !hal.fence, index, index), ^bb2(%7 : !hal.buffer)
  ^bb2(%17: !hal.buffer):  // pred: ^bb1
    util.return %17 : !hal.buffer
  }
}
