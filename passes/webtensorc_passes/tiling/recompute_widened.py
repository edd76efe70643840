"""Recompute in a Vulkan kernel what several of its operations read, where that is a few conversions and sums.

The native compiler (IREE 3.13) puts numbers of 16 bits that are widened into every kernel that reads them. In one that
reads them twice, as a softmax does for its maximum and its differences, the widened tile was kept in memory of the
workgroup, whole rows of it: 17 KB for 33 rows of 128, which it then refused ("exceeded the limit of 16384 bytes").
Inside of what reads them the conversions cost nothing that has to be kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir
from iree.compiler.passmanager import PassManager

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.tiling._vulkan import kernels

_CHEAP = "arith."
"""How the names of operations begin that are rather computed again than kept."""


@dataclass(frozen=True)
class RecomputeWidened(Pass):
    """Give every reader in a kernel widened numbers of its own, computed where they are read."""

    name: ClassVar[str] = "recompute-widened"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.EXECUTABLE_SOURCES
    level: ClassVar[int | None] = 0

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of values that are recomputed."""
        return sum(map(_recompute, kernels(module)))


def _recompute(kernel: Operation) -> int:
    shared = [op for op in mlir.nested(kernel) if _is_shared(op)]
    for op in shared:
        for user in mlir.users(op.results[0])[1:]:
            own = op.clone(ip=ir.InsertionPoint(op))
            for at, value in enumerate(user.operands):
                if value == op.results[0]:
                    user.operands[at] = own.results[0]
    if shared:
        with kernel.context:
            PassManager.parse("builtin.module(func.func(linalg-fuse-elementwise-ops))").run(_module(kernel))
    return len(shared)


def _is_shared(op: Operation) -> bool:
    """Whether it computes a tensor number by number, at little cost, for several others that read it once each."""
    if op.name != "linalg.generic" or len(op.results) != 1 or "reduction" in str(op.attributes["iterator_types"]):
        return False
    readers = mlir.users(op.results[0])
    body = [each.name for each in mlir.nested(op)[:-1]]
    return (
        len(readers) > 1
        and all(each.name == "linalg.generic" and _reads_once(each, op.results[0]) for each in readers)
        and bool(body)
        and all(name.startswith(_CHEAP) for name in body)
    )


def _reads_once(op: Operation, value: Value) -> bool:
    """As an input; not as what its results begin with."""
    inputs = list(op.operands)[: len(op.operands) - len(op.results)]
    return [each == value for each in inputs].count(True) == [each == value for each in op.operands].count(True) == 1


def _module(kernel: Operation) -> Operation:
    return next(op for op in mlir.nested(kernel) if op.name == "builtin.module")
