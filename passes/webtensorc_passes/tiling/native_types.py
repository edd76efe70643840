"""Let a GPU's kernels compute in the types that they are made of, each kernel only in those that it needs.

What the native compiler (IREE 3.13) writes in SPIR-V depends on the types that a target is said to compute in. Where 16
bits are not among them it reads such numbers in pairs, or not at all; where 64-bit integers are not, two of 32 bits
stand for one, but there is no division of such pairs and no table of them. A target that had all types would have every
model with an index of 64 bits demand them of the device. So the kernels of a target that knows only 32 bits get more
one by one: floats and 16 bits where they use them, 64-bit integers where two of 32 bits will not do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.tiling._vulkan import kernels

_UNITS = {
    "f64": ("fp64", "b64"),
    "i64": ("int64", "b64"),
    "f16": ("fp16", "b16"),
    "bf16": ("int16", "b16"),
    "i16": ("int16", "b16"),
    "i8": ("int8", "b8"),
}
"""For each element type what computes in it and what stores it, in IREE's words (`ComputeBitwidths` and
`StorageBitwidths` of its GPU dialect). A bfloat16 is stored as an integer and computed with as float32."""

_NUMBER = re.compile(r"\b(?:bf16|f16|f64|i8|i16|i64)\b")
_NO_PAIRS = re.compile(r"arith\.(?:(?:floor|ceil)?div|rem)[su]i|math\.(?!ct(?:lz|pop))\w+")
"""Operations that IREE does not write for pairs of 32 bits (MLIR, `WideIntEmulationConverter`). What counts bits is
written out by `wide-functions`."""
_LIMITED = re.compile(r"compute = ([\w|]+), storage = ([\w|]+)")


@dataclass(frozen=True)
class NativeTypes(Pass):
    """Add to the target of each SPIR-V kernel the types that it computes in or stores."""

    name: ClassVar[str] = "native-types"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.EXECUTABLE_SOURCES
    level: ClassVar[int | None] = 0

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of kernels whose target was changed."""
        lacking = context.target.missing_types if context.target else frozenset()
        return sum(_grant(kernel, lacking) for kernel in kernels(module))


def _grant(kernel: Operation, lacking: frozenset[str]) -> int:
    target = kernel.attributes["target"]
    wanted = _types(mlir.nested(kernel)) - lacking

    def widened(said: re.Match[str]) -> str:
        sides = [
            [*each.split("|"), *(_UNITS[kind][at] for kind in sorted(wanted))] for at, each in enumerate(said.groups())
        ]
        compute, storage = ("|".join(dict.fromkeys(side)) for side in sides)
        return f"compute = {compute}, storage = {storage}"

    changed = ir.Attribute.parse(_LIMITED.sub(widened, str(target)), kernel.context)
    kernel.attributes["target"] = changed
    return int(changed != target)


def _types(ops: Iterable[Operation]) -> set[str]:
    """The types that operations compute in; 64-bit integers only where pairs of 32 bits cannot stand for them."""
    found: set[str] = set()
    for op in ops:
        names = {name for value in (*op.operands, *op.results) for name in _NUMBER.findall(_element(value.type))}
        found |= names - {"i64"}
        if "i64" in names and (_NO_PAIRS.fullmatch(op.name) or _is_table(op)):
            found.add("i64")
    return found | ({"i64"} if "f64" in found else set())


def _element(kind: Any) -> str:
    """What a type is made of: `4x8xf16` gives `f16`."""
    return str(kind).replace("x", " ")


def _is_table(op: Operation) -> bool:
    """Whether an operation is a constant of several different numbers."""
    return op.name == "arith.constant" and str(op.attributes["value"]).startswith(("dense<[", 'dense<"'))
