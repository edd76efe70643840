"""Threads of a workgroup in step: their registers, and the instructions that touch nothing else (PTX ISA)."""

from __future__ import annotations

from collections.abc import Callable

import ml_dtypes
import numpy as np
from ptx_text import Instruction

Array = np.ndarray


class Threads:
    """`count` threads, of whose registers each is an array.

    An instruction is what the method `do_<family>` makes of it, else plain arithmetic.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.thread = np.arange(count)
        self.registers: dict[str, Array] = {"%tid.x": self.thread.astype(np.uint32)}

    def _all(self, value: int) -> Array:
        return np.full(self.count, value & 0xFFFFFFFF, np.uint32)

    def execute(self, each: Instruction, mask: Array) -> None:
        family = each.name.split(".")[0]
        handler = getattr(self, f"do_{family}", None)
        if handler is not None:
            handler(each, mask)
            return
        if ".wide" in each.name:
            a, b = (self.value(operand, "s32").astype(np.int64) for operand in each.operands[1:3])
            c = self.value(each.operands[3], "s64") if family == "mad" else 0
            self.set(each.operands[0], a * b + c, mask)
            return
        types = [t for t in each.name.split(".")[1:] if t in DTYPES]
        kind = types[-1]
        function = _FUNCTIONS[family]
        inputs = [self.value(operand, kind) for operand in each.operands[1:]]
        self.set(each.operands[0], function(*inputs), mask)

    def value(self, operand: str, kind: str) -> Array:
        dtype = DTYPES[kind]
        if operand in self.registers:
            found = self.registers[operand]
            if found.dtype == dtype or found.dtype == bool:
                return found
            return found.view(dtype) if found.dtype.itemsize == np.dtype(dtype).itemsize else found.astype(dtype)
        if operand.startswith("0f"):
            return np.full(self.count, int(operand[2:], 16), np.uint32).view(np.float32)
        assert not operand.startswith("%"), f"{operand} is read before it is written"
        return np.full(self.count, int(operand)).astype(np.int64).astype(dtype)

    def set(self, register: str, value: Array, mask: Array) -> None:
        dtype = {"p": bool, "h": np.uint16, "r": np.uint32, "d": np.int64, "f": np.float32}[register[1]]
        value = np.asarray(value)
        if value.dtype != dtype:
            same = value.dtype.itemsize == np.dtype(dtype).itemsize and value.dtype != bool
            value = value.view(dtype) if same else value.astype(dtype)
        before = self.registers.get(register)
        self.registers[register] = value if before is None or mask.all() else np.where(mask, value, before)

    def do_mov(self, each: Instruction, mask: Array) -> None:
        self.set(each.operands[0], self.value(each.operands[1], each.name.split(".")[-1]), mask)

    def do_cvta(self, each: Instruction, mask: Array) -> None:
        self.set(each.operands[0], self.value(each.operands[1], "u64"), mask)

    def do_shfl(self, each: Instruction, mask: Array) -> None:
        _, source, distance, *rest = each.operands
        assert rest == ["31", "-1"] and ".bfly." in each.name
        found = self.value(source, "b32")[self.thread ^ int(distance)]
        self.set(each.operands[0], found, mask)

    def do_setp(self, each: Instruction, mask: Array) -> None:
        _, comparison, kind = each.name.split(".")
        a, b = (self.value(operand, kind) for operand in each.operands[1:])
        self.set(each.operands[0], _COMPARISONS[comparison](a, b), mask)

    def do_selp(self, each: Instruction, mask: Array) -> None:
        kind = each.name.split(".")[-1]
        a, b = (self.value(operand, kind) for operand in each.operands[1:3])
        self.set(each.operands[0], np.where(self.registers[each.operands[3]], a, b), mask)

    def do_cvt(self, each: Instruction, mask: Array) -> None:
        parts, source = each.name.split("."), each.operands[1]
        if "tf32" in parts:  # to nearest, ties away: ten bits of mantissa stay
            bits = self.value(source, "u32")
            self.set(each.operands[0], (bits + np.uint32(0x1000)) & np.uint32(0xFFFFE000), mask)
        elif parts[2] in ("f16", "bf16"):
            narrow = np.float16 if parts[2] == "f16" else ml_dtypes.bfloat16
            self.set(each.operands[0], self.value(source, "f32").astype(narrow).view(np.uint16), mask)
        elif each.name == "cvt.u64.u32":
            self.set(each.operands[0], self.value(source, "u32").astype(np.int64), mask)
        else:
            assert each.name == "cvt.rni.f32.f32", each.name
            self.set(each.operands[0], np.rint(self.value(source, "f32")), mask)


DTYPES: dict[str, type] = {
    "b16": np.uint16, "b32": np.uint32, "u32": np.uint32, "s32": np.int32, "b64": np.int64, "u64": np.int64,
    "s64": np.int64, "f32": np.float32, "pred": np.bool_,
}  # fmt: skip
_COMPARISONS: dict[str, Callable[[Array, Array], Array]] = {
    "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "eq": np.equal, "ne": np.not_equal,
    "neu": np.not_equal,
}  # fmt: skip


_FUNCTIONS: dict[str, Callable[..., Array]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply,
    "div": lambda a, b: a / b if a.dtype == np.float32 else a // b,
    "shl": np.left_shift, "shr": np.right_shift, "and": np.bitwise_and, "xor": np.bitwise_xor, "or": np.bitwise_or,
    "min": np.minimum, "max": np.maximum, "neg": np.negative, "abs": np.abs, "sqrt": np.sqrt,
    "rsqrt": lambda x: 1 / np.sqrt(x), "rcp": lambda x: 1 / x, "ex2": np.exp2,
    "copysign": lambda a, b: np.copysign(b, a),
    "fma": lambda a, b, c: (a.astype(np.float64) * b + c).astype(np.float32),
}  # fmt: skip
