"""Functions that the members of every crew (`_crew.py`) call.

`crew.work` claims chunks of one call while there are any; `crew.wait` looks until all of them are finished. `crew.copy`
and `crew.fill` are called as kernels are.
"""

from __future__ import annotations

from webtensorc_passes.allocation._crew import PIECE

__all__ = ["functions"]

_PAUSES = {
    "x86_64": 'llvm.call_intrinsic "llvm.x86.sse2.pause"() : () -> ()',
    "aarch64": 'llvm.call_intrinsic "llvm.aarch64.hint"(%yield) : (i32) -> ()',
}


def functions(architecture: str) -> str:
    """What members of all crews call: to take part in a call, to wait for its end, to copy and to fill."""
    pause = _PAUSES.get(architecture, "")
    return (
        f"""
  llvm.func internal @crew.work(
      %function: !llvm.ptr, %environment: !llvm.ptr, %state: !llvm.ptr, %group: !llvm.ptr, %claimed: !llvm.ptr,
      %finished: !llvm.ptr, %own: i64, %chunk: i64, %chunks: i64, %workgroups: i64) -> i32
      attributes {{passthrough = ["noinline", "optnone"]}} {{
    %c0 = llvm.mlir.constant(0 : i32) : i32
    %one = llvm.mlir.constant(1 : i64) : i64
    %half = llvm.mlir.constant(32 : i64) : i64
    %low = llvm.mlir.constant(4294967295 : i64) : i64
    %x.at = llvm.getelementptr %state[12] : (!llvm.ptr) -> !llvm.ptr, i8
    %y.at = llvm.getelementptr %state[16] : (!llvm.ptr) -> !llvm.ptr, i8
    %x.count = llvm.load %x.at : !llvm.ptr -> i32
    %y.count = llvm.load %y.at : !llvm.ptr -> i32
    %to.y = llvm.getelementptr %group[4] : (!llvm.ptr) -> !llvm.ptr, i8
    %to.z = llvm.getelementptr %group[8] : (!llvm.ptr) -> !llvm.ptr, i8
    llvm.br ^look(%c0 : i32)
  ^look(%status: i32):
    %seen = "llvm.load"(%claimed) <{{alignment = 8 : i64, ordering = 2 : i64}}> : (!llvm.ptr) -> i64
    %seen.front = llvm.and %seen, %low : i64
    %seen.back = llvm.lshr %seen, %half : i64
    %seen.both = llvm.add %seen.front, %seen.back : i64
    %is.left = llvm.icmp "ult" %seen.both, %chunks : i64
    llvm.cond_br %is.left, ^claim, ^end(%status : i32)
  ^claim:
    %before = llvm.atomicrmw add %claimed, %own acq_rel : !llvm.ptr, i64
    %front = llvm.and %before, %low : i64
    %back = llvm.lshr %before, %half : i64
    %both = llvm.add %front, %back : i64
    %is.ours = llvm.icmp "ult" %both, %chunks : i64
    llvm.cond_br %is.ours, ^begin, ^end(%status : i32)
  ^begin:
    %is.front = llvm.icmp "eq" %own, %one : i64
    %last = llvm.sub %chunks, %one : i64
    %from.back = llvm.sub %last, %back : i64
    %number = llvm.select %is.front, %front, %from.back : i1, i64
    %start = llvm.mul %number, %chunk : i64
    %full = llvm.add %start, %chunk : i64
    %stop = llvm.intr.umin(%full, %workgroups) : (i64, i64) -> i64
    llvm.br ^workgroup(%start, %status : i64, i32)
  ^workgroup(%at: i64, %so.far: i32):
    %at.32 = llvm.trunc %at : i64 to i32
    %x = llvm.urem %at.32, %x.count : i32
    %row = llvm.udiv %at.32, %x.count : i32
    %y = llvm.urem %row, %y.count : i32
    %plane = llvm.udiv %row, %y.count : i32
    %z = llvm.trunc %plane : i32 to i16
    llvm.store %x, %group : i32, !llvm.ptr
    llvm.store %y, %to.y : i32, !llvm.ptr
    llvm.store %z, %to.z : i16, !llvm.ptr
    %result = llvm.call %function(%environment, %state, %group) : !llvm.ptr, (!llvm.ptr, !llvm.ptr, !llvm.ptr) -> i32
    %new = llvm.or %so.far, %result : i32
    %next = llvm.add %at, %one : i64
    %more = llvm.icmp "ult" %next, %stop : i64
    llvm.cond_br %more, ^workgroup(%next, %new : i64, i32), ^finish
  ^finish:
    %old = llvm.atomicrmw add %finished, %one acq_rel : !llvm.ptr, i64
    llvm.br ^look(%new : i32)
  ^end(%all: i32):
    llvm.return %all : i32
  }}
  llvm.func internal @crew.wait(%finished: !llvm.ptr, %chunks: i64, %most: i64) -> i1
      attributes {{passthrough = ["noinline"]}} {{
    %yield = llvm.mlir.constant(1 : i32) : i32
    %zero = llvm.mlir.constant(0 : i64) : i64
    %one = llvm.mlir.constant(1 : i64) : i64
    %no = llvm.mlir.constant(false) : i1
    %yes = llvm.mlir.constant(true) : i1
    llvm.br ^look(%zero : i64)
  ^look(%looks: i64):
    %now = "llvm.load"(%finished) <{{alignment = 8 : i64, ordering = 4 : i64}}> : (!llvm.ptr) -> i64
    %is.over = llvm.icmp "eq" %now, %chunks : i64
    llvm.cond_br %is.over, ^over, ^again
  ^again:
    {pause}
    %next = llvm.add %looks, %one : i64
    %stays = llvm.icmp "ult" %next, %most : i64
    llvm.cond_br %stays, ^look(%next : i64), ^leave
  ^over:
    llvm.return %yes : i1
  ^leave:
    llvm.return %no : i1
  }}
"""
        + _moving("copy", source=0, target=8)
        + _moving("fill", source=None, target=0)
    )


