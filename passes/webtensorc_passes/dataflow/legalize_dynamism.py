"""Express operations of dynamic size in Linalg, Tensor and Arith, because the native compiler takes few of them.

It refuses those whose sizes are operands (`dynamic_reshape`, ...), and several whose operands have open extents. Here
the sizes are computed as scalars beside the kernels, and the operations are written down with them, by the functions of
`webtensorc.iree.dynamism`. A program of fixed sizes is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.dynamism import contraction, indexing, movement, scalars, windows
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
                mlir.replace(op, [_as_result(build, found, op.result.type)])
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
    found = scalars.Known()
    small = [(op, found.is_size(op)) for op in _nested(main) if scalars.has_rule(op)]
    for op, is_size in reversed(small):  # users first: what only they needed is unused then
        is_used = bool(mlir.users(op.result))
        if is_used and not is_size:
            continue
        if is_used:
            build = Builder.before(op)
            kind = build.signless_type(op.result.type)
            numbers = [_number(build, op.result, at, kind) for at in range(prod(kind.shape))]
            made = build.value("tensor.from_elements", numbers, kind)
            op.result.replace_all_uses_with(build.bitcast(made, op.result.type.element_type))
        op.erase()
        changes += 1
    return changes


def _number(build: Builder, value: Value, at: int, kind: ir.Type) -> Value:
    found = scalars.element(build, value, at)
    return found if found.type == kind.element_type else movement.number(build, found, kind.element_type)


_RULES: dict[str, Callable[[Builder, Operation], Value | None]] = {
    "stablehlo.convolution": contraction.convolution,
    "stablehlo.custom_call @stablehlo.dynamic_reduce_window": windows.dynamic_reduce_window,
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
    "stablehlo.pad": movement.pad,
    "stablehlo.real_dynamic_slice": movement.real_dynamic_slice,
    "stablehlo.reduce_window": windows.reduce_window,
    "stablehlo.scatter": windows.scatter,
    "stablehlo.sort": windows.sort,
}
