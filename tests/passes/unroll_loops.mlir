// pass: unroll-loops{rounds=3}
// Four rounds become two of two; five cannot be put together by three at most.
#row = affine_map<(d0) -> (d0)>
module {
  func.func public @main(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
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
    return %0#1, %1 : tensor<4xf32>, tensor<4xf32>
  }
}
// -----
#map = affine_map<(d0) -> (d0)>
module {
  func.func public @main(%arg0: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %c5 = arith.constant 5 : index
    %c2 = arith.constant 2 : index
    %0:2 = scf.for %arg1 = %c0 to %c4 step %c2 iter_args(%arg2 = %arg0, %arg3 = %arg0) -> (tensor<4xf32>, tensor<4xf32>) {
      %2 = arith.index_cast %arg1 : index to i64
      %3 = tensor.empty() : tensor<4xf32>
      %4 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%arg3 : tensor<4xf32>) outs(%3 : tensor<4xf32>) {
      ^bb0(%in: f32, %out: f32):
        %9 = arith.sitofp %2 : i64 to f32
        %10 = arith.addf %in, %9 : f32
        linalg.yield %10 : f32
      } -> tensor<4xf32>
      %c1_0 = arith.constant 1 : index
      %5 = arith.addi %arg1, %c1_0 : index
      %6 = arith.index_cast %5 : index to i64
      %7 = tensor.empty() : tensor<4xf32>
      %8 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%arg2 : tensor<4xf32>) outs(%7 : tensor<4xf32>) {
      ^bb0(%in: f32, %out: f32):
        %9 = arith.sitofp %6 : i64 to f32
        %10 = arith.addf %in, %9 : f32
        linalg.yield %10 : f32
      } -> tensor<4xf32>
      scf.yield %8, %4 : tensor<4xf32>, tensor<4xf32>
    } {webtensorc.unrolled}
    %1 = scf.for %arg1 = %c0 to %c5 step %c1 iter_args(%arg2 = %0#0) -> (tensor<4xf32>) {
      %2 = tensor.empty() : tensor<4xf32>
      %3 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%arg2 : tensor<4xf32>) outs(%2 : tensor<4xf32>) {
      ^bb0(%in: f32, %out: f32):
        %4 = math.exp %in : f32
        linalg.yield %4 : f32
      } -> tensor<4xf32>
      scf.yield %3 : tensor<4xf32>
    }
    return %0#1, %1 : tensor<4xf32>, tensor<4xf32>
  }
}
