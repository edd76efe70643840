"""From global to shared memory: tiles of both operands, copied asynchronously (`cp.async`) in pieces of 16 bytes.

Both tiles have rows of whole 128-byte lines. The pieces of a row are permuted by its number, so that the readers'
access patterns, eight rows at one position, fall into different banks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from webtensorc_kernels.convolution import Convolution

from webtensorc_ptx.assembler import Assembler, Operand

__all__ = ["PIECE", "ROW", "Image", "Weights"]

ROW = 128
"""Bytes of a row of the image's tile: one step of the reduction."""
PIECE = 16
"""Bytes of the longest asynchronous copy."""


def _copy(code: Assembler, to: str, offset: int, source: str, size: int, valid: str | None) -> None:
    """Copy `size` bytes, or fill with zeros where not `valid`: then nothing is read."""
    cache = "cg" if size == PIECE else "ca"
    operands: list[Operand] = [f"[{to}+{offset}]", f"[{source}]", size]
    if valid is not None:
        operands.append(code.new("b32", "selp.b32", size, 0, valid))
    code.do(f"cp.async.{cache}.shared.global", *operands)


@dataclass
class Image:
    """The left operand: rows are pixels of the result, columns the window's taps and channels, tap after tap.

    For a matrix product there is one tap. `size` is that of an element in bytes.
    """

    problem: Convolution
    size: int
    rows: int
    threads: int

    @property
    def depth(self) -> int:
        """Elements of the reduction."""
        return prod(self.problem.kernel) * self.problem.channels

    @property
    def _pass(self) -> int:
        """Rows that all threads together copy at once."""
        return self.threads // (ROW // PIECE)

    @property
    def _padded(self) -> bool:
        p = self.problem
        last = [
            (o - 1) * s + (k - 1) * d - b
            for o, s, k, d, b in zip(p.out, p.strides, p.kernel, p.dilations, p.padding, strict=True)
        ]
        return any(p.padding) or any(x >= extent for x, extent in zip(last, p.image, strict=True))

    def prepare(self, code: Assembler, base: str, thread: str, first: Operand) -> None:
        """What does not change from step to step; `first` is the tile's first row."""
        p = self.problem
        row, self._column = code.divide(thread, ROW // PIECE)
        swizzled = code.new("b32", "xor.b32", self._column, code.new("b32", "and.b32", row, 7))
        self._to = code.add(code.multiply(row, ROW), code.multiply(swizzled, PIECE))
        self._lines: list[tuple[str, Operand, Operand, str | None]] = []
        for start in range(0, self.rows, self._pass):
            point = code.add(code.add(first, row), start)
            exists = code.new("pred", "setp.lt.u32", point, p.points) if p.points % self.rows else None
            image, pixel = code.divide(point, prod(p.out))
            y, x = code.divide(pixel, p.out[1])
            top = code.add(code.multiply(y, p.strides[0]), -p.padding[0])
            left = code.add(code.multiply(x, p.strides[1]), -p.padding[1])
            across = code.add(code.multiply(code.add(code.multiply(image, p.image[0]), top), p.image[1]), left)
            pointer = code.address(base, code.multiply(across, p.channels), self.size)
            self._lines.append((pointer, top, left, exists))

    def copy(self, code: Assembler, to: Operand, step: str) -> None:
        """Copy the tile of one step of the reduction to the shared address `to`."""
        width = PIECE // self.size
        k = code.add(code.multiply(step, ROW // self.size), code.multiply(self._column, width))
        target = str(code.add(to, self._to))
        whole = self.problem.channels % width == 0
        for part in range(1 if whole else width):
            self._copy_part(code, target, part, code.add(k, part), PIECE if whole else self.size)

    def _copy_part(self, code: Assembler, target: str, part: int, k: Operand, size: int) -> None:
        p = self.problem
        inside = code.new("pred", "setp.lt.u32", k, self.depth) if self.depth % (ROW // self.size) else None
        tap, channel = code.divide(k, p.channels) if prod(p.kernel) > 1 else (0, k)
        ky, kx = code.divide(tap, p.kernel[1])
        down, across = code.multiply(ky, p.dilations[0]), code.multiply(kx, p.dilations[1])
        moved = code.multiply(code.add(code.multiply(down, p.image[1]), across), p.channels)
        offset = code.new("b64", "mul.wide.s32", code.add(moved, channel), self.size)
        for number, (pointer, top, left, exists) in enumerate(self._lines):
            valid = code.both(exists, inside)
            if self._padded:
                y, x = code.add(top, down), code.add(left, across)
                rows = code.new("pred", "setp.lt.u32", y, p.image[0])
                valid = code.both(valid, rows, code.new("pred", "setp.lt.u32", x, p.image[1]))
            source = code.new("b64", "add.s64", pointer, offset)
            _copy(code, target, number * self._pass * ROW + part * self.size, source, size, valid)


@dataclass
class Weights:
    """The right operand, `depth` x `outputs`, the outputs next to each other in memory.

    `swizzle` maps a row's number (known modulo 8) to what its pieces' positions are XORed with. The tile may lie in
    panels of `panel` columns, one behind the other.
    """

    depth: int
    outputs: int
    size: int
    columns: int
    threads: int
    swizzle: Sequence[int]
    panel: int = 0

    @property
    def _pieces(self) -> int:
        return self.columns * self.size // PIECE

    @property
    def pitch(self) -> int:
        """Bytes of a row of the tile or panel."""
        return (self.panel or self.columns) * self.size

    def prepare(self, code: Assembler, base: str, thread: str, first: Operand) -> None:
        """What does not change from step to step; `first` is the tile's first column."""
        self._row, piece = code.divide(thread, self._pieces)
        self._column = code.add(first, code.multiply(piece, PIECE // self.size))
        step = self.threads // self._pieces
        period = next(n for n in (1, 2, 4, 8) if all(self.swizzle[i] == self.swizzle[i % n] for i in range(8)))
        if self.threads % self._pieces or step % period or (ROW // self.size) % step:
            raise ValueError(f"{self.threads} threads cannot copy rows of {self._pieces} pieces")
        low = code.new("b32", "and.b32", self._row, 7)
        mask = code.multiply(code.new("b32", "and.b32", low, period - 1), self.swizzle[1] if period > 1 else 0)
        panel, within = code.divide(piece, self.pitch // PIECE) if self.panel else (0, piece)
        place = code.new("b32", "xor.b32", within, mask)
        self._to = code.add(code.multiply(self._row, self.pitch), code.multiply(place, PIECE))
        self._to = code.add(self._to, code.multiply(panel, ROW // self.size * self.pitch))
        start = code.add(code.multiply(self._row, self.outputs), self._column)
        self._pointer = code.address(base, start, self.size)
        self._step = step

    def copy(self, code: Assembler, to: Operand, step: str) -> None:
        """Copy the tile of one step of the reduction to the shared address `to`."""
        rows = ROW // self.size
        target = str(code.add(to, self._to))
        moved = code.new("b64", "mul.wide.s32", step, rows * self.outputs * self.size)
        source = code.new("b64", "add.s64", self._pointer, moved)
        width = PIECE // self.size
        parts = 1 if self.outputs % width == 0 else width
        k = code.add(code.multiply(step, rows), self._row)
        for start in range(0, rows, self._step):
            inside = None
            if self.depth % rows:
                inside = code.new("pred", "setp.lt.u32", code.add(k, start), self.depth)
            for part in range(parts):
                exists = None
                if self.outputs % self.columns:
                    exists = code.new("pred", "setp.lt.u32", code.add(self._column, part), self.outputs)
                at = code.address(source, start * self.outputs + part, self.size)
                offset = start * self.pitch + part * self.size
                _copy(code, target, offset, at, PIECE if parts == 1 else self.size, code.both(inside, exists))