def _moving(name: str, *, source: int | None, target: int) -> str:
    """A kernel that writes a piece of the binding at byte `target` of the array: words of 32 bits, then bytes.

    They come from the binding at byte `source`, or are a constant.
    """
    word, byte, base = "%constant", "%low", ""
    load_word = load_byte = ""
    if source is not None:
        base = f"""
    %from.at = llvm.getelementptr %pointers[{source}] : (!llvm.ptr) -> !llvm.ptr, i8
    %from = llvm.load %from.at : !llvm.ptr -> !llvm.ptr"""
        load_word = """
    %source = llvm.getelementptr %from[%at] : (!llvm.ptr, i64) -> !llvm.ptr, i8
    %word = "llvm.load"(%source) <{alignment = 1 : i64, ordering = 0 : i64}> : (!llvm.ptr) -> i32"""
        load_byte = """
    %source.byte = llvm.getelementptr %from[%place] : (!llvm.ptr, i64) -> !llvm.ptr, i8
    %byte = llvm.load %source.byte : !llvm.ptr -> i8"""
        word, byte = "%word", "%byte"
    else:
        base = """
    %constants.at = llvm.getelementptr %state[24] : (!llvm.ptr) -> !llvm.ptr, i8
    %constants = llvm.load %constants.at : !llvm.ptr -> !llvm.ptr
    %constant = llvm.load %constants : !llvm.ptr -> i32
    %low = llvm.trunc %constant : i32 to i8"""
    return f"""
  llvm.func internal @crew.{name}(%environment: !llvm.ptr, %state: !llvm.ptr, %group: !llvm.ptr) -> i32 {{
    %none = llvm.mlir.constant(0 : i32) : i32
    %one = llvm.mlir.constant(1 : i64) : i64
    %four = llvm.mlir.constant(4 : i64) : i64
    %piece = llvm.mlir.constant({PIECE} : i64) : i64
    %number = llvm.load %group : !llvm.ptr -> i32
    %number.64 = llvm.zext %number : i32 to i64
    %start = llvm.mul %number.64, %piece : i64
    %full = llvm.add %start, %piece : i64
    %pointers.at = llvm.getelementptr %state[32] : (!llvm.ptr) -> !llvm.ptr, i8
    %pointers = llvm.load %pointers.at : !llvm.ptr -> !llvm.ptr
    %lengths.at = llvm.getelementptr %state[40] : (!llvm.ptr) -> !llvm.ptr, i8
    %lengths = llvm.load %lengths.at : !llvm.ptr -> !llvm.ptr
    %length = llvm.load %lengths : !llvm.ptr -> i64
    %stop = llvm.intr.umin(%full, %length) : (i64, i64) -> i64
    %to.at = llvm.getelementptr %pointers[{target}] : (!llvm.ptr) -> !llvm.ptr, i8
    %to = llvm.load %to.at : !llvm.ptr -> !llvm.ptr{base}
    llvm.br ^words(%start : i64)
  ^words(%at: i64):
    %next = llvm.add %at, %four : i64
    %fits = llvm.icmp "ule" %next, %stop : i64
    llvm.cond_br %fits, ^word, ^bytes(%at : i64)
  ^word:{load_word}
    %target = llvm.getelementptr %to[%at] : (!llvm.ptr, i64) -> !llvm.ptr, i8
    "llvm.store"({word}, %target) <{{alignment = 1 : i64, ordering = 0 : i64}}> : (i32, !llvm.ptr) -> ()
    llvm.br ^words(%next : i64)
  ^bytes(%place: i64):
    %is.left = llvm.icmp "ult" %place, %stop : i64
    llvm.cond_br %is.left, ^byte, ^end
  ^byte:{load_byte}
    %target.byte = llvm.getelementptr %to[%place] : (!llvm.ptr, i64) -> !llvm.ptr, i8
    llvm.store {byte}, %target.byte : i8, !llvm.ptr
    %following = llvm.add %place, %one : i64
    llvm.br ^bytes(%following : i64)
  ^end:
    llvm.return %none : i32
  }}
"""
