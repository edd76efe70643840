"""Products with few rows, `[rows, depth] x [depth, columns]`: bound by the reading of the weights.

    y[m, n] = epilogue(sum over k of x[m, k] * w[k, n])

Each weight is used only `rows` times, so what counts is that memory is read the way it likes: some rows of weights side
by side, each from left to right over a long panel of columns. The sums of a panel are the result itself, which stays in
the first-level cache and is loaded and stored once for `depth` weights; the numbers of `x` for these stay in registers.

What is left of the columns behind the last whole tile is summed in registers, from vectors that end with the row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from webtensorc_kernels.code import Code, Index, View, Workgroup
from webtensorc_kernels.convolution import Convolution
from webtensorc_kernels.epilogue import Block, Epilogue, finish
from webtensorc_kernels.executable import Kernel, write
from webtensorc_kernels.grid import share, split
from webtensorc_kernels.machine import Machine

__all__ = ["Panel", "choose", "generate"]

_MAX_ROWS = 4
_PANEL_BYTES = 16 << 10
"""Of sums: half a first-level cache."""
_READING = 8
"""Arithmetic operations that take as long as the reading of one weight."""


@dataclass(frozen=True)
class Panel:
    """What is done at once: `depth` rows of weights by `vectors` adjacent vectors of `lanes` columns.

    `tiles` such blocks side by side are one panel, gone through once for every `depth` rows.
    """

    depth: int
    vectors: int
    lanes: int
    tiles: int

    @property
    def columns(self) -> int:
        """Columns of one block."""
        return self.vectors * self.lanes


def choose(problem: Convolution, machine: Machine) -> Panel | None:
    """The largest block whose numbers of `x` and sums stay in registers.

    None if this is no product with few rows, or if the weights come in panels, which any kernel reads well.
    """
    rows, columns = problem.points, problem.outputs
    if not problem.is_product or problem.packed or rows > _MAX_ROWS:
        return None
    lanes = 1 << (min(machine.lanes, columns).bit_length() - 1)
    depth = min(8, machine.registers // 2 // rows)
    vectors = min(4, machine.registers // 4 // rows, columns // lanes)
    return Panel(depth, vectors, lanes, max(1, _PANEL_BYTES // 4 // (rows * vectors * lanes)))


def generate(problem: Convolution, panel: Panel, epilogue: Epilogue, code: Code, *, weights: str = "f32") -> Kernel:
    """Write the kernel into `code`. Operands: `x`, weights, then those of the epilogue; one result.

    Weights of 16 bits (`f16`, `bf16`) are widened in registers: there is half as much to read.
    """
    return _Writer(problem, panel, epilogue, code, weights).kernel()


class _Writer:
    """One kernel being written."""

    def __init__(self, problem: Convolution, panel: Panel, epilogue: Epilogue, code: Code, weights: str) -> None:
        self.problem, self.panel, self.epilogue, self.code = problem, panel, epilogue, code
        p, self.rows = problem, problem.points
        self.x = View("%x", (self.rows, p.channels))
        self.w = View("%w", (p.channels, p.outputs), weights)
        self.y = epilogue.result(self.rows, p.outputs)
        self.operands = epilogue.views(self.rows, p.outputs)
        self.tiles = p.outputs // panel.columns
        work = max(p.flops, _READING * p.channels * p.outputs)
        self.groups, _ = split(first=self.tiles, second=1, flops=work)

    def kernel(self) -> Kernel:
        p, panel = self.problem, self.panel
        why = f"{panel.depth} rows of weights by {panel.vectors} vectors of {panel.lanes}, {self.groups} workgroups"
        flops = p.flops + self.epilogue.flops * self.rows * p.outputs
        views = [self.x, self.w, *self.operands, self.y]
        return write(self.code, views, (self.groups, 1, 1), self._workgroup, flops=flops, results=1, why=why)

    def _workgroup(self, where: Workgroup) -> None:
        """Some tiles, panel by panel; the last workgroup also does the columns behind the last tile."""
        code = self.code
        low, high = share(code, where.x, self.tiles, self.groups)

        def panel(begin: Index, _: list[str]) -> list[str]:
            self._panel(begin, code.smaller(high, code.add(begin, self.panel.tiles)))
            return []

        code.loop(low, high, panel, step=self.panel.tiles)
        columns = self._rest()
        if columns:
            code.loop(self.groups - 1, code.add(where.x, 1), lambda *_: self._whole(columns))  # one round or none

    def _panel(self, low: Index, high: Index) -> None:
        """All rows of weights over the tiles `low` to `high`, the last rows with the epilogue."""
        code, depth = self.code, self.panel.depth
        last = (self.problem.channels - 1) // depth * depth

        def some_rows(k: Index, _: list[str]) -> list[str]:
            self._rows(k, depth, low, high, is_first=False, is_last=False)
            return []

        if last:
            self._rows(0, depth, low, high, is_first=True, is_last=False)
            code.loop(depth, last, some_rows, step=depth)
        self._rows(last, self.problem.channels - last, low, high, is_first=last == 0, is_last=True)

    def _rows(self, k: Index, depth: int, low: Index, high: Index, *, is_first: bool, is_last: bool) -> None:
        """Add the products of `depth` rows of weights to the sums of some tiles."""
        code, rows = self.code, range(self.rows)
        numbers = [[code.broadcast(self.x, m, code.add(k, i)) for i in range(depth)] for m in rows]

        def tile(number: Index, _: list[str]) -> list[str]:
            first = code.multiply(number, self.panel.columns)
            columns = [code.add(first, j * self.panel.lanes) for j in range(self.panel.vectors)]
            sums = [code.zero() if is_first else self._load(m, column) for m in rows for column in columns]
            for i in range(depth):
                sums = self._step(code.add(k, i), columns, [line[i] for line in numbers], sums)
            if is_last:
                self._finish(columns, sums)
            else:
                for sum_, (m, column) in zip(sums, ((m, c) for m in rows for c in columns), strict=True):
                    code.store(sum_, self.y, m, code.add(column, self._offset))
            return []

        code.loop(low, high, tile)

    @property
    def _offset(self) -> int:
        return self.epilogue.slot[1] if self.epilogue.slot else 0

    def _load(self, m: int, column: Index) -> str:
        return self.code.load(self.y, m, self.code.add(column, self._offset))

    def _step(self, k: Index, columns: Sequence[Index], numbers: Sequence[str], sums: Sequence[str]) -> list[str]:
        """Add the products of one row of weights at some columns."""
        code = self.code
        weights = [code.load(self.w, k, column) for column in columns]
        if self.w.element != "f32":
            weights = [code.apply("arith.extf", [each], "", (self.w.element, "f32")) for each in weights]
        products = ((number, weight) for number in numbers for weight in weights)
        return [code.multiply_add(a, b, sum_) for (a, b), sum_ in zip(products, sums, strict=True)]

    def _finish(self, columns: Sequence[Index], sums: Sequence[str]) -> None:
        block = Block((0,), self.rows, tuple(columns))
        finish(self.code, self.epilogue, block, sums, self.operands, self.y)

    def _rest(self) -> list[Index]:
        """Where vectors begin that cover what no tile does; the last one ends with the row."""
        columns, lanes = self.problem.outputs, self.panel.lanes
        return [min(start, columns - lanes) for start in range(self.tiles * self.panel.columns, columns, lanes)]

    def _whole(self, columns: Sequence[Index]) -> list[str]:
        """Sum up some columns in registers, over all rows of weights."""
        code, rows = self.code, range(self.rows)

        def step(k: Index, sums: list[str]) -> list[str]:
            return self._step(k, columns, [code.broadcast(self.x, m, k) for m in rows], sums)

        sums = code.loop(0, self.problem.channels, step, [code.zero()] * (len(rows) * len(columns)))
        self._finish(columns, sums)
        return []
