"""Finding attention: a product, elementwise work on the scores, their softmax, and a product with that.

From the first product on, what follows is recognised by its structure: maxima along the last dimension, their
subtraction, exponentials, sums, the division, and a product whose left operand is the quotient.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from webtensorc_kernels.attention import Attention

from webtensorc.iree import mlir
from webtensorc_passes.tiling._epilogues import Fused, fuse
from webtensorc_passes.tiling._structured import (
    forwards,
    indexing_maps,
    is_float32,
    is_zero,
    scalar_constant,
    unreshaped,
)

__all__ = ["AttentionSite", "match_attention", "untransposed", "with_stored_keys"]


@dataclass(frozen=True)
class AttentionSite:
    """Attention and its operands: queries, keys and values; `fused` is everything, the mask included."""

    name: str
    problem: Attention
    operands: tuple[Any, ...]
    fused: Fused


def match_attention(op: Any) -> AttentionSite | None:
    """The attention whose first product is `op`, if all of it is there and nothing of it is used elsewhere.

    Keys are transposed, as that product has them.
    """
    if not _is_product(op):
        return None
    groups, rows, keys = mlir.shape_of(op.results[0])
    if keys < 2:
        return None
    scores = fuse(op, keys)
    found = _softmax(scores.result)
    if found is None or scores.destination is not None:
        return None
    weights, softmax = found
    last, between = _product_of(weights)
    if last is None or mlir.shape_of(last.results[0])[:2] != (groups, rows):
        return None
    end, heads, behind = _side_by_side(last)
    absorbed = _in_order(op.block, [*scores.absorbed, *softmax, *between, last, *behind])
    if not _is_closed(absorbed, end):
        return None
    q, k, v = map(_Part.of, (*op.operands[:2], last.operands[1]))
    depth, outputs = mlir.shape_of(op.operands[0])[2], mlir.shape_of(last.results[0])[2]
    if outputs < 2:
        return None
    first, whole = (q.first, k.first, v.first), (q.whole, k.whole, v.whole)
    problem = Attention(groups, rows, keys, depth, outputs, heads, first, whole)
    fused = Fused(end.results[0], end, absorbed, scores.epilogue, scores.operands)
    return AttentionSite(f"attention_{groups}x{rows}x{keys}x{depth}", problem, (q.tensor, k.tensor, v.tensor), fused)


def with_stored_keys(site: AttentionSite) -> AttentionSite | None:
    """The same with keys that are read as they lie before they are transposed, if they are."""
    query, keys, values = site.operands
    stored = untransposed(keys)
    if stored is None:
        return None
    return replace(site, problem=replace(site.problem, stored=True), operands=(query, unreshaped(stored), values))


def untransposed(value: Any) -> Any:
    """What `value`, `[groups, depth, keys]`, is the transposition of the last two dimensions of."""
    op = mlir.owner(value)
    if op is None or not forwards(op):
        return None
    rank = len(mlir.shape_of(value))
    turned = (*range(rank - 2), rank - 1, rank - 2)
    maps = indexing_maps(op)
    return op.operands[0] if maps in ((turned, tuple(range(rank))), (tuple(range(rank)), turned)) else None


def _is_product(op: Any) -> bool:
    """Whether it is `[g, m, k] * [g, k, n]`, in float32 and added to zeros."""
    if not op.name.startswith("linalg.") or len(op.operands) != 3 or len(op.results) != 1:
        return False
    if not all(map(is_float32, (*op.operands, *op.results))) or not is_zero(op.operands[2]):
        return False
    body = [inner.operation.name for inner in op.regions[0].blocks[0].operations]
    maps = indexing_maps(op)
    if body != ["arith.mulf", "arith.addf", "linalg.yield"] or [len(each) for each in maps] != [3, 3, 3]:
        return False
    left, right, out = maps
    inside = left[2]
    return inside not in out and left[:2] == out[:2] and right == (out[0], inside, out[2])


def _softmax(scores: Any) -> tuple[Any, list[Any]] | None:
    """The softmax of `scores` along the last dimension, and the operations that it is made of."""
    largest = _reduction(scores, "arith.maximumf", "0xFF800000 : f32")
    difference = _elementwise(scores, "arith.subf") if largest is not None else None
    if largest is None or difference is None or _source(difference.operands[1]) != largest.results[0]:
        return None
    exponential = _elementwise(difference.results[0], "math.exp")
    if exponential is None:
        return None
    total = _reduction(exponential.results[0], "arith.addf", "0.000000e+00 : f32")
    quotient = _elementwise(exponential.results[0], "arith.divf")
    if total is None or quotient is None or _source(quotient.operands[1]) != total.results[0]:
        return None
    moves = [*_moves(difference.operands[1], largest), *_moves(quotient.operands[1], total)]
    return quotient.results[0], [largest, difference, exponential, total, quotient, *moves]


def _reduction(value: Any, operation: str, initial: str) -> Any:
    """The fold of `value` along its last dimension."""
    rank = len(mlir.shape_of(value))
    for op in mlir.users(value):
        if op.name != "linalg.generic" or len(op.operands) != 2:
            continue
        body = [inner.operation.name for inner in op.regions[0].blocks[0].operations]
        whole = tuple(range(rank))
        if body == [operation, "linalg.yield"] and indexing_maps(op) == (whole, whole[:-1]):
            return op if scalar_constant(op.operands[1]) == initial else None
    return None


def _elementwise(value: Any, operation: str) -> Any:
    """The use of `value` as the first operand of an elementwise `operation` on operands of the same shape."""
    for op in mlir.users(value):
        if op.name != "linalg.generic" or op.operands[0] != value:
            continue
        block = op.regions[0].blocks[0]
        body = [inner.operation for inner in block.operations]
        count = len(op.operands) - 1
        same = (tuple(range(len(mlir.shape_of(value)))),) * (count + 1)
        if [each.name for each in body] != [operation, "linalg.yield"] or indexing_maps(op) != same:
            continue
        if list(body[0].operands) == list(block.arguments)[:count]:
            return op
    return None


def _source(value: Any) -> Any:
    """What a value of one element per row is, seen through reshapes and the broadcast along the last dimension."""
    rank = len(mlir.shape_of(value))
    op = mlir.owner(value)
    while op is not None and (op.name.startswith("tensor.expand") or op.name.startswith("tensor.coll") or forwards(op)):
        if op.name == "linalg.generic" and not _keeps_rows(op, rank):
            return None
        value = op.operands[0]
        op = mlir.owner(value)
    return value


def _keeps_rows(op: Any, rank: int) -> bool:
    """Whether a broadcast gives each row its own element: `[..., r] -> [..., r, *]`, also of rows with one element."""
    maps = indexing_maps(op)
    return (
        len(maps) == 2
        and maps[1] == tuple(range(rank))
        and [i for i in maps[0] if i is not None] == list(range(rank - 1))
    )


def _moves(value: Any, origin: Any) -> list[Any]:
    """The operations between `origin` and `value`."""
    found = []
    op = mlir.owner(value)
    while op is not None and op != origin:
        found.append(op)
        op = mlir.owner(op.operands[0])
    return found


def _product_of(weights: Any) -> tuple[Any, list[Any]]:
    """The product whose left operand is `weights`, and the reshapes in between."""
    between: list[Any] = []
    while len(users := mlir.users(weights)) == 1:
        (op,) = users
        if _is_product(op):
            return (op, between) if op.operands[0] == weights else (None, [])
        if op.name not in ("tensor.collapse_shape", "tensor.expand_shape"):
            break
        between.append(op)
        weights = op.results[0]
    return None, []


def _side_by_side(product: Any) -> tuple[Any, int, list[Any]]:
    """Where the result's heads lie side by side: that operation, the number of heads, and all behind the product.

    Looked for is `[g, m, e] -> [b, h, m, e] -> [b, m, h, e]`; without it, the product itself and 1.
    """
    groups, rows, outputs = mlir.shape_of(product.results[0])
    op, behind = product, []
    while len(users := mlir.users(op.results[0])) == 1:
        (op,) = users
        if not (op.name in ("tensor.collapse_shape", "tensor.expand_shape") or forwards(op)):
            break
        behind.append(op)
        maps, shape = indexing_maps(op), mlir.shape_of(op.results[0])
        if maps and _widened(maps, mlir.shape_of(op.operands[0])) == ((0, 2, 1, 3), (0, 1, 2, 3)):
            heads = shape[2]
            images = groups // heads
            return (op, heads, behind) if shape == (images, rows, heads, outputs) else (product, 1, [])
        if maps and not _is_reshape(maps, shape):
            break
    return product, 1, []


def _widened(maps: Sequence[Sequence[int | None]], shape: Sequence[int]) -> tuple[tuple[int | None, ...], ...]:
    """Maps of a movement of four dimensions, with index 0 for a dimension of one element as its own loop."""
    given, out = tuple(maps[0]), tuple(maps[1])
    missing = [loop for loop in out if loop not in given]
    if len(given) == len(out) and given.count(None) == len(missing) == 1 and shape[given.index(None)] == 1:
        given = tuple(missing[0] if i is None else i for i in given)
    return given, out


def _is_reshape(maps: Sequence[Sequence[int | None]], shape: Sequence[int]) -> bool:
    """Whether a movement keeps the order of elements: dimensions of one element aside, loops in order."""
    wide = [loop for loop, extent in enumerate(shape) if extent > 1]
    return [i for i in maps[0] if i in wide] == wide and tuple(maps[1]) == tuple(range(len(shape)))


@dataclass(frozen=True)
class _Part:
    """Some adjacent groups of a tensor: the number of the first one, and how many there are in all."""

    tensor: Any
    first: int
    whole: int

    @classmethod
    def of(cls, value: Any) -> _Part:
        """What `value`, `[groups, *, *]`, is a part of; all of itself if it is a part of nothing."""
        inner = mlir.shape_of(value)
        itself = cls(unreshaped(value), 0, inner[0])
        op = mlir.owner(itself.tensor)
        if op is None or op.name != "tensor.extract_slice" or len(op.operands) != 1:
            return itself
        shape, sizes = mlir.shape_of(op.operands[0]), mlir.integers(op, "static_sizes")
        offsets, strides = mlir.integers(op, "static_offsets"), mlir.integers(op, "static_strides")
        if len(shape) != 4 or shape[0] != 1 or shape[2:] != sizes[2:] or inner != sizes[1:] or set(strides) != {1}:
            return itself
        return itself if any(offsets[2:]) or offsets[1] < 0 else cls(op.operands[0], offsets[1], shape[1])


def _in_order(block: Any, ops: Sequence[Any]) -> list[Any]:
    wanted = set(ops)
    return [op.operation for op in block.operations if op.operation in wanted]


def _is_closed(absorbed: Sequence[Any], end: Any) -> bool:
    """Whether nothing but the end is used outside."""
    inside = set(absorbed)
    return all(user in inside for op in absorbed if op != end for user in mlir.users(op.results[0]))
