"""Softmax over the last axis: a workgroup for each row, whose elements stay in registers between the passes."""

from __future__ import annotations

from webtensorc_ptx.assembler import Assembler, Operand, single
from webtensorc_ptx.executable import Kernel
from webtensorc_ptx.finish import exp

__all__ = ["LONGEST", "generate"]

_EACH = 16
"""Elements that one thread keeps, at most."""
_MOST = 1024
LONGEST = _EACH * _MOST
"""Elements of a row, at most."""


def generate(rows: int, length: int) -> Kernel:
    """exp(x - max) / sum exp(x - max) of float32[rows, length] (ONNX Softmax, opset 13)."""
    threads = 32
    while threads * _EACH < length:
        threads *= 2
    code = Assembler()
    _write(code, length, threads)
    return Kernel(
        grid=(rows, 1, 1),
        threads=threads,
        shared_bytes=max(128, threads // 32 * 4),
        cluster=(1, 1, 1),
        operands=1,
        body=code.body(),
        why=f"softmax, {threads} threads a row",
    )


def _write(code: Assembler, length: int, threads: int) -> None:
    pointers = code.pointer(0), code.pointer(1)
    thread = code.new("b32", "mov.u32", "%tid.x")
    row = code.new("b32", "mov.u32", "%ctaid.x")
    index = code.add(code.multiply(row, length), thread)
    source, target = (code.address(each, index, 4) for each in pointers)
    lowest = "0fFF800000"
    values, inside = [], []
    for i in range(-(-length // threads)):
        whole = (i + 1) * threads <= length
        exists = None if whole else code.new("pred", "setp.lt.u32", code.add(thread, i * threads), length)
        value = code.new("f32", "mov.f32", lowest)
        with code.when(exists):
            code.do("ld.global.nc.f32", value, f"[{source}+{i * threads * 4}]")
        values.append(value)
        inside.append(exists)
    highest = _fold(code, "max.NaN.f32", values, lowest, thread, threads)
    powers = [exp(code, [code.new("f32", "sub.rn.f32", value, highest)]) for value in values]
    total = _fold(code, "add.rn.f32", powers, single(0.0), thread, threads)
    for i, (power, exists) in enumerate(zip(powers, inside, strict=True)):
        result = code.new("f32", "div.rn.f32", power, total)
        with code.when(exists):
            code.do("st.global.f32", f"[{target}+{i * threads * 4}]", result)
    code.do("ret")


def _fold(code: Assembler, operation: str, values: list[str], neutral: str, thread: str, threads: int) -> str:
    """All threads' values together, for every thread."""
    result = values[0]
    for value in values[1:]:
        result = code.new("f32", operation, result, value)
    result = _across(code, operation, result)
    if threads == 32:
        return result
    shared = code.new("b32", "mov.u32", "shared_memory")
    warp, lane = code.divide(thread, 32)
    first: Operand = code.add(shared, code.multiply(warp, 4))
    code.do("bar.sync", 0)
    with code.when(code.new("pred", "setp.eq.s32", lane, 0)):
        code.do("st.shared.f32", f"[{first}]", result)
    code.do("bar.sync", 0)
    gathered = code.new("f32", "mov.f32", neutral)
    with code.when(code.new("pred", "setp.lt.u32", lane, threads // 32)):
        code.do("ld.shared.f32", gathered, f"[{code.add(shared, code.multiply(lane, 4))}]")
    return _across(code, operation, gathered)


def _across(code: Assembler, operation: str, value: str) -> str:
    for distance in (16, 8, 4, 2, 1):
        other = code.new("b32", "shfl.sync.bfly.b32", value, distance, 31, -1)
        value = code.new("f32", operation, value, other)
    return value
