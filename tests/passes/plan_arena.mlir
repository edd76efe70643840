// pass: plan-arena
// target: x86-64-v3
// First fit put the second buffer between the first and the third, which never live at once. Packed again, those two
// share their bytes.
module {
  util.func public @main() -> (!stream.resource<external>, !stream.timepoint) {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %c128 = arith.constant 128 : index
    %c192 = arith.constant 192 : index
    %c256 = arith.constant 256 : index
    %c448 = arith.constant 448 : index
    %c1_i8 = arith.constant 1 : i8
    %r, %0 = stream.resource.alloca uninitialized : !stream.resource<external>{%c256} => !stream.timepoint
    %a, %1 = stream.resource.alloca uninitialized : !stream.resource<transient>{%c448} => !stream.timepoint
    %2 = stream.timepoint.join max(%0, %1) => !stream.timepoint
    %3 = stream.cmd.execute await(%2) => with(%r as %arg0: !stream.resource<external>{%c256}, %a as %arg1: !stream.resource<transient>{%c448}) {
      stream.cmd.fill %c1_i8, %arg1[%c0 for %c64] : i8 -> !stream.resource<transient>{%c448}
      stream.cmd.fill %c1_i8, %arg1[%c64 for %c128] : i8 -> !stream.resource<transient>{%c448}
      stream.cmd.copy %arg1[%c0], %arg0[%c0], %c64 : !stream.resource<transient>{%c448} -> !stream.resource<external>{%c256}
      stream.cmd.fill %c1_i8, %arg1[%c192 for %c256] : i8 -> !stream.resource<transient>{%c448}
      stream.cmd.copy %arg1[%c192], %arg0[%c0], %c256 : !stream.resource<transient>{%c448} -> !stream.resource<external>{%c256}
      stream.cmd.copy %arg1[%c64], %arg0[%c0], %c128 : !stream.resource<transient>{%c448} -> !stream.resource<external>{%c256}
    } => !stream.timepoint
    %4 = stream.resource.dealloca await(%3) => %a : !stream.resource<transient>{%c448} => !stream.timepoint
    util.return %r, %4 : !stream.resource<external>, !stream.timepoint
  }
}
// -----
module {
  util.func public @main() -> (!stream.resource<external>, !stream.timepoint) {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %c128 = arith.constant 128 : index
    %c256 = arith.constant 256 : index
    %c1_i8 = arith.constant 1 : i8
    %result, %result_timepoint = stream.resource.alloca uninitialized : !stream.resource<external>{%c256} => !stream.timepoint
    %c384 = arith.constant 384 : index
    %result_0, %result_timepoint_1 = stream.resource.alloca uninitialized : !stream.resource<transient>{%c384} => !stream.timepoint
    %0 = stream.timepoint.join max(%result_timepoint, %result_timepoint_1) => !stream.timepoint
    %1 = stream.cmd.execute await(%0) => with(%result as %arg0: !stream.resource<external>{%c256}, %result_0 as %arg1: !stream.resource<transient>{%c384}) {
      stream.cmd.fill %c1_i8, %arg1[%c0 for %c64] : i8 -> !stream.resource<transient>{%c384}
      stream.cmd.fill %c1_i8, %arg1[%c256 for %c128] : i8 -> !stream.resource<transient>{%c384}
      stream.cmd.copy %arg1[%c0], %arg0[%c0], %c64 : !stream.resource<transient>{%c384} -> !stream.resource<external>{%c256}
      stream.cmd.fill %c1_i8, %arg1[%c0 for %c256] : i8 -> !stream.resource<transient>{%c384}
      stream.cmd.copy %arg1[%c0], %arg0[%c0], %c256 : !stream.resource<transient>{%c384} -> !stream.resource<external>{%c256}
      stream.cmd.copy %arg1[%c256], %arg0[%c0], %c128 : !stream.resource<transient>{%c384} -> !stream.resource<external>{%c256}
    } => !stream.timepoint
    %2 = stream.resource.dealloca await(%1) => %result_0 : !stream.resource<transient>{%c384} => !stream.timepoint
    util.return %result, %2 : !stream.resource<external>, !stream.timepoint
  }
}
