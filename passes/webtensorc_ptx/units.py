"""What multiplies: the scalar float32 units, and the matrix units on float16, bfloat16 and tf32 (`mma.sync`).

A unit computes a warp's part of a tile from shared memory. Both operands are as `staging` left them: image rows of 128
bytes with pieces XORed by `row % 8`; weights' rows with pieces XORed by the unit's own `swizzle`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from webtensorc_ptx.assembler import Assembler, Operand, single
from webtensorc_ptx.staging import PIECE, ROW

__all__ = ["Half", "Place", "Scalar", "Tf32", "Unit"]

Place = tuple[Operand, Operand, list[str]]
"""Row and first column in the tile, and the results of adjacent columns there."""


class Unit(Protocol):
    """A way to multiply. `rows` and `columns` are those of a warp's part of the tile."""

    rows: int
    columns: int

    @property
    def swizzle(self) -> tuple[int, ...]:
        """What positions of pieces in row i of the weights' tile are XORed with."""

    def prepare(self, code: Assembler, lane: str, row: Operand, column: Operand, pitch: int) -> None:
        """Compute addresses of the warp's part, which begins at `row` and `column`; clear the accumulators."""

    def step(self, code: Assembler, image: Operand, weights: Operand) -> None:
        """Multiply the tiles at these shared addresses."""

    def places(self, code: Assembler) -> list[Place]:
        """Where this thread's results belong, within the tile."""


