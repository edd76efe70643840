"""Put barriers where the native compiler would fuse what it cannot compile together.

- A gather, or a reversal, from a slice with steps: the fused kernel gathers vectors from memory that is not contiguous,
  which has no lowering.
- The input of a softmax that somebody else reads too: the fused kernel has two results, of which only the softmax is
  distributed over workgroups.
- Widened numbers (float32 made int64, say) of which tensors of open size are joined: the fused kernel widens all of
  them to look one up, on a stack that cannot be as large as anything.
- Padded values of which sums are made (derivatives of slices): a kernel that has several of them for results writes one
  into its border before it is distributed over workgroups. So does one with a padded value and, padded as well,
  another that is computed of it (the parts of a complex image and their sum, in front of convolutions); where one
  depends on a window over the other, no kernel has both.
- A scatter whose updates are counted (an iota): kernels for GPUs count in the fused kernel, whose tiling never ends.
- A scatter and what computes its many row numbers or updates: it is one piece of work, with all of them on its stack.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from webtensorc.iree import evaluate, mlir, stablehlo
from webtensorc.iree.graph import Graph
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase

_GATHERS = ("stablehlo.gather", "stablehlo.reverse", "stablehlo.dynamic_slice")
_BARRIER = "stablehlo.optimization_barrier"

_MOST_FUSED = 1 << 14
"""Elements of what is fused into a scatter: an eighth of the 512 KiB that a kernel's stack may have, in float32."""

_MOST_STEPS = 64
"""Operations to look through for a window in between; a block of a residual network has fewer."""


