// SPIR-V 1.4 has decorations for sums that do not wrap around, and entry points list all of their variables; what comes
// before has not, and lists inputs and outputs.
// pass: fit-spirv-version
module {
  spirv.module Logical GLSL450 requires #spirv.vce<v1.0, [Shader], [SPV_KHR_storage_buffer_storage_class]> {
    spirv.GlobalVariable @id built_in("LocalInvocationId") : !spirv.ptr<vector<3xi32>, Input>
    spirv.GlobalVariable @shared : !spirv.ptr<!spirv.struct<(!spirv.array<20 x f32>)>, Workgroup>
    spirv.func @early() "None" {
      %a = spirv.Constant 5 : i32
      %0 = spirv.IMul %a, %a {no_signed_wrap} : i32
      %1 = spirv.IAdd %0, %a {no_signed_wrap, no_unsigned_wrap} : i32
      spirv.Return
    }
    spirv.EntryPoint "GLCompute" @early, @id, @shared
  }
  spirv.module Logical GLSL450 requires #spirv.vce<v1.6, [Shader], []> {
    spirv.GlobalVariable @shared : !spirv.ptr<!spirv.struct<(!spirv.array<20 x f32>)>, Workgroup>
    spirv.func @late() "None" {
      %a = spirv.Constant 5 : i32
      %0 = spirv.IMul %a, %a {no_signed_wrap} : i32
      spirv.Return
    }
    spirv.EntryPoint "GLCompute" @late, @shared
  }
}
// -----
module {
  spirv.module Logical GLSL450 requires #spirv.vce<v1.0, [Shader], [SPV_KHR_storage_buffer_storage_class]> {
    spirv.GlobalVariable @id built_in("LocalInvocationId") : !spirv.ptr<vector<3xi32>, Input>
    spirv.GlobalVariable @shared : !spirv.ptr<!spirv.struct<(!spirv.array<20 x f32>)>, Workgroup>
    spirv.func @early() "None" {
      %cst5_i32 = spirv.Constant 5 : i32
      %0 = spirv.IMul %cst5_i32, %cst5_i32 : i32
      %1 = spirv.IAdd %0, %cst5_i32 : i32
      spirv.Return
    }
    spirv.EntryPoint "GLCompute" @early, @id
  }
  spirv.module Logical GLSL450 requires #spirv.vce<v1.6, [Shader], []> {
    spirv.GlobalVariable @shared : !spirv.ptr<!spirv.struct<(!spirv.array<20 x f32>)>, Workgroup>
    spirv.func @late() "None" {
      %cst5_i32 = spirv.Constant 5 : i32
      %0 = spirv.IMul %cst5_i32, %cst5_i32 {no_signed_wrap} : i32
      spirv.Return
    }
    spirv.EntryPoint "GLCompute" @late, @shared
  }
}
