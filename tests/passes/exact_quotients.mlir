// A quotient that is rounded to an integer is corrected, however it is rounded, and so is the scale by which it is
// divided. One that stays a quotient is not.
// pass: exact-quotients
// target: spirv
#gpu = #hal.executable.target<"vulkan-spirv", "vulkan-spirv-fb">
hal.executable private @quotients {
  hal.executable.variant public @gpu target(#gpu) {
    builtin.module {
      func.func @quantised(%x: f32, %range: f32) -> (f32, f32) {
        %levels = arith.constant 2.55e+02 : f32
        %zero = arith.constant 1.28e+02 : f32
        %scale = arith.divf %range, %levels : f32
        %0 = arith.divf %x, %scale : f32
        %1 = arith.addf %0, %zero : f32
        %2 = math.roundeven %1 : f32
        %3 = arith.divf %x, %range : f32
        return %2, %3 : f32, f32
      }
      func.func @cut_off(%x: f32, %y: f32) -> i32 {
        %0 = arith.divf %x, %y : f32
        %1 = arith.fptosi %0 : f32 to i32
        return %1 : i32
      }
    }
  }
}
// -----
#executable_target_vulkan_spirv_fb = #hal.executable.target<"vulkan-spirv", "vulkan-spirv-fb">
module {
  hal.executable private @quotients {
    hal.executable.variant public @gpu target(#executable_target_vulkan_spirv_fb) {
      builtin.module {
        func.func @quantised(%arg0: f32, %arg1: f32) -> (f32, f32) {
          %cst = arith.constant 2.550000e+02 : f32
          %cst_0 = arith.constant 1.280000e+02 : f32
          %0 = arith.divf %arg1, %cst : f32
          %c-4096_i32 = arith.constant -4096 : i32
          %1 = arith.bitcast %0 : f32 to i32
          %2 = arith.bitcast %cst : f32 to i32
          %3 = arith.andi %1, %c-4096_i32 : i32
          %4 = arith.andi %2, %c-4096_i32 : i32
          %5 = arith.bitcast %3 : i32 to f32
          %6 = arith.bitcast %4 : i32 to f32
          %7 = arith.subf %0, %5 : f32
          %8 = arith.subf %cst, %6 : f32
          %9 = arith.mulf %5, %6 : f32
          %10 = arith.mulf %5, %8 : f32
          %11 = arith.mulf %7, %6 : f32
          %12 = arith.mulf %7, %8 : f32
          %13 = arith.subf %arg1, %9 : f32
          %14 = arith.subf %13, %10 : f32
          %15 = arith.subf %14, %11 : f32
          %16 = arith.subf %15, %12 : f32
          %17 = arith.divf %16, %cst : f32
          %18 = arith.addf %0, %17 : f32
          %cst_1 = arith.constant 9.99999997E-7 : f32
          %cst_2 = arith.constant 1.000000e-25 : f32
          %19 = math.absf %9 : f32
          %20 = math.absf %16 : f32
          %21 = arith.mulf %19, %cst_1 : f32
          %22 = arith.cmpf olt, %20, %21 : f32
          %23 = arith.cmpf ogt, %19, %cst_2 : f32
          %24 = arith.andi %22, %23 : i1
          %25 = arith.select %24, %18, %0 : f32
          %26 = arith.divf %arg0, %25 : f32
          %c-4096_i32_3 = arith.constant -4096 : i32
          %27 = arith.bitcast %26 : f32 to i32
          %28 = arith.bitcast %25 : f32 to i32
          %29 = arith.andi %27, %c-4096_i32_3 : i32
          %30 = arith.andi %28, %c-4096_i32_3 : i32
          %31 = arith.bitcast %29 : i32 to f32
          %32 = arith.bitcast %30 : i32 to f32
          %33 = arith.subf %26, %31 : f32
          %34 = arith.subf %25, %32 : f32
          %35 = arith.mulf %31, %32 : f32
          %36 = arith.mulf %31, %34 : f32
          %37 = arith.mulf %33, %32 : f32
          %38 = arith.mulf %33, %34 : f32
          %39 = arith.subf %arg0, %35 : f32
          %40 = arith.subf %39, %36 : f32
          %41 = arith.subf %40, %37 : f32
          %42 = arith.subf %41, %38 : f32
          %43 = arith.divf %42, %25 : f32
          %44 = arith.addf %26, %43 : f32
          %cst_4 = arith.constant 9.99999997E-7 : f32
          %cst_5 = arith.constant 1.000000e-25 : f32
          %45 = math.absf %35 : f32
          %46 = math.absf %42 : f32
          %47 = arith.mulf %45, %cst_4 : f32
          %48 = arith.cmpf olt, %46, %47 : f32
          %49 = arith.cmpf ogt, %45, %cst_5 : f32
          %50 = arith.andi %48, %49 : i1
          %51 = arith.select %50, %44, %26 : f32
          %52 = arith.addf %51, %cst_0 : f32
          %53 = math.roundeven %52 : f32
          %54 = arith.divf %arg0, %arg1 : f32
          return %53, %54 : f32, f32
        }
        func.func @cut_off(%arg0: f32, %arg1: f32) -> i32 {
          %0 = arith.divf %arg0, %arg1 : f32
          %c-4096_i32 = arith.constant -4096 : i32
          %1 = arith.bitcast %0 : f32 to i32
          %2 = arith.bitcast %arg1 : f32 to i32
          %3 = arith.andi %1, %c-4096_i32 : i32
          %4 = arith.andi %2, %c-4096_i32 : i32
          %5 = arith.bitcast %3 : i32 to f32
          %6 = arith.bitcast %4 : i32 to f32
          %7 = arith.subf %0, %5 : f32
          %8 = arith.subf %arg1, %6 : f32
          %9 = arith.mulf %5, %6 : f32
          %10 = arith.mulf %5, %8 : f32
          %11 = arith.mulf %7, %6 : f32
          %12 = arith.mulf %7, %8 : f32
          %13 = arith.subf %arg0, %9 : f32
          %14 = arith.subf %13, %10 : f32
          %15 = arith.subf %14, %11 : f32
          %16 = arith.subf %15, %12 : f32
          %17 = arith.divf %16, %arg1 : f32
          %18 = arith.addf %0, %17 : f32
          %cst = arith.constant 9.99999997E-7 : f32
          %cst_0 = arith.constant 1.000000e-25 : f32
          %19 = math.absf %9 : f32
          %20 = math.absf %16 : f32
          %21 = arith.mulf %19, %cst : f32
          %22 = arith.cmpf olt, %20, %21 : f32
          %23 = arith.cmpf ogt, %19, %cst_0 : f32
          %24 = arith.andi %22, %23 : i1
          %25 = arith.select %24, %18, %0 : f32
          %26 = arith.fptosi %25 : f32 to i32
          return %26 : i32
        }
      }
    }
  }
}
