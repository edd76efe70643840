"""What the SPIR-V kernels of a compiled module ask of a device."""

from __future__ import annotations

import re

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation
from webtensorc.iree.rounds import rounds

_CAPABILITIES = re.compile(r"vce<v1\.(\d), \[([^\]]*)\]")
_SUBGROUP = re.compile(r"subgroup_size = (\d+)")
_MATRIX = re.compile(r"coopmatrix<(\d+)x(\d+)x(\w+),")
_LATER = {4: "vulkan1.2", 6: "vulkan1.3"}
"""Versions of Vulkan beyond 1.1 that take SPIR-V from a minor version on (Vulkan, "Versions and Formats")."""
_EVERYWHERE = {"Shader", "Matrix"}
"""What every device with Vulkan has: the second is part of the first (SPIR-V specification, 3.2.30)."""
_MOST_ROUNDS = 65534
"""Of all loops of an invocation together, after which Mesa's llvmpipe ends every loop without a word."""


def declared(module: Operation) -> tuple[str, ...]:
    """What kernels declare, sorted; nothing where nothing is SPIR-V.

    Capabilities are under their names in SPIR-V. `subgroup32` is a size of subgroups; products of matrices that all
    invocations of a subgroup hold have their sizes and types, `CooperativeMatrix16x8x16xf16xf32`: rows, columns and
    depth, the type of the factors, and that of the sum. `LongLoops` are those that not every driver goes through to
    the end. A version of SPIR-V that Vulkan 1.1 has not needs a later one, `vulkan1.3`.

    Args:
        module: the compiler's module once its executables are compiled (`Phase.EXECUTABLE_TARGETS`).
    """
    found: set[str] = set()
    for op in mlir.nested(module):
        if op.name == "spirv.module" and (text := _CAPABILITIES.search(str(op.attributes["vce_triple"]))):
            found |= {name.strip() for name in text[2].split(",") if name.strip()}
            found |= {vulkan for minor, vulkan in _LATER.items() if minor <= int(text[1])}
        elif op.name == "spirv.func":
            if "spirv.entry_point_abi" in op.attributes:
                sizes = _SUBGROUP.findall(str(op.attributes["spirv.entry_point_abi"]))
                found |= {f"subgroup{size}" for size in sizes}
            if rounds(op) > _MOST_ROUNDS:
                found.add("LongLoops")
        elif op.name == "spirv.KHR.CooperativeMatrixMulAdd":
            found.add(_product(op))
    return tuple(sorted(found - _EVERYWHERE))


def _product(op: Operation) -> str:
    """What a device must be able to multiply for this operation."""
    sides = [_MATRIX.search(str(value.type)) for value in op.operands]
    (rows, depth, factor), (_, columns, _), (_, _, total) = (side.groups() for side in sides if side)
    return f"CooperativeMatrix{rows}x{columns}x{depth}x{factor}x{total}"
