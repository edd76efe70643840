// What the host computes compares; what kernels compute takes NaN by itself.
// pass: host-extremes
util.func public @main(%a: f32, %b: f32, %t: tensor<4xf32>) -> (f32, f32, tensor<4xf32>) {
  %0 = arith.maximumf %a, %b : f32
  %1 = arith.minimumf %a, %b : f32
  %2 = flow.dispatch @kernel::@kernel(%t) : (tensor<4xf32>) -> tensor<4xf32>
  util.return %0, %1, %2 : f32, f32, tensor<4xf32>
}
flow.executable private @kernel {
  flow.executable.export public @kernel
  builtin.module {
    func.func @kernel(%a: f32, %b: f32) -> f32 {
      %0 = arith.maximumf %a, %b : f32
      return %0 : f32
    }
  }
}
// -----
module {
  util.func public @main(%arg0: f32, %arg1: f32, %arg2: tensor<4xf32>) -> (f32, f32, tensor<4xf32>) {
    %0 = arith.cmpf ogt, %arg0, %arg1 : f32
    %1 = arith.select %0, %arg0, %arg1 : f32
    %cst = arith.constant 0.000000e+00 : f32
    %2 = arith.addf %arg0, %arg1 : f32
    %3 = arith.cmpf oeq, %arg0, %cst : f32
    %4 = arith.cmpf oeq, %arg1, %cst : f32
    %5 = arith.andi %3, %4 : i1
    %6 = arith.cmpf uno, %arg0, %arg1 : f32
    %7 = arith.ori %6, %5 : i1
    %8 = arith.select %7, %2, %1 : f32
    %9 = arith.cmpf olt, %arg0, %arg1 : f32
    %10 = arith.select %9, %arg0, %arg1 : f32
    %cst_0 = arith.constant 0.000000e+00 : f32
    %11 = arith.negf %arg0 : f32
    %12 = arith.negf %arg1 : f32
    %13 = arith.addf %11, %12 : f32
    %14 = arith.negf %13 : f32
    %15 = arith.cmpf oeq, %arg0, %cst_0 : f32
    %16 = arith.cmpf oeq, %arg1, %cst_0 : f32
    %17 = arith.andi %15, %16 : i1
    %18 = arith.cmpf uno, %arg0, %arg1 : f32
    %19 = arith.ori %18, %17 : i1
    %20 = arith.select %19, %14, %10 : f32
    %21 = flow.dispatch @kernel::@kernel(%arg2) : (tensor<4xf32>) -> tensor<4xf32>
    util.return %8, %20, %21 : f32, f32, tensor<4xf32>
  }
  flow.executable private @kernel {
    flow.executable.export public @kernel 
    builtin.module {
      func.func @kernel(%arg0: f32, %arg1: f32) -> f32 {
        %0 = arith.maximumf %arg0, %arg1 : f32
        return %0 : f32
      }
    }
  }
}
