// A sum in memory of the workgroup that other invocations read gets a barrier, in a loop that all go round another; one's
// own element needs none, in every round. A kernel that does not ask which invocation it is gets a single one.
// pass: synchronise-invocations
spirv.module Logical GLSL450 requires #spirv.vce<v1.0, [Shader], [SPV_KHR_storage_buffer_storage_class]> {
  spirv.GlobalVariable @sums : !spirv.ptr<!spirv.struct<(!spirv.array<20 x f32>)>, Workgroup>
  spirv.GlobalVariable @id built_in("LocalInvocationId") : !spirv.ptr<vector<3xi32>, Input>
  spirv.func @other_elements(%rounds: i32) -> f32 "None" {
    %zero = spirv.Constant 0 : i32
    %one = spirv.Constant 1 : i32
    %nothing = spirv.Constant 0.0 : f32
    %where = spirv.mlir.addressof @id : !spirv.ptr<vector<3xi32>, Input>
    %ids = spirv.Load "Input" %where : vector<3xi32>
    %x = spirv.CompositeExtract %ids[0 : i32] : vector<3xi32>
    %is_first = spirv.SLessThan %x, %one : i32
    %sums = spirv.mlir.addressof @sums : !spirv.ptr<!spirv.struct<(!spirv.array<20 x f32>)>, Workgroup>
    %own = spirv.AccessChain %sums[%zero, %x] : !spirv.ptr<!spirv.struct<(!spirv.array<20 x f32>)>, Workgroup>, i32, i32 -> !spirv.ptr<f32, Workgroup>
    %common = spirv.AccessChain %sums[%zero, %zero] : !spirv.ptr<!spirv.struct<(!spirv.array<20 x f32>)>, Workgroup>, i32, i32 -> !spirv.ptr<f32, Workgroup>
    spirv.Store "Workgroup" %own, %nothing : f32
    %mine = spirv.Load "Workgroup" %own : f32
    spirv.mlir.selection {
      spirv.BranchConditional %is_first, ^bb1, ^bb2
    ^bb1:
      %theirs = spirv.Load "Workgroup" %common : f32
      spirv.Branch ^bb2
    ^bb2:
      spirv.mlir.merge
    }
    spirv.mlir.loop {
      spirv.Branch ^bb1(%zero : i32)
    ^bb1(%i: i32):
      %goes_on = spirv.SLessThan %i, %rounds : i32
      spirv.BranchConditional %goes_on, ^bb2, ^bb3
    ^bb2:
      %late = spirv.Load "Workgroup" %common : f32
      %next = spirv.IAdd %i, %one : i32
      spirv.Store "Workgroup" %own, %late : f32
      spirv.Branch ^bb1(%next : i32)
    ^bb3:
      spirv.mlir.merge
    }
    spirv.ReturnValue %mine : f32
  }
  spirv.EntryPoint "GLCompute" @other_elements, @id
  spirv.ExecutionMode @other_elements "LocalSize", 64, 1, 1
}
spirv.module Logical GLSL450 requires #spirv.vce<v1.0, [Shader], []> {
  spirv.func @all_alike() "None" {
    spirv.Return
  }
  spirv.EntryPoint "GLCompute" @all_alike
  spirv.ExecutionMode @all_alike "LocalSize", 64, 2, 1
}
spirv.module Logical GLSL450 requires #spirv.vce<v1.0, [Shader], [SPV_KHR_storage_buffer_storage_class]> {
  spirv.GlobalVariable @sums : !spirv.ptr<!spirv.struct<(!spirv.array<34 x f32>)>, Workgroup>
  spirv.GlobalVariable @id built_in("LocalInvocationId") : !spirv.ptr<vector<3xi32>, Input>
  spirv.func @in_the_tile() "None" {
    %zero = spirv.Constant 0 : i32
    %width = spirv.Constant 17 : i32
    %nothing = spirv.Constant 0.0 : f32
    %where = spirv.mlir.addressof @id : !spirv.ptr<vector<3xi32>, Input>
    %ids = spirv.Load "Input" %where : vector<3xi32>
    %x = spirv.CompositeExtract %ids[0 : i32] : vector<3xi32>
    %y = spirv.CompositeExtract %ids[1 : i32] : vector<3xi32>
    %is_in = spirv.SLessThan %x, %width : i32
    %sums = spirv.mlir.addressof @sums : !spirv.ptr<!spirv.struct<(!spirv.array<34 x f32>)>, Workgroup>
    spirv.mlir.selection {
      spirv.BranchConditional %is_in, ^bb1, ^bb2
    ^bb1:
      %first = spirv.AccessChain %sums[%zero, %x] : !spirv.ptr<!spirv.struct<(!spirv.array<34 x f32>)>, Workgroup>, i32, i32 -> !spirv.ptr<f32, Workgroup>
      spirv.Store "Workgroup" %first, %nothing : f32
      %row = spirv.IMul %y, %width : i32
      %at = spirv.IAdd %row, %x : i32
      %own = spirv.AccessChain %sums[%zero, %at] : !spirv.ptr<!spirv.struct<(!spirv.array<34 x f32>)>, Workgroup>, i32, i32 -> !spirv.ptr<f32, Workgroup>
      %sum = spirv.Load "Workgroup" %own : f32
      %more = spirv.FAdd %sum, %sum : f32
      spirv.Store "Workgroup" %own, %more : f32
      spirv.Branch ^bb2
    ^bb2:
      spirv.mlir.merge
    }
    spirv.Return
  }
  spirv.EntryPoint "GLCompute" @in_the_tile, @id
  spirv.ExecutionMode @in_the_tile "LocalSize", 32, 2, 4
}
spirv.module Logical GLSL450 requires #spirv.vce<v1.0, [Shader], [SPV_KHR_storage_buffer_storage_class]> {
  spirv.GlobalVariable @sums : !spirv.ptr<!spirv.struct<(!spirv.array<64 x f32>)>, Workgroup>
  spirv.GlobalVariable @id built_in("LocalInvocationId") : !spirv.ptr<vector<3xi32>, Input>
  spirv.func @own_element_in_rounds(%rounds: i32, %number: f32) "None" {
    %zero = spirv.Constant 0 : i32
    %one = spirv.Constant 1 : i32
    %where = spirv.mlir.addressof @id : !spirv.ptr<vector<3xi32>, Input>
    %ids = spirv.Load "Input" %where : vector<3xi32>
    %x = spirv.CompositeExtract %ids[0 : i32] : vector<3xi32>
    %sums = spirv.mlir.addressof @sums : !spirv.ptr<!spirv.struct<(!spirv.array<64 x f32>)>, Workgroup>
    %own = spirv.AccessChain %sums[%zero, %x] : !spirv.ptr<!spirv.struct<(!spirv.array<64 x f32>)>, Workgroup>, i32, i32 -> !spirv.ptr<f32, Workgroup>
    spirv.Store "Workgroup" %own, %number : f32
    spirv.mlir.loop {
      spirv.Branch ^bb1(%zero : i32)
    ^bb1(%i: i32):
      %goes_on = spirv.SLessThan %i, %rounds : i32
      spirv.BranchConditional %goes_on, ^bb2, ^bb3
    ^bb2:
      %before = spirv.Load "Workgroup" %own : f32
      %after = spirv.FAdd %before, %number : f32
      spirv.Store "Workgroup" %own, %after : f32
      %next = spirv.IAdd %i, %one : i32
      spirv.Branch ^bb1(%next : i32)
    ^bb3:
      spirv.mlir.merge
    }
    spirv.Return
  }
  spirv.EntryPoint "GLCompute" @own_element_in_rounds, @id
  spirv.ExecutionMode @own_element_in_rounds "LocalSize", 64, 1, 1
}
// -----
module {
  spirv.module Logical GLSL450 requires #spirv.vce<v1.0, [Shader], [SPV_KHR_storage_buffer_storage_class]> {
    spirv.GlobalVariable @sums : !spirv.ptr<!spirv.struct<(!spirv.array<20 x f32>)>, Workgroup>
    spirv.GlobalVariable @id built_in("LocalInvocationId") : !spirv.ptr<vector<3xi32>, Input>
    spirv.func @other_elements(%arg0: i32) -> f32 "None" {
      %cst0_i32 = spirv.Constant 0 : i32
      %cst1_i32 = spirv.Constant 1 : i32
      %cst_f32 = spirv.Constant 0.000000e+00 : f32
      %id_addr = spirv.mlir.addressof @id : !spirv.ptr<vector<3xi32>, Input>
      %0 = spirv.Load "Input" %id_addr : vector<3xi32>
      %1 = spirv.CompositeExtract %0[0 : i32] : vector<3xi32>
      %2 = spirv.SLessThan %1, %cst1_i32 : i32
      %sums_addr = spirv.mlir.addressof @sums : !spirv.ptr<!spirv.struct<(!spirv.array<20 x f32>)>, Workgroup>
      %3 = spirv.AccessChain %sums_addr[%cst0_i32, %1] : !spirv.ptr<!spirv.struct<(!spirv.array<20 x f32>)>, Workgroup>, i32, i32 -> !spirv.ptr<f32, Workgroup>
      %4 = spirv.AccessChain %sums_addr[%cst0_i32, %cst0_i32] : !spirv.ptr<!spirv.struct<(!spirv.array<20 x f32>)>, Workgroup>, i32, i32 -> !spirv.ptr<f32, Workgroup>
      spirv.Store "Workgroup" %3, %cst_f32 : f32
      %5 = spirv.Load "Workgroup" %3 : f32
      spirv.ControlBarrier <Workgroup>, <Workgroup>, <AcquireRelease|WorkgroupMemory>
      spirv.mlir.selection {
        spirv.BranchConditional %2, ^bb1, ^bb2
      ^bb1:  // pred: ^bb0
        %6 = spirv.Load "Workgroup" %4 : f32
        spirv.Branch ^bb2
      ^bb2:  // 2 preds: ^bb0, ^bb1
        spirv.mlir.merge
      }
      spirv.mlir.loop {
        spirv.Branch ^bb1(%cst0_i32 : i32)
      ^bb1(%6: i32):  // 2 preds: ^bb0, ^bb2
        %7 = spirv.SLessThan %6, %arg0 : i32
        spirv.BranchConditional %7, ^bb2, ^bb3
      ^bb2:  // pred: ^bb1
        spirv.ControlBarrier <Workgroup>, <Workgroup>, <AcquireRelease|WorkgroupMemory>
        %8 = spirv.Load "Workgroup" %4 : f32
        %9 = spirv.IAdd %6, %cst1_i32 : i32
        spirv.ControlBarrier <Workgroup>, <Workgroup>, <AcquireRelease|WorkgroupMemory>
        spirv.Store "Workgroup" %3, %8 : f32
        spirv.Branch ^bb1(%9 : i32)
      ^bb3:  // pred: ^bb1
        spirv.mlir.merge
      }
      spirv.ReturnValue %5 : f32
    }
    spirv.EntryPoint "GLCompute" @other_elements, @id
    spirv.ExecutionMode @other_elements "LocalSize", 64, 1, 1
  }
  spirv.module Logical GLSL450 requires #spirv.vce<v1.0, [Shader], []> {
    spirv.func @all_alike() "None" {
      spirv.Return
    }
    spirv.EntryPoint "GLCompute" @all_alike
    spirv.ExecutionMode @all_alike "LocalSize", 1, 1, 1
  }
  spirv.module Logical GLSL450 requires #spirv.vce<v1.0, [Shader], [SPV_KHR_storage_buffer_storage_class]> {
    spirv.GlobalVariable @sums : !spirv.ptr<!spirv.struct<(!spirv.array<34 x f32>)>, Workgroup>
    spirv.GlobalVariable @id built_in("LocalInvocationId") : !spirv.ptr<vector<3xi32>, Input>
    spirv.func @in_the_tile() "None" {
      %cst0_i32 = spirv.Constant 0 : i32
      %cst17_i32 = spirv.Constant 17 : i32
      %cst_f32 = spirv.Constant 0.000000e+00 : f32
      %id_addr = spirv.mlir.addressof @id : !spirv.ptr<vector<3xi32>, Input>
      %0 = spirv.Load "Input" %id_addr : vector<3xi32>
      %1 = spirv.CompositeExtract %0[0 : i32] : vector<3xi32>
      %2 = spirv.CompositeExtract %0[1 : i32] : vector<3xi32>
      %3 = spirv.SLessThan %1, %cst17_i32 : i32
      %sums_addr = spirv.mlir.addressof @sums : !spirv.ptr<!spirv.struct<(!spirv.array<34 x f32>)>, Workgroup>
      spirv.mlir.selection {
        spirv.BranchConditional %3, ^bb1, ^bb2
      ^bb1:  // pred: ^bb0
        %4 = spirv.AccessChain %sums_addr[%cst0_i32, %1] : !spirv.ptr<!spirv.struct<(!spirv.array<34 x f32>)>, Workgroup>, i32, i32 -> !spirv.ptr<f32, Workgroup>
        spirv.Store "Workgroup" %4, %cst_f32 : f32
        spirv.Branch ^bb2
      ^bb2:  // 2 preds: ^bb0, ^bb1
        spirv.mlir.merge
      }
      spirv.ControlBarrier <Workgroup>, <Workgroup>, <AcquireRelease|WorkgroupMemory>
      spirv.mlir.selection {
        spirv.BranchConditional %3, ^bb1, ^bb2
      ^bb1:  // pred: ^bb0
        %4 = spirv.IMul %2, %cst17_i32 : i32
        %5 = spirv.IAdd %4, %1 : i32
        %6 = spirv.AccessChain %sums_addr[%cst0_i32, %5] : !spirv.ptr<!spirv.struct<(!spirv.array<34 x f32>)>, Workgroup>, i32, i32 -> !spirv.ptr<f32, Workgroup>
        %7 = spirv.Load "Workgroup" %6 : f32
        %8 = spirv.FAdd %7, %7 : f32
        spirv.Store "Workgroup" %6, %8 : f32
        spirv.Branch ^bb2
      ^bb2:  // 2 preds: ^bb0, ^bb1
        spirv.mlir.merge
      }
      spirv.Return
    }
    spirv.EntryPoint "GLCompute" @in_the_tile, @id
    spirv.ExecutionMode @in_the_tile "LocalSize", 32, 2, 1
  }
  spirv.module Logical GLSL450 requires #spirv.vce<v1.0, [Shader], [SPV_KHR_storage_buffer_storage_class]> {
    spirv.GlobalVariable @sums : !spirv.ptr<!spirv.struct<(!spirv.array<64 x f32>)>, Workgroup>
    spirv.GlobalVariable @id built_in("LocalInvocationId") : !spirv.ptr<vector<3xi32>, Input>
    spirv.func @own_element_in_rounds(%arg0: i32, %arg1: f32) "None" {
      %cst0_i32 = spirv.Constant 0 : i32
      %cst1_i32 = spirv.Constant 1 : i32
      %id_addr = spirv.mlir.addressof @id : !spirv.ptr<vector<3xi32>, Input>
      %0 = spirv.Load "Input" %id_addr : vector<3xi32>
      %1 = spirv.CompositeExtract %0[0 : i32] : vector<3xi32>
      %sums_addr = spirv.mlir.addressof @sums : !spirv.ptr<!spirv.struct<(!spirv.array<64 x f32>)>, Workgroup>
      %2 = spirv.AccessChain %sums_addr[%cst0_i32, %1] : !spirv.ptr<!spirv.struct<(!spirv.array<64 x f32>)>, Workgroup>, i32, i32 -> !spirv.ptr<f32, Workgroup>
      spirv.Store "Workgroup" %2, %arg1 : f32
      spirv.mlir.loop {
        spirv.Branch ^bb1(%cst0_i32 : i32)
      ^bb1(%3: i32):  // 2 preds: ^bb0, ^bb2
        %4 = spirv.SLessThan %3, %arg0 : i32
        spirv.BranchConditional %4, ^bb2, ^bb3
      ^bb2:  // pred: ^bb1
        %5 = spirv.Load "Workgroup" %2 : f32
        %6 = spirv.FAdd %5, %arg1 : f32
        spirv.Store "Workgroup" %2, %6 : f32
        %7 = spirv.IAdd %3, %cst1_i32 : i32
        spirv.Branch ^bb1(%7 : i32)
      ^bb3:  // pred: ^bb1
        spirv.mlir.merge
      }
      spirv.Return
    }
    spirv.EntryPoint "GLCompute" @own_element_in_rounds, @id
    spirv.ExecutionMode @own_element_in_rounds "LocalSize", 64, 1, 1
  }
}
