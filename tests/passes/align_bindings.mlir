// pass: align-bindings
// The second binding begins at a multiple of 12 bytes, which 4 divides, whatever the subscript is.
module {
  stream.executable private @executable {
    stream.executable.export public @kernel
    builtin.module {
      func.func @kernel(%arg0: !stream.binding {stream.alignment = 64 : index}, %arg1: !stream.binding {stream.alignment = 64 : index}) {
        return
      }
    }
  }
  util.func public @main(%i: index) -> (!stream.resource<external>, !stream.timepoint) {
    %c12 = arith.constant 12 : index
    %c64 = arith.constant 64 : index
    %c640 = arith.constant 640 : index
    %r, %0 = stream.resource.alloca uninitialized : !stream.resource<external>{%c640} => !stream.timepoint
    %row = arith.muli %i, %c12 : index
    %1 = stream.cmd.execute await(%0) => with(%r as %arg0: !stream.resource<external>{%c640}) {
      stream.cmd.dispatch @executable::@kernel {
        ro %arg0[%c64 for %c12] : !stream.resource<external>{%c640},
        wo %arg0[%row for %c12] : !stream.resource<external>{%c640}
      }
    } => !stream.timepoint
    util.return %r, %1 : !stream.resource<external>, !stream.timepoint
  }
}
// -----
module {
  stream.executable private @executable {
    stream.executable.export public @kernel 
    builtin.module {
      func.func @kernel(%arg0: !stream.binding {stream.alignment = 16 : index}, %arg1: !stream.binding {stream.alignment = 4 : index}) {
        return
      }
    }
  }
  util.func public @main(%arg0: index) -> (!stream.resource<external>, !stream.timepoint) {
    %c12 = arith.constant 12 : index
    %c64 = arith.constant 64 : index
    %c640 = arith.constant 640 : index
    %result, %result_timepoint = stream.resource.alloca uninitialized : !stream.resource<external>{%c640} => !stream.timepoint
    %0 = arith.muli %arg0, %c12 : index
    %1 = stream.cmd.execute await(%result_timepoint) => with(%result as %arg1: !stream.resource<external>{%c640}) {
      stream.cmd.dispatch @executable::@kernel {
        ro %arg1[%c64 for %c12] : !stream.resource<external>{%c640},
        wo %arg1[%0 for %c12] : !stream.resource<external>{%c640}
      }
    } => !stream.timepoint
    util.return %result, %1 : !stream.resource<external>, !stream.timepoint
  }
}
