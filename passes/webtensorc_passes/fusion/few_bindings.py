"""Split elementwise operations on many tensors, which the native compiler would fuse into one kernel.

A kernel of IREE 3.13 has at most 32 bindings (`IREE_HAL_MODULE_MAX_DESCRIPTOR_BINDING_COUNT`). The compiler fuses more
than that all the same, as for a `Sum` of 45 tensors, and the engine refuses the module when it is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.graph import Graph
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase

_OTHERS = ("stablehlo.constant", "stablehlo.iota", "stablehlo.optimization_barrier")
_MOVES = ("stablehlo.reshape", "stablehlo.transpose", "stablehlo.pad", "stablehlo.xor", "stablehlo.bitcast_convert")


@dataclass(frozen=True)
class FewBindings(Pass):
    """Put barriers so that no elementwise value is computed of more than `most` tensors in one kernel."""

    name: ClassVar[str] = "few-bindings"
    family: ClassVar[Family] = Family.FUSION
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 95

    most: int = 28

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of barriers."""
        changes = 0
        with Graph(module, context.weights) as graph:
            read: dict[Value, frozenset[Value]] = {}
            for op in graph.operations():
                if not _is_elementwise(op):
                    continue
                sources = [read.get(each, _itself(each)) for each in op.operands]
                while len(frozenset().union(*sources)) > self.most and max(map(len, sources)) > 1:
                    widest = max(range(len(sources)), key=lambda index: len(sources[index]))
                    barrier = stablehlo.barrier(op.operands[widest], op)
                    op.operands[widest] = barrier
                    sources[widest] = frozenset([barrier])
                    changes += 1
                if not any(map(_is_read_as_a_whole, mlir.users(op.results[0]))):
                    read[op.results[0]] = frozenset().union(*sources)
        return changes


def _itself(value: Value) -> frozenset[Value]:
    """A tensor that a kernel reads; none for a number known now, which is in the kernel's code."""
    op = mlir.owner(value)
    if op is not None and op.name == "stablehlo.broadcast_in_dim" and not mlir.shape_of(op.operands[0]):
        op = mlir.owner(op.operands[0])
        return frozenset() if op is not None and op.name == "stablehlo.constant" else frozenset([value])
    return frozenset([value])


def _is_elementwise(op: Operation) -> bool:
    """Whether each element of its one result is computed of the operands' elements at the same place."""
    if len(op.results) != 1 or not op.operands or len(op.regions) or op.name in _OTHERS:
        return False
    shape = getattr(op.results[0].type, "shape", None)
    return all(getattr(each.type, "shape", None) == shape for each in op.operands)


def _is_read_as_a_whole(op: Operation) -> bool:
    """Whether a value that `op` reads is one that is stored: products, convolutions and results of the model.

    What those read may have been moved, or have its bytes' signs turned over, in between.
    """
    if op.name in _MOVES:
        return any(map(_is_read_as_a_whole, mlir.users(op.results[0])))
    return op.name in ("func.return", "stablehlo.dot_general", "stablehlo.convolution")
