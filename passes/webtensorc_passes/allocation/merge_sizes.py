"""Let loops begin with tensors of the sizes that each round makes.

A loop that is given a tensor of one size and makes one of another, though both are the same number, carries its size
beside it. IREE 3.13 then takes what the loop carries for what it leaves, number by number, while it finds out what
memory is for (`iree-stream-refine-usage`), and crashes where one of these is a tensor and the other a size. It does not
see itself that products are equal if overflow has been ruled out for one of them only, and the size of a constant that
was computed ahead is a number in memory to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation
from webtensorc.pass_api import Family, Pass, PassContext, Phase

_SUMS = {"arith.addi", "arith.muli", "arith.subi"}
_FLAGS = "overflowFlags"
_LOOPS = {"scf.for", "scf.while"}


@dataclass(frozen=True)
class MergeSizes(Pass):
    """Merge sizes that differ in what is said about overflow, and write down constants that loops begin with."""

    name: ClassVar[str] = "merge-sizes"
    family: ClassVar[Family] = Family.ALLOCATION
    after: ClassVar[Phase] = Phase.FLOW
    level: ClassVar[int | None] = 0
    order: ClassVar[int] = 40  # before bounds are stated

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of sizes that are gone, and of constants written down."""
        known = _constants(module)
        return sum(
            _merged(function.operation) + _written(function.operation, known)
            for function in module.regions[0].blocks[0].operations
            if function.operation.name == "util.func"
        )


def _merged(function: Operation) -> int:
    known: dict[Any, list[Operation]] = {}
    changes = 0
    for op in [op for op in mlir.nested(function) if op.name in _SUMS and isinstance(op.results[0].type, ir.IndexType)]:
        same = known.setdefault((op.name, *op.operands), [])
        earlier = next((each for each in same if _is_inside(op, each.block)), None)
        if earlier is None:
            same.append(op)
            continue
        if str(earlier.attributes[_FLAGS]) != str(op.attributes[_FLAGS]):
            earlier.attributes[_FLAGS] = ir.Attribute.parse("#arith.overflow<none>", op.context)
        mlir.replace(op, [earlier.result])
        changes += 1
    return changes


def _constants(module: Operation) -> dict[str, Operation]:
    """The globals that never change, by name."""
    found = {}
    for op in (
        each.operation for each in module.regions[0].blocks[0].operations if each.operation.name == "util.global"
    ):
        names = mlir.attribute_names(op)
        if "initial_value" in names and "is_mutable" not in names:
            found[mlir.symbol(op)] = op
    return found


def _written(function: Operation, known: dict[str, Operation]) -> int:
    changes = 0
    for loop in [op for op in mlir.nested(function) if op.name in _LOOPS]:
        for number, value in enumerate(loop.operands):
            made = mlir.owner(value)
            name = str(made.attributes["global"].value) if made is not None and made.name == "util.global.load" else ""
            # The bindings cannot read dense attributes of complex numbers.
            if name in known and isinstance(value.type, ir.RankedTensorType) and "complex<" not in str(value.type):
                loop.operands[number] = mlir.constant(known[name].attributes["initial_value"], before=loop)
                changes += 1
    return changes


def _is_inside(op: Operation, block: Any) -> bool:
    """Whether `op` is in a block, or in something that is."""
    while op is not None and op.name != "util.func":
        if op.block == block:
            return True
        op = op.parent
    return False
