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
        %1 = stream.binding.subspan %arg1[%c0] : !stream.binding -> memref<18x8xf32>
        %2 = stream.binding.subspan %arg2[%c0] : !stream.binding -> memref<8xf32>
        %3 = stream.binding.subspan %arg3[%c0] : !stream.binding -> memref<20x8xf32>
        %4 = stream.binding.subspan %arg4[%c0] : !stream.binding -> memref<20x8xf32>
        %c0_0 = arith.constant 0 : index
        %c4 = arith.constant 4 : index
        %c1 = arith.constant 1 : index
        %c-1 = arith.constant -1 : index
        %c5 = arith.constant 5 : index
        %c2 = arith.constant 2 : index
        %c3 = arith.constant 3 : index
        %cst = arith.constant dense<0.000000e+00> : vector<8xf32>
        %c6 = arith.constant 6 : index
        %c-2 = arith.constant -2 : index
        %cst_1 = arith.constant dense<0.000000e+00> : vector<8xf32>
        scf.for %arg5 = %c0_0 to %c4 step %c1 {
          %5 = arith.addi %arg5, %c1 overflow<nsw> : index
          %6 = arith.minsi %c4, %5 : index
          scf.for %arg6 = %arg5 to %6 step %c1 {
            %7 = arith.addi %arg6, %c-1 overflow<nsw> : index
            %8 = arith.muli %arg6, %c5 overflow<nsw> : index
            memref.prefetch %3[%8, %c0_0], read, locality<3>, data : memref<20x8xf32>
            %9 = arith.addi %8, %c1 overflow<nsw> : index
            memref.prefetch %3[%9, %c0_0], read, locality<3>, data : memref<20x8xf32>
            %10 = arith.addi %8, %c2 overflow<nsw> : index
            memref.prefetch %3[%10, %c0_0], read, locality<3>, data : memref<20x8xf32>
            %11 = arith.addi %8, %c3 overflow<nsw> : index
            memref.prefetch %3[%11, %c0_0], read, locality<3>, data : memref<20x8xf32>
            %12 = arith.addi %8, %c4 overflow<nsw> : index
            memref.prefetch %3[%12, %c0_0], read, locality<3>, data : memref<20x8xf32>
            %13 = arith.subi %c0_0, %7 overflow<nsw> : index
            %14 = arith.maxsi %c0_0, %13 : index
            %15 = arith.subi %c4, %7 overflow<nsw> : index
            %16 = arith.maxsi %c0_0, %15 : index
            %17 = arith.minsi %c3, %16 : index
            %18:5 = scf.for %arg7 = %14 to %17 step %c1 iter_args(%arg8 = %cst, %arg9 = %cst, %arg10 = %cst, %arg11 = %cst, %arg12 = %cst) -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>) {
              %48 = arith.addi %7, %arg7 overflow<nsw> : index
              %49:4 = scf.for %arg13 = %c0_0 to %c2 step %c1 iter_args(%arg14 = %arg9, %arg15 = %arg10, %arg16 = %arg11, %arg17 = %arg12) -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>) {
                %52 = arith.muli %arg7, %c6 overflow<nsw> : index
                %53 = arith.addi %52, %arg13 overflow<nsw> : index
                %54 = vector.load %1[%53, %c0_0] : memref<18x8xf32>, vector<8xf32>
                %55 = memref.load %0[%c0_0, %48, %arg13] : memref<1x4x10xf32>
                %56 = vector.broadcast %55 : f32 to vector<8xf32>
                %57 = vector.fma %56, %54, %arg14 : vector<8xf32>
                %58 = arith.addi %c2, %arg13 overflow<nsw> : index
                %59 = memref.load %0[%c0_0, %48, %58] : memref<1x4x10xf32>
                %60 = vector.broadcast %59 : f32 to vector<8xf32>
                %61 = vector.fma %60, %54, %arg15 : vector<8xf32>
                %62 = arith.addi %c4, %arg13 overflow<nsw> : index
                %63 = memref.load %0[%c0_0, %48, %62] : memref<1x4x10xf32>
                %64 = vector.broadcast %63 : f32 to vector<8xf32>
                %65 = vector.fma %64, %54, %arg16 : vector<8xf32>
                %66 = arith.addi %c6, %arg13 overflow<nsw> : index
                %67 = memref.load %0[%c0_0, %48, %66] : memref<1x4x10xf32>
                %68 = vector.broadcast %67 : f32 to vector<8xf32>
                %69 = vector.fma %68, %54, %arg17 : vector<8xf32>
                scf.yield %57, %61, %65, %69 : vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>
              }
              %50:5 = scf.for %arg13 = %c2 to %c4 step %c1 iter_args(%arg14 = %arg8, %arg15 = %49#0, %arg16 = %49#1, %arg17 = %49#2, %arg18 = %49#3) -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>) {
                %52 = arith.muli %arg7, %c6 overflow<nsw> : index
                %53 = arith.addi %52, %arg13 overflow<nsw> : index
                %54 = vector.load %1[%53, %c0_0] : memref<18x8xf32>, vector<8xf32>
                %55 = arith.addi %c-2, %arg13 overflow<nsw> : index
                %56 = memref.load %0[%c0_0, %48, %55] : memref<1x4x10xf32>
                %57 = vector.broadcast %56 : f32 to vector<8xf32>
                %58 = vector.fma %57, %54, %arg14 : vector<8xf32>
                %59 = memref.load %0[%c0_0, %48, %arg13] : memref<1x4x10xf32>
                %60 = vector.broadcast %59 : f32 to vector<8xf32>
                %61 = vector.fma %60, %54, %arg15 : vector<8xf32>
                %62 = arith.addi %c2, %arg13 overflow<nsw> : index
                %63 = memref.load %0[%c0_0, %48, %62] : memref<1x4x10xf32>
                %64 = vector.broadcast %63 : f32 to vector<8xf32>
                %65 = vector.fma %64, %54, %arg16 : vector<8xf32>
                %66 = arith.addi %c4, %arg13 overflow<nsw> : index
                %67 = memref.load %0[%c0_0, %48, %66] : memref<1x4x10xf32>
                %68 = vector.broadcast %67 : f32 to vector<8xf32>
                %69 = vector.fma %68, %54, %arg17 : vector<8xf32>
                %70 = arith.addi %c6, %arg13 overflow<nsw> : index
                %71 = memref.load %0[%c0_0, %48, %70] : memref<1x4x10xf32>
                %72 = vector.broadcast %71 : f32 to vector<8xf32>
                %73 = vector.fma %72, %54, %arg18 : vector<8xf32>
                scf.yield %58, %61, %65, %69, %73 : vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>
              }
              %51:4 = scf.for %arg13 = %c4 to %c6 step %c1 iter_args(%arg14 = %50#0, %arg15 = %50#1, %arg16 = %50#2, %arg17 = %50#3) -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>) {
                %52 = arith.muli %arg7, %c6 overflow<nsw> : index
                %53 = arith.addi %52, %arg13 overflow<nsw> : index
                %54 = vector.load %1[%53, %c0_0] : memref<18x8xf32>, vector<8xf32>
                %55 = arith.addi %c-2, %arg13 overflow<nsw> : index
                %56 = memref.load %0[%c0_0, %48, %55] : memref<1x4x10xf32>
                %57 = vector.broadcast %56 : f32 to vector<8xf32>
                %58 = vector.fma %57, %54, %arg14 : vector<8xf32>
                %59 = memref.load %0[%c0_0, %48, %arg13] : memref<1x4x10xf32>
                %60 = vector.broadcast %59 : f32 to vector<8xf32>
                %61 = vector.fma %60, %54, %arg15 : vector<8xf32>
                %62 = arith.addi %c2, %arg13 overflow<nsw> : index
                %63 = memref.load %0[%c0_0, %48, %62] : memref<1x4x10xf32>
                %64 = vector.broadcast %63 : f32 to vector<8xf32>
                %65 = vector.fma %64, %54, %arg16 : vector<8xf32>
                %66 = arith.addi %c4, %arg13 overflow<nsw> : index
                %67 = memref.load %0[%c0_0, %48, %66] : memref<1x4x10xf32>
                %68 = vector.broadcast %67 : f32 to vector<8xf32>
                %69 = vector.fma %68, %54, %arg17 : vector<8xf32>
                scf.yield %58, %61, %65, %69 : vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>
              }
              scf.yield %51#0, %51#1, %51#2, %51#3, %50#4 : vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>
            }
            %19 = vector.load %2[%c0_0] : memref<8xf32>, vector<8xf32>
            %20 = arith.addf %18#0, %19 : vector<8xf32>
            %21 = vector.load %3[%8, %c0_0] : memref<20x8xf32>, vector<8xf32>
            %22 = arith.addf %20, %21 : vector<8xf32>
            %23 = arith.maximumf %22, %cst_1 : vector<8xf32>
            vector.store %23, %4[%8, %c0_0] : memref<20x8xf32>, vector<8xf32>
            %24 = arith.addi %8, %c1 overflow<nsw> : index
            %25 = vector.load %2[%c0_0] : memref<8xf32>, vector<8xf32>
            %26 = arith.addf %18#1, %25 : vector<8xf32>
            %27 = vector.load %3[%24, %c0_0] : memref<20x8xf32>, vector<8xf32>
            %28 = arith.addf %26, %27 : vector<8xf32>
            %29 = arith.maximumf %28, %cst_1 : vector<8xf32>
            vector.store %29, %4[%24, %c0_0] : memref<20x8xf32>, vector<8xf32>
            %30 = arith.addi %8, %c2 overflow<nsw> : index
            %31 = vector.load %2[%c0_0] : memref<8xf32>, vector<8xf32>
            %32 = arith.addf %18#2, %31 : vector<8xf32>
            %33 = vector.load %3[%30, %c0_0] : memref<20x8xf32>, vector<8xf32>
            %34 = arith.addf %32, %33 : vector<8xf32>
            %35 = arith.maximumf %34, %cst_1 : vector<8xf32>
            vector.store %35, %4[%30, %c0_0] : memref<20x8xf32>, vector<8xf32>
            %36 = arith.addi %8, %c3 overflow<nsw> : index
            %37 = vector.load %2[%c0_0] : memref<8xf32>, vector<8xf32>
            %38 = arith.addf %18#3, %37 : vector<8xf32>
            %39 = vector.load %3[%36, %c0_0] : memref<20x8xf32>, vector<8xf32>
            %40 = arith.addf %38, %39 : vector<8xf32>
            %41 = arith.maximumf %40, %cst_1 : vector<8xf32>
            vector.store %41, %4[%36, %c0_0] : memref<20x8xf32>, vector<8xf32>
            %42 = arith.addi %8, %c4 overflow<nsw> : index
            %43 = vector.load %2[%c0_0] : memref<8xf32>, vector<8xf32>
            %44 = arith.addf %18#4, %43 : vector<8xf32>
            %45 = vector.load %3[%42, %c0_0] : memref<20x8xf32>, vector<8xf32>
            %46 = arith.addf %44, %45 : vector<8xf32>
            %47 = arith.maximumf %46, %cst_1 : vector<8xf32>
            vector.store %47, %4[%42, %c0_0] : memref<20x8xf32>, vector<8xf32>
          }
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
