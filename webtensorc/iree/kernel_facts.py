"""What the executables of a program do, as their tensor-level bodies tell: arithmetic, grids, overwritten bindings."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from iree.compiler import ir
from iree.compiler.dialects import linalg

from webtensorc.coverage import Box, Stores
from webtensorc.iree.mlir import symbol

__all__ = ["FLOPS", "Kernel", "KernelFacts", "source_names"]

FLOPS = "webtensorc.flops"
"""Attribute of a generated kernel's function: arithmetic operations of one dispatch."""

STORES = "webtensorc.stores"
"""Attribute of a generated kernel's function: for each binding that it only stores a part of, the binding's number,
rows and columns of the matrix that it is, and the first and the one past the last column that are stored."""

_EXPENSIVE = 8
"""Scalar operations that one call of a `math` function is counted as: the order of a polynomial."""


@dataclass(frozen=True)
class Kernel:
    """One dispatched function: flops of one dispatch, its grid if constant, and its stores.

    `stores` has an entry per binding: None where the binding is loaded as well, or not all is known.
    """

    flops: int
    workgroups: tuple[int, int, int] | None
    stores: tuple[Stores | None, ...]


@dataclass(frozen=True)
class KernelFacts:
    """The exported functions of a module by (executable, export)."""

    kernels: dict[tuple[str, ...], Kernel]

    @classmethod
    def of(cls, module: Any) -> KernelFacts:
        """Look at every `stream.executable` of `module`."""
        kernels: dict[tuple[str, ...], Kernel] = {}
        for op in module.regions[0].blocks[0].operations:
            if op.operation.name == "stream.executable":
                kernels.update(_kernels(op.operation))
        return cls(kernels)

    def kernel(self, symbol: Any) -> Kernel | None:
        """The kernel behind a nested symbol reference `@executable::@export`."""
        return self.kernels.get(tuple(symbol.value))


def source_names(location: Any) -> tuple[str, ...]:
    """The names in a location (`loc("Conv_3"("model.onnx":1:2))` gives `Conv_3`), in order, without duplicates."""
    names: list[str] = []
    _collect_names(location, names)
    return tuple(dict.fromkeys(names))


def _collect_names(location: Any, into: list[str]) -> None:
    if isinstance(location, ir.NameLoc):
        into.append(location.name_str)
        _collect_names(location.child_loc, into)
    elif isinstance(location, ir.CallSiteLoc):
        _collect_names(location.callee, into)
    elif isinstance(location, ir.FusedLoc):
        for inner in location.locations:
            _collect_names(inner, into)


def _kernels(executable: Any) -> dict[tuple[str, ...], Kernel]:
    name = symbol(executable)
    grids: dict[str, tuple[int, int, int] | None] = {}
    functions: dict[str, Any] = {}
    for op in executable.regions[0].blocks[0].operations:
        if op.operation.name == "stream.executable.export":
            grids[symbol(op.operation)] = _grid(op.operation)
        elif op.operation.name == "builtin.module":
            for inner in op.operation.regions[0].blocks[0].operations:
                if inner.operation.name == "func.func":
                    functions[symbol(inner.operation)] = inner.operation
    return {
        (name, export): Kernel(_flops(functions[export]), grid, _stores(functions[export]))
        for export, grid in grids.items()
        if export in functions and len(functions[export].regions[0].blocks) > 0
    }


def _grid(export: Any) -> tuple[int, int, int] | None:
    blocks = list(export.regions[0].blocks)
    if len(blocks) != 1:
        return None
    counts = [value.owner for value in list(blocks[0].operations)[-1].operands]
    if len(counts) != 3 or any(getattr(op, "name", "") != "arith.constant" for op in counts):
        return None
    x, y, z = (int(op.attributes["value"].value) for op in counts)
    return x, y, z


def _stores(function: Any) -> tuple[Stores | None, ...]:
    arguments = function.regions[0].blocks[0].arguments
    bindings = [each for each in arguments if str(each.type) == "!stream.binding"]
    stated = {}
    for facts in function.attributes.get(STORES, ()):
        number, rows, columns, first, beyond = facts
        size = rows * columns * _element_bytes(bindings[number])
        stated[number] = Stores((rows, columns), size, (((0, rows), (first, beyond)),))
    return tuple(stated.get(number) or _binding_stores(each) for number, each in enumerate(bindings))


