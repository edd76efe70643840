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
        %c14 = arith.constant 14 : index
        %c1 = arith.constant 1 : index
        hal.return %c14, %c1, %c1 : index, index, index
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
          %1 = llvm.mlir.constant(0 : i64) : i64
          %2 = llvm.mlir.constant(1 : i64) : i64
          %3 = llvm.mlir.constant(32 : i64) : i64
          %4 = llvm.mlir.constant(4294967295 : i64) : i64
          %5 = llvm.getelementptr %arg2[12] : (!llvm.ptr) -> !llvm.ptr, i8
          %6 = llvm.getelementptr %arg2[16] : (!llvm.ptr) -> !llvm.ptr, i8
          %7 = llvm.load %5 : !llvm.ptr -> i32
          %8 = llvm.load %6 : !llvm.ptr -> i32
          %9 = llvm.getelementptr %arg3[4] : (!llvm.ptr) -> !llvm.ptr, i8
          %10 = llvm.getelementptr %arg3[8] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.br ^bb1(%0 : i32)
        ^bb1(%11: i32):  // 2 preds: ^bb0, ^bb5
          %12 = llvm.load %arg4 atomic monotonic <alignment = 8> : !llvm.ptr -> i64
          %13 = llvm.and %12, %4 : i64
          %14 = llvm.lshr %12, %3 : i64
          %15 = llvm.add %13, %14 : i64
          %16 = llvm.icmp "ult" %15, %arg8 : i64
          llvm.cond_br %16, ^bb2, ^bb6(%11 : i32)
        ^bb2:  // pred: ^bb1
          %17 = llvm.atomicrmw add %arg4, %arg6 acq_rel : !llvm.ptr, i64
          %18 = llvm.and %17, %4 : i64
          %19 = llvm.lshr %17, %3 : i64
          %20 = llvm.add %18, %19 : i64
          %21 = llvm.icmp "ult" %20, %arg8 : i64
          llvm.cond_br %21, ^bb3, ^bb6(%11 : i32)
        ^bb3:  // pred: ^bb2
          %22 = llvm.icmp "eq" %arg6, %2 : i64
          %23 = llvm.sub %arg8, %2 : i64
          %24 = llvm.sub %23, %19 : i64
          %25 = llvm.select %22, %18, %24 : i1, i64
          %26 = llvm.mul %25, %arg7 : i64
          %27 = llvm.add %26, %arg7 : i64
          %28 = llvm.intr.umin(%27, %arg9) : (i64, i64) -> i64
          llvm.br ^bb4(%26, %11 : i64, i32)
        ^bb4(%29: i64, %30: i32):  // 2 preds: ^bb3, ^bb4
          %31 = llvm.trunc %29 : i64 to i32
          %32 = llvm.urem %31, %7 : i32
          %33 = llvm.udiv %31, %7 : i32
          %34 = llvm.urem %33, %8 : i32
          %35 = llvm.udiv %33, %8 : i32
          %36 = llvm.trunc %35 : i32 to i16
          llvm.store %32, %arg3 : i32, !llvm.ptr
          llvm.store %34, %9 : i32, !llvm.ptr
          llvm.store %36, %10 : i16, !llvm.ptr
          %37 = llvm.call %arg0(%arg1, %arg2, %arg3) : !llvm.ptr, (!llvm.ptr, !llvm.ptr, !llvm.ptr) -> i32
          %38 = llvm.or %30, %37 : i32
          %39 = llvm.add %29, %2 : i64
          %40 = llvm.icmp "ult" %39, %28 : i64
          llvm.cond_br %40, ^bb4(%39, %38 : i64, i32), ^bb5
        ^bb5:  // pred: ^bb4
          %41 = llvm.atomicrmw add %arg5, %2 acq_rel : !llvm.ptr, i64
          llvm.br ^bb1(%38 : i32)
        ^bb6(%42: i32):  // 2 preds: ^bb1, ^bb2
          llvm.return %42 : i32
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
          %2 = llvm.mlir.constant(4 : i64) : i64
          %3 = llvm.mlir.constant(8 : i64) : i64
          %4 = llvm.mlir.constant(25 : i64) : i64
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
          %34 = llvm.and %33, %9 : i32
          %35 = llvm.icmp "eq" %34, %9 : i32
          %36 = llvm.mlir.constant(4294967296 : i64) : i64
          %37 = llvm.select %35, %36, %1 : i1, i64
          %38 = llvm.mlir.constant(464 : i64) : i64
          %39 = llvm.alloca %38 x i8 {alignment = 64 : i64} : (i64) -> !llvm.ptr
          %40 = llvm.getelementptr %arg2[12] : (!llvm.ptr) -> !llvm.ptr, i8
          %41 = llvm.load %40 : !llvm.ptr -> i32
          %42 = llvm.getelementptr %39[12] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %41, %42 : i32, !llvm.ptr
          %43 = llvm.mlir.zero : !llvm.ptr
          %44 = llvm.getelementptr %39[16] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %43, %44 : !llvm.ptr, !llvm.ptr
          %45 = llvm.getelementptr %39[24] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %8, %45 : i32, !llvm.ptr
          %46 = llvm.getelementptr %39[32] : (!llvm.ptr) -> !llvm.ptr, i8
          %47 = llvm.mlir.constant(33619969 : i32) : i32
          %48 = llvm.mlir.constant(65537 : i32) : i32
          %49 = llvm.getelementptr %46[0] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %49 : i32, !llvm.ptr
          %50 = llvm.getelementptr %46[4] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %50 : i32, !llvm.ptr
          %51 = llvm.getelementptr %46[8] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %48, %51 : i32, !llvm.ptr
          %52 = llvm.getelementptr %46[12] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %12, %52 : i32, !llvm.ptr
          %53 = llvm.getelementptr %46[16] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %53 : i32, !llvm.ptr
          %54 = llvm.getelementptr %46[20] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %47, %54 : i32, !llvm.ptr
          %55 = llvm.getelementptr %46[80] : (!llvm.ptr) -> !llvm.ptr, i8
          %56 = llvm.getelementptr %46[24] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %55, %56 : !llvm.ptr, !llvm.ptr
          %57 = llvm.getelementptr %46[48] : (!llvm.ptr) -> !llvm.ptr, i8
          %58 = llvm.getelementptr %46[32] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %57, %58 : !llvm.ptr, !llvm.ptr
          %59 = llvm.getelementptr %46[64] : (!llvm.ptr) -> !llvm.ptr, i8
          %60 = llvm.getelementptr %46[40] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %59, %60 : !llvm.ptr, !llvm.ptr
          %61 = llvm.getelementptr %16[0] : (!llvm.ptr) -> !llvm.ptr, i8
          %62 = llvm.getelementptr %46[48] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %61, %62 : !llvm.ptr, !llvm.ptr
          %63 = llvm.getelementptr %46[64] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %5, %63 : i64, !llvm.ptr
          %64 = llvm.getelementptr %18[64] : (!llvm.ptr) -> !llvm.ptr, i8
          %65 = llvm.getelementptr %46[56] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %64, %65 : !llvm.ptr, !llvm.ptr
          %66 = llvm.getelementptr %46[72] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %5, %66 : i64, !llvm.ptr
          %67 = llvm.getelementptr %46[80] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %11, %67 : i32, !llvm.ptr
          %68 = llvm.getelementptr %39[128] : (!llvm.ptr) -> !llvm.ptr, i8
          %69 = llvm.mlir.constant(33619970 : i32) : i32
          %70 = llvm.mlir.constant(1 : i32) : i32
          %71 = llvm.getelementptr %68[0] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %71 : i32, !llvm.ptr
          %72 = llvm.getelementptr %68[4] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %72 : i32, !llvm.ptr
          %73 = llvm.getelementptr %68[8] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %70, %73 : i32, !llvm.ptr
          %74 = llvm.getelementptr %68[12] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %10, %74 : i32, !llvm.ptr
          %75 = llvm.getelementptr %68[16] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %10, %75 : i32, !llvm.ptr
          %76 = llvm.getelementptr %68[20] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %69, %76 : i32, !llvm.ptr
          %77 = llvm.getelementptr %68[80] : (!llvm.ptr) -> !llvm.ptr, i8
          %78 = llvm.getelementptr %68[24] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %77, %78 : !llvm.ptr, !llvm.ptr
          %79 = llvm.getelementptr %68[48] : (!llvm.ptr) -> !llvm.ptr, i8
          %80 = llvm.getelementptr %68[32] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %79, %80 : !llvm.ptr, !llvm.ptr
          %81 = llvm.getelementptr %68[64] : (!llvm.ptr) -> !llvm.ptr, i8
          %82 = llvm.getelementptr %68[40] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %81, %82 : !llvm.ptr, !llvm.ptr
          %83 = llvm.getelementptr %18[64] : (!llvm.ptr) -> !llvm.ptr, i8
          %84 = llvm.getelementptr %68[48] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %83, %84 : !llvm.ptr, !llvm.ptr
          %85 = llvm.getelementptr %68[64] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %5, %85 : i64, !llvm.ptr
          %86 = llvm.getelementptr %18[0] : (!llvm.ptr) -> !llvm.ptr, i8
          %87 = llvm.getelementptr %68[56] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %86, %87 : !llvm.ptr, !llvm.ptr
          %88 = llvm.getelementptr %68[72] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %5, %88 : i64, !llvm.ptr
          %89 = llvm.getelementptr %39[208] : (!llvm.ptr) -> !llvm.ptr, i8
          %90 = llvm.mlir.constant(33619969 : i32) : i32
          %91 = llvm.mlir.constant(65537 : i32) : i32
          %92 = llvm.getelementptr %89[0] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %92 : i32, !llvm.ptr
          %93 = llvm.getelementptr %89[4] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %93 : i32, !llvm.ptr
          %94 = llvm.getelementptr %89[8] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %91, %94 : i32, !llvm.ptr
          %95 = llvm.getelementptr %89[12] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %12, %95 : i32, !llvm.ptr
          %96 = llvm.getelementptr %89[16] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %96 : i32, !llvm.ptr
          %97 = llvm.getelementptr %89[20] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %90, %97 : i32, !llvm.ptr
          %98 = llvm.getelementptr %89[80] : (!llvm.ptr) -> !llvm.ptr, i8
          %99 = llvm.getelementptr %89[24] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %98, %99 : !llvm.ptr, !llvm.ptr
          %100 = llvm.getelementptr %89[48] : (!llvm.ptr) -> !llvm.ptr, i8
          %101 = llvm.getelementptr %89[32] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %100, %101 : !llvm.ptr, !llvm.ptr
          %102 = llvm.getelementptr %89[64] : (!llvm.ptr) -> !llvm.ptr, i8
          %103 = llvm.getelementptr %89[40] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %102, %103 : !llvm.ptr, !llvm.ptr
          %104 = llvm.getelementptr %18[64] : (!llvm.ptr) -> !llvm.ptr, i8
          %105 = llvm.getelementptr %89[48] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %104, %105 : !llvm.ptr, !llvm.ptr
          %106 = llvm.getelementptr %89[64] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %5, %106 : i64, !llvm.ptr
          %107 = llvm.getelementptr %20[0] : (!llvm.ptr) -> !llvm.ptr, i8
          %108 = llvm.getelementptr %89[56] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %107, %108 : !llvm.ptr, !llvm.ptr
          %109 = llvm.getelementptr %89[72] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %5, %109 : i64, !llvm.ptr
          %110 = llvm.getelementptr %89[80] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %11, %110 : i32, !llvm.ptr
          %111 = llvm.getelementptr %39[304] : (!llvm.ptr) -> !llvm.ptr, i8
          %112 = llvm.mlir.constant(33619969 : i32) : i32
          %113 = llvm.mlir.constant(1 : i32) : i32
          %114 = llvm.getelementptr %111[0] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %114 : i32, !llvm.ptr
          %115 = llvm.getelementptr %111[4] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %115 : i32, !llvm.ptr
          %116 = llvm.getelementptr %111[8] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %113, %116 : i32, !llvm.ptr
          %117 = llvm.getelementptr %111[12] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %117 : i32, !llvm.ptr
          %118 = llvm.getelementptr %111[16] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %118 : i32, !llvm.ptr
          %119 = llvm.getelementptr %111[20] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %112, %119 : i32, !llvm.ptr
          %120 = llvm.getelementptr %111[80] : (!llvm.ptr) -> !llvm.ptr, i8
          %121 = llvm.getelementptr %111[24] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %120, %121 : !llvm.ptr, !llvm.ptr
          %122 = llvm.getelementptr %111[48] : (!llvm.ptr) -> !llvm.ptr, i8
          %123 = llvm.getelementptr %111[32] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %122, %123 : !llvm.ptr, !llvm.ptr
          %124 = llvm.getelementptr %111[64] : (!llvm.ptr) -> !llvm.ptr, i8
          %125 = llvm.getelementptr %111[40] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %124, %125 : !llvm.ptr, !llvm.ptr
          %126 = llvm.getelementptr %18[0] : (!llvm.ptr) -> !llvm.ptr, i8
          %127 = llvm.getelementptr %111[48] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %126, %127 : !llvm.ptr, !llvm.ptr
          %128 = llvm.getelementptr %111[64] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %5, %128 : i64, !llvm.ptr
          %129 = llvm.getelementptr %20[0] : (!llvm.ptr) -> !llvm.ptr, i8
          %130 = llvm.getelementptr %111[56] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %129, %130 : !llvm.ptr, !llvm.ptr
          %131 = llvm.getelementptr %111[72] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %5, %131 : i64, !llvm.ptr
          %132 = llvm.getelementptr %39[384] : (!llvm.ptr) -> !llvm.ptr, i8
          %133 = llvm.mlir.constant(16842753 : i32) : i32
          %134 = llvm.mlir.constant(65537 : i32) : i32
          %135 = llvm.getelementptr %132[0] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %135 : i32, !llvm.ptr
          %136 = llvm.getelementptr %132[4] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %136 : i32, !llvm.ptr
          %137 = llvm.getelementptr %132[8] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %134, %137 : i32, !llvm.ptr
          %138 = llvm.getelementptr %132[12] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %138 : i32, !llvm.ptr
          %139 = llvm.getelementptr %132[16] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %139 : i32, !llvm.ptr
          %140 = llvm.getelementptr %132[20] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %133, %140 : i32, !llvm.ptr
          %141 = llvm.getelementptr %132[64] : (!llvm.ptr) -> !llvm.ptr, i8
          %142 = llvm.getelementptr %132[24] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %141, %142 : !llvm.ptr, !llvm.ptr
          %143 = llvm.getelementptr %132[48] : (!llvm.ptr) -> !llvm.ptr, i8
          %144 = llvm.getelementptr %132[32] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %143, %144 : !llvm.ptr, !llvm.ptr
          %145 = llvm.getelementptr %132[56] : (!llvm.ptr) -> !llvm.ptr, i8
          %146 = llvm.getelementptr %132[40] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %145, %146 : !llvm.ptr, !llvm.ptr
          %147 = llvm.getelementptr %18[64] : (!llvm.ptr) -> !llvm.ptr, i8
          %148 = llvm.getelementptr %132[48] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %147, %148 : !llvm.ptr, !llvm.ptr
          %149 = llvm.getelementptr %132[56] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %5, %149 : i64, !llvm.ptr
          %150 = llvm.getelementptr %132[64] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %11, %150 : i32, !llvm.ptr
          %151 = llvm.mlir.addressof @double.double : !llvm.ptr
          %152 = llvm.call @crew.work(%151, %arg0, %46, %39, %23, %24, %37, %2, %4, %6) : (!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, i64, i64, i64, i64) -> i32
          %153 = llvm.or %8, %152 : i32
          %154 = llvm.call @crew.wait(%24, %4, %7) : (!llvm.ptr, i64, i64) -> i1
          llvm.cond_br %154, ^bb1, ^bb5(%153 : i32)
        ^bb1:  // pred: ^bb0
          %155 = llvm.mlir.addressof @halve.halve : !llvm.ptr
          %156 = llvm.call @crew.work(%155, %arg0, %68, %39, %25, %26, %37, %1, %3, %3) : (!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, i64, i64, i64, i64) -> i32
          %157 = llvm.or %153, %156 : i32
          %158 = llvm.mlir.addressof @double.double : !llvm.ptr
          %159 = llvm.call @crew.work(%158, %arg0, %89, %39, %27, %28, %37, %2, %4, %6) : (!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, i64, i64, i64, i64) -> i32
          %160 = llvm.or %157, %159 : i32
          %161 = llvm.call @crew.wait(%26, %3, %7) : (!llvm.ptr, i64, i64) -> i1
          llvm.cond_br %161, ^bb2, ^bb5(%160 : i32)
        ^bb2:  // pred: ^bb1
          %162 = llvm.call @crew.wait(%28, %4, %7) : (!llvm.ptr, i64, i64) -> i1
          llvm.cond_br %162, ^bb3, ^bb5(%160 : i32)
        ^bb3:  // pred: ^bb2
          %163 = llvm.mlir.addressof @crew.copy : !llvm.ptr
          %164 = llvm.call @crew.work(%163, %arg0, %111, %39, %29, %30, %37, %1, %1, %1) : (!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, i64, i64, i64, i64) -> i32
          %165 = llvm.or %160, %164 : i32
          %166 = llvm.call @crew.wait(%30, %1, %7) : (!llvm.ptr, i64, i64) -> i1
          llvm.cond_br %166, ^bb4, ^bb5(%165 : i32)
        ^bb4:  // pred: ^bb3
          %167 = llvm.mlir.addressof @crew.fill : !llvm.ptr
          %168 = llvm.call @crew.work(%167, %arg0, %132, %39, %31, %32, %37, %1, %1, %1) : (!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, i64, i64, i64, i64) -> i32
          %169 = llvm.or %165, %168 : i32
          llvm.br ^bb5(%169 : i32)
        ^bb5(%170: i32):  // 5 preds: ^bb0, ^bb1, ^bb2, ^bb3, ^bb4
          llvm.return %170 : i32
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
    %c0_i32 = arith.constant 0 : i32
    %c256_0 = arith.constant 256 : index
    %c640 = arith.constant 640 : index
    %c0_1 = arith.constant 0 : index
    %c256_2 = arith.constant 256 : index
    %c640_3 = arith.constant 640 : index
    %result, %result_timepoint = stream.resource.alloca uninitialized on(#hal.device.affinity<@device>) : !stream.resource<transient>{%c896} => !stream.timepoint
    %0 = stream.cmd.execute on(#hal.device.affinity<@device>) await(%result_timepoint) => with(%arg0 as %arg3: !stream.resource<external>{%c64}, %arg1 as %arg4: !stream.resource<external>{%c64}, %result as %arg5: !stream.resource<transient>{%c896}) {
      stream.cmd.fill %c0_i32, %arg5[%c256_0 for %c640] : i32 -> !stream.resource<transient>{%c896}
      stream.cmd.dispatch @joined::@elf::@joined.0 {
        ro %arg3[%c0_1 for %c64] : !stream.resource<external>{%c64},
        rw %arg5[%c0_1 for %c896] : !stream.resource<transient>{%c896},
        rw %arg4[%c0_1 for %c64] : !stream.resource<external>{%c64},
        rw %arg5[%c256_2 for %c640_3] : !stream.resource<transient>{%c896}
      }
      stream.cmd.dispatch @halve::@elf::@halve {
        ro %arg4[%c0 for %arg2] : !stream.resource<external>{%c64},
        wo %arg5[%c64 for %arg2] : !stream.resource<transient>{%c896}
      }
    } => !stream.timepoint
    %1 = stream.resource.dealloca on(#hal.device.affinity<@device>) await(%0) => %result : !stream.resource<transient>{%c896} => !stream.timepoint
    util.return %1 : !stream.timepoint
  }
}
