// pass: generate-kernels
// target: x86-64-v3
#all = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#channel = affine_map<(d0, d1, d2, d3) -> (d3)>
module {
  util.func public @main(%image: tensor<1x4x5x2xf32>, %weights: tensor<3x3x2x8xf32>, %bias: tensor<8xf32>, %residual: tensor<1x4x5x8xf32>) -> tensor<1x4x5x8xf32> {
    %zero = arith.constant 0.0 : f32
    %padded = tensor.pad %image low[0, 1, 1, 0] high[0, 1, 1, 0] {
    ^bb0(%n: index, %h: index, %w: index, %c: index):
      tensor.yield %zero : f32
    } : tensor<1x4x5x2xf32> to tensor<1x6x7x2xf32>
    %empty = tensor.empty() : tensor<1x4x5x8xf32>
    %zeros = linalg.fill ins(%zero : f32) outs(%empty : tensor<1x4x5x8xf32>) -> tensor<1x4x5x8xf32>
    %sums = linalg.conv_2d_nhwc_hwcf {dilations = dense<1> : tensor<2xi64>, strides = dense<1> : tensor<2xi64>} ins(%padded, %weights : tensor<1x6x7x2xf32>, tensor<3x3x2x8xf32>) outs(%zeros : tensor<1x4x5x8xf32>) -> tensor<1x4x5x8xf32>
    %wide = linalg.generic {indexing_maps = [#channel, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%bias : tensor<8xf32>) outs(%empty : tensor<1x4x5x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x4x5x8xf32>
    %biased = linalg.generic {indexing_maps = [#all, #all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%sums, %wide : tensor<1x4x5x8xf32>, tensor<1x4x5x8xf32>) outs(%empty : tensor<1x4x5x8xf32>) {
    ^bb0(%a: f32, %b: f32, %out: f32):
      %0 = arith.addf %a, %b : f32
      linalg.yield %0 : f32
    } -> tensor<1x4x5x8xf32>
    %rest = linalg.generic {indexing_maps = [#all, #all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%biased, %residual : tensor<1x4x5x8xf32>, tensor<1x4x5x8xf32>) outs(%empty : tensor<1x4x5x8xf32>) {
    ^bb0(%a: f32, %b: f32, %out: f32):
      %0 = arith.addf %a, %b : f32
      %1 = arith.maximumf %0, %zero : f32
      linalg.yield %1 : f32
    } -> tensor<1x4x5x8xf32>
    util.return %rest : tensor<1x4x5x8xf32>
  }
}
// -----
#map = affine_map<(d0, d1, d2, d3) -> (d3)>
#map1 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#translation = #iree_codegen.translation_info<pipeline = #iree_codegen.no_pipeline>
module {
  stream.executable private @conv_4x5x2_3x3s1_8 {
    stream.executable.export public @conv_4x5x2_3x3s1_8 workgroups() -> (index, index, index) {
      %c1 = arith.constant 1 : index
      %c1_0 = arith.constant 1 : index
      %c1_1 = arith.constant 1 : index
      stream.return %c1, %c1_0, %c1_1 : index, index, index
    }
    builtin.module {
      func.func @conv_4x5x2_3x3s1_8(%arg0: !stream.binding, %arg1: !stream.binding, %arg2: !stream.binding, %arg3: !stream.binding, %arg4: !stream.binding) attributes {translation_info = #translation, webtensorc.flops = 6240 : i64} {
        %c0 = arith.constant 0 : index
        %0 = stream.binding.subspan %arg0[%c0] : !stream.binding -> memref<1x4x10xf32>
        %1 = stream.binding.subspan %arg1[%c0] : !stream.binding -> memref<3x6x8xf32>
        %2 = stream.binding.subspan %arg2[%c0] : !stream.binding -> memref<8xf32>
        %3 = stream.binding.subspan %arg3[%c0] : !stream.binding -> memref<20x8xf32>
        %4 = stream.binding.subspan %arg4[%c0] : !stream.binding -> memref<20x8xf32>
        %c0_0 = arith.constant 0 : index
        %c4 = arith.constant 4 : index
        %c1 = arith.constant 1 : index
        %c-1 = arith.constant -1 : index
        %cst = arith.constant dense<0.000000e+00> : vector<8xf32>
        %c3 = arith.constant 3 : index
        %c2 = arith.constant 2 : index
        %c6 = arith.constant 6 : index
        %c-2 = arith.constant -2 : index
        %c5 = arith.constant 5 : index
        %cst_1 = arith.constant dense<0.000000e+00> : vector<8xf32>
        scf.for %arg5 = %c0_0 to %c4 step %c1 {
          %5 = arith.addi %arg5, %c-1 overflow<nsw> : index
          %6 = arith.subi %c0_0, %5 overflow<nsw> : index
          %7 = arith.maxsi %c0_0, %6 : index
          %8 = arith.subi %c4, %5 overflow<nsw> : index
          %9 = arith.maxsi %c0_0, %8 : index
          %10 = arith.minsi %c3, %9 : index
          %11:5 = scf.for %arg6 = %7 to %10 step %c1 iter_args(%arg7 = %cst, %arg8 = %cst, %arg9 = %cst, %arg10 = %cst, %arg11 = %cst) -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>) {
            %42 = arith.addi %5, %arg6 overflow<nsw> : index
            %43:4 = scf.for %arg12 = %c0_0 to %c2 step %c1 iter_args(%arg13 = %arg8, %arg14 = %arg9, %arg15 = %arg10, %arg16 = %arg11) -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>) {
              %46 = vector.load %1[%arg6, %arg12, %c0_0] : memref<3x6x8xf32>, vector<8xf32>
              %47 = memref.load %0[%c0_0, %42, %arg12] : memref<1x4x10xf32>
              %48 = vector.broadcast %47 : f32 to vector<8xf32>
              %49 = vector.fma %48, %46, %arg13 : vector<8xf32>
              %50 = arith.addi %c2, %arg12 overflow<nsw> : index
              %51 = memref.load %0[%c0_0, %42, %50] : memref<1x4x10xf32>
              %52 = vector.broadcast %51 : f32 to vector<8xf32>
              %53 = vector.fma %52, %46, %arg14 : vector<8xf32>
              %54 = arith.addi %c4, %arg12 overflow<nsw> : index
              %55 = memref.load %0[%c0_0, %42, %54] : memref<1x4x10xf32>
              %56 = vector.broadcast %55 : f32 to vector<8xf32>
              %57 = vector.fma %56, %46, %arg15 : vector<8xf32>
              %58 = arith.addi %c6, %arg12 overflow<nsw> : index
              %59 = memref.load %0[%c0_0, %42, %58] : memref<1x4x10xf32>
              %60 = vector.broadcast %59 : f32 to vector<8xf32>
              %61 = vector.fma %60, %46, %arg16 : vector<8xf32>
              scf.yield %49, %53, %57, %61 : vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>
            }
            %44:5 = scf.for %arg12 = %c2 to %c4 step %c1 iter_args(%arg13 = %arg7, %arg14 = %43#0, %arg15 = %43#1, %arg16 = %43#2, %arg17 = %43#3) -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>) {
              %46 = vector.load %1[%arg6, %arg12, %c0_0] : memref<3x6x8xf32>, vector<8xf32>
              %47 = arith.addi %c-2, %arg12 overflow<nsw> : index
              %48 = memref.load %0[%c0_0, %42, %47] : memref<1x4x10xf32>
              %49 = vector.broadcast %48 : f32 to vector<8xf32>
              %50 = vector.fma %49, %46, %arg13 : vector<8xf32>
              %51 = memref.load %0[%c0_0, %42, %arg12] : memref<1x4x10xf32>
              %52 = vector.broadcast %51 : f32 to vector<8xf32>
              %53 = vector.fma %52, %46, %arg14 : vector<8xf32>
              %54 = arith.addi %c2, %arg12 overflow<nsw> : index
              %55 = memref.load %0[%c0_0, %42, %54] : memref<1x4x10xf32>
              %56 = vector.broadcast %55 : f32 to vector<8xf32>
              %57 = vector.fma %56, %46, %arg15 : vector<8xf32>
              %58 = arith.addi %c4, %arg12 overflow<nsw> : index
              %59 = memref.load %0[%c0_0, %42, %58] : memref<1x4x10xf32>
              %60 = vector.broadcast %59 : f32 to vector<8xf32>
              %61 = vector.fma %60, %46, %arg16 : vector<8xf32>
              %62 = arith.addi %c6, %arg12 overflow<nsw> : index
              %63 = memref.load %0[%c0_0, %42, %62] : memref<1x4x10xf32>
              %64 = vector.broadcast %63 : f32 to vector<8xf32>
              %65 = vector.fma %64, %46, %arg17 : vector<8xf32>
              scf.yield %50, %53, %57, %61, %65 : vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>
            }
            %45:4 = scf.for %arg12 = %c4 to %c6 step %c1 iter_args(%arg13 = %44#0, %arg14 = %44#1, %arg15 = %44#2, %arg16 = %44#3) -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>) {
              %46 = vector.load %1[%arg6, %arg12, %c0_0] : memref<3x6x8xf32>, vector<8xf32>
              %47 = arith.addi %c-2, %arg12 overflow<nsw> : index
              %48 = memref.load %0[%c0_0, %42, %47] : memref<1x4x10xf32>
              %49 = vector.broadcast %48 : f32 to vector<8xf32>
              %50 = vector.fma %49, %46, %arg13 : vector<8xf32>
              %51 = memref.load %0[%c0_0, %42, %arg12] : memref<1x4x10xf32>
              %52 = vector.broadcast %51 : f32 to vector<8xf32>
              %53 = vector.fma %52, %46, %arg14 : vector<8xf32>
              %54 = arith.addi %c2, %arg12 overflow<nsw> : index
              %55 = memref.load %0[%c0_0, %42, %54] : memref<1x4x10xf32>
              %56 = vector.broadcast %55 : f32 to vector<8xf32>
              %57 = vector.fma %56, %46, %arg15 : vector<8xf32>
              %58 = arith.addi %c4, %arg12 overflow<nsw> : index
              %59 = memref.load %0[%c0_0, %42, %58] : memref<1x4x10xf32>
              %60 = vector.broadcast %59 : f32 to vector<8xf32>
              %61 = vector.fma %60, %46, %arg16 : vector<8xf32>
              scf.yield %50, %53, %57, %61 : vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>
            }
            scf.yield %45#0, %45#1, %45#2, %45#3, %44#4 : vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>
          }
          %12 = arith.muli %arg5, %c5 overflow<nsw> : index
          %13 = vector.load %2[%c0_0] : memref<8xf32>, vector<8xf32>
          %14 = arith.addf %11#0, %13 : vector<8xf32>
          %15 = vector.load %3[%12, %c0_0] : memref<20x8xf32>, vector<8xf32>
          %16 = arith.addf %14, %15 : vector<8xf32>
          %17 = arith.maximumf %16, %cst_1 : vector<8xf32>
          vector.store %17, %4[%12, %c0_0] : memref<20x8xf32>, vector<8xf32>
          %18 = arith.addi %12, %c1 overflow<nsw> : index
          %19 = vector.load %2[%c0_0] : memref<8xf32>, vector<8xf32>
          %20 = arith.addf %11#1, %19 : vector<8xf32>
          %21 = vector.load %3[%18, %c0_0] : memref<20x8xf32>, vector<8xf32>
          %22 = arith.addf %20, %21 : vector<8xf32>
          %23 = arith.maximumf %22, %cst_1 : vector<8xf32>
          vector.store %23, %4[%18, %c0_0] : memref<20x8xf32>, vector<8xf32>
          %24 = arith.addi %12, %c2 overflow<nsw> : index
          %25 = vector.load %2[%c0_0] : memref<8xf32>, vector<8xf32>
          %26 = arith.addf %11#2, %25 : vector<8xf32>
          %27 = vector.load %3[%24, %c0_0] : memref<20x8xf32>, vector<8xf32>
          %28 = arith.addf %26, %27 : vector<8xf32>
          %29 = arith.maximumf %28, %cst_1 : vector<8xf32>
          vector.store %29, %4[%24, %c0_0] : memref<20x8xf32>, vector<8xf32>
          %30 = arith.addi %12, %c3 overflow<nsw> : index
          %31 = vector.load %2[%c0_0] : memref<8xf32>, vector<8xf32>
          %32 = arith.addf %11#3, %31 : vector<8xf32>
          %33 = vector.load %3[%30, %c0_0] : memref<20x8xf32>, vector<8xf32>
          %34 = arith.addf %32, %33 : vector<8xf32>
          %35 = arith.maximumf %34, %cst_1 : vector<8xf32>
          vector.store %35, %4[%30, %c0_0] : memref<20x8xf32>, vector<8xf32>
          %36 = arith.addi %12, %c4 overflow<nsw> : index
          %37 = vector.load %2[%c0_0] : memref<8xf32>, vector<8xf32>
          %38 = arith.addf %11#4, %37 : vector<8xf32>
          %39 = vector.load %3[%36, %c0_0] : memref<20x8xf32>, vector<8xf32>
          %40 = arith.addf %38, %39 : vector<8xf32>
          %41 = arith.maximumf %40, %cst_1 : vector<8xf32>
          vector.store %41, %4[%36, %c0_0] : memref<20x8xf32>, vector<8xf32>
        }
        return
      }
    }
  }
  util.func public @main(%arg0: tensor<1x4x5x2xf32>, %arg1: tensor<3x3x2x8xf32>, %arg2: tensor<8xf32>, %arg3: tensor<1x4x5x8xf32>) -> tensor<1x4x5x8xf32> {
    %cst = arith.constant 0.000000e+00 : f32
    %padded = tensor.pad %arg0 low[0, 1, 1, 0] high[0, 1, 1, 0] {
    ^bb0(%arg4: index, %arg5: index, %arg6: index, %arg7: index):
      tensor.yield %cst : f32
    } : tensor<1x4x5x2xf32> to tensor<1x6x7x2xf32>
    %0 = tensor.empty() : tensor<1x4x5x8xf32>
    %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<1x4x5x8xf32>) -> tensor<1x4x5x8xf32>
    %2 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%arg2 : tensor<8xf32>) outs(%0 : tensor<1x4x5x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x4x5x8xf32>
    %3 = flow.dispatch @conv_4x5x2_3x3s1_8::@conv_4x5x2_3x3s1_8(%arg0, %arg1, %arg2, %arg3) : (tensor<1x4x5x2xf32>, tensor<3x3x2x8xf32>, tensor<8xf32>, tensor<1x4x5x8xf32>) -> tensor<1x4x5x8xf32>
    util.return %3 : tensor<1x4x5x8xf32>
  }
}
