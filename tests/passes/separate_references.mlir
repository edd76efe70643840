// The buffer and the fence that the body hands over twice are two values each; numbers may be repeated.
// pass: separate-references
util.func public @main(%a: !hal.buffer, %b: !hal.buffer, %f: !hal.fence, %n: index) -> !hal.buffer {
  %c1 = arith.constant 1 : index
  cf.br ^bb1(%a, %b, %f, %f, %n, %n : !hal.buffer, !hal.buffer, !hal.fence, !hal.fence, index, index)
^bb1(%x: !hal.buffer, %y: !hal.buffer, %p: !hal.fence, %q: !hal.fence, %i: index, %j: index):
  %more = arith.cmpi slt, %c1, %i : index
  cf.cond_br %more, ^bb1(%y, %y, %p, %q, %j, %j : !hal.buffer, !hal.buffer, !hal.fence, !hal.fence, index, index), ^bb2(%y : !hal.buffer)
^bb2(%r: !hal.buffer):
  util.return %r : !hal.buffer
}
// -----
module {
  util.func public @main(%arg0: !hal.buffer, %arg1: !hal.buffer, %arg2: !hal.fence, %arg3: index) -> !hal.buffer {
    %c1 = arith.constant 1 : index
    %0 = util.null : !hal.fence
    %1 = util.cmp.ne %arg2, %0 : !hal.fence
    %2 = arith.select %1, %arg2, %0 : !hal.fence
    cf.br ^bb1(%arg0, %arg1, %arg2, %2, %arg3, %arg3 : !hal.buffer, !hal.buffer, !hal.fence, !hal.fence, index, index)
  ^bb1(%3: !hal.buffer, %4: !hal.buffer, %5: !hal.fence, %6: !hal.fence, %7: index, %8: index):  // 2 preds: ^bb0, ^bb1
    %9 = arith.cmpi slt, %c1, %7 : index
    %10 = util.null : !hal.buffer
    %11 = util.cmp.ne %4, %10 : !hal.buffer
    %12 = arith.select %11, %4, %10 : !hal.buffer
    cf.cond_br %9, ^bb1(%4, %12, %5, %6, %8, %8 : !hal.buffer, !hal.buffer, !hal.fence, !hal.fence, index, index), ^bb2(%4 : !hal.buffer)
  ^bb2(%13: !hal.buffer):  // pred: ^bb1
    util.return %13 : !hal.buffer
  }
}
