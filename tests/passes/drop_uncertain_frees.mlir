// What the loop leaves may be %state, which the caller goes on using; the other memory is freed as before.
// pass: drop-uncertain-frees
util.func public @main(%state: !stream.resource<transient>, %runs: i1, %size: index, %ready: !stream.timepoint) -> (!stream.resource<transient>, !stream.timepoint) {
  %other, %made = stream.resource.alloca uninitialized await(%ready) => !stream.resource<transient>{%size} => !stream.timepoint
  cf.cond_br %runs, ^loop, ^after(%state : !stream.resource<transient>)
^loop:
  cf.br ^after(%other : !stream.resource<transient>)
^after(%left: !stream.resource<transient>):
  %first = stream.resource.dealloca origin await(%made) => %left : !stream.resource<transient>{%size} => !stream.timepoint
  %second, %again = stream.resource.alloca uninitialized await(%first) => !stream.resource<transient>{%size} => !stream.timepoint
  %third = stream.resource.dealloca await(%again) => %second : !stream.resource<transient>{%size} => !stream.timepoint
  util.return %state, %third : !stream.resource<transient>, !stream.timepoint
}
// -----
module {
  util.func public @main(%arg0: !stream.resource<transient>, %arg1: i1, %arg2: index, %arg3: !stream.timepoint) -> (!stream.resource<transient>, !stream.timepoint) {
    %result, %result_timepoint = stream.resource.alloca uninitialized await(%arg3) => !stream.resource<transient>{%arg2} => !stream.timepoint
    cf.cond_br %arg1, ^bb1, ^bb2(%arg0 : !stream.resource<transient>)
  ^bb1:  // pred: ^bb0
    cf.br ^bb2(%result : !stream.resource<transient>)
  ^bb2(%0: !stream.resource<transient>):  // 2 preds: ^bb0, ^bb1
    %result_0, %result_timepoint_1 = stream.resource.alloca uninitialized await(%result_timepoint) => !stream.resource<transient>{%arg2} => !stream.timepoint
    %1 = stream.resource.dealloca await(%result_timepoint_1) => %result_0 : !stream.resource<transient>{%arg2} => !stream.timepoint
    util.return %arg0, %1 : !stream.resource<transient>, !stream.timepoint
  }
}
