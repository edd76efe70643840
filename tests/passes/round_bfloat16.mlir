// A number that is bfloat16 in between; one that comes as bfloat16 is not rounded.
// pass: round-bfloat16
func.func @main(%x: f32, %y: bf16, %v: vector<8xf32>) -> (f32, f32, bf16, vector<8xf32>) {
  %0 = arith.truncf %x : f32 to bf16
  %1 = arith.extf %0 : bf16 to f32
  %2 = arith.extf %y : bf16 to f32
  %3 = arith.truncf %v : vector<8xf32> to vector<8xbf16>
  %4 = arith.extf %3 : vector<8xbf16> to vector<8xf32>
  return %1, %2, %0, %4 : f32, f32, bf16, vector<8xf32>
}
// -----
module {
  func.func @main(%arg0: f32, %arg1: bf16, %arg2: vector<8xf32>) -> (f32, f32, bf16, vector<8xf32>) {
    %0 = arith.truncf %arg0 : f32 to bf16
    %1 = arith.bitcast %arg0 : f32 to i32
    %c16_i32 = arith.constant 16 : i32
    %2 = arith.shrui %1, %c16_i32 : i32
    %c1_i32 = arith.constant 1 : i32
    %3 = arith.andi %2, %c1_i32 : i32
    %c32767_i32 = arith.constant 32767 : i32
    %4 = arith.addi %3, %c32767_i32 : i32
    %5 = arith.addi %1, %4 : i32
    %6 = arith.cmpf uno, %arg0, %arg0 : f32
    %c4194304_i32 = arith.constant 4194304 : i32
    %7 = arith.ori %1, %c4194304_i32 : i32
    %8 = arith.select %6, %7, %5 : i32
    %c-65536_i32 = arith.constant -65536 : i32
    %9 = arith.andi %8, %c-65536_i32 : i32
    %10 = arith.bitcast %9 : i32 to f32
    %11 = arith.extf %arg1 : bf16 to f32
    %12 = arith.truncf %arg2 : vector<8xf32> to vector<8xbf16>
    %13 = arith.bitcast %arg2 : vector<8xf32> to vector<8xi32>
    %cst = arith.constant dense<16> : vector<8xi32>
    %14 = arith.shrui %13, %cst : vector<8xi32>
    %cst_0 = arith.constant dense<1> : vector<8xi32>
    %15 = arith.andi %14, %cst_0 : vector<8xi32>
    %cst_1 = arith.constant dense<32767> : vector<8xi32>
    %16 = arith.addi %15, %cst_1 : vector<8xi32>
    %17 = arith.addi %13, %16 : vector<8xi32>
    %18 = arith.cmpf uno, %arg2, %arg2 : vector<8xf32>
    %cst_2 = arith.constant dense<4194304> : vector<8xi32>
    %19 = arith.ori %13, %cst_2 : vector<8xi32>
    %20 = arith.select %18, %19, %17 : vector<8xi1>, vector<8xi32>
    %cst_3 = arith.constant dense<-65536> : vector<8xi32>
    %21 = arith.andi %20, %cst_3 : vector<8xi32>
    %22 = arith.bitcast %21 : vector<8xi32> to vector<8xf32>
    return %10, %11, %0, %22 : f32, f32, bf16, vector<8xf32>
  }
}
