// pass: unroll-loops{rounds=3,every=true}
// Four rounds become two of two; five cannot be put together by three at most;
// beside others no loop is opened.
#row = affine_map<(d0) -> (d0)>
module {
  func.func public @main(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %c5 = arith.constant 5 : index
    %0:2 = scf.for %i = %c0 to %c4 step %c1 iter_args(%a = %x, %b = %x) -> (tensor<4xf32>, tensor<4xf32>) {
      %number = arith.index_cast %i : index to i64
      %room = tensor.empty() : tensor<4xf32>
      %new = linalg.generic {indexing_maps = [#row, #row], iterator_types = ["parallel"]} ins(%b : tensor<4xf32>) outs(%room : tensor<4xf32>) {
      ^bb0(%in: f32, %out: f32):
        %n = arith.sitofp %number : i64 to f32
        %s = arith.addf %in, %n : f32
        linalg.yield %s : f32
      } -> tensor<4xf32>
      scf.yield %new, %a : tensor<4xf32>, tensor<4xf32>
    }
    %1 = scf.for %i = %c0 to %c5 step %c1 iter_args(%a = %0#0) -> (tensor<4xf32>) {
      %room = tensor.empty() : tensor<4xf32>
      %new = linalg.generic {indexing_maps = [#row, #row], iterator_types = ["parallel"]} ins(%a : tensor<4xf32>) outs(%room : tensor<4xf32>) {
      ^bb0(%in: f32, %out: f32):
        %s = math.exp %in : f32
        linalg.yield %s : f32
      } -> tensor<4xf32>
      scf.yield %new : tensor<4xf32>
    }
    %c2 = arith.constant 2 : index
    %2 = scf.for %i = %c0 to %c2 step %c1 iter_args(%a = %x) -> (tensor<4xf32>) {
      %room = tensor.empty() : tensor<4xf32>
      %new = linalg.generic {indexing_maps = [#row, #row], iterator_types = ["parallel"]} ins(%a : tensor<4xf32>) outs(%room : tensor<4xf32>) {
      ^bb0(%in: f32, %out: f32):
        %s = math.exp %in : f32
        linalg.yield %s : f32
      } -> tensor<4xf32>
      scf.yield %new : tensor<4xf32>
    }
    return %0#1, %1, %2 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  }
}
// -----
#map = affine_map<(d0) -> (d0)>
module {
  func.func public @main(%arg0: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %c5 = arith.constant 5 : index
    %c2 = arith.constant 2 : index
    %0:2 = scf.for %arg1 = %c0 to %c4 step %c2 iter_args(%arg2 = %arg0, %arg3 = %arg0) -> (tensor<4xf32>, tensor<4xf32>) {
      %3 = arith.index_cast %arg1 : index to i64
      %4 = tensor.empty() : tensor<4xf32>
      %5 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%arg3 : tensor<4xf32>) outs(%4 : tensor<4xf32>) {
      ^bb0(%in: f32, %out: f32):
        %10 = arith.sitofp %3 : i64 to f32
        %11 = arith.addf %in, %10 : f32
        linalg.yield %11 : f32
      } -> tensor<4xf32>
      %c1_1 = arith.constant 1 : index
      %6 = arith.addi %arg1, %c1_1 : index
      %7 = arith.index_cast %6 : index to i64
      %8 = tensor.empty() : tensor<4xf32>
      %9 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%arg2 : tensor<4xf32>) outs(%8 : tensor<4xf32>) {
      ^bb0(%in: f32, %out: f32):
        %10 = arith.sitofp %7 : i64 to f32
        %11 = arith.addf %in, %10 : f32
        linalg.yield %11 : f32
      } -> tensor<4xf32>
      scf.yield %9, %5 : tensor<4xf32>, tensor<4xf32>
    } {webtensorc.unrolled}
    %1 = scf.for %arg1 = %c0 to %c5 step %c1 iter_args(%arg2 = %0#0) -> (tensor<4xf32>) {
      %3 = tensor.empty() : tensor<4xf32>
      %4 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%arg2 : tensor<4xf32>) outs(%3 : tensor<4xf32>) {
      ^bb0(%in: f32, %out: f32):
        %5 = math.exp %in : f32
        linalg.yield %5 : f32
      } -> tensor<4xf32>
      scf.yield %4 : tensor<4xf32>
    }
    %c2_0 = arith.constant 2 : index
    %2 = scf.for %arg1 = %c0 to %c2_0 step %c1 iter_args(%arg2 = %arg0) -> (tensor<4xf32>) {
      %3 = tensor.empty() : tensor<4xf32>
      %4 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%arg2 : tensor<4xf32>) outs(%3 : tensor<4xf32>) {
      ^bb0(%in: f32, %out: f32):
        %5 = math.exp %in : f32
        linalg.yield %5 : f32
      } -> tensor<4xf32>
      scf.yield %4 : tensor<4xf32>
    }
    return %0#1, %1, %2 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  }
}
