"""Let a kernel look things up in a whole tensor, not in a column of one.

A kernel that indexes into `x[:, 0]` reads a part of `x` whose elements do not lie side by side. IREE 3.13 makes a
gather of the reads and does not finish it ("LLVM Translation failed ... builtin.unrealized_conversion_cast"); where
only outer dimensions are cut, it does. Looking it up in `x`, with the own index of the column added, is the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase

_LOAD = "iree_tensor_ext.dispatch.tensor.load"
_SEGMENTS = "operandSegmentSizes"
_OPEN = -(2**63)
"""What stands in lists of sizes and offsets for one that is an operand."""


@dataclass(frozen=True)
class ReadWholeTables(Pass):
    """Index into the tensors that columns are parts of, where kernels index into columns."""

    name: ClassVar[str] = "read-whole-tables"
    family: ClassVar[Family] = Family.ALLOCATION
    after: ClassVar[Phase] = Phase.FLOW
    level: ClassVar[int | None] = 0

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of columns that are read no longer."""
        columns = [op for op in mlir.nested(module) if op.name == _LOAD and _is_column(op)]
        return sum(_read_whole(column) for column in columns)


def _is_column(load: Operation) -> bool:
    """Whether what is loaded lacks the last dimension of what it is loaded from."""
    whole, sizes = _whole(load), mlir.integers(load, "static_sizes")
    loaded = mlir.shape_of(load.result)
    strides = set(mlir.integers(load, "static_strides"))
    return len(loaded) < len(sizes) and sizes[-1] == 1 != whole.shape[-1] and strides == {1} and _kept(load) is not None


def _whole(load: Operation) -> Any:
    """The type of the tensor that is loaded from."""
    inside = re.search(r"tensor<\w+:(tensor<.*>)>$", str(load.operands[0].type))
    assert inside is not None
    return ir.RankedTensorType(ir.Type.parse(inside[1], load.context))


def _kept(load: Operation) -> list[int] | None:
    """The dimensions that are left, from the first on; of those of one element it does not matter which."""
    sizes = mlir.integers(load, "static_sizes")
    kept: list[int] = []
    wanted = [_OPEN if size < 0 else size for size in mlir.shape_of(load.result)]
    for dimension, size in enumerate(sizes):
        if len(kept) < len(wanted) and size == wanted[len(kept)]:
            kept.append(dimension)
        elif size != 1:
            return None
    return kept if len(kept) == len(wanted) else None


def _read_whole(load: Operation) -> int:
    lookups = [op for op in mlir.users(load.result) if op.name == "tensor.extract"]
    if not lookups:
        return 0
    whole, offsets, kept = _load_whole(load), _offsets(load), _kept(load)
    assert kept is not None
    for lookup in lookups:
        at = list(offsets)
        for dimension, index in zip(kept, list(lookup.operands)[1:], strict=True):
            operands = [index, offsets[dimension]]
            at[dimension] = mlir.create("arith.addi", operands, [index.type], before=lookup).result
        made = mlir.create("tensor.extract", [whole, *at], [lookup.result.type], before=lookup)
        mlir.replace(lookup, [made.result])
    if not mlir.users(load.result):
        load.erase()
    return 1


def _load_whole(load: Operation) -> Value:
    """All of what a part is loaded from."""
    kind, open_sizes = _whole(load), _segment(load, 1)
    ones, zeros = [1] * kind.rank, [0] * kind.rank
    attributes = {
        _SEGMENTS: ir.DenseI32ArrayAttr.get([1, len(open_sizes), 0, len(open_sizes), 0], load.context),
        "static_offsets": mlir.integer_array(zeros, load.context),
        "static_sizes": mlir.integer_array([size if size >= 0 else _OPEN for size in kind.shape], load.context),
        "static_strides": mlir.integer_array(ones, load.context),
    }
    operands = [load.operands[0], *open_sizes, *open_sizes]
    return mlir.create(_LOAD, operands, [kind], attributes, before=load).result


def _offsets(load: Operation) -> list[Value]:
    """Where the part begins, for each dimension."""
    given, index = iter(_segment(load, 2)), ir.IndexType.get(load.context)
    return [
        next(given) if offset == _OPEN else mlir.constant(ir.IntegerAttr.get(index, offset), before=load)
        for offset in mlir.integers(load, "static_offsets")
    ]


def _segment(load: Operation, number: int) -> list[Value]:
    """The operands of one kind: the source, its open sizes, offsets, sizes, strides."""
    lengths = list(load.attributes[_SEGMENTS])
    first = sum(lengths[:number])
    return list(load.operands)[first : first + lengths[number]]
