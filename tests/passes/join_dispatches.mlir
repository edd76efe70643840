// Two kernels, one after the other and then twice at once, become one, whose numbers are behind the arena; a copy ends it.
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
  util.func public @main(%a: !stream.resource<external>, %b: !stream.resource<external>) -> !stream.timepoint {
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
      stream.cmd.dispatch @halve::@elf::@halve {
        ro %y[%c0 for %c64] : !stream.resource<external>{%c64},
        wo %t[%c64 for %c64] : !stream.resource<transient>{%c256}
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
        llvm.func internal @crew.wait(%arg0: !llvm.ptr, %arg1: i64) -> i1 attributes {passthrough = ["noinline"]} {
          %0 = llvm.mlir.constant(1 : i32) : i32
          %1 = llvm.mlir.constant(0 : i64) : i64
          %2 = llvm.mlir.constant(1 : i64) : i64
          %3 = llvm.mlir.constant(1024 : i64) : i64
          %4 = llvm.mlir.constant(false) : i1
          %5 = llvm.mlir.constant(true) : i1
          llvm.br ^bb1(%1 : i64)
        ^bb1(%6: i64):  // 2 preds: ^bb0, ^bb2
          %7 = llvm.load %arg0 atomic acquire <alignment = 8> : !llvm.ptr -> i64
          %8 = llvm.icmp "eq" %7, %arg1 : i64
          llvm.cond_br %8, ^bb3, ^bb2
        ^bb2:  // pred: ^bb1
          llvm.call_intrinsic "llvm.x86.sse2.pause"() : () -> ()
          %9 = llvm.add %6, %2 : i64
          %10 = llvm.icmp "ult" %9, %3 : i64
          llvm.cond_br %10, ^bb1(%9 : i64), ^bb4
        ^bb3:  // pred: ^bb1
          llvm.return %5 : i1
        ^bb4:  // pred: ^bb2
          llvm.return %4 : i1
        }
        llvm.func @joined.0(%arg0: !llvm.ptr, %arg1: !llvm.ptr, %arg2: !llvm.ptr) -> i32 {
          %0 = llvm.mlir.constant(0 : i64) : i64
          %1 = llvm.mlir.constant(1 : i64) : i64
          %2 = llvm.mlir.constant(4 : i64) : i64
          %3 = llvm.mlir.constant(8 : i64) : i64
          %4 = llvm.mlir.constant(25 : i64) : i64
          %5 = llvm.mlir.constant(64 : i64) : i64
          %6 = llvm.mlir.constant(100 : i64) : i64
          %7 = llvm.mlir.constant(0 : i32) : i32
          %8 = llvm.mlir.constant(1 : i32) : i32
          %9 = llvm.mlir.constant(2 : i32) : i32
          %10 = llvm.mlir.constant(7 : i32) : i32
          %11 = llvm.mlir.constant(100 : i32) : i32
          %12 = llvm.getelementptr %arg1[32] : (!llvm.ptr) -> !llvm.ptr, i8
          %13 = llvm.load %12 : !llvm.ptr -> !llvm.ptr
          %14 = llvm.getelementptr %13[0] : (!llvm.ptr) -> !llvm.ptr, i8
          %15 = llvm.load %14 : !llvm.ptr -> !llvm.ptr
          %16 = llvm.getelementptr %13[8] : (!llvm.ptr) -> !llvm.ptr, i8
          %17 = llvm.load %16 : !llvm.ptr -> !llvm.ptr
          %18 = llvm.getelementptr %13[16] : (!llvm.ptr) -> !llvm.ptr, i8
          %19 = llvm.load %18 : !llvm.ptr -> !llvm.ptr
          %20 = llvm.getelementptr %13[24] : (!llvm.ptr) -> !llvm.ptr, i8
          %21 = llvm.load %20 : !llvm.ptr -> !llvm.ptr
          %22 = llvm.getelementptr %21[0] : (!llvm.ptr) -> !llvm.ptr, i8
          %23 = llvm.getelementptr %21[64] : (!llvm.ptr) -> !llvm.ptr, i8
          %24 = llvm.getelementptr %21[128] : (!llvm.ptr) -> !llvm.ptr, i8
          %25 = llvm.getelementptr %21[192] : (!llvm.ptr) -> !llvm.ptr, i8
          %26 = llvm.getelementptr %21[256] : (!llvm.ptr) -> !llvm.ptr, i8
          %27 = llvm.getelementptr %21[320] : (!llvm.ptr) -> !llvm.ptr, i8
          %28 = llvm.load %arg2 : !llvm.ptr -> i32
          %29 = llvm.and %28, %8 : i32
          %30 = llvm.icmp "eq" %29, %8 : i32
          %31 = llvm.mlir.constant(4294967296 : i64) : i64
          %32 = llvm.select %30, %31, %1 : i1, i64
          %33 = llvm.mlir.constant(304 : i64) : i64
          %34 = llvm.alloca %33 x i8 {alignment = 64 : i64} : (i64) -> !llvm.ptr
          %35 = llvm.getelementptr %arg2[12] : (!llvm.ptr) -> !llvm.ptr, i8
          %36 = llvm.load %35 : !llvm.ptr -> i32
          %37 = llvm.getelementptr %34[12] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %36, %37 : i32, !llvm.ptr
          %38 = llvm.mlir.zero : !llvm.ptr
          %39 = llvm.getelementptr %34[16] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %38, %39 : !llvm.ptr, !llvm.ptr
          %40 = llvm.getelementptr %34[24] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %7, %40 : i32, !llvm.ptr
          %41 = llvm.getelementptr %34[32] : (!llvm.ptr) -> !llvm.ptr, i8
          %42 = llvm.mlir.constant(33619969 : i32) : i32
          %43 = llvm.mlir.constant(65537 : i32) : i32
          %44 = llvm.getelementptr %41[0] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %8, %44 : i32, !llvm.ptr
          %45 = llvm.getelementptr %41[4] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %8, %45 : i32, !llvm.ptr
          %46 = llvm.getelementptr %41[8] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %43, %46 : i32, !llvm.ptr
          %47 = llvm.getelementptr %41[12] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %11, %47 : i32, !llvm.ptr
          %48 = llvm.getelementptr %41[16] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %8, %48 : i32, !llvm.ptr
          %49 = llvm.getelementptr %41[20] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %42, %49 : i32, !llvm.ptr
          %50 = llvm.getelementptr %41[80] : (!llvm.ptr) -> !llvm.ptr, i8
          %51 = llvm.getelementptr %41[24] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %50, %51 : !llvm.ptr, !llvm.ptr
          %52 = llvm.getelementptr %41[48] : (!llvm.ptr) -> !llvm.ptr, i8
          %53 = llvm.getelementptr %41[32] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %52, %53 : !llvm.ptr, !llvm.ptr
          %54 = llvm.getelementptr %41[64] : (!llvm.ptr) -> !llvm.ptr, i8
          %55 = llvm.getelementptr %41[40] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %54, %55 : !llvm.ptr, !llvm.ptr
          %56 = llvm.getelementptr %15[0] : (!llvm.ptr) -> !llvm.ptr, i8
          %57 = llvm.getelementptr %41[48] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %56, %57 : !llvm.ptr, !llvm.ptr
          %58 = llvm.getelementptr %41[64] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %5, %58 : i64, !llvm.ptr
          %59 = llvm.getelementptr %17[64] : (!llvm.ptr) -> !llvm.ptr, i8
          %60 = llvm.getelementptr %41[56] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %59, %60 : !llvm.ptr, !llvm.ptr
          %61 = llvm.getelementptr %41[72] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %5, %61 : i64, !llvm.ptr
          %62 = llvm.getelementptr %41[80] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %10, %62 : i32, !llvm.ptr
          %63 = llvm.getelementptr %34[128] : (!llvm.ptr) -> !llvm.ptr, i8
          %64 = llvm.mlir.constant(33619970 : i32) : i32
          %65 = llvm.mlir.constant(1 : i32) : i32
          %66 = llvm.getelementptr %63[0] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %8, %66 : i32, !llvm.ptr
          %67 = llvm.getelementptr %63[4] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %8, %67 : i32, !llvm.ptr
          %68 = llvm.getelementptr %63[8] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %65, %68 : i32, !llvm.ptr
          %69 = llvm.getelementptr %63[12] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %69 : i32, !llvm.ptr
          %70 = llvm.getelementptr %63[16] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %9, %70 : i32, !llvm.ptr
          %71 = llvm.getelementptr %63[20] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %64, %71 : i32, !llvm.ptr
          %72 = llvm.getelementptr %63[80] : (!llvm.ptr) -> !llvm.ptr, i8
          %73 = llvm.getelementptr %63[24] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %72, %73 : !llvm.ptr, !llvm.ptr
          %74 = llvm.getelementptr %63[48] : (!llvm.ptr) -> !llvm.ptr, i8
          %75 = llvm.getelementptr %63[32] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %74, %75 : !llvm.ptr, !llvm.ptr
          %76 = llvm.getelementptr %63[64] : (!llvm.ptr) -> !llvm.ptr, i8
          %77 = llvm.getelementptr %63[40] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %76, %77 : !llvm.ptr, !llvm.ptr
          %78 = llvm.getelementptr %17[64] : (!llvm.ptr) -> !llvm.ptr, i8
          %79 = llvm.getelementptr %63[48] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %78, %79 : !llvm.ptr, !llvm.ptr
          %80 = llvm.getelementptr %63[64] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %5, %80 : i64, !llvm.ptr
          %81 = llvm.getelementptr %17[0] : (!llvm.ptr) -> !llvm.ptr, i8
          %82 = llvm.getelementptr %63[56] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %81, %82 : !llvm.ptr, !llvm.ptr
          %83 = llvm.getelementptr %63[72] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %5, %83 : i64, !llvm.ptr
          %84 = llvm.getelementptr %34[208] : (!llvm.ptr) -> !llvm.ptr, i8
          %85 = llvm.mlir.constant(33619969 : i32) : i32
          %86 = llvm.mlir.constant(65537 : i32) : i32
          %87 = llvm.getelementptr %84[0] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %8, %87 : i32, !llvm.ptr
          %88 = llvm.getelementptr %84[4] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %8, %88 : i32, !llvm.ptr
          %89 = llvm.getelementptr %84[8] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %86, %89 : i32, !llvm.ptr
          %90 = llvm.getelementptr %84[12] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %11, %90 : i32, !llvm.ptr
          %91 = llvm.getelementptr %84[16] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %8, %91 : i32, !llvm.ptr
          %92 = llvm.getelementptr %84[20] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %85, %92 : i32, !llvm.ptr
          %93 = llvm.getelementptr %84[80] : (!llvm.ptr) -> !llvm.ptr, i8
          %94 = llvm.getelementptr %84[24] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %93, %94 : !llvm.ptr, !llvm.ptr
          %95 = llvm.getelementptr %84[48] : (!llvm.ptr) -> !llvm.ptr, i8
          %96 = llvm.getelementptr %84[32] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %95, %96 : !llvm.ptr, !llvm.ptr
          %97 = llvm.getelementptr %84[64] : (!llvm.ptr) -> !llvm.ptr, i8
          %98 = llvm.getelementptr %84[40] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %97, %98 : !llvm.ptr, !llvm.ptr
          %99 = llvm.getelementptr %17[64] : (!llvm.ptr) -> !llvm.ptr, i8
          %100 = llvm.getelementptr %84[48] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %99, %100 : !llvm.ptr, !llvm.ptr
          %101 = llvm.getelementptr %84[64] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %5, %101 : i64, !llvm.ptr
          %102 = llvm.getelementptr %19[0] : (!llvm.ptr) -> !llvm.ptr, i8
          %103 = llvm.getelementptr %84[56] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %102, %103 : !llvm.ptr, !llvm.ptr
          %104 = llvm.getelementptr %84[72] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %5, %104 : i64, !llvm.ptr
          %105 = llvm.getelementptr %84[80] : (!llvm.ptr) -> !llvm.ptr, i8
          llvm.store %10, %105 : i32, !llvm.ptr
          %106 = llvm.mlir.addressof @double.double : !llvm.ptr
          %107 = llvm.call @crew.work(%106, %arg0, %41, %34, %22, %23, %32, %2, %4, %6) : (!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, i64, i64, i64, i64) -> i32
          %108 = llvm.or %7, %107 : i32
          %109 = llvm.call @crew.wait(%23, %4) : (!llvm.ptr, i64) -> i1
          llvm.cond_br %109, ^bb1, ^bb2(%108 : i32)
        ^bb1:  // pred: ^bb0
          %110 = llvm.mlir.addressof @halve.halve : !llvm.ptr
          %111 = llvm.call @crew.work(%110, %arg0, %63, %34, %24, %25, %32, %1, %3, %3) : (!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, i64, i64, i64, i64) -> i32
          %112 = llvm.or %108, %111 : i32
          %113 = llvm.mlir.addressof @double.double : !llvm.ptr
          %114 = llvm.call @crew.work(%113, %arg0, %84, %34, %26, %27, %32, %2, %4, %6) : (!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, i64, i64, i64, i64) -> i32
          %115 = llvm.or %112, %114 : i32
          llvm.br ^bb2(%115 : i32)
        ^bb2(%116: i32):  // 2 preds: ^bb0, ^bb1
          llvm.return %116 : i32
        }
      }
    }
  }
  util.func public @main(%arg0: !stream.resource<external>, %arg1: !stream.resource<external>) -> !stream.timepoint {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %c256 = arith.constant 256 : index
    %c7_i32 = arith.constant 7 : i32
    %c640 = arith.constant 640 : index
    %c0_i32 = arith.constant 0 : i32
    %c256_0 = arith.constant 256 : index
    %c384 = arith.constant 384 : index
    %c0_1 = arith.constant 0 : index
    %c256_2 = arith.constant 256 : index
    %c384_3 = arith.constant 384 : index
    %result, %result_timepoint = stream.resource.alloca uninitialized on(#hal.device.affinity<@device>) : !stream.resource<transient>{%c640} => !stream.timepoint
    %0 = stream.cmd.execute on(#hal.device.affinity<@device>) await(%result_timepoint) => with(%arg0 as %arg2: !stream.resource<external>{%c64}, %arg1 as %arg3: !stream.resource<external>{%c64}, %result as %arg4: !stream.resource<transient>{%c640}) {
      stream.cmd.fill %c0_i32, %arg4[%c256_0 for %c384] : i32 -> !stream.resource<transient>{%c640}
      stream.cmd.dispatch @joined::@elf::@joined.0 {
        ro %arg2[%c0_1 for %c64] : !stream.resource<external>{%c64},
        rw %arg4[%c0_1 for %c640] : !stream.resource<transient>{%c640},
        rw %arg3[%c0_1 for %c64] : !stream.resource<external>{%c64},
        rw %arg4[%c256_2 for %c384_3] : !stream.resource<transient>{%c640}
      }
      stream.cmd.copy %arg4[%c0], %arg3[%c0], %c64 : !stream.resource<transient>{%c640} -> !stream.resource<external>{%c64}
      stream.cmd.dispatch @halve::@elf::@halve {
        ro %arg3[%c0 for %c64] : !stream.resource<external>{%c64},
        wo %arg4[%c64 for %c64] : !stream.resource<transient>{%c640}
      }
    } => !stream.timepoint
    %1 = stream.resource.dealloca on(#hal.device.affinity<@device>) await(%0) => %result : !stream.resource<transient>{%c640} => !stream.timepoint
    util.return %1 : !stream.timepoint
  }
}
