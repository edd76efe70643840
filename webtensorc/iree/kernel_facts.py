"""What the executables of a program do, as their tensor-level bodies tell: arithmetic, grids, overwritten bindings."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from iree.compiler import ir
from iree.compiler.dialects import linalg

__all__ = ["Kernel", "KernelFacts", "source_names"]

_EXPENSIVE = 8
"""Scalar operations that one call of a `math` function is counted as: the order of a polynomial."""


@dataclass(frozen=True)
class Kernel:
    """One dispatched function: flops of one dispatch, its grid if constant, and its bindings' tensor bytes."""

    flops: int
    workgroups: tuple[int, int, int] | None
    full_writes: tuple[int | None, ...]

    def overwrites(self, binding: int, length: int | None) -> bool:
        """Whether the function defines all `length` bytes of a binding and reads none of them."""
        return length is not None and self.full_writes[binding] == length


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
    name = executable.attributes["sym_name"].value
    grids: dict[str, tuple[int, int, int] | None] = {}
    functions: dict[str, Any] = {}
    for op in executable.regions[0].blocks[0].operations:
        if op.operation.name == "stream.executable.export":
            grids[op.operation.attributes["sym_name"].value] = _grid(op.operation)
        elif op.operation.name == "builtin.module":
            for inner in op.operation.regions[0].blocks[0].operations:
                if inner.operation.name == "func.func":
                    functions[inner.operation.attributes["sym_name"].value] = inner.operation
    return {
        (name, export): Kernel(_flops(functions[export]), grid, _full_writes(functions[export]))
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


def _full_writes(function: Any) -> tuple[int | None, ...]:
    """For every binding: the bytes of its tensor if the function stores all of it and loads none of it, else None."""
    return tuple(_full_write(argument) for argument in function.regions[0].blocks[0].arguments)


def _full_write(binding: Any) -> int | None:
    size = None
    for use in binding.uses:
        subspan = use.owner
        if subspan.name != "stream.binding.subspan" or _constants(subspan.operands[1:]) != [0]:
            return None
        tensor = _tensor(str(subspan.results[0].type))
        if tensor is None:
            return None
        for inner in subspan.results[0].uses:
            if inner.owner.name != "iree_tensor_ext.dispatch.tensor.store":
                return None
            if _stored_shape(inner.owner) == tensor[0]:
                size = tensor[1]
    return size


def _tensor(text: str) -> tuple[list[int], int] | None:
    """Shape and bytes of a static `!iree_tensor_ext.dispatch.tensor<..:tensor<2x3xf32>>` without an encoding."""
    match = re.fullmatch(r"!iree_tensor_ext\.dispatch\.tensor<\w+:tensor<((?:\d+x)*)([a-z]+)(\d+)>>", text)
    if match is None:
        return None
    shape = [int(n) for n in match[1].split("x")[:-1]]
    bits = int(match[3])
    return (shape, math.prod(shape) * bits // 8) if bits % 8 == 0 else None


def _stored_shape(store: Any) -> list[int] | None:
    """The shape that a store covers from the origin with unit strides at the top level of its function, else None."""
    if store.parent.name != "func.func":
        return None
    attributes = store.attributes
    offsets, sizes, strides = (list(attributes[f"static_{key}"]) for key in ("offsets", "sizes", "strides"))
    if any(offsets) or any(stride != 1 for stride in strides) or any(size < 0 for size in sizes):
        return None
    return sizes


def _constants(values: Any) -> list[int | None]:
    return [
        int(v.owner.attributes["value"].value) if getattr(v.owner, "name", "") == "arith.constant" else None
        for v in values
    ]


def _flops(function: Any) -> int:
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
