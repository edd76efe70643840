"""Attention without the matrix of scores: for a block of rows at a time scores, softmax, and the mix of values.

    y[g, m] = sum over n of softmax over n (epilogue(sum over d of q[g, m, d] * k[g, d, n])) * v[g, n]

(Vaswani et al., arXiv:1706.03762, equation 1; the epilogue scales and masks.) The scores of a block of rows are kept in
scratch memory that stays in the second-level cache. A block is some strips, of as many rows as registers are for. The
keys of a tile of columns are copied side by side first, which all strips of the block then read: where they lie, the
numbers of one position in `d` are so far apart that they would be in each other's way in the cache. Keys may also lie
as they are stored, `k[g, n, d]`; then the copy transposes them. A row of scores is as long as the keys are many,
rounded up to an odd number of vectors for the same reason; what is behind the last key is minus infinity, whose
exponential is 0. The division by a row's sum comes last, since it is the same for all of the row's results. Not a
number, and rows of nothing but minus infinity, give not a number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from webtensorc_kernels.code import Code, Index, View, Workgroup
from webtensorc_kernels.convolution import tile_starts
from webtensorc_kernels.epilogue import Block, Epilogue, finish
from webtensorc_kernels.executable import Kernel, write
from webtensorc_kernels.grid import share, split
from webtensorc_kernels.machine import Machine

__all__ = ["Attention", "Blocks", "choose", "generate"]

_SOFTMAX = 20
"""Arithmetic operations that the softmax of one score is worth."""
_LOADS = 0.25
"""Of the time of a multiplication and addition that a load costs beside it."""
_ROWS = 128
"""Rows of a block, at most: more would leave too few blocks for the threads."""
_FLOAT_BYTES = 4


@dataclass(frozen=True)
class Attention:
    """`groups` (images times heads) of `rows` queries and `keys` keys of `depth` numbers, values of `outputs`.

    Attributes:
        heads: how many groups of one image lie side by side in the result, `[images, rows, heads, outputs]`; with 1 the
            result is `[groups, rows, outputs]`.
        first: the groups that queries, keys and values begin with, where they are parts of larger tensors.
        whole: the number of groups of these tensors.
        stored: whether keys lie as `[groups, keys, depth]`, and not transposed.
    """

    groups: int
    rows: int
    keys: int
    depth: int
    outputs: int
    heads: int = 1
    first: tuple[int, int, int] = (0, 0, 0)
    whole: tuple[int, int, int] | None = None
    stored: bool = False

    @property
    def flops(self) -> int:
        """Arithmetic operations, an exponential counted as one."""
        return self.groups * self.rows * self.keys * (2 * self.depth + 2 * self.outputs + 4)


@dataclass(frozen=True)
class Blocks:
    """Register blocks: `rows` of queries by `keys` or `outputs` vectors of `lanes`; `strips` of rows share a copy."""

    rows: int
    keys: int
    outputs: int
    lanes: int
    strips: int = 1


def choose(problem: Attention, machine: Machine) -> Blocks:
    """As many rows as leave room for three vectors, then the vectors that take the least time for all columns.

    The scores of all strips, of at most `_ROWS`, take no more than half of the second-level cache.
    """
    extents = [problem.keys, problem.outputs, *([problem.depth] if problem.stored else [])]
    lanes = 1 << (min(machine.lanes, *extents).bit_length() - 1)
    rows = min(problem.rows, 8 if machine.registers >= 32 else 4)

    def vectors(extent: int) -> int:
        fitting = [v for v in range(1, 9) if v == 1 or (machine.fits(rows, v) and v * lanes <= extent)]
        return min(fitting, key=lambda v: (-(-extent // (v * lanes)) * (rows * v + _LOADS * (rows + v)), -v))

    most = min(_ROWS, machine.second_level // (2 * _FLOAT_BYTES * problem.keys)) // rows
    strips = -(-problem.rows // rows)
    blocks = -(-strips // max(1, most))
    return Blocks(rows, vectors(problem.keys), vectors(problem.outputs), lanes, -(-strips // blocks))


def generate(problem: Attention, blocks: Blocks, epilogue: Epilogue, code: Code) -> Kernel:
    """Write the kernel into `code`. Operands: queries, keys, values, those of the epilogue; a result and scratch."""
    return _Writer(problem, blocks, epilogue, code).kernel()


class _Writer:
    """One kernel being written."""

    def __init__(self, problem: Attention, blocks: Blocks, epilogue: Epilogue, code: Code) -> None:
        self.problem, self.blocks, self.epilogue, self.code = problem, blocks, epilogue, code
        p = problem
        queries, keys, values = p.whole or (p.groups,) * 3
        self.q = View("%q", (queries, p.rows, p.depth))
        self.k = View("%k", (keys, p.keys, p.depth) if p.stored else (keys, p.depth, p.keys))
        self.v = View("%v", (values, p.keys, p.outputs))
        self.y = View("%y", (p.groups // p.heads * p.rows, p.heads * p.outputs))
        self.operands = epilogue.views(p.groups * p.rows, p.keys)
        self.strips = -(-p.rows // blocks.rows)
        self.down = -(-self.strips // blocks.strips)
        work = p.flops + _SOFTMAX * p.groups * p.rows * p.keys
        self.across, _ = split(first=p.groups * self.down, second=1, flops=work)
        self.width = -(-p.keys // blocks.lanes) * blocks.lanes
        odd = (self.width // blocks.lanes | 1) * blocks.lanes
        self.scores = View("%s", (self.across * blocks.strips * blocks.rows, odd))
        self.copy = View("%t", (self.across * p.depth, blocks.keys * blocks.lanes))

    def kernel(self) -> Kernel:
        p, b = self.problem, self.blocks
        rows = f"{b.strips} strips of {b.rows} rows" if b.strips > 1 else f"{b.rows} rows"
        why = f"{rows} by {b.keys} and {b.outputs} vectors of {b.lanes}, {self.across} workgroups"
        views = [self.q, self.k, self.v, *self.operands, self.y, self.scores, self.copy]
        flops = p.flops + self.epilogue.flops * p.groups * p.rows * p.keys
        return write(self.code, views, (self.across, 1, 1), self._workgroup, flops=flops, results=3, why=why)

    def _workgroup(self, where: Workgroup) -> None:
        code, p, b = self.code, self.problem, self.blocks
        scratch = code.multiply(where.x, b.strips * b.rows)

        def block(number: Index, _: list[str]) -> list[str]:
            group = code.quotient(number, self.down)
            first = code.multiply(code.remainder(number, self.down), b.strips)
            count = code.smaller(b.strips, code.subtract(self.strips, first))

            def strips(body: Callable[[Index, Index], None]) -> None:
                def strip(n: Index, _: list[str]) -> list[str]:
                    row = code.smaller(code.multiply(code.add(first, n), b.rows), p.rows - b.rows)
                    body(row, code.add(scratch, code.multiply(n, b.rows)))
                    return []

                code.loop(0, count, strip)

            strips(lambda row, at: self._fill(at))
            copied = code.multiply(where.x, p.depth)

            def tile(columns: Sequence[Index]) -> None:
                self._copy(group, columns, copied)
                strips(lambda row, at: self._scores(group, row, at, columns, copied))

            self._tiles(p.keys, b.keys, tile)
            strips(lambda row, at: self._mix(group, row, at, self._softmax(at)))
            return []

        code.loop(*share(code, where.x, p.groups * self.down, self.across), block)

    def _fill(self, scratch: Index) -> None:
        """Minus infinity behind the last key, and before it too, where scores come."""
        for i in range(self.blocks.rows):
            lowest = self.code.number("0xFF800000 : f32")
            self.code.store(lowest, self.scores, self.code.add(scratch, i), self.width - self.blocks.lanes)

    def _copy(self, group: Index, columns: Sequence[Index], copied: Index) -> None:
        """The keys of some columns side by side: a row for each position in `d`."""
        code, p, lanes = self.code, self.problem, self.blocks.lanes
        key = code.add(group, p.first[1])

        def row(d: Index, _: list[str]) -> list[str]:
            for j, column in enumerate(columns):
                code.store(code.load(self.k, key, d, column), self.copy, code.add(copied, d), j * lanes)
            return []

        def square(number: Index, _: list[str]) -> list[str]:
            d = code.smaller(code.multiply(number, lanes), p.depth - lanes)
            for j, column in enumerate(columns):
                rows = [code.load(self.k, key, code.add(column, i), d) for i in range(lanes)]
                for i, vector in enumerate(code.transposed(rows)):
                    code.store(vector, self.copy, code.add(copied, code.add(d, i)), j * lanes)
            return []

        if p.stored:
            code.loop(0, -(-p.depth // lanes), square)
        else:
            code.loop(0, p.depth, row)

    def _scores(self, group: Index, row: Index, scratch: Index, columns: Sequence[Index], copied: Index) -> None:
        """Those of a strip and some columns, scale and mask included, in scratch memory."""
        code, p, b = self.code, self.problem, self.blocks
        query = code.add(group, p.first[0])

        def step(d: Index, sums: list[str]) -> list[str]:
            keys = [code.load(self.copy, code.add(copied, d), j * b.lanes) for j in range(len(columns))]
            numbers = [code.broadcast(self.q, query, code.add(row, i), d) for i in range(b.rows)]
            return _products(code, numbers, keys, sums)

        sums = code.loop(0, p.depth, step, [code.zero()] * (b.rows * len(columns)))
        point = code.add(code.multiply(group, p.rows), row)
        masked = Block((point,), b.rows, tuple(columns))
        finish(code, self.epilogue, masked, sums, self.operands, self.scores, (scratch,))

    def _softmax(self, scratch: Index) -> list[str]:
        """Exponentials in place of the scores; returns their sums, row by row, in every lane."""
        code, sums = self.code, []
        for i in range(self.blocks.rows):
            row = code.add(scratch, i)

            def largest(n: Index, found: list[str], row: Index = row) -> list[str]:
                return [code.greater(code.load(self.scores, row, n), found[0])]

            lanes = self.blocks.lanes
            (top,) = code.loop(0, self.width, largest, [code.number("0xFF800000 : f32")], step=lanes)
            top = code.across("maximumf", top)

            def exponential(n: Index, total: list[str], row: Index = row, top: str = top) -> list[str]:
                value = code.exponential_below(code.minus(code.load(self.scores, row, n), top))
                code.store(value, self.scores, row, n)
                return [code.plus(total[0], value)]

            (total,) = code.loop(0, self.width, exponential, [code.zero()], step=lanes)
            sums.append(code.across("add", total))
        return sums

    def _mix(self, group: Index, row: Index, scratch: Index, totals: Sequence[str]) -> None:
        """The values, weighted by the exponentials and divided by their sums."""
        code, p, b = self.code, self.problem, self.blocks
        one = code.number("1.0 : f32")
        inverses = [code.apply("arith.divf", (one, total), "", ("f32",) * 3) for total in totals]
        value = code.add(group, p.first[2])
        image, head = code.quotient(group, p.heads), code.remainder(group, p.heads)
        point = code.add(code.multiply(image, p.rows), row)

        def tile(columns: Sequence[Index]) -> None:
            def step(n: Index, sums: list[str]) -> list[str]:
                values = [code.load(self.v, value, n, column) for column in columns]
                numbers = [code.broadcast(self.scores, code.add(scratch, i), n) for i in range(b.rows)]
                return _products(code, numbers, values, sums)

            sums = iter(code.loop(0, p.keys, step, [code.zero()] * (b.rows * len(columns))))
            for i, inverse in enumerate(inverses):
                for column in columns:
                    result = code.product(next(sums), inverse)
                    at = code.add(code.multiply(head, p.outputs), column)
                    code.store(result, self.y, code.add(point, i), at)

        self._tiles(p.outputs, b.outputs, tile)

    def _tiles(self, extent: int, vectors: int, body: Callable[[Sequence[Index]], None]) -> None:
        """Loop over tiles of columns; the last one ends with the extent."""
        code, size = self.code, vectors * self.blocks.lanes

        def tile(number: Index, _: list[str]) -> list[str]:
            start = code.smaller(code.multiply(number, size), extent - size)
            body([code.add(start, j * self.blocks.lanes) for j in range(vectors)])
            return []

        code.loop(0, len(tile_starts(extent, size)), tile)


def _products(code: Code, numbers: Sequence[str], vectors: Sequence[str], sums: Sequence[str]) -> list[str]:
    """Add the product of each number and each vector to its sum."""
    pairs = ((number, vector) for number in numbers for vector in vectors)
    return [code.multiply_add(a, b, sum_) for (a, b), sum_ in zip(pairs, sums, strict=True)]
