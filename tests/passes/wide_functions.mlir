// The exponential of float64 is written out in a SPIR-V kernel, that of float32 is not.
// pass: wide-functions
// target: spirv
#gpu = #hal.executable.target<"vulkan-spirv", "vulkan-spirv-fb">
hal.executable private @exponentials {
  hal.executable.variant public @spirv target(#gpu) {
    builtin.module {
      func.func @main(%x: f64, %y: f32) -> (f64, f32) {
        %0 = math.exp %x : f64
        %1 = math.exp %y : f32
        return %0, %1 : f64, f32
      }
    }
  }
}
// -----
#executable_target_vulkan_spirv_fb = #hal.executable.target<"vulkan-spirv", "vulkan-spirv-fb">
module {
  hal.executable private @exponentials {
    hal.executable.variant public @spirv target(#executable_target_vulkan_spirv_fb) {
      builtin.module {
        func.func @main(%arg0: f64, %arg1: f32) -> (f64, f32) {
          %cst = arith.constant 7.100000e+02 : f64
          %cst_0 = arith.constant -7.460000e+02 : f64
          %0 = arith.cmpf ogt, %arg0, %cst : f64
          %1 = arith.select %0, %cst, %arg0 : f64
          %2 = arith.cmpf olt, %1, %cst_0 : f64
          %3 = arith.select %2, %cst_0, %1 : f64
          %cst_1 = arith.constant 1.4426950408889634 : f64
          %cst_2 = arith.constant 5.000000e-01 : f64
          %4 = arith.mulf %3, %cst_1 : f64
          %5 = arith.addf %4, %cst_2 : f64
          %6 = math.floor %5 : f64
          %cst_3 = arith.constant 0.69314718036912382 : f64
          %cst_4 = arith.constant 1.9082149292705877E-10 : f64
          %7 = arith.mulf %6, %cst_3 : f64
          %8 = arith.subf %3, %7 : f64
          %9 = arith.mulf %6, %cst_4 : f64
          %10 = arith.subf %8, %9 : f64
          %cst_5 = arith.constant 4.1381367970572385E-8 : f64
          %cst_6 = arith.constant -1.6533902205465252E-6 : f64
          %cst_7 = arith.constant 6.6137563214379344E-5 : f64
          %cst_8 = arith.constant -0.0027777777777015593 : f64
          %cst_9 = arith.constant 0.16666666666666602 : f64
          %11 = arith.mulf %10, %10 : f64
          %12 = arith.mulf %11, %cst_5 : f64
          %13 = arith.addf %12, %cst_6 : f64
          %14 = arith.mulf %11, %13 : f64
          %15 = arith.addf %14, %cst_7 : f64
          %16 = arith.mulf %11, %15 : f64
          %17 = arith.addf %16, %cst_8 : f64
          %18 = arith.mulf %11, %17 : f64
          %19 = arith.addf %18, %cst_9 : f64
          %20 = arith.mulf %11, %19 : f64
          %21 = arith.subf %10, %20 : f64
          %cst_10 = arith.constant 1.000000e+00 : f64
          %cst_11 = arith.constant 2.000000e+00 : f64
          %22 = arith.mulf %10, %21 : f64
          %23 = arith.subf %cst_11, %21 : f64
          %24 = arith.divf %22, %23 : f64
          %25 = arith.subf %9, %24 : f64
          %26 = arith.subf %25, %8 : f64
          %27 = arith.subf %cst_10, %26 : f64
          %28 = arith.fptosi %6 : f64 to i32
          %29 = arith.extsi %28 : i32 to i64
          %c1_i64 = arith.constant 1 : i64
          %c1023_i64 = arith.constant 1023 : i64
          %c52_i64 = arith.constant 52 : i64
          %30 = arith.shrsi %29, %c1_i64 : i64
          %31 = arith.subi %29, %30 : i64
          %32 = arith.addi %30, %c1023_i64 : i64
          %33 = arith.addi %31, %c1023_i64 : i64
          %34 = arith.shli %32, %c52_i64 : i64
          %35 = arith.shli %33, %c52_i64 : i64
          %36 = arith.bitcast %34 : i64 to f64
          %37 = arith.bitcast %35 : i64 to f64
          %38 = arith.mulf %27, %36 : f64
          %39 = arith.mulf %38, %37 : f64
          %40 = math.exp %arg1 : f32
          return %39, %40 : f64, f32
        }
      }
    }
  }
}
