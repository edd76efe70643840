"""Express operations of dynamic size in Linalg, Tensor and Arith, because the native compiler takes few of them.

It refuses those whose sizes are operands (`dynamic_reshape`, ...), and several whose operands have open extents. Here
the sizes are computed as scalars beside the kernels, and the operations are written down with them, by the functions of
`webtensorc.iree.dynamism`. A program of fixed sizes is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.dynamism import contraction, folding, indexing, movement, scalars, scatter, selection, windows
from webtensorc.iree.dynamism.builder import Builder, load_dialects
from webtensorc.iree.graph import main_function
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase


@dataclass(frozen=True)
class LegalizeDynamism(Pass):
    """Express operations of dynamic size in Linalg, Tensor and Arith."""

    name: ClassVar[str] = "legalize-dynamism"
    family: ClassVar[Family] = Family.DATAFLOW
    after: ClassVar[Phase] = Phase.BOUND
    level: ClassVar[int | None] = 0

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of operations rewritten."""
        load_dialects(module.context)
        main = main_function(module)
        changes = 0
        for op in [
            op for op in _nested(main) if _name(op) in _RULES and any(map(_is_open, (*op.operands, *op.results)))
        ]:
            build = Builder.before(op)
            found = _RULES[_name(op)](build, op)
            if found is not None:
                values = [found] if isinstance(found, ir.Value) else found
                mlir.replace(
                    op, [_as_result(build, each, old.type) for each, old in zip(values, op.results, strict=True)]
                )
                changes += 1
        return changes + _legalize_sizes(main)


def _nested(op: Operation) -> list[Operation]:
    found = []
    for region in op.regions:
        for block in region.blocks:
            for inner in block.operations:
                found.append(inner.operation)
                found += _nested(inner.operation)
    return found


def _name(op: Operation) -> str:
    """What an operation is: its name, or that of the function that a custom call calls."""
    if op.name != "stablehlo.custom_call":
        return str(op.name)
    return f"stablehlo.custom_call @{op.attributes['call_target_name'].value}"


def _is_open(value: Value) -> bool:
    return isinstance(value.type, ir.RankedTensorType) and not value.type.has_static_shape


def _as_result(build: Builder, value: Value, kind: ir.Type) -> Value:
    """A rule's result, signless and with more or fewer extents open, as the type that its users expect."""
    value = build.bitcast(value, kind.element_type)
    return value if value.type == kind else build.value("tensor.cast", [value], kind)


def _legalize_sizes(main: Operation) -> int:
    """Compute as scalars, too, what is left of the tensors that sizes are computed with, because data depends on it."""
    changes = 0
    known = scalars.Known()
    small = [(op, known.is_size(op)) for op in _nested(main) if scalars.has_rule(op)]
    for op, is_size in reversed(small):  # users first: what only they needed is unused then
        if mlir.users(op.result):
            found = _as_scalars(op) if is_size else None
            if found is None:
                continue
            op.result.replace_all_uses_with(found)
        op.erase()
        changes += 1
    return changes


def _as_scalars(op: Operation) -> Value | None:
    """The result of an operation as a tensor of elements that are computed one by one, if they can be."""
    build = Builder.before(op)
    kind = build.signless_type(op.result.type)
    element = kind.element_type
    numbers: dict[Value, Value] = {}
    order = []
    for at in range(prod(kind.shape)):
        number = scalars.computed(build, op, at)
        if number is None:
            return None
        if number not in numbers:
            numbers[number] = number if number.type == element else movement.number(build, number, element)
        order.append(numbers[number])
    if len(numbers) == 1 and len(order) > 1:  # stored one by one otherwise
        made = build.fill(order[0], build.empty(kind, list(map(build.index, kind.shape))))
    else:
        made = build.value("tensor.from_elements", order, kind)
    return build.bitcast(made, op.result.type.element_type)


_RULES: dict[str, Callable[[Builder, Operation], Value | Sequence[Value] | None]] = {
    "stablehlo.compare": folding.compare,
    "stablehlo.concatenate": folding.concatenate,
    "stablehlo.convolution": contraction.convolution,
    "stablehlo.custom_call @stablehlo.dynamic_reduce_window": windows.dynamic_reduce_window,
    "stablehlo.custom_call @webtensorc.windows": windows.windows,
    "stablehlo.dot_general": contraction.dot_general,
    "stablehlo.dynamic_broadcast_in_dim": movement.dynamic_broadcast_in_dim,
    "stablehlo.dynamic_conv": contraction.dynamic_conv,
    "stablehlo.dynamic_gather": indexing.dynamic_gather,
    "stablehlo.dynamic_iota": movement.dynamic_iota,
    "stablehlo.dynamic_pad": movement.dynamic_pad,
    "stablehlo.dynamic_reshape": movement.dynamic_reshape,
    "stablehlo.dynamic_slice": movement.dynamic_slice,
    "stablehlo.dynamic_update_slice": movement.dynamic_update_slice,
    "stablehlo.gather": indexing.gather,
    "stablehlo.optimization_barrier": folding.optimization_barrier,
    "stablehlo.pad": movement.pad,
    "stablehlo.real_dynamic_slice": movement.real_dynamic_slice,
    "stablehlo.reduce_window": windows.reduce_window,
    "stablehlo.scatter": scatter.scatter,
    "stablehlo.select_and_scatter": selection.select_and_scatter,
    "stablehlo.sort": windows.sort,
    "stablehlo.subtract": folding.subtract,
}