@dataclass
class Scalar:
    """Fused multiply-add, 128 a cycle and multiprocessor: a warp is 8 x 4 threads with `rows/8` x `columns/4` each."""

    rows: int
    columns: int
    _sums: list[list[str]] = field(default_factory=list)

    @property
    def swizzle(self) -> tuple[int, ...]:
        """Threads of a warp read one row: no two of its banks are the same."""
        return (0,) * 8

    def prepare(self, code: Assembler, lane: str, row: Operand, column: Operand, pitch: int) -> None:
        """Thread (i, j) has rows i, i + 8, ... and columns 4j to 4j + 3, 4j + 16 to 4j + 19, ..."""
        self._pitch = pitch
        self._i, self._j = code.divide(lane, 4)
        self._row, self._column = code.add(row, self._i), code.add(column, code.multiply(self._j, 4))
        self._left, self._right = code.multiply(self._row, ROW), code.multiply(self._column, 4)
        zero = single(0.0)
        self._sums = [
            [code.new("f32", "mov.f32", zero) for _ in range(self.columns // 4)] for _ in range(self.rows // 8)
        ]

    def step(self, code: Assembler, image: Operand, weights: Operand) -> None:
        """A loop over two pieces, eight steps of the reduction: unrolled fully it would not fit the code cache."""
        left = code.add(image, self._left)
        right = code.new("b32", "add.s32", weights, self._right)
        piece = code.new("b32", "mov.b32", 0)
        again = code.label()
        code.place(again)
        for half in range(2):
            at = code.new("b32", "xor.b32", code.add(piece, half), self._i)
            self._piece(code, str(code.add(left, code.multiply(at, PIECE))), right, half * 4)
        code.do("add.s32", piece, piece, 2)
        code.do("add.s32", right, right, 8 * self._pitch)
        more = code.new("pred", "setp.lt.u32", piece, ROW // PIECE)
        code.do(f"@{more} bra", again)

    def _piece(self, code: Assembler, left: str, right: str, first: int) -> None:
        a = [_vector(code, left, i * 8 * ROW) for i in range(len(self._sums))]
        for k in range(4):
            b: list[str] = []
            for j in range(0, len(self._sums[0]), 4):
                b += _vector(code, right, (first + k) * self._pitch + j * 16)
            for i, sums in enumerate(self._sums):
                for each, value in zip(sums, b, strict=True):
                    code.do("fma.rn.f32", each, a[i][k], value, each)

    def places(self, code: Assembler) -> list[Place]:
        """Four adjacent columns each."""
        return [
            (code.add(self._row, i * 8), code.add(self._column, j * 4), sums[j : j + 4])
            for i, sums in enumerate(self._sums)
            for j in range(0, len(sums), 4)
        ]


def _vector(code: Assembler, address: str, offset: int) -> list[str]:
    values = [code.register("f32") for _ in range(4)]
    code.do("ld.shared.v4.f32", f"{{{', '.join(values)}}}", f"[{address}+{offset}]")
    return values


@dataclass
class _Matrix:
    """`mma.sync` with 16 x 8 results: thread 4g + t has those of rows g and g + 8, columns 2t and 2t + 1.

    A step of the instruction's reduction is 32 bytes of an image row for every type.
    """

    rows: int
    columns: int
    _right: list[Operand] = field(init=False, default_factory=list, kw_only=True)

    def prepare(self, code: Assembler, lane: str, row: Operand, column: Operand, pitch: int) -> None:
        """`ldmatrix` takes from thread l the address of row l % 16, piece l / 16."""
        self._lane, self._pitch = lane, pitch
        self._group, self._t = code.divide(lane, 4)
        self._row, self._column = row, column
        self._above, self._low = code.divide(lane, 16)
        self._mask = code.new("b32", "and.b32", lane, 7)
        line = code.multiply(code.add(row, self._low), ROW)
        self._left = []
        for step in range(ROW // 32):
            piece = code.new("b32", "xor.b32", code.add(self._above, 2 * step), self._mask)
            self._left.append(code.add(line, code.multiply(piece, PIECE)))
        zero = single(0.0)
        self._sums = [
            [[code.new("f32", "mov.f32", zero) for _ in range(4)] for _ in range(self.columns // 8)]
            for _ in range(self.rows // 16)
        ]
        self._prepare_weights(code)

    def step(self, code: Assembler, image: Operand, weights: Operand) -> None:
        """All instruction steps of one tile, unrolled."""
        right = [str(code.add(weights, each)) for each in self._right]
        for step, left in enumerate(self._left):
            address = str(code.add(image, left))
            a = [self._load_image(code, address, i * 16 * ROW) for i in range(len(self._sums))]
            b = self._load_weights(code, right, step)
            for i, row in enumerate(self._sums):
                for j, sums in enumerate(row):
                    d = f"{{{', '.join(sums)}}}"
                    code.do(self._instruction, d, f"{{{', '.join(a[i])}}}", f"{{{', '.join(b[j])}}}", d)

    def places(self, code: Assembler) -> list[Place]:
        """Two adjacent columns each."""
        across = code.add(self._column, code.multiply(self._t, 2))
        return [
            (
                code.add(code.add(self._row, self._group), i * 16 + h * 8),
                code.add(across, j * 8),
                sums[2 * h : 2 * h + 2],
            )
            for i, row in enumerate(self._sums)
            for j, sums in enumerate(row)
            for h in range(2)
        ]

    _instruction: ClassVar[str]

    def _prepare_weights(self, code: Assembler) -> None:
        raise NotImplementedError

    def _load_image(self, code: Assembler, address: str, offset: int) -> list[str]:
        return _matrices(code, "", address, offset)

    def _load_weights(self, code: Assembler, right: list[str], step: int) -> list[list[str]]:
        raise NotImplementedError


def _matrices(code: Assembler, how: str, address: str, offset: int) -> list[str]:
    values = [code.register("b32") for _ in range(4)]
    code.do(f"ldmatrix.sync.aligned.m8n8.x4{how}.shared.b16", f"{{{', '.join(values)}}}", f"[{address}+{offset}]")
    return values


@dataclass
class Half(_Matrix):
    """float16 (`f16`) or bfloat16 (`bf16`) with float32 sums: m16n8k16."""

    type: str

    @property
    def swizzle(self) -> tuple[int, ...]:
        """`ldmatrix` reads eight rows at one position."""
        return tuple(range(8))

    @property
    def _instruction(self) -> str:  # type: ignore[override]
        return f"mma.sync.aligned.m16n8k16.row.col.f32.{self.type}.{self.type}.f32"

    def _prepare_weights(self, code: Assembler) -> None:
        """One address for each sixteen columns; `.trans` turns rows of weights into columns."""
        line = code.multiply(self._low, self._pitch)
        first, _ = code.divide(self._column, 8)
        self._right = []
        for j in range(self.columns // 16):
            piece = code.add(code.add(first, self._above), 2 * j)
            self._right.append(code.add(line, code.multiply(code.new("b32", "xor.b32", piece, self._mask), PIECE)))

    def _load_weights(self, code: Assembler, right: list[str], step: int) -> list[list[str]]:
        found = []
        for address in right:
            values = _matrices(code, ".trans", address, step * 16 * self._pitch)
            found += [values[:2], values[2:]]
        return found


@dataclass
class Tf32(_Matrix):
    """float32 rounded to tf32, 10 bits of mantissa, with float32 sums: m16n8k8."""

    @property
    def swizzle(self) -> tuple[int, ...]:
        """Threads read four rows and eight columns, two pieces, at a time."""
        return tuple(2 * (row % 4) for row in range(8))

    _instruction = "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32"

    def _prepare_weights(self, code: Assembler) -> None:
        """One address for each eight columns: row t, column g."""
        line = code.multiply(self._t, self._pitch)
        piece, within = code.divide(self._group, 4)
        first, _ = code.divide(self._column, 4)
        self._right = []
        for j in range(self.columns // 8):
            at = code.add(code.add(first, piece), 2 * j)
            mixed = code.new("b32", "xor.b32", at, code.multiply(self._t, 2))
            self._right.append(
                code.add(code.add(line, code.multiply(mixed, PIECE)), code.multiply(within, 4)),
            )

    def _load_image(self, code: Assembler, address: str, offset: int) -> list[str]:
        return [_round(code, each) for each in super()._load_image(code, address, offset)]

    def _load_weights(self, code: Assembler, right: list[str], step: int) -> list[list[str]]:
        return [
            [
                _round(code, code.new("b32", "ld.shared.b32", f"[{address}+{(step * 8 + k) * self._pitch}]"))
                for k in (0, 4)
            ]
            for address in right
        ]


def _round(code: Assembler, value: str) -> str:
    return code.new("b32", "cvt.rna.tf32.f32", value)
