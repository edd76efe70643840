"""Products with few rows whose columns are gates, put together element by element: a step of an LSTM.

    z[m, g * width + n] = product(sum over k of x[m, k] * w[k, g * width + n])
    y[m, n], ... = cell(z[m, n], z[m, width + n], z[m, 2 * width + n], ...)

A workgroup has some columns of all gates, so that the gates never leave its registers, and a step is one dispatch: the
weights of one step come from the third-level cache in 30 microseconds, beside which a second one would show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from webtensorc_kernels.code import Code, Index, View, Workgroup
from webtensorc_kernels.epilogue import Epilogue, Place
from webtensorc_kernels.executable import Kernel, write
from webtensorc_kernels.grid import share, split
from webtensorc_kernels.machine import Machine
from webtensorc_kernels.panels import WIDTH, Matrix

__all__ = ["Cell", "choose", "generate"]

_MAX_ROWS = 4
_READING = 8
"""Arithmetic operations that take as long as the reading of one weight."""


@dataclass(frozen=True)
class Cell:
    """What is computed.

    Attributes:
        rows, depth: of the product's first matrix.
        width: columns of one gate.
        gates: how many there are.
        packed: whether weights come in panels.
        weights: the element type of weights.
        product: the epilogue of the product, all gates side by side.
        steps: elementwise steps on the gates, of which the first is number -1, the second -2, and so on; operands have
            an element per element of a gate.
        results: the numbers of the steps that are results.
    """

    rows: int
    depth: int
    width: int
    gates: int
    packed: bool
    weights: str
    product: Epilogue
    steps: Epilogue
    results: tuple[int, ...]

    @property
    def flops(self) -> int:
        """Arithmetic operations."""
        columns = self.gates * self.width
        return self.rows * (columns * (2 * self.depth + self.product.flops) + self.width * self.steps.flops)


def choose(cell: Cell, machine: Machine) -> int | None:
    """Vectors of each gate in a block; None if gates are no whole number of vectors or too many for the registers."""
    for vectors in (2, 1):
        channels, sums = vectors * machine.lanes, cell.rows * cell.gates * vectors
        fits = cell.rows <= _MAX_ROWS and sums + cell.gates * vectors + 1 <= machine.registers
        if fits and cell.width % channels == 0 and not (cell.packed and WIDTH % channels):
            return vectors
    return None


def generate(cell: Cell, vectors: int, code: Code) -> Kernel:
    """Write the kernel into `code`. Operands: `x`, weights, those of the product's epilogue, those of the steps."""
    return _Writer(cell, vectors, code).kernel()


class _Writer:
    """One kernel being written."""

    def __init__(self, cell: Cell, vectors: int, code: Code) -> None:
        self.cell, self.vectors, self.code = cell, vectors, code
        columns = cell.gates * cell.width
        self.x = View("%x", (cell.rows, cell.depth))
        self.w = Matrix("%w", cell.depth, columns, cell.packed, cell.weights)
        self.before = cell.product.views(cell.rows, columns)
        self.behind = [replace(view, name=f"%f{i}") for i, view in enumerate(cell.steps.views(cell.rows, cell.width))]
        self.results = [View(f"%y{i}", (cell.rows, cell.width)) for i in range(len(cell.results))]
        self.channels = vectors * code.lanes
        self.blocks = cell.width // self.channels
        work = max(cell.flops, _READING * cell.depth * columns)
        self.groups, _ = split(first=self.blocks, second=1, flops=work)

    def kernel(self) -> Kernel:
        """The finished kernel."""
        cell = self.cell
        why = f"{cell.gates} gates of {self.vectors} vectors of {self.code.lanes}, {self.groups} workgroups"
        views = [self.x, *self.w.views, *self.before, *self.behind, *self.results]
        grid, count = (self.groups, 1, 1), len(self.results)
        return write(self.code, views, grid, self._workgroup, flops=cell.flops, results=count, why=why)

    def _workgroup(self, where: Workgroup) -> None:
        def block(number: Index, _: list[str]) -> list[str]:
            first = self.code.multiply(number, self.channels)
            self._finish(first, self._sums(first))
            return []

        self.code.loop(*share(self.code, where.x, self.blocks, self.groups), block)

    def _sums(self, first: Index) -> list[str]:
        """The products, by row, gate and vector."""
        code, cell = self.code, self.cell
        starts = [code.add(first, gate * cell.width) for gate in range(cell.gates)]
        places = [self.w.block(code, start, self.channels) for start in starts]

        def step(k: Index, sums: list[str]) -> list[str]:
            weights = [self.w.load(code, *place(k, j * code.lanes)) for place in places for j in range(self.vectors)]
            numbers = [code.broadcast(self.x, m, k) for m in range(cell.rows)]
            pairs = ((number, weight) for number in numbers for weight in weights)
            return [code.multiply_add(a, b, sum_) for (a, b), sum_ in zip(pairs, sums, strict=True)]

        return code.loop(0, cell.depth, step, [code.zero()] * (cell.rows * cell.gates * self.vectors))

    def _finish(self, first: Index, sums: Sequence[str]) -> None:
        """The cell of each vector, from its gates."""
        code, cell, remaining = self.code, self.cell, iter(sums)
        for m in range(cell.rows):
            rows = [[next(remaining) for _ in range(self.vectors)] for _ in range(cell.gates)]
            for j in range(self.vectors):
                channel = code.add(first, j * code.lanes)
                gates = [
                    cell.product.emit(code, row[j], Place(m, code.add(channel, gate * cell.width)), self.before)
                    for gate, row in enumerate(rows)
                ]
                values: list[str] = []
                for each in cell.steps.steps:
                    known = [*values, *reversed(gates)]
                    values.append(cell.steps.one(code, each, Place(m, channel), self.behind, known))
                for number, view in zip(cell.results, self.results, strict=True):
                    code.store(values[number], view, m, channel)
