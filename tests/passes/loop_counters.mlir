// pass: loop-counters
// A counter that begins at 3 and indexes rows; one that is also a result stays.
#none = affine_map<() -> ()>
#row = affine_map<(d0, d1) -> (d0, d1)>
module {
  func.func public @main(%x: tensor<9x4xf32>, %zero: tensor<1x4xf32>) -> (tensor<1x4xf32>, tensor<i64>) {
    %c0 = arith.constant 0 : i64
    %c1 = arith.constant 1 : i64
    %c6 = arith.constant 6 : i64
    %three = arith.constant dense<3> : tensor<i64>
    %one = arith.constant 1 : i64
    %0:3 = scf.for %i = %c0 to %c6 step %c1 iter_args(%n = %three, %m = %three, %sum = %zero) -> (tensor<i64>, tensor<i64>, tensor<1x4xf32>) : i64 {
      %empty = tensor.empty() : tensor<i64>
      %half = linalg.generic {indexing_maps = [#none, #none], iterator_types = []} ins(%n : tensor<i64>) outs(%empty : tensor<i64>) {
      ^bb0(%in: i64, %out: i64):
        %next = arith.divsi %in, %one : i64
        linalg.yield %next : i64
      } -> tensor<i64>
      %at = tensor.extract %half[] : tensor<i64>
      %index = arith.index_cast %at : i64 to index
      %part = tensor.extract_slice %x[%index, 0] [1, 4] [1, 1] : tensor<9x4xf32> to tensor<1x4xf32>
      %room = tensor.empty() : tensor<1x4xf32>
      %added = linalg.generic {indexing_maps = [#row, #row, #row], iterator_types = ["parallel", "parallel"]} ins(%part, %sum : tensor<1x4xf32>, tensor<1x4xf32>) outs(%room : tensor<1x4xf32>) {
      ^bb0(%a: f32, %b: f32, %out: f32):
        %s = arith.addf %a, %b : f32
        linalg.yield %s : f32
      } -> tensor<1x4xf32>
      %grown = linalg.generic {indexing_maps = [#none, #none], iterator_types = []} ins(%n : tensor<i64>) outs(%empty : tensor<i64>) {
      ^bb0(%in: i64, %out: i64):
        %next = arith.addi %in, %one : i64
        linalg.yield %next : i64
      } -> tensor<i64>
      %kept = linalg.generic {indexing_maps = [#none, #none], iterator_types = []} ins(%m : tensor<i64>) outs(%empty : tensor<i64>) {
      ^bb0(%in: i64, %out: i64):
        %next = arith.addi %in, %one : i64
        linalg.yield %next : i64
      } -> tensor<i64>
      scf.yield %grown, %kept, %added : tensor<i64>, tensor<i64>, tensor<1x4xf32>
    }
    return %0#2, %0#1 : tensor<1x4xf32>, tensor<i64>
  }
}
// -----
#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<() -> ()>
module {
  func.func public @main(%arg0: tensor<9x4xf32>, %arg1: tensor<1x4xf32>) -> (tensor<1x4xf32>, tensor<i64>) {
    %c0_i64 = arith.constant 0 : i64
    %c1_i64 = arith.constant 1 : i64
    %c6_i64 = arith.constant 6 : i64
    %cst = arith.constant dense<3> : tensor<i64>
    %c1_i64_0 = arith.constant 1 : i64
    %0:2 = scf.for %arg2 = %c0_i64 to %c6_i64 step %c1_i64 iter_args(%arg3 = %cst, %arg4 = %arg1) -> (tensor<i64>, tensor<1x4xf32>)  : i64 {
      %1 = tensor.empty() : tensor<i64>
      %c3_i64 = arith.constant 3 : i64
      %2 = arith.addi %arg2, %c3_i64 : i64
      %3 = arith.divsi %2, %c1_i64_0 : i64
      %4 = arith.index_cast %3 : i64 to index
      %extracted_slice = tensor.extract_slice %arg0[%4, 0] [1, 4] [1, 1] : tensor<9x4xf32> to tensor<1x4xf32>
      %5 = tensor.empty() : tensor<1x4xf32>
      %6 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%extracted_slice, %arg4 : tensor<1x4xf32>, tensor<1x4xf32>) outs(%5 : tensor<1x4xf32>) {
      ^bb0(%in: f32, %in_1: f32, %out: f32):
        %8 = arith.addf %in, %in_1 : f32
        linalg.yield %8 : f32
      } -> tensor<1x4xf32>
      %7 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = []} ins(%arg3 : tensor<i64>) outs(%1 : tensor<i64>) {
      ^bb0(%in: i64, %out: i64):
        %8 = arith.addi %in, %c1_i64_0 : i64
        linalg.yield %8 : i64
      } -> tensor<i64>
      scf.yield %7, %6 : tensor<i64>, tensor<1x4xf32>
    }
    return %0#1, %0#0 : tensor<1x4xf32>, tensor<i64>
  }
}
