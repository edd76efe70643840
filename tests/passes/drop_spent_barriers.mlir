// The first barrier has done what it was for; the second one is read behind.
// pass: drop-spent-barriers
util.func public @main(%state: !stream.resource<external>, %other: i1) -> i1 {
  %0 = util.optimization_barrier %state : !stream.resource<external>
  %1 = util.optimization_barrier %other : i1
  util.return %1 : i1
}
// -----
module {
  util.func public @main(%arg0: !stream.resource<external>, %arg1: i1) -> i1 {
    %0 = util.optimization_barrier %arg1 : i1
    util.return %0 : i1
  }
}
