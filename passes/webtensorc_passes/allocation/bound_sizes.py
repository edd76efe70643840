"""Say in programs with loops and branches that open sizes are not so large that sizes in bytes overflow.

The range analysis of IREE 3.13 (`iree-util-optimize-int-arithmetic`) knows nothing of `util.align` of a number that may
be anything, and takes nothing for impossible: a place in memory that a loop carries, 0 at first and such a number after
the first round, is then held to be 0 always; so is one that is 0 behind one branch and such a number behind the other.
Loops and branches that give several tensors of open size read the wrong one. What may be at most `2^58` bytes is a
number to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase

_JOINS = {"scf.for", "scf.if", "scf.index_switch", "scf.while"}
"""What gives a value that may come from several places."""

_BITS = 58
"""Of the largest size in bytes; some dozens of these can be added up in 64 bits."""

_SIZED = {
    "flow.tensor.alloca",
    "flow.tensor.clone",
    "flow.tensor.empty",
    "flow.tensor.reshape",
    "flow.tensor.slice",
    "flow.tensor.splat",
    "flow.tensor.tie_shape",
    "flow.tensor.transfer",
    "flow.tensor.update",
    "hal.tensor.export",
    "hal.tensor.import",
}


@dataclass(frozen=True)
class BoundSizes(Pass):
    """State bounds of open sizes in functions with loops or branches."""

    name: ClassVar[str] = "bound-sizes"
    family: ClassVar[Family] = Family.ALLOCATION
    after: ClassVar[Phase] = Phase.FLOW
    level: ClassVar[int | None] = 0

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of sizes that have a bound now."""
        return sum(
            _bound(mlir.nested(function.operation))
            for function in module.regions[0].blocks[0].operations
            if function.operation.name == "util.func"
        )


def _bound(ops: list[Operation]) -> int:
    tensors = [value.type for op in ops for value in (*op.operands, *op.results) if _is_open(value.type)]
    if not tensors or not any(op.name in _JOINS for op in ops):
        return 0
    uses: dict[Value, list[tuple[Operation, int]]] = {}
    for op in ops:
        for index in _sizes(op):
            if not _is_known(op.operands[index]):
                uses.setdefault(op.operands[index], []).append((op, index))
    if not uses:
        return 0
    most = _most(tensors)
    for size, places in uses.items():
        bounded = _assume(size, most)
        for op, index in places:
            op.operands[index] = bounded
    return len(uses)


def _sizes(op: Operation) -> Iterator[int]:
    """The numbers of the operands that are sizes of tensors, or places in them."""
    if op.name == "flow.dispatch":
        workload, arguments, *sizes = op.attributes["operandSegmentSizes"]
        yield from range(workload + arguments, workload + arguments + sum(sizes))
    elif op.name in _SIZED:
        yield from (index for index, value in enumerate(op.operands) if isinstance(value.type, ir.IndexType))


def _is_known(size: Value) -> bool:
    made = mlir.owner(size)
    return made is not None and made.name in ("arith.constant", "util.assume.int")


def _is_open(kind: ir.Type) -> bool:
    return isinstance(kind, ir.RankedTensorType) and not kind.has_static_shape


def _most(tensors: list[ir.Type]) -> int:
    """How large all sizes may be together, so that no tensor has more than `2^_BITS` bytes."""
    dynamic = ir.ShapedType.get_dynamic_size()
    shapes = [list(each.shape) for each in tensors]
    fixed: int = max(prod(size for size in shape if size != dynamic) for shape in shapes)
    bits = _BITS - (16 * fixed - 1).bit_length()  # an element has 16 bytes at most
    return 1 << int(max(bits // max(shape.count(dynamic) for shape in shapes), 1))


def _assume(size: Value, most: int) -> Value:
    """The same number, with a bound."""
    if isinstance(size.owner, ir.Block):
        point = ir.InsertionPoint.at_block_begin(size.owner)
    else:
        point = ir.InsertionPoint.after(size.owner)
    with size.context, size.location, point:
        bounds = ir.Attribute.parse(f"[[#util.int.assumption<umin = 0, umax = {most}>]]")
        made = ir.Operation.create(
            "util.assume.int", results=[size.type], operands=[size], attributes={"assumptions": bounds}
        )
    return made.result