@dataclass(frozen=True)
class KeepApart(Pass):
    """Insert barriers behind a stepped slice and before shared inputs of softmax, some joins, pads and scatters."""

    name: ClassVar[str] = "keep-apart"
    family: ClassVar[Family] = Family.FUSION
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 90

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of barriers."""
        changes = 0
        with Graph(module, context.weights) as graph:
            for op in graph.operations():
                if op.name == "stablehlo.slice" and any(step != 1 for step in mlir.integers(op, "strides")):
                    part = op.results[0]
                    changes += _separate(part, [use for use in _uses(part) if use[0].name in _GATHERS])
                elif op.name == "stablehlo.reduce" and (value := _softmax_input(op)):
                    readers = _softmax_readers(op, value)
                    if len(readers) < len(mlir.users(value)):
                        changes += _separate(value, readers)
                elif op.name == "stablehlo.concatenate" and not op.results[0].type.has_static_shape:
                    wide = dict.fromkeys(each for each in op.operands if _is_widened(each))
                    changes += sum(_separate(each, [use for use in _uses(each) if use[0] == op]) for each in wide)
                elif op.name == "stablehlo.pad" and _is_summed(op) and _is_computed(op.operands[0]):
                    changes += _separate(op.operands[0], [(op, 0)])
                elif op.name in _WINDOWS and _pads(op):
                    changes += sum(_separate(each, _padding_uses(each)) for each in _padded_sources(op))
                elif op.name == "stablehlo.scatter":
                    changes += sum(_separate(op.operands[i], [(op, i)]) for i in {*_counted(op), *_large(op)})
        return changes


Use = tuple[Operation, int]


def _uses(value: Value) -> list[Use]:
    return [(use.owner.operation, use.operand_number) for use in value.uses]


def _is_summed(pad: Operation) -> bool:
    """Whether it is added to something that is padded too."""
    sums = [user for user in mlir.users(pad.results[0]) if user.name == "stablehlo.add"]
    others = [mlir.owner(each) for op in sums for each in op.operands if each != pad.results[0]]
    return any(each is not None and each.name == "stablehlo.pad" for each in others)


_WINDOWS = ("stablehlo.pad", "stablehlo.convolution", "stablehlo.reduce_window")


def _pads(op: Operation) -> bool:
    """Whether something is put around the first operand."""
    if op.name not in _WINDOWS:
        return False
    batch_and_features = 2 if op.name == "stablehlo.convolution" else 0
    rank = len(mlir.shape_of(op.operands[0])) - batch_and_features
    return op.name == "stablehlo.pad" or bool(stablehlo.padding(op, rank).any())


def _padding_uses(value: Value) -> list[Use]:
    return [use for use in _uses(value) if use[1] == 0 and _pads(use[0])]


def _padded_sources(window: Operation) -> list[Value]:
    """What a padded value is computed of element by element, in the same kernel, and is padded itself."""
    pending, seen = [window.operands[0]], {window.operands[0]}
    found: list[Value] = []
    leaves: list[Operation] = []
    while pending:
        op = mlir.owner(pending.pop())
        if op is None or not (evaluate.is_elementwise(op) or op.name == "stablehlo.broadcast_in_dim"):
            leaves += [op] if op is not None else []
            continue
        for each in set(op.operands) - seen:
            seen.add(each)
            if _is_computed(each) and _padding_uses(each):
                found.append(each)
            else:
                pending.append(each)
    return [each for each in found if not _depends(leaves, {user for user, _ in _padding_uses(each)})]


def _depends(pending: list[Operation], wanted: set[Operation]) -> bool:
    """Whether one of some operations is computed by way of wanted ones, as far as a few steps tell."""
    seen: set[Operation] = set()
    pending = list(pending)
    while pending and len(seen) < _MOST_STEPS:
        op = pending.pop(0)
        if op in wanted:
            return True
        if op not in seen:
            seen.add(op)
            pending += [maker for each in op.operands if (maker := mlir.owner(each)) is not None]
    return False


def _is_computed(value: Value) -> bool:
    op = mlir.owner(value)
    return op is not None and op.name not in (_BARRIER, "stablehlo.constant")


def _counted(scatter: Operation) -> list[int]:
    """The operands with updates that are made of an iota alone."""
    first = len(scatter.operands) - len(scatter.results)
    return [i for i in range(first, len(scatter.operands)) if _is_counted(scatter.operands[i])]


def _large(scatter: Operation) -> list[int]:
    """The operands with row numbers or updates that are computed and large."""
    return [i for i in range(len(scatter.results), len(scatter.operands)) if _is_large(scatter.operands[i])]


def _is_large(value: Value) -> bool:
    return _is_computed(value) and value.type.has_static_shape and math.prod(mlir.shape_of(value)) >= _MOST_FUSED


def _is_counted(value: Value) -> bool:
    op = mlir.owner(value)
    while op is not None and op.name in _MOVES:
        op = mlir.owner(op.operands[0])
    return op is not None and op.name == "stablehlo.iota"


_ARITHMETIC = tuple(f"stablehlo.{each}" for each in ("add", "multiply", "subtract", "slice"))
_MOVES = ("stablehlo.broadcast_in_dim", "stablehlo.convert", "stablehlo.reshape", "stablehlo.transpose")


def _is_widened(value: Value) -> bool:
    """Whether a value is computed element by element of narrower numbers."""
    pending, seen = [value], set()
    while pending:
        op = mlir.owner(result := pending.pop())
        if result in seen or op is None or op.name not in (*_MOVES, *_ARITHMETIC):
            continue
        if op.name == "stablehlo.convert" and mlir.dtype_of(op.operands[0]).itemsize < mlir.dtype_of(result).itemsize:
            return True
        seen.add(result)
        pending += op.operands
    return False


def _softmax_input(reduce: Operation) -> Value | None:
    """What a maximum is taken of, if it is a single computed value."""
    body = [each.operation.name for each in reduce.regions[0].blocks[0].operations]
    is_maximum = body == ["stablehlo.maximum", "stablehlo.return"] and len(reduce.results) == 1
    source = mlir.owner(reduce.operands[0]) if is_maximum else None
    return reduce.operands[0] if source is not None and source.name != _BARRIER else None


def _softmax_readers(reduce: Operation, value: Value) -> list[Use]:
    """The uses of `value` that make a softmax: the maximum, and the subtraction of it; none if there is no softmax."""
    behind = set(mlir.users(reduce.results[0]))
    for _ in range(4):  # broadcasts, and a guard against infinities, between the maximum and the subtraction
        behind |= {user for op in behind if op.name in _ON_THE_WAY for user in mlir.users(op.results[0])}
    found = _uses(value)
    readers = [use for use in found if use[0] == reduce or (use[0].name == "stablehlo.subtract" and use[0] in behind)]
    return readers if len(readers) > 1 else found


_ON_THE_WAY = ("stablehlo.broadcast_in_dim", "stablehlo.reshape", "stablehlo.maximum", "stablehlo.select")


def _separate(value: Value, uses: list[Use]) -> int:
    """Let some uses of a value see it through a barrier."""
    if not uses:
        return 0
    op = mlir.owner(value)
    assert op is not None
    block = [each.operation for each in op.block.operations]
    barrier = stablehlo.barrier(value, block[block.index(op) + 1])
    for user, index in uses:
        user.operands[index] = barrier
    return 1
