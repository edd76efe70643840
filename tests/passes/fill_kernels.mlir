// pass: fill-kernels
module {
  stream.executable private @double {
    stream.executable.export public @double workgroups() -> (index, index, index) {
      %c1 = arith.constant 1 : index
      %c4 = arith.constant 4 : index
      stream.return %c4, %c1, %c1 : index, index, index
    }
    builtin.module {
      func.func private @code(index, memref<4xf32>, memref<4xf32>)
      func.func @double(%a: !stream.binding, %b: !stream.binding) attributes {webtensorc.flops = 4 : i64, webtensorc.body = "func.func @code(%group_x: index, %x: memref<4xf32>, %y: memref<4xf32>) {\0A  %v1 = memref.load %x[%group_x] : memref<4xf32>\0A  %v2 = arith.addf %v1, %v1 : f32\0A  memref.store %v2, %y[%group_x] : memref<4xf32>\0A  return\0A}"} {
        %c0 = arith.constant 0 : index
        %0 = stream.binding.subspan %a[%c0] : !stream.binding -> memref<4xf32>
        %1 = stream.binding.subspan %b[%c0] : !stream.binding -> memref<4xf32>
        %2 = stream.dispatch.workgroup.id[0] : index
        func.call @code(%2, %0, %1) : (index, memref<4xf32>, memref<4xf32>) -> ()
        return
      }
    }
  }
}
// -----
module {
  stream.executable private @double {
    stream.executable.export public @double workgroups() -> (index, index, index) {
      %c1 = arith.constant 1 : index
      %c4 = arith.constant 4 : index
      stream.return %c4, %c1, %c1 : index, index, index
    }
    builtin.module {
      func.func @double(%arg0: !stream.binding, %arg1: !stream.binding) attributes {webtensorc.flops = 4 : i64} {
        %c0 = arith.constant 0 : index
        %0 = stream.binding.subspan %arg0[%c0] : !stream.binding -> memref<4xf32>
        %1 = stream.binding.subspan %arg1[%c0] : !stream.binding -> memref<4xf32>
        %workgroup_id_0 = stream.dispatch.workgroup.id[0] : index
        %2 = memref.load %0[%workgroup_id_0] : memref<4xf32>
        %3 = arith.addf %2, %2 : f32
        memref.store %3, %1[%workgroup_id_0] : memref<4xf32>
        return
      }
    }
  }
}
