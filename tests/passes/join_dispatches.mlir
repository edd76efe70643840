// Two kernels, one after the other and then twice at once, a copy and a fill become one, whose numbers are behind the
// arena; it ends at a size that only the running program knows.
// pass: join-dispatches
#target = #hal.executable.target<"llvm-cpu", "embedded-elf-x86_64", {}>
#layout = #hal.pipeline.layout<constants = 1, bindings = [#hal.pipeline.binding<storage_buffer, ReadOnly>, #hal.pipeline.binding<storage_buffer>]>
module attributes {stream.affinity.default = #hal.device.affinity<@device>} {
  util.global private @device = #hal.device.target<"local", [#target]> : !hal.device
  hal.executable private @double {
    hal.executable.variant public @elf target(#target) {
      hal.executable.export public @double ordinal(0) layout(#layout) count(%d: !hal.device) -> (index, index, index) {
        %c1 = arith.constant 1 : index
        %c100 = arith.constant 100 : index
        hal.return %c100, %c1, %c1 : index, index, index
      }
      builtin.module attributes {llvm.data_layout = "e-i64:64", llvm.target_triple = "x86_64-unknown-unknown-eabi-elf"} {
        llvm.mlir.global private constant @number(2 : i32) : i32
        llvm.func @expf(f32) -> f32
        llvm.func @double(%e: !llvm.ptr, %d: !llvm.ptr, %g: !llvm.ptr) -> i32 {
          %at = llvm.mlir.addressof @number : !llvm.ptr
          %0 = llvm.load %at : !llvm.ptr -> i32
          llvm.return %0 : i32
        }
      }
    }
  }
  hal.executable private @halve {
    hal.executable.variant public @elf target(#target) {
      hal.executable.export public @halve ordinal(0) layout(#layout) count(%d: !hal.device) -> (index, index, index) {
        %c2 = arith.constant 2 : index
        hal.return %c2, %c2, %c2 : index, index, index
      }
      builtin.module attributes {llvm.data_layout = "e-i64:64", llvm.target_triple = "x86_64-unknown-unknown-eabi-elf"} {
        llvm.func @expf(f32) -> f32
        llvm.func @halve(%e: !llvm.ptr, %d: !llvm.ptr, %g: !llvm.ptr) -> i32 {
          %0 = llvm.mlir.constant(0 : i32) : i32
          llvm.return %0 : i32
        }
      }
    }
  }
  util.func public @main(%a: !stream.resource<external>, %b: !stream.resource<external>, %n: index) -> !stream.timepoint {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %c256 = arith.constant 256 : index
    %c7_i32 = arith.constant 7 : i32
    %arena, %ready = stream.resource.alloca uninitialized on(#hal.device.affinity<@device>) : !stream.resource<transient>{%c256} => !stream.timepoint
    %done = stream.cmd.execute on(#hal.device.affinity<@device>) await(%ready) => with(%a as %x: !stream.resource<external>{%c64}, %b as %y: !stream.resource<external>{%c64}, %arena as %t: !stream.resource<transient>{%c256}) {
      stream.cmd.dispatch @double::@elf::@double(%c7_i32 : i32) {
        ro %x[%c0 for %c64] : !stream.resource<external>{%c64},
        wo %t[%c64 for %c64] : !stream.resource<transient>{%c256}
      }
      stream.cmd.concurrent {
        stream.cmd.dispatch @halve::@elf::@halve {
          ro %t[%c64 for %c64] : !stream.resource<transient>{%c256},
          wo %t[%c0 for %c64] : !stream.resource<transient>{%c256}
        }
        stream.cmd.dispatch @double::@elf::@double(%c7_i32 : i32) {
          ro %t[%c64 for %c64] : !stream.resource<transient>{%c256},
          wo %y[%c0 for %c64] : !stream.resource<external>{%c64}
        }
      }
      stream.cmd.copy %t[%c0], %y[%c0], %c64 : !stream.resource<transient>{%c256} -> !stream.resource<external>{%c64}
      stream.cmd.fill %c7_i32, %t[%c64 for %c64] : i32 -> !stream.resource<transient>{%c256}
      stream.cmd.dispatch @halve::@elf::@halve {
        ro %y[%c0 for %n] : !stream.resource<external>{%c64},
        wo %t[%c64 for %n] : !stream.resource<transient>{%c256}
      }
    } => !stream.timepoint
    %freed = stream.resource.dealloca on(#hal.device.affinity<@device>) await(%done) => %arena : !stream.resource<transient>{%c256} => !stream.timepoint
    util.return %freed : !stream.timepoint
  }
}
// -----
#executable_target_embedded_elf_x86_64 = #hal.executable.target<"llvm-cpu", "embedded-elf-x86_64">
#pipeline_layout = #hal.pipeline.layout<constants = 1, bindings = [#hal.pipeline.binding<storage_buffer, ReadOnly>, #hal.pipeline.binding<storage_buffer>]>
#pipeline_layout1 = #hal.pipeline.layout<bindings = [#hal.pipeline.binding<storage_buffer, "ReadOnly|Indirect">, #hal.pipeline.binding<storage_buffer, Indirect>, #hal.pipeline.binding<storage_buffer, Indirect>, #hal.pipeline.binding<storage_buffer, Indirect>], flags = Indirect>
#device_target_local = #hal.device.target<"local", [#executable_target_embedded_elf_x86_64]> : !hal.device
module attributes {stream.affinity.default = #hal.device.affinity<@device>} {
  util.global private @device = #device_target_local
  hal.executable private @halve {
    hal.executable.variant public @elf target(#executable_target_embedded_elf_x86_64) {
      hal.executable.export public @halve ordinal(0) layout(#pipeline_layout) count(%arg0: !hal.device) -> (index, index, index) {
        %c2 = arith.constant 2 : index
        hal.return %c2, %c2, %c2 : index, index, index
      }
      builtin.module attributes {llvm.data_layout = "e-i64:64", llvm.target_triple = "x86_64-unknown-unknown-eabi-elf"} {
        llvm.func @expf(f32) -> f32
        llvm.func @halve(%arg0: !llvm.ptr, %arg1: !llvm.ptr, %arg2: !llvm.ptr) -> i32 {
          %0 = llvm.mlir.constant(0 : i32) : i32
          llvm.return %0 : i32
        }
      }
    }
  }
  hal.executable private @joined {
    hal.executable.variant public @elf target(#executable_target_embedded_elf_x86_64) {
      hal.executable.export public @joined.0 ordinal(0) layout(#pipeline_layout1) count(%arg0: !hal.device) -> (index, index, index) {
        %c64 = arith.constant 64 : index
        %c1 = arith.constant 1 : index
        hal.return %c64, %c1, %c1 : index, index, index
      }
      builtin.module attributes {llvm.data_layout = "e-i64:64", llvm.target_triple = "x86_64-unknown-unknown-eabi-elf"} {
        llvm.mlir.global private constant @double.double.number(2 : i32) {addr_space = 0 : i32} : i32
        llvm.func @expf(f32) -> f32
        llvm.func @double.double(%arg0: !llvm.ptr, %arg1: !llvm.ptr, %arg2: !llvm.ptr) -> i32 {
          %0 = llvm.mlir.addressof @double.double.number : !llvm.ptr
          %1 = llvm.load %0 : !llvm.ptr -> i32
          llvm.return %1 : i32
        }
        llvm.func @halve.halve(%arg0: !llvm.ptr, %arg1: !llvm.ptr, %arg2: !llvm.ptr) -> i32 {
          %0 = llvm.mlir.constant(0 : i32) : i32
          llvm.return %0 : i32
        }
        llvm.func internal @crew.work(%arg0: !llvm.ptr, %arg1: !llvm.ptr, %arg2: !llvm.ptr, %arg3: !llvm.ptr, %arg4: !llvm.ptr, %arg5: !llvm.ptr, %arg6: i64, %arg7: i64, %arg8: i64, %arg9: i64) -> i32 attributes {passthrough = ["noinline", "optnone"]} {
          %0 = llvm.mlir.constant(0 : i32) : i32
          %1 = llvm.mlir.constant(1 : i64) : i64
          %2 = llvm.mlir.constant(32 : i64) : i64
          %3 = llvm.mlir.constant(4294967295 : i64) : i64
          %4 = llvm.getelementptr %arg2[12] : (!llvm.ptr) -> !llvm.ptr, i8
          %5 = llvm.getelementptr %arg2[16] : (!llvm.ptr) -> !llvm.ptr, i8
          %6 = llvm.load %4 : !llvm.ptr -> i32
          %7 = llvm.load %5 : !llvm.ptr -> i32
          %8 = llvm.getelementptr %arg3[4] : (!llvm.ptr) -> !llvm.ptr, i8
          %9 = llvm.getelementptr %arg3[8] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.br ^bb1(%0 : i32)
        ^bb1(%10: i32):  // 2 preds: ^bb0, ^bb5
          %11 = llvm.load %arg4 atomic monotonic <alignment = 8> : !llvm.ptr -> i64
          %12 = llvm.and %11, %3 : i64
          %13 = llvm.lshr %11, %2 : i64
          %14 = llvm.add %12, %13 : i64
          %15 = llvm.icmp "ult" %14, %arg8 : i64
          llvm.cond_br %15, ^bb2, ^bb6(%10 : i32)
        ^bb2:  // pred: ^bb1
          %16 = llvm.atomicrmw add %arg4, %arg6 acq_rel : !llvm.ptr, i64
          %17 = llvm.and %16, %3 : i64
          %18 = llvm.lshr %16, %2 : i64
          %19 = llvm.add %17, %18 : i64
          %20 = llvm.icmp "ult" %19, %arg8 : i64
          llvm.cond_br %20, ^bb3, ^bb6(%10 : i32)
        ^bb3:  // pred: ^bb2
          %21 = llvm.icmp "eq" %arg6, %1 : i64
          %22 = llvm.sub %arg8, %1 : i64
          %23 = llvm.sub %22, %18 : i64
          %24 = llvm.select %21, %17, %23 : i1, i64
          %25 = llvm.mul %24, %arg7 : i64
          %26 = llvm.add %25, %arg7 : i64
          %27 = llvm.intr.umin(%26, %arg9) : (i64, i64) -> i64
          llvm.br ^bb4(%25, %10 : i64, i32)
        ^bb4(%28: i64, %29: i32):  // 2 preds: ^bb3, ^bb4
          %30 = llvm.trunc %28 : i64 to i32
          %31 = llvm.urem %30, %6 : i32
          %32 = llvm.udiv %30, %6 : i32
          %33 = llvm.urem %32, %7 : i32
          %34 = llvm.udiv %32, %7 : i32
          %35 = llvm.trunc %34 : i32 to i16
          llvm.store %31, %arg3 : i32, !llvm.ptr
          llvm.store %33, %8 : i32, !llvm.ptr
          llvm.store %35, %9 : i16, !llvm.ptr
          %36 = llvm.call %arg0(%arg1, %arg2, %arg3) : !llvm.ptr, (!llvm.ptr, !llvm.ptr, !llvm.ptr) -> i32
          %37 = llvm.or %29, %36 : i32
          %38 = llvm.add %28, %1 : i64
          %39 = llvm.icmp "ult" %38, %27 : i64
          llvm.cond_br %39, ^bb4(%38, %37 : i64, i32), ^bb5
        ^bb5:  // pred: ^bb4
          %40 = llvm.atomicrmw add %arg5, %1 acq_rel : !llvm.ptr, i64
          llvm.br ^bb1(%37 : i32)
        ^bb6(%41: i32):  // 2 preds: ^bb1, ^bb2
          llvm.return %41 : i32
        }
        llvm.func internal @crew.wait(%arg0: !llvm.ptr, %arg1: i64, %arg2: i64) -> i1 attributes {passthrough = ["noinline"]} {
          %0 = llvm.mlir.constant(1 : i32) : i32
          %1 = llvm.mlir.constant(0 : i64) : i64
          %2 = llvm.mlir.constant(1 : i64) : i64
          %3 = llvm.mlir.constant(false) : i1
          %4 = llvm.mlir.constant(true) : i1
          llvm.br ^bb1(%1 : i64)
        ^bb1(%5: i64):  // 2 preds: ^bb0, ^bb2
          %6 = llvm.load %arg0 atomic acquire <alignment = 8> : !llvm.ptr -> i64
          %7 = llvm.icmp "eq" %6, %arg1 : i64
          llvm.cond_br %7, ^bb3, ^bb2
        ^bb2:  // pred: ^bb1
          llvm.call_intrinsic "llvm.x86.sse2.pause"() : () -> ()
          %8 = llvm.add %5, %2 : i64
          %9 = llvm.icmp "ult" %8, %arg2 : i64
          llvm.cond_br %9, ^bb1(%8 : i64), ^bb4
        ^bb3:  // pred: ^bb1
          llvm.return %4 : i1
        ^bb4:  // pred: ^bb2
          llvm.return %3 : i1
        }
        llvm.func internal @crew.copy(%arg0: !llvm.ptr, %arg1: !llvm.ptr, %arg2: !llvm.ptr) -> i32 {
          %0 = llvm.mlir.constant(0 : i32) : i32
          %1 = llvm.mlir.constant(1 : i64) : i64
          %2 = llvm.mlir.constant(4 : i64) : i64
          %3 = llvm.mlir.constant(16384 : i64) : i64
          %4 = llvm.load %arg2 : !llvm.ptr -> i32
          %5 = llvm.zext %4 : i32 to i64
          %6 = llvm.mul %5, %3 : i64
          %7 = llvm.add %6, %3 : i64
          %8 = llvm.getelementptr %arg1[32] : (!llvm.ptr) -> !llvm.ptr, i8
          %9 = llvm.load %8 : !llvm.ptr -> !llvm.ptr
          %10 = llvm.getelementptr %arg1[40] : (!llvm.ptr) -> !llvm.ptr, i8
          %11 = llvm.load %10 : !llvm.ptr -> !llvm.ptr
          %12 = llvm.load %11 : !llvm.ptr -> i64
          %13 = llvm.intr.umin(%7, %12) : (i64, i64) -> i64
          %14 = llvm.getelementptr %9[8] : (!llvm.ptr) -> !llvm.ptr, i8
          %15 = llvm.load %14 : !llvm.ptr -> !llvm.ptr
          %16 = llvm.getelementptr %9[0] : (!llvm.ptr) -> !llvm.ptr, i8
          %17 = llvm.load %16 : !llvm.ptr -> !llvm.ptr
          llvm.br ^bb1(%6 : i64)
        ^bb1(%18: i64):  // 2 preds: ^bb0, ^bb2
          %19 = llvm.add %18, %2 : i64
          %20 = llvm.icmp "ule" %19, %13 : i64
          llvm.cond_br %20, ^bb2, ^bb3(%18 : i64)
        ^bb2:  // pred: ^bb1
          %21 = llvm.getelementptr %17[%18] : (!llvm.ptr, i64) -> !llvm.ptr, i8
          %22 = llvm.load %21 <alignment = 1> : !llvm.ptr -> i32
          %23 = llvm.getelementptr %15[%18] : (!llvm.ptr, i64) -> !llvm.ptr, i8
          llvm.store %22, %23 <alignment = 1> : i32, !llvm.ptr
          llvm.br ^bb1(%19 : i64)
        ^bb3(%24: i64):  // 2 preds: ^bb1, ^bb4
          %25 = llvm.icmp "ult" %24, %13 : i64
          llvm.cond_br %25, ^bb4, ^bb5
        ^bb4:  // pred: ^bb3
          %26 = llvm.getelementptr %17[%24] : (!llvm.ptr, i64) -> !llvm.ptr, i8
          %27 = llvm.load %26 : !llvm.ptr -> i8
          %28 = llvm.getelementptr %15[%24] : (!llvm.ptr, i64) -> !llvm.ptr, i8
          llvm.store %27, %28 : i8, !llvm.ptr
          %29 = llvm.add %24, %1 : i64
          llvm.br ^bb3(%29 : i64)
        ^bb5:  // pred: ^bb3
          llvm.return %0 : i32
        }
        llvm.func internal @crew.fill(%arg0: !llvm.ptr, %arg1: !llvm.ptr, %arg2: !llvm.ptr) -> i32 {
          %0 = llvm.mlir.constant(0 : i32) : i32
          %1 = llvm.mlir.constant(1 : i64) : i64
          %2 = llvm.mlir.constant(4 : i64) : i64
          %3 = llvm.mlir.constant(16384 : i64) : i64
          %4 = llvm.load %arg2 : !llvm.ptr -> i32
          %5 = llvm.zext %4 : i32 to i64
          %6 = llvm.mul %5, %3 : i64
          %7 = llvm.add %6, %3 : i64
          %8 = llvm.getelementptr %arg1[32] : (!llvm.ptr) -> !llvm.ptr, i8
          %9 = llvm.load %8 : !llvm.ptr -> !llvm.ptr
          %10 = llvm.getelementptr %arg1[40] : (!llvm.ptr) -> !llvm.ptr, i8
          %11 = llvm.load %10 : !llvm.ptr -> !llvm.ptr
          %12 = llvm.load %11 : !llvm.ptr -> i64
          %13 = llvm.intr.umin(%7, %12) : (i64, i64) -> i64
          %14 = llvm.getelementptr %9[0] : (!llvm.ptr) -> !llvm.ptr, i8
          %15 = llvm.load %14 : !llvm.ptr -> !llvm.ptr
          %16 = llvm.getelementptr %arg1[24] : (!llvm.ptr) -> !llvm.ptr, i8
          %17 = llvm.load %16 : !llvm.ptr -> !llvm.ptr
          %18 = llvm.load %17 : !llvm.ptr -> i32
          %19 = llvm.trunc %18 : i32 to i8
          llvm.br ^bb1(%6 : i64)
        ^bb1(%20: i64):  // 2 preds: ^bb0, ^bb2
          %21 = llvm.add %20, %2 : i64
          %22 = llvm.icmp "ule" %21, %13 : i64
          llvm.cond_br %22, ^bb2, ^bb3(%20 : i64)
        ^bb2:  // pred: ^bb1
          %23 = llvm.getelementptr %15[%20] : (!llvm.ptr, i64) -> !llvm.ptr, i8
          llvm.store %18, %23 <alignment = 1> : i32, !llvm.ptr
          llvm.br ^bb1(%21 : i64)
        ^bb3(%24: i64):  // 2 preds: ^bb1, ^bb4
          %25 = llvm.icmp "ult" %24, %13 : i64
          llvm.cond_br %25, ^bb4, ^bb5
        ^bb4:  // pred: ^bb3
          %26 = llvm.getelementptr %15[%24] : (!llvm.ptr, i64) -> !llvm.ptr, i8
          llvm.store %19, %26 : i8, !llvm.ptr
          %27 = llvm.add %24, %1 : i64
          llvm.br ^bb3(%27 : i64)
        ^bb5:  // pred: ^bb3
          llvm.return %0 : i32
        }
        llvm.func @joined.0(%arg0: !llvm.ptr, %arg1: !llvm.ptr, %arg2: !llvm.ptr) -> i32 {
          %0 = llvm.mlir.constant(0 : i64) : i64
          %1 = llvm.mlir.constant(1 : i64) : i64
          %2 = llvm.mlir.constant(2 : i64) : i64
          %3 = llvm.mlir.constant(8 : i64) : i64
          %4 = llvm.mlir.constant(50 : i64) : i64
          %5 = llvm.mlir.constant(64 : i64) : i64
          %6 = llvm.mlir.constant(100 : i64) : i64
          %7 = llvm.mlir.constant(16384 : i64) : i64
          %8 = llvm.mlir.constant(0 : i32) : i32
          %9 = llvm.mlir.constant(1 : i32) : i32
          %10 = llvm.mlir.constant(2 : i32) : i32
          %11 = llvm.mlir.constant(7 : i32) : i32
          %12 = llvm.mlir.constant(100 : i32) : i32
          %13 = llvm.getelementptr %arg1[32] : (!llvm.ptr) -> !llvm.ptr, i8
          %14 = llvm.load %13 : !llvm.ptr -> !llvm.ptr
          %15 = llvm.getelementptr %14[0] : (!llvm.ptr) -> !llvm.ptr, i8
          %16 = llvm.load %15 : !llvm.ptr -> !llvm.ptr
          %17 = llvm.getelementptr %14[8] : (!llvm.ptr) -> !llvm.ptr, i8
          %18 = llvm.load %17 : !llvm.ptr -> !llvm.ptr
          %19 = llvm.getelementptr %14[16] : (!llvm.ptr) -> !llvm.ptr, i8
          %20 = llvm.load %19 : !llvm.ptr -> !llvm.ptr
          %21 = llvm.getelementptr %14[24] : (!llvm.ptr) -> !llvm.ptr, i8
          %22 = llvm.load %21 : !llvm.ptr -> !llvm.ptr
          %23 = llvm.getelementptr %22[0] : (!llvm.ptr) -> !llvm.ptr, i8
          %24 = llvm.getelementptr %22[64] : (!llvm.ptr) -> !llvm.ptr, i8
          %25 = llvm.getelementptr %22[128] : (!llvm.ptr) -> !llvm.ptr, i8
          %26 = llvm.getelementptr %22[192] : (!llvm.ptr) -> !llvm.ptr, i8
          %27 = llvm.getelementptr %22[256] : (!llvm.ptr) -> !llvm.ptr, i8
          %28 = llvm.getelementptr %22[320] : (!llvm.ptr) -> !llvm.ptr, i8
          %29 = llvm.getelementptr %22[384] : (!llvm.ptr) -> !llvm.ptr, i8
          %30 = llvm.getelementptr %22[448] : (!llvm.ptr) -> !llvm.ptr, i8
          %31 = llvm.getelementptr %22[512] : (!llvm.ptr) -> !llvm.ptr, i8
          %32 = llvm.getelementptr %22[576] : (!llvm.ptr) -> !llvm.ptr, i8
          %33 = llvm.load %arg2 : !llvm.ptr -> i32
          %34 = llvm.mlir.constant(3 : i32) : i32
          %35 = llvm.lshr %33, %34 : i32
          %36 = llvm.and %35, %9 : i32
          %37 = llvm.icmp "eq" %36, %9 : i32
          %38 = llvm.mlir.constant(4294967296 : i64) : i64
          %39 = llvm.select %37, %38, %1 : i1, i64
          %40 = llvm.mlir.constant(464 : i64) : i64
          %41 = llvm.alloca %40 x i8 {alignment = 64 : i64} : (i64) -> !llvm.ptr
          %42 = llvm.load %31 atomic monotonic <alignment = 8> : !llvm.ptr -> i64
          %43 = llvm.mlir.constant(32 : i64) : i64
          %44 = llvm.lshr %42, %43 : i64
          %45 = llvm.add %42, %44 : i64
          %46 = llvm.trunc %45 : i64 to i32
          %47 = llvm.mlir.constant(1 : i32) : i32
          %48 = llvm.icmp "uge" %46, %47 : i32
          llvm.cond_br %48, ^bb6(%8 : i32), ^bb1
        ^bb1:  // pred: ^bb0
          %49 = llvm.getelementptr %arg2[12] : (!llvm.ptr) -> !llvm.ptr, i8
          %50 = llvm.load %49 : !llvm.ptr -> i32
          %51 = llvm.getelementptr %41[12] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %50, %51 : i32, !llvm.ptr
          %52 = llvm.mlir.zero : !llvm.ptr
          %53 = llvm.getelementptr %41[16] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %52, %53 : !llvm.ptr, !llvm.ptr
          %54 = llvm.getelementptr %41[24] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %8, %54 : i32, !llvm.ptr
          %55 = llvm.getelementptr %41[32] : (!llvm.ptr) -> !llvm.ptr, i8
          %56 = llvm.mlir.constant(33619969 : i32) : i32
          %57 = llvm.mlir.constant(65537 : i32) : i32
          %58 = llvm.getelementptr %55[0] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %58 : i32, !llvm.ptr
          %59 = llvm.getelementptr %55[4] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %59 : i32, !llvm.ptr
          %60 = llvm.getelementptr %55[8] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %57, %60 : i32, !llvm.ptr
          %61 = llvm.getelementptr %55[12] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %12, %61 : i32, !llvm.ptr
          %62 = llvm.getelementptr %55[16] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %62 : i32, !llvm.ptr
          %63 = llvm.getelementptr %55[20] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %56, %63 : i32, !llvm.ptr
          %64 = llvm.getelementptr %55[80] : (!llvm.ptr) -> !llvm.ptr, i8
          %65 = llvm.getelementptr %55[24] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %64, %65 : !llvm.ptr, !llvm.ptr
          %66 = llvm.getelementptr %55[48] : (!llvm.ptr) -> !llvm.ptr, i8
          %67 = llvm.getelementptr %55[32] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %66, %67 : !llvm.ptr, !llvm.ptr
          %68 = llvm.getelementptr %55[64] : (!llvm.ptr) -> !llvm.ptr, i8
          %69 = llvm.getelementptr %55[40] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %68, %69 : !llvm.ptr, !llvm.ptr
          %70 = llvm.getelementptr %16[0] : (!llvm.ptr) -> !llvm.ptr, i8
          %71 = llvm.getelementptr %55[48] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %70, %71 : !llvm.ptr, !llvm.ptr
          %72 = llvm.getelementptr %55[64] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %5, %72 : i64, !llvm.ptr
          %73 = llvm.getelementptr %18[64] : (!llvm.ptr) -> !llvm.ptr, i8
          %74 = llvm.getelementptr %55[56] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %73, %74 : !llvm.ptr, !llvm.ptr
          %75 = llvm.getelementptr %55[72] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %5, %75 : i64, !llvm.ptr
          %76 = llvm.getelementptr %55[80] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %11, %76 : i32, !llvm.ptr
          %77 = llvm.getelementptr %41[128] : (!llvm.ptr) -> !llvm.ptr, i8
          %78 = llvm.mlir.constant(33619970 : i32) : i32
          %79 = llvm.mlir.constant(1 : i32) : i32
          %80 = llvm.getelementptr %77[0] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %80 : i32, !llvm.ptr
          %81 = llvm.getelementptr %77[4] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %81 : i32, !llvm.ptr
          %82 = llvm.getelementptr %77[8] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %79, %82 : i32, !llvm.ptr
          %83 = llvm.getelementptr %77[12] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %10, %83 : i32, !llvm.ptr
          %84 = llvm.getelementptr %77[16] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %10, %84 : i32, !llvm.ptr
          %85 = llvm.getelementptr %77[20] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %78, %85 : i32, !llvm.ptr
          %86 = llvm.getelementptr %77[80] : (!llvm.ptr) -> !llvm.ptr, i8
          %87 = llvm.getelementptr %77[24] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %86, %87 : !llvm.ptr, !llvm.ptr
          %88 = llvm.getelementptr %77[48] : (!llvm.ptr) -> !llvm.ptr, i8
          %89 = llvm.getelementptr %77[32] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %88, %89 : !llvm.ptr, !llvm.ptr
          %90 = llvm.getelementptr %77[64] : (!llvm.ptr) -> !llvm.ptr, i8
          %91 = llvm.getelementptr %77[40] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %90, %91 : !llvm.ptr, !llvm.ptr
          %92 = llvm.getelementptr %18[64] : (!llvm.ptr) -> !llvm.ptr, i8
          %93 = llvm.getelementptr %77[48] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %92, %93 : !llvm.ptr, !llvm.ptr
          %94 = llvm.getelementptr %77[64] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %5, %94 : i64, !llvm.ptr
          %95 = llvm.getelementptr %18[0] : (!llvm.ptr) -> !llvm.ptr, i8
          %96 = llvm.getelementptr %77[56] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %95, %96 : !llvm.ptr, !llvm.ptr
          %97 = llvm.getelementptr %77[72] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %5, %97 : i64, !llvm.ptr
          %98 = llvm.getelementptr %41[208] : (!llvm.ptr) -> !llvm.ptr, i8
          %99 = llvm.mlir.constant(33619969 : i32) : i32
          %100 = llvm.mlir.constant(65537 : i32) : i32
          %101 = llvm.getelementptr %98[0] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %101 : i32, !llvm.ptr
          %102 = llvm.getelementptr %98[4] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %102 : i32, !llvm.ptr
          %103 = llvm.getelementptr %98[8] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %100, %103 : i32, !llvm.ptr
          %104 = llvm.getelementptr %98[12] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %12, %104 : i32, !llvm.ptr
          %105 = llvm.getelementptr %98[16] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %105 : i32, !llvm.ptr
          %106 = llvm.getelementptr %98[20] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %99, %106 : i32, !llvm.ptr
          %107 = llvm.getelementptr %98[80] : (!llvm.ptr) -> !llvm.ptr, i8
          %108 = llvm.getelementptr %98[24] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %107, %108 : !llvm.ptr, !llvm.ptr
          %109 = llvm.getelementptr %98[48] : (!llvm.ptr) -> !llvm.ptr, i8
          %110 = llvm.getelementptr %98[32] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %109, %110 : !llvm.ptr, !llvm.ptr
          %111 = llvm.getelementptr %98[64] : (!llvm.ptr) -> !llvm.ptr, i8
          %112 = llvm.getelementptr %98[40] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %111, %112 : !llvm.ptr, !llvm.ptr
          %113 = llvm.getelementptr %18[64] : (!llvm.ptr) -> !llvm.ptr, i8
          %114 = llvm.getelementptr %98[48] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %113, %114 : !llvm.ptr, !llvm.ptr
          %115 = llvm.getelementptr %98[64] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %5, %115 : i64, !llvm.ptr
          %116 = llvm.getelementptr %20[0] : (!llvm.ptr) -> !llvm.ptr, i8
          %117 = llvm.getelementptr %98[56] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %116, %117 : !llvm.ptr, !llvm.ptr
          %118 = llvm.getelementptr %98[72] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %5, %118 : i64, !llvm.ptr
          %119 = llvm.getelementptr %98[80] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %11, %119 : i32, !llvm.ptr
          %120 = llvm.getelementptr %41[304] : (!llvm.ptr) -> !llvm.ptr, i8
          %121 = llvm.mlir.constant(33619969 : i32) : i32
          %122 = llvm.mlir.constant(1 : i32) : i32
          %123 = llvm.getelementptr %120[0] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %123 : i32, !llvm.ptr
          %124 = llvm.getelementptr %120[4] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %124 : i32, !llvm.ptr
          %125 = llvm.getelementptr %120[8] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %122, %125 : i32, !llvm.ptr
          %126 = llvm.getelementptr %120[12] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %126 : i32, !llvm.ptr
          %127 = llvm.getelementptr %120[16] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %127 : i32, !llvm.ptr
          %128 = llvm.getelementptr %120[20] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %121, %128 : i32, !llvm.ptr
          %129 = llvm.getelementptr %120[80] : (!llvm.ptr) -> !llvm.ptr, i8
          %130 = llvm.getelementptr %120[24] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %129, %130 : !llvm.ptr, !llvm.ptr
          %131 = llvm.getelementptr %120[48] : (!llvm.ptr) -> !llvm.ptr, i8
          %132 = llvm.getelementptr %120[32] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %131, %132 : !llvm.ptr, !llvm.ptr
          %133 = llvm.getelementptr %120[64] : (!llvm.ptr) -> !llvm.ptr, i8
          %134 = llvm.getelementptr %120[40] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %133, %134 : !llvm.ptr, !llvm.ptr
          %135 = llvm.getelementptr %18[0] : (!llvm.ptr) -> !llvm.ptr, i8
          %136 = llvm.getelementptr %120[48] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %135, %136 : !llvm.ptr, !llvm.ptr
          %137 = llvm.getelementptr %120[64] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %5, %137 : i64, !llvm.ptr
          %138 = llvm.getelementptr %20[0] : (!llvm.ptr) -> !llvm.ptr, i8
          %139 = llvm.getelementptr %120[56] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %138, %139 : !llvm.ptr, !llvm.ptr
          %140 = llvm.getelementptr %120[72] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %5, %140 : i64, !llvm.ptr
          %141 = llvm.getelementptr %41[384] : (!llvm.ptr) -> !llvm.ptr, i8
          %142 = llvm.mlir.constant(16842753 : i32) : i32
          %143 = llvm.mlir.constant(65537 : i32) : i32
          %144 = llvm.getelementptr %141[0] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %144 : i32, !llvm.ptr
          %145 = llvm.getelementptr %141[4] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %145 : i32, !llvm.ptr
          %146 = llvm.getelementptr %141[8] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %143, %146 : i32, !llvm.ptr
          %147 = llvm.getelementptr %141[12] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %147 : i32, !llvm.ptr
          %148 = llvm.getelementptr %141[16] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %148 : i32, !llvm.ptr
          %149 = llvm.getelementptr %141[20] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %142, %149 : i32, !llvm.ptr
          %150 = llvm.getelementptr %141[64] : (!llvm.ptr) -> !llvm.ptr, i8
          %151 = llvm.getelementptr %141[24] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %150, %151 : !llvm.ptr, !llvm.ptr
          %152 = llvm.getelementptr %141[48] : (!llvm.ptr) -> !llvm.ptr, i8
          %153 = llvm.getelementptr %141[32] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %152, %153 : !llvm.ptr, !llvm.ptr
          %154 = llvm.getelementptr %141[56] : (!llvm.ptr) -> !llvm.ptr, i8
          %155 = llvm.getelementptr %141[40] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %154, %155 : !llvm.ptr, !llvm.ptr
          %156 = llvm.getelementptr %18[64] : (!llvm.ptr) -> !llvm.ptr, i8
          %157 = llvm.getelementptr %141[48] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %156, %157 : !llvm.ptr, !llvm.ptr
          %158 = llvm.getelementptr %141[56] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %5, %158 : i64, !llvm.ptr
          %159 = llvm.getelementptr %141[64] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %11, %159 : i32, !llvm.ptr
          %160 = llvm.mlir.addressof @double.double : !llvm.ptr
          %161 = llvm.call @crew.work(%160, %arg0, %55, %41, %23, %24, %39, %2, %4, %6) : (!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, i64, i64, i64, i64) -> i32
          %162 = llvm.or %8, %161 : i32
          %163 = llvm.call @crew.wait(%24, %4, %7) : (!llvm.ptr, i64, i64) -> i1
          llvm.cond_br %163, ^bb2, ^bb6(%162 : i32)
        ^bb2:  // pred: ^bb1
          %164 = llvm.mlir.addressof @halve.halve : !llvm.ptr
          %165 = llvm.call @crew.work(%164, %arg0, %77, %41, %25, %26, %39, %1, %3, %3) : (!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, i64, i64, i64, i64) -> i32
          %166 = llvm.or %162, %165 : i32
          %167 = llvm.mlir.addressof @double.double : !llvm.ptr
          %168 = llvm.call @crew.work(%167, %arg0, %98, %41, %27, %28, %39, %2, %4, %6) : (!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, i64, i64, i64, i64) -> i32
          %169 = llvm.or %166, %168 : i32
          %170 = llvm.call @crew.wait(%26, %3, %7) : (!llvm.ptr, i64, i64) -> i1
          llvm.cond_br %170, ^bb3, ^bb6(%169 : i32)
        ^bb3:  // pred: ^bb2
          %171 = llvm.call @crew.wait(%28, %4, %7) : (!llvm.ptr, i64, i64) -> i1
          llvm.cond_br %171, ^bb4, ^bb6(%169 : i32)
        ^bb4:  // pred: ^bb3
          %172 = llvm.mlir.addressof @crew.copy : !llvm.ptr
          %173 = llvm.call @crew.work(%172, %arg0, %120, %41, %29, %30, %39, %1, %1, %1) : (!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, i64, i64, i64, i64) -> i32
          %174 = llvm.or %169, %173 : i32
          %175 = llvm.call @crew.wait(%30, %1, %7) : (!llvm.ptr, i64, i64) -> i1
          llvm.cond_br %175, ^bb5, ^bb6(%174 : i32)
        ^bb5:  // pred: ^bb4
          %176 = llvm.mlir.addressof @crew.fill : !llvm.ptr
          %177 = llvm.call @crew.work(%176, %arg0, %141, %41, %31, %32, %39, %1, %1, %1) : (!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, i64, i64, i64, i64) -> i32
          %178 = llvm.or %174, %177 : i32
          llvm.br ^bb6(%178 : i32)
        ^bb6(%179: i32):  // 6 preds: ^bb0, ^bb1, ^bb2, ^bb3, ^bb4, ^bb5
          llvm.return %179 : i32
        }
      }
    }
  }
  util.func public @main(%arg0: !stream.resource<external>, %arg1: !stream.resource<external>, %arg2: index) -> !stream.timepoint {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %c256 = arith.constant 256 : index
    %c7_i32 = arith.constant 7 : i32
    %c896 = arith.constant 896 : index
    %c896_0 = arith.constant 896 : index
    %c896_1 = arith.constant 896 : index
    %c896_2 = arith.constant 896 : index
    %c256_3 = arith.constant 256 : index
    %c640 = arith.constant 640 : index
    %c0_4 = arith.constant 0 : index
    %c256_5 = arith.constant 256 : index
    %c640_6 = arith.constant 640 : index
    %result, %result_timepoint = stream.resource.alloca uninitialized on(#hal.device.affinity<@device>) : !stream.resource<transient>{%c896} => !stream.timepoint
    %c0_i32 = arith.constant 0 : i32
    %0 = stream.cmd.execute on(#hal.device.affinity<@device>) await(%result_timepoint) => with(%arg0 as %arg3: !stream.resource<external>{%c64}, %arg1 as %arg4: !stream.resource<external>{%c64}, %result as %arg5: !stream.resource<transient>{%c896_1}) {
      stream.cmd.fill %c0_i32, %arg5[%c256_3 for %c640] : i32 -> !stream.resource<transient>{%c896_2}
      stream.cmd.dispatch @joined::@elf::@joined.0 {
        ro %arg3[%c0_4 for %c64] : !stream.resource<external>{%c64},
        rw %arg5[%c0_4 for %c896_2] : !stream.resource<transient>{%c896_2},
        rw %arg4[%c0_4 for %c64] : !stream.resource<external>{%c64},
        rw %arg5[%c256_5 for %c640_6] : !stream.resource<transient>{%c896_2}
      }
      stream.cmd.dispatch @halve::@elf::@halve {
        ro %arg4[%c0 for %arg2] : !stream.resource<external>{%c64},
        wo %arg5[%c64 for %arg2] : !stream.resource<transient>{%c896_2}
      }
    } => !stream.timepoint
    %1 = stream.resource.dealloca on(#hal.device.affinity<@device>) await(%0) => %result : !stream.resource<transient>{%c896_0} => !stream.timepoint
    util.return %1 : !stream.timepoint
  }
}
