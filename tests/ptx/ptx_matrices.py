"""The matrix units: `ldmatrix`, `mma` and `wgmma`, with the layouts of the PTX ISA."""

from __future__ import annotations

import re

import ml_dtypes
import numpy as np
from ptx_memory import MemoryAccess
from ptx_text import Instruction
from ptx_threads import Array


class MatrixUnits(MemoryAccess):
    """Threads that multiply matrices together, a warp or four at a time."""

    def do_ldmatrix(self, each: Instruction, mask: Array) -> None:
        names = each.operands[0].strip("{}").replace(",", " ").split()
        address = self._address(each.operands[1], 4)
        rows = self._from_shared(address, 16, np.ones(self.count, bool)).view(np.uint16).reshape(-1, 4, 8, 8)
        for number, name in enumerate(names):
            matrix = rows[:, number]
            if ".trans" in each.name:
                matrix = matrix.transpose(0, 2, 1)
            self.set(name, np.ascontiguousarray(matrix).view(np.uint32).reshape(-1), mask)

    def do_mma(self, each: Instruction, mask: Array) -> None:
        d, a, b, c = (operand.strip("{}").replace(",", " ").split() for operand in each.operands)
        kind = each.name.split(".")[-2]
        lane = np.arange(32)
        group, t = lane // 4, lane % 4
        warps = self.count // 32
        left, right = self._fragment(a, kind), self._fragment(b, kind)
        per = left.shape[2]
        depth = 8 if kind == "tf32" else 16
        A, B = np.zeros((warps, 16, depth)), np.zeros((warps, depth, 8))
        C = np.zeros((warps, 16, 8))
        for i in range(4):
            for e in range(per):
                k = t * per + e + (4 * per if i >= 2 else 0)
                A[:, group + 8 * (i % 2), k] = left[:, :, e, i]
                if i < 2:
                    B[:, t * per + e + 4 * per * i, group] = right[:, :, e, i]
            C[:, group + 8 * (i // 2), 2 * t + i % 2] = self.registers[c[i]].reshape(warps, 32)
        result = (A @ B + C).astype(np.float32)
        for i, name in enumerate(d):
            self.set(name, result[:, group + 8 * (i // 2), 2 * t + i % 2].reshape(-1), mask)

    def do_fence(self, each: Instruction, mask: Array) -> None:
        assert each.name == "fence.proxy.async.shared::cta"

    def do_wgmma(self, each: Instruction, mask: Array) -> None:
        """Done at once; that nobody overwrites what an unfinished one reads is not checked."""
        found = re.search(r"mma_async.sync.aligned.m64n(\d+)k16.f32.(b?f16)", each.name)
        if not found:
            return
        columns, narrow = int(found[1]), np.float16 if found[2] == "f16" else ml_dtypes.bfloat16
        assert each.operands[3:] == ["1", "1", "1", "0", "1"], "weights alone are transposed"
        names = each.operands[0].strip("{}").replace(",", " ").split()
        a, b = (self.value(operand, "b64") for operand in each.operands[1:3])
        lane = np.arange(128)
        row, column = lane // 32 * 16 + lane % 32 // 4, lane % 4 * 2
        results = np.zeros((self.count, len(names)), np.float32)
        for number in range(self.count // 128):
            some = slice(number * 128, number * 128 + 128)
            assert (a[some] == a[some][0]).all() and (b[some] == b[some][0]).all()
            left = self._matrix(int(a[some][0]), 64, False, narrow)
            product = left @ self._matrix(int(b[some][0]), columns, True, narrow)
            for i in range(len(names)):
                results[some, i] = product[row + 8 * (i % 4 // 2), column + i // 4 * 8 + i % 2]
        for i, name in enumerate(names):
            self.set(name, self.registers[name] + results[:, i], mask)

    def _matrix(self, descriptor: int, extent: int, transposed: bool, narrow: type) -> Array:
        """[extent, 16], or [16, extent] if transposed: the layouts of the PTX ISA, "Strides", with 128-byte swizzle."""
        assert descriptor >> 62 == 1
        start, leading, stride = ((descriptor >> shift & 0x3FFF) * 16 for shift in (0, 16, 32))
        i, k = np.meshgrid(np.arange(extent), np.arange(16), indexing="ij")
        if transposed:  # lines of 64 columns, eight of them at a time
            address = start + i // 64 * leading + i % 64 * 2 + k // 8 * stride + k % 8 * 128
        else:
            address = start + i // 8 * stride + i % 8 * 128 + k * 2
        address ^= address >> 3 & 0x70
        low = self.shared.bytes[address].astype(np.uint16) | self.shared.bytes[address + 1].astype(np.uint16) << 8
        values = low.view(narrow).astype(np.float32)
        return values.T if transposed else values

    def _fragment(self, names: list[str], kind: str) -> Array:
        """[warp, lane, element of a register, register]."""
        bits = np.stack([self.registers[name] for name in names], 1)
        if kind == "tf32":
            assert not (bits & 0x1FFF).any(), "not rounded to tf32"
            return bits.view(np.float32).reshape(-1, 32, len(names), 1).transpose(0, 1, 3, 2)
        narrow = bits.view(np.float16 if kind == "f16" else ml_dtypes.bfloat16)
        return narrow.astype(np.float32).reshape(-1, 32, len(names), 2).transpose(0, 1, 3, 2)
