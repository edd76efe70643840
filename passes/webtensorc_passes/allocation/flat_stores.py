"""Store single numbers into tensors of one dimension.

A table of indices, some of them counted from the end of an open dimension, is made on the host number by number. IREE
3.13 finds the place of a number in a table of several dimensions but takes a longer range from there ("invalid Write
access range", where it ends behind the table; else the numbers behind are written again); of one dimension it does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation, Type, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase


@dataclass(frozen=True)
class FlatStores(Pass):
    """Make tensors of known shape flat where a number is stored into them."""

    name: ClassVar[str] = "flat-stores"
    family: ClassVar[Family] = Family.ALLOCATION
    after: ClassVar[Phase] = Phase.FLOW
    level: ClassVar[int | None] = 0

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of stores that are into flat tensors now."""
        found = [op for op in mlir.nested(module) if op.name == "flow.tensor.store" and _at(op) is not None]
        for op in found:
            _flatten(op)
        return len(found)


def _at(store: Operation) -> int | None:
    """The number of the element that is stored, if it is known and the tensor is not flat."""
    if not store.result.type.has_static_shape or store.result.type.rank < 2:
        return None
    places = [mlir.owner(each) for each in list(store.operands)[2:]]
    if any(each is None or each.name != "arith.constant" for each in places):
        return None
    at = [int(each.attributes["value"].value) for each in places if each is not None]
    return int(np.ravel_multi_index(at, mlir.shape_of(store.result)))


def _flatten(store: Operation) -> None:
    value, tensor = list(store.operands)[:2]
    index, kind = ir.IndexType.get(store.context), tensor.type
    flat = mlir.tensor_type([int(np.prod(mlir.shape_of(tensor)))], mlir.dtype_of(tensor), store.context)
    place = mlir.constant(ir.IntegerAttr.get(index, _at(store)), before=store)
    operands = [value, _reshaped(tensor, flat, store), place]
    stored = mlir.create(
        "flow.tensor.store", operands, [flat], _segments([1, 1, 0, 1], store.context), before=store
    ).result
    mlir.replace(store, [_reshaped(stored, kind, store)])


def _reshaped(value: Value, kind: Type, before: Operation) -> Value:
    return mlir.create(
        "flow.tensor.reshape", [value], [kind], _segments([1, 0, 0], before.context), before=before
    ).result


def _segments(lengths: list[int], context: Any) -> dict[str, Any]:
    return {"operandSegmentSizes": ir.DenseI32ArrayAttr.get(lengths, context)}
