"""Order rows by a bitonic network, in `log2(n) (log2(n) + 1) / 2` steps that compare all elements with their partners.

K. E. Batcher, Sorting networks and their applications (1968). Positions break ties and padding comes last, so no two
elements are equal, and the order found is the stable one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from webtensorc.iree import mlir
from webtensorc.iree.builder import Builder, add_block, end_block
from webtensorc.iree.mlir import Block, Operation, Value

Before = Callable[[Operation, Sequence[Value], Sequence[Value]], Value]
"""Given where to put operations, and two lists of columns, whether the first come before the second: i1."""


def order(build: Builder, rows: Sequence[Value], before: Before) -> Value:
    """For every row, the positions of its elements in their order, stable: int32.

    Args:
        rows: columns of shape `[count, n]`; `before` gets them padded.
        before: a strict weak order.
    """
    count, n = mlir.shape_of(rows[0])
    size = 1 << (n - 1).bit_length()
    places = build.iota([count, size], 1, "i32")
    padded = [_padded(build, row, size) for row in rows]
    state = [build.full([], 2, places), build.full([], 1, places), places, *padded]
    kinds = [value.type for value in state]
    made = mlir.create("stablehlo.while", state, kinds, before=build.before, regions=2)
    (block, *_), last = add_block(made, kinds)
    inside = Builder(last)
    end_block(last, [inside.compare("LE", block, inside.full([], size, block))])
    arguments, last = add_block(made, kinds, region=1)
    end_block(last, _step(Builder(last), arguments, n, before))
    return build.slice(made.results[2], [0, 0], [count, n])


def _padded(build: Builder, row: Value, size: int) -> Value:
    """Repeat elements up to a length; which ones does not matter."""
    count, n = mlir.shape_of(row)
    return row if n == size else build.concatenate([row, build.slice(row, [0, 0], [count, size - n])], 1)


def _step(build: Builder, state: Sequence[Value], n: int, before: Before) -> list[Value]:
    """One step of the network: partners are `distance` apart, in blocks of `block` that are to be sorted."""
    block, distance, places, *rows = state
    shape = mlir.shape_of(places)
    number = build.iota(shape, 1, "i32")
    start = build.binary("multiply", build.iota(shape, 0, "i32"), build.full(shape, shape[1], number))
    far = build.binary("xor", number, build.broadcast(distance, shape, []))
    partner = build.reshape(build.binary("add", start, far), [shape[0] * shape[1]])
    others = [_gathered(build, value, partner) for value in (places, *rows)]
    mine = _comes_first(build, [places, *rows], others, n, before)
    zero = build.full(shape, 0, number)

    def lacks(bits: Value) -> Value:
        return build.compare("EQ", build.binary("and", number, build.broadcast(bits, shape, [])), zero)

    # The first of two partners keeps what comes first where its block is to ascend.
    wants_first = build.unary("not", build.binary("xor", lacks(distance), lacks(block)))
    keeps = build.unary("not", build.binary("xor", mine, wants_first))
    moved = [build.select(keeps, *pair) for pair in zip((places, *rows), others, strict=True)]
    one = build.full([], 1, block)
    is_last = build.compare("EQ", distance, one)
    half = build.binary("shift_right_logical", distance, one)
    doubled = build.binary("add", block, block)
    return [build.select(is_last, doubled, block), build.select(is_last, block, half), *moved]


def _comes_first(build: Builder, mine: Sequence[Value], others: Sequence[Value], n: int, before: Before) -> Value:
    (place, *rows), (other_place, *other_rows) = mine, others
    is_before = before(build.before, rows, other_rows)
    is_after = before(build.before, other_rows, rows)
    is_earlier = build.compare("LT", place, other_place)
    is_before = build.binary("or", is_before, build.binary("and", build.unary("not", is_after), is_earlier))
    limit = build.full(mlir.shape_of(place), n, place)
    is_real, is_other_real = (build.compare("LT", each, limit) for each in (place, other_place))
    # Paddings are ordered among themselves by position: any order does, if both sides see the same.
    both = build.binary("and", is_real, is_other_real)
    return build.select(both, is_before, is_earlier)


def _gathered(build: Builder, value: Value, places: Value) -> Value:
    shape = mlir.shape_of(value)
    return build.reshape(build.gather_rows(build.reshape(value, [shape[0] * shape[1]]), places), shape)


def used_operands(comparator: Block) -> list[int]:
    """The numbers of the columns that a comparator looks at, or of one if it looks at none."""
    return sorted({argument.arg_number // 2 for argument in comparator.arguments if mlir.users(argument)}) or [0]