def _element_bytes(binding: Any) -> int:
    """Of the `memref` that a generated kernel sees a binding as."""
    (subspan,) = (use.owner for use in binding.uses)
    found = re.fullmatch(r"memref<(?:\d+x)*[a-z]+(\d+)>", str(subspan.results[0].type))
    assert found is not None
    return int(found[1]) // 8


def _binding_stores(binding: Any) -> Stores | None:
    found: Stores | None = None
    for use in binding.uses:
        subspan = use.owner
        if subspan.name != "stream.binding.subspan" or _constants(subspan.operands[1:]) != [0]:
            return None
        tensor = _tensor(str(subspan.results[0].type))
        uses = [inner.owner for inner in subspan.results[0].uses]
        if tensor is None or any(op.name != "iree_tensor_ext.dispatch.tensor.store" for op in uses):
            return None
        boxes = tuple(box for op in uses if (box := _box(op)) is not None)
        if found is not None and found.shape != tensor[0]:
            return None
        found = Stores(*tensor, (found.boxes if found else ()) + boxes)
    return found


def _tensor(text: str) -> tuple[tuple[int, ...], int] | None:
    """Shape and bytes of a static `!iree_tensor_ext.dispatch.tensor<..:tensor<2x3xf32>>` without an encoding."""
    match = re.fullmatch(r"!iree_tensor_ext\.dispatch\.tensor<\w+:tensor<((?:\d+x)*)([a-z]+)(\d+)>>", text)
    if match is None:
        return None
    shape = tuple(int(n) for n in match[1].split("x")[:-1])
    bits = int(match[3])
    return (shape, math.prod(shape) * bits // 8) if bits % 8 == 0 else None


def _box(store: Any) -> Box | None:
    """What a store at the top level of its function certainly covers, if it is static and has no gaps."""
    if store.parent.name != "func.func":
        return None
    offsets, sizes, strides = (list(store.attributes[f"static_{key}"]) for key in ("offsets", "sizes", "strides"))
    if any(stride != 1 for stride in strides) or min([*offsets, *sizes], default=0) < 0:
        return None
    return tuple((offset, offset + size) for offset, size in zip(offsets, sizes, strict=True))


def _constants(values: Any) -> list[int | None]:
    return [
        int(v.owner.attributes["value"].value) if getattr(v.owner, "name", "") == "arith.constant" else None
        for v in values
    ]


def _flops(function: Any) -> int:
    """As the function's author says (`webtensorc.flops`), else as its structured operations tell."""
    if FLOPS in function.attributes:
        return int(function.attributes[FLOPS].value)
    total = 0
    for op in function.regions[0].blocks[0].operations:
        name = op.operation.name
        if name.startswith(("linalg.", "iree_linalg_ext.")) and op.operation.regions:
            total += _iterations(op) * _body_cost(op.operation)
    return total


def _body_cost(op: Any) -> int:
    names = [inner.operation.name for block in op.regions[0].blocks for inner in block.operations]
    return sum(_EXPENSIVE if n.startswith("math.") else n.startswith("arith.") for n in names)


def _iterations(op: Any) -> int:
    """Points in the iteration space of a linalg operation of static shape; 0 where the shapes do not tell it."""
    try:
        maps = list(linalg.get_indexing_maps(op))
    except (IndexError, TypeError, ValueError, RuntimeError):
        return 0
    extents: dict[int, int] = {}
    for map_, operand in zip(maps, op.operands, strict=False):
        shape = getattr(getattr(map_, "value", map_), "results", None)
        if shape is None or not hasattr(operand.type, "shape"):
            continue
        for expr, extent in zip(shape, operand.type.shape, strict=False):
            position = re.fullmatch(r"d(\d+)", str(expr))
            if position:
                extents[int(position[1])] = extent
    if not maps or len(extents) < getattr(maps[0], "value", maps[0]).n_dims or min(extents.values(), default=0) < 0:
        return 0
    return math.prod(extents.values())
