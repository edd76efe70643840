// pass: tile-contractions
// target: x86-64-v4
// 49 rows are seven times seven: a tile of seven rows and four vectors of 16 lanes keeps 28 of 32 registers busy. The
// product of a vector has one row, so eight vectors go side by side. Products that no tile divides, whose result is
// transposed at once, or that are not in single precision keep the native choice.
module {
  flow.executable private @products {
    flow.executable.export public @matmul
    builtin.module {
      func.func @matmul(%arg0: tensor<49x2048xf32>, %arg1: tensor<2048x512xf32>, %arg2: tensor<512xf32>) -> tensor<49x512xf32> {
        %cst = arith.constant 0.000000e+00 : f32
        %0 = tensor.empty() : tensor<49x512xf32>
        %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<49x512xf32>) -> tensor<49x512xf32>
        %2 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d2, d1)>, affine_map<(d0, d1, d2) -> (d0, d1)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%arg0, %arg1 : tensor<49x2048xf32>, tensor<2048x512xf32>) outs(%1 : tensor<49x512xf32>) {
        ^bb0(%in: f32, %in_0: f32, %out: f32):
          %4 = arith.mulf %in, %in_0 : f32
          %5 = arith.addf %out, %4 : f32
          linalg.yield %5 : f32
        } -> tensor<49x512xf32>
        %3 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%2, %arg2 : tensor<49x512xf32>, tensor<512xf32>) outs(%0 : tensor<49x512xf32>) {
        ^bb0(%in: f32, %in_0: f32, %out: f32):
          %4 = arith.addf %in, %in_0 : f32
          linalg.yield %4 : f32
        } -> tensor<49x512xf32>
        return %3 : tensor<49x512xf32>
      }
    }
  }
  flow.executable private @vectors {
    flow.executable.export public @vecmat
    builtin.module {
      func.func @vecmat(%arg0: tensor<1022xf32>, %arg1: tensor<1022x1024xf32>, %arg2: tensor<1024xf32>) -> tensor<1024xf32> {
        %0 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]} ins(%arg0, %arg1 : tensor<1022xf32>, tensor<1022x1024xf32>) outs(%arg2 : tensor<1024xf32>) {
        ^bb0(%in: f32, %in_0: f32, %out: f32):
          %1 = arith.mulf %in, %in_0 : f32
          %2 = arith.addf %out, %1 : f32
          linalg.yield %2 : f32
        } -> tensor<1024xf32>
        return %0 : tensor<1024xf32>
      }
    }
  }
  flow.executable private @indivisible {
    flow.executable.export public @columns
    builtin.module {
      func.func @columns(%arg0: tensor<8x16xf32>, %arg1: tensor<16x1000xf32>, %arg2: tensor<8x1000xf32>) -> tensor<8x1000xf32> {
        %0 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d2, d1)>, affine_map<(d0, d1, d2) -> (d0, d1)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%arg0, %arg1 : tensor<8x16xf32>, tensor<16x1000xf32>) outs(%arg2 : tensor<8x1000xf32>) {
        ^bb0(%in: f32, %in_0: f32, %out: f32):
          %1 = arith.mulf %in, %in_0 : f32
          %2 = arith.addf %out, %1 : f32
          linalg.yield %2 : f32
        } -> tensor<8x1000xf32>
        return %0 : tensor<8x1000xf32>
      }
    }
  }
  flow.executable private @transposed {
    flow.executable.export public @result
    builtin.module {
      func.func @result(%arg0: tensor<8x16xf32>, %arg1: tensor<16x32xf32>, %arg2: tensor<8x32xf32>, %arg3: tensor<32x8xf32>) -> tensor<32x8xf32> {
        %0 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d2, d1)>, affine_map<(d0, d1, d2) -> (d0, d1)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%arg0, %arg1 : tensor<8x16xf32>, tensor<16x32xf32>) outs(%arg2 : tensor<8x32xf32>) {
        ^bb0(%in: f32, %in_0: f32, %out: f32):
          %2 = arith.mulf %in, %in_0 : f32
          %3 = arith.addf %out, %2 : f32
          linalg.yield %3 : f32
        } -> tensor<8x32xf32>
        %1 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%0 : tensor<8x32xf32>) outs(%arg3 : tensor<32x8xf32>) {
        ^bb0(%in: f32, %out: f32):
          linalg.yield %in : f32
        } -> tensor<32x8xf32>
        return %1 : tensor<32x8xf32>
      }
    }
  }
  flow.executable private @precision {
    flow.executable.export public @double
    builtin.module {
      func.func @double(%arg0: tensor<8x16xf64>, %arg1: tensor<16x32xf64>, %arg2: tensor<8x32xf64>) -> tensor<8x32xf64> {
        %0 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d2, d1)>, affine_map<(d0, d1, d2) -> (d0, d1)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%arg0, %arg1 : tensor<8x16xf64>, tensor<16x32xf64>) outs(%arg2 : tensor<8x32xf64>) {
        ^bb0(%in: f64, %in_0: f64, %out: f64):
          %1 = arith.mulf %in, %in_0 : f64
          %2 = arith.addf %out, %1 : f64
          linalg.yield %2 : f64
        } -> tensor<8x32xf64>
        return %0 : tensor<8x32xf64>
      }
    }
  }
  flow.executable private @unstructured {
    flow.executable.export public @softmax
    builtin.module {
      func.func @softmax(%arg0: tensor<8x32xf32>, %arg1: tensor<8x32xf32>) -> tensor<8x32xf32> {
        %0 = linalg.softmax dimension(1) ins(%arg0 : tensor<8x32xf32>) outs(%arg1 : tensor<8x32xf32>) -> tensor<8x32xf32>
        return %0 : tensor<8x32xf32>
      }
    }
  }
  flow.executable private @named {
    flow.executable.export public @matmul
    builtin.module {
      func.func @matmul(%arg0: tensor<16x64xf32>, %arg1: tensor<64x256xf32>, %arg2: tensor<16x256xf32>) -> tensor<16x256xf32> {
        %0 = linalg.matmul ins(%arg0, %arg1 : tensor<16x64xf32>, tensor<64x256xf32>) outs(%arg2 : tensor<16x256xf32>) -> tensor<16x256xf32>
        return %0 : tensor<16x256xf32>
      }
    }
  }
}
// -----
#config = #iree_cpu.lowering_config<distribution = [49, 64, 0], vector_common_parallel = [7, 64, 0], vector_reduction = [0, 0, 4]>
#config1 = #iree_cpu.lowering_config<distribution = [128, 0], vector_common_parallel = [128, 0], vector_reduction = [0, 2]>
#config2 = #iree_cpu.lowering_config<distribution = [16, 256, 0], vector_common_parallel = [8, 32, 0], vector_reduction = [0, 0, 4]>
#map = affine_map<(d0, d1, d2) -> (d0, d2)>
#map1 = affine_map<(d0, d1, d2) -> (d2, d1)>
#map2 = affine_map<(d0, d1, d2) -> (d0, d1)>
#map3 = affine_map<(d0, d1) -> (d0, d1)>
#map4 = affine_map<(d0, d1) -> (d1)>
#map5 = affine_map<(d0, d1) -> (d1, d0)>
#map6 = affine_map<(d0, d1) -> (d0)>
#translation = #iree_codegen.translation_info<pipeline = #iree_cpu.pipeline<DoubleTilingExpert>>
#compilation = #iree_codegen.compilation_info<lowering_config = #config, translation_info = #translation>
#compilation1 = #iree_codegen.compilation_info<lowering_config = #config1, translation_info = #translation>
#compilation2 = #iree_codegen.compilation_info<lowering_config = #config2, translation_info = #translation>
module {
  flow.executable private @products {
    flow.executable.export public @matmul 
    builtin.module {
      func.func @matmul(%arg0: tensor<49x2048xf32>, %arg1: tensor<2048x512xf32>, %arg2: tensor<512xf32>) -> tensor<49x512xf32> {
        %cst = arith.constant 0.000000e+00 : f32
        %0 = tensor.empty() : tensor<49x512xf32>
        %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<49x512xf32>) -> tensor<49x512xf32>
        %2 = linalg.generic {indexing_maps = [#map, #map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%arg0, %arg1 : tensor<49x2048xf32>, tensor<2048x512xf32>) outs(%1 : tensor<49x512xf32>) attrs =  {compilation_info = #compilation} {
        ^bb0(%in: f32, %in_0: f32, %out: f32):
          %4 = arith.mulf %in, %in_0 : f32
          %5 = arith.addf %out, %4 : f32
          linalg.yield %5 : f32
        } -> tensor<49x512xf32>
        %3 = linalg.generic {indexing_maps = [#map3, #map4, #map3], iterator_types = ["parallel", "parallel"]} ins(%2, %arg2 : tensor<49x512xf32>, tensor<512xf32>) outs(%0 : tensor<49x512xf32>) {
        ^bb0(%in: f32, %in_0: f32, %out: f32):
          %4 = arith.addf %in, %in_0 : f32
          linalg.yield %4 : f32
        } -> tensor<49x512xf32>
        return %3 : tensor<49x512xf32>
      }
    }
  }
  flow.executable private @vectors {
    flow.executable.export public @vecmat 
    builtin.module {
      func.func @vecmat(%arg0: tensor<1022xf32>, %arg1: tensor<1022x1024xf32>, %arg2: tensor<1024xf32>) -> tensor<1024xf32> {
        %0 = linalg.generic {indexing_maps = [#map4, #map5, #map6], iterator_types = ["parallel", "reduction"]} ins(%arg0, %arg1 : tensor<1022xf32>, tensor<1022x1024xf32>) outs(%arg2 : tensor<1024xf32>) attrs =  {compilation_info = #compilation1} {
        ^bb0(%in: f32, %in_0: f32, %out: f32):
          %1 = arith.mulf %in, %in_0 : f32
          %2 = arith.addf %out, %1 : f32
          linalg.yield %2 : f32
        } -> tensor<1024xf32>
        return %0 : tensor<1024xf32>
      }
    }
  }
  flow.executable private @indivisible {
    flow.executable.export public @columns 
    builtin.module {
      func.func @columns(%arg0: tensor<8x16xf32>, %arg1: tensor<16x1000xf32>, %arg2: tensor<8x1000xf32>) -> tensor<8x1000xf32> {
        %0 = linalg.generic {indexing_maps = [#map, #map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%arg0, %arg1 : tensor<8x16xf32>, tensor<16x1000xf32>) outs(%arg2 : tensor<8x1000xf32>) {
        ^bb0(%in: f32, %in_0: f32, %out: f32):
          %1 = arith.mulf %in, %in_0 : f32
          %2 = arith.addf %out, %1 : f32
          linalg.yield %2 : f32
        } -> tensor<8x1000xf32>
        return %0 : tensor<8x1000xf32>
      }
    }
  }
  flow.executable private @transposed {
    flow.executable.export public @result 
    builtin.module {
      func.func @result(%arg0: tensor<8x16xf32>, %arg1: tensor<16x32xf32>, %arg2: tensor<8x32xf32>, %arg3: tensor<32x8xf32>) -> tensor<32x8xf32> {
        %0 = linalg.generic {indexing_maps = [#map, #map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%arg0, %arg1 : tensor<8x16xf32>, tensor<16x32xf32>) outs(%arg2 : tensor<8x32xf32>) {
        ^bb0(%in: f32, %in_0: f32, %out: f32):
          %2 = arith.mulf %in, %in_0 : f32
          %3 = arith.addf %out, %2 : f32
          linalg.yield %3 : f32
        } -> tensor<8x32xf32>
        %1 = linalg.generic {indexing_maps = [#map5, #map3], iterator_types = ["parallel", "parallel"]} ins(%0 : tensor<8x32xf32>) outs(%arg3 : tensor<32x8xf32>) {
        ^bb0(%in: f32, %out: f32):
          linalg.yield %in : f32
        } -> tensor<32x8xf32>
        return %1 : tensor<32x8xf32>
      }
    }
  }
  flow.executable private @precision {
    flow.executable.export public @double 
    builtin.module {
      func.func @double(%arg0: tensor<8x16xf64>, %arg1: tensor<16x32xf64>, %arg2: tensor<8x32xf64>) -> tensor<8x32xf64> {
        %0 = linalg.generic {indexing_maps = [#map, #map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%arg0, %arg1 : tensor<8x16xf64>, tensor<16x32xf64>) outs(%arg2 : tensor<8x32xf64>) {
        ^bb0(%in: f64, %in_0: f64, %out: f64):
          %1 = arith.mulf %in, %in_0 : f64
          %2 = arith.addf %out, %1 : f64
          linalg.yield %2 : f64
        } -> tensor<8x32xf64>
        return %0 : tensor<8x32xf64>
      }
    }
  }
  flow.executable private @unstructured {
    flow.executable.export public @softmax 
    builtin.module {
      func.func @softmax(%arg0: tensor<8x32xf32>, %arg1: tensor<8x32xf32>) -> tensor<8x32xf32> {
        %0 = linalg.softmax dimension(1) ins(%arg0 : tensor<8x32xf32>) outs(%arg1 : tensor<8x32xf32>) -> tensor<8x32xf32>
        return %0 : tensor<8x32xf32>
      }
    }
  }
  flow.executable private @named {
    flow.executable.export public @matmul 
    builtin.module {
      func.func @matmul(%arg0: tensor<16x64xf32>, %arg1: tensor<64x256xf32>, %arg2: tensor<16x256xf32>) -> tensor<16x256xf32> {
        %0 = linalg.matmul {compilation_info = #compilation2} ins(%arg0, %arg1 : tensor<16x64xf32>, tensor<64x256xf32>) outs(%arg2 : tensor<16x256xf32>) -> tensor<16x256xf32>
        return %0 : tensor<16x256xf32>
      }
    }
  }
}
