// The second power is of a size already; half precision is computed in single precision.
// pass: signed-powers
func.func @main(%x: f32, %y: f32, %h: f16) -> (f32, f32, f16) {
  %0 = math.powf %x, %y : f32
  %1 = math.absf %y : f32
  %2 = math.powf %1, %x : f32
  %3 = math.powf %h, %h : f16
  return %0, %2, %3 : f32, f32, f16
}
// -----
module {
  func.func @main(%arg0: f32, %arg1: f32, %arg2: f16) -> (f32, f32, f16) {
    %0 = math.absf %arg0 : f32
    %cst = arith.constant 5.000000e-01 : f32
    %1 = arith.mulf %arg1, %cst : f32
    %2 = math.floor %arg1 : f32
    %3 = arith.cmpf oeq, %2, %arg1 : f32
    %4 = math.floor %1 : f32
    %5 = arith.cmpf une, %4, %1 : f32
    %6 = arith.andi %3, %5 : i1
    %cst_0 = arith.constant 1.000000e+00 : f32
    %7 = math.copysign %cst_0, %arg0 : f32
    %cst_1 = arith.constant 0.000000e+00 : f32
    %8 = arith.cmpf olt, %7, %cst_1 : f32
    %9 = math.powf %0, %arg1 : f32
    %cst_2 = arith.constant 1.000000e+00 : f32
    %10 = arith.cmpf oeq, %arg0, %cst_2 : f32
    %cst_3 = arith.constant 0.000000e+00 : f32
    %11 = arith.cmpf oeq, %arg1, %cst_3 : f32
    %12 = arith.ori %10, %11 : i1
    %cst_4 = arith.constant 1.000000e+00 : f32
    %13 = arith.cmpf oeq, %0, %cst_4 : f32
    %14 = math.absf %arg1 : f32
    %cst_5 = arith.constant 0x7F800000 : f32
    %15 = arith.cmpf oeq, %14, %cst_5 : f32
    %16 = arith.andi %13, %15 : i1
    %17 = arith.ori %12, %16 : i1
    %cst_6 = arith.constant 1.000000e+00 : f32
    %18 = arith.select %17, %cst_6, %9 : f32
    %19 = arith.andi %8, %6 : i1
    %20 = arith.negf %18 : f32
    %21 = arith.select %19, %20, %18 : f32
    %cst_7 = arith.constant 0x7F800000 : f32
    %22 = arith.cmpf olt, %0, %cst_7 : f32
    %cst_8 = arith.constant 0.000000e+00 : f32
    %23 = arith.cmpf olt, %arg0, %cst_8 : f32
    %24 = math.floor %arg1 : f32
    %25 = arith.cmpf une, %24, %arg1 : f32
    %26 = arith.andi %23, %25 : i1
    %27 = arith.andi %26, %22 : i1
    %cst_9 = arith.constant 0x7FC00000 : f32
    %28 = arith.select %27, %cst_9, %21 : f32
    %29 = math.absf %arg1 : f32
    %30 = math.powf %29, %arg0 : f32
    %31 = arith.extf %arg2 : f16 to f32
    %32 = arith.extf %arg2 : f16 to f32
    %33 = math.absf %31 : f32
    %cst_10 = arith.constant 5.000000e-01 : f32
    %34 = arith.mulf %32, %cst_10 : f32
    %35 = math.floor %32 : f32
    %36 = arith.cmpf oeq, %35, %32 : f32
    %37 = math.floor %34 : f32
    %38 = arith.cmpf une, %37, %34 : f32
    %39 = arith.andi %36, %38 : i1
    %cst_11 = arith.constant 1.000000e+00 : f32
    %40 = math.copysign %cst_11, %31 : f32
    %cst_12 = arith.constant 0.000000e+00 : f32
    %41 = arith.cmpf olt, %40, %cst_12 : f32
    %42 = math.powf %33, %32 : f32
    %cst_13 = arith.constant 1.000000e+00 : f32
    %43 = arith.cmpf oeq, %31, %cst_13 : f32
    %cst_14 = arith.constant 0.000000e+00 : f32
    %44 = arith.cmpf oeq, %32, %cst_14 : f32
    %45 = arith.ori %43, %44 : i1
    %cst_15 = arith.constant 1.000000e+00 : f32
    %46 = arith.cmpf oeq, %33, %cst_15 : f32
    %47 = math.absf %32 : f32
    %cst_16 = arith.constant 0x7F800000 : f32
    %48 = arith.cmpf oeq, %47, %cst_16 : f32
    %49 = arith.andi %46, %48 : i1
    %50 = arith.ori %45, %49 : i1
    %cst_17 = arith.constant 1.000000e+00 : f32
    %51 = arith.select %50, %cst_17, %42 : f32
    %52 = arith.andi %41, %39 : i1
    %53 = arith.negf %51 : f32
    %54 = arith.select %52, %53, %51 : f32
    %cst_18 = arith.constant 0x7F800000 : f32
    %55 = arith.cmpf olt, %33, %cst_18 : f32
    %cst_19 = arith.constant 0.000000e+00 : f32
    %56 = arith.cmpf olt, %31, %cst_19 : f32
    %57 = math.floor %32 : f32
    %58 = arith.cmpf une, %57, %32 : f32
    %59 = arith.andi %56, %58 : i1
    %60 = arith.andi %59, %55 : i1
    %cst_20 = arith.constant 0x7FC00000 : f32
    %61 = arith.select %60, %cst_20, %54 : f32
    %62 = arith.truncf %61 : f32 to f16
    return %28, %30, %62 : f32, f32, f16
  }
}
