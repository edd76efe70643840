"""Finding convolutions of few channels whose image is made of planes, to be folded for tiles (see `folding`).

Models for images begin so: planes of float32 are quantised element by element, padded, transposed and convolved.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from webtensorc_kernels.epilogue import Epilogue
from webtensorc_kernels.folding import Folding
from webtensorc_kernels.machine import Machine

from webtensorc.iree import mlir
from webtensorc_passes.tiling._epilogues import Growing
from webtensorc_passes.tiling._signs import padding
from webtensorc_passes.tiling._sites import Site
from webtensorc_passes.tiling._structured import element, forwards, indexing_maps, scalar_constant

__all__ = ["folded"]

_LAST = (0, 2, 3, 1)
"""Where `[n, h, w, c]` has the dimensions of planes, `[n, c, h, w]`."""


def folded(site: Site, image: Any, machine: Machine) -> tuple[Folding, Any] | None:
    """How the convolution of `image`, of unsigned bytes, is folded, and the planes that the image is made of."""
    problem, byte, turned = site.problem, 0, False
    while (op := mlir.owner(image)) is not None:
        if not turned and forwards(op) and _channels_come_last(op):
            turned = True
        elif op.name == "tensor.pad" and problem.padding == (0, 0) and (around := _around(op, turned=turned)):
            byte, problem = around[0], replace(problem, image=around[1], padding=around[2])
        else:
            break
        image = op.operands[0]
    if not turned:
        return None
    planes, quantise = _quantised(image)
    folding = Folding.of(problem, byte, element(planes), quantise, machine)
    return (folding, planes) if folding is not None else None


def _channels_come_last(op: Any) -> bool:
    maps = indexing_maps(op)
    return len(maps) == 2 and maps[1] == (0, 1, 2, 3) and maps[0] == tuple(_LAST.index(i) for i in range(4))


def _around(op: Any, *, turned: bool) -> tuple[int, tuple[int, int], tuple[int, int]] | None:
    """The byte around an image, the image's extents, and how much is in front of its rows and columns."""
    low, high, byte = mlir.integers(op, "static_low"), mlir.integers(op, "static_high"), padding(op)
    rows, columns = (2, 3) if turned else (1, 2)
    others = [i for i in range(4) if i not in (rows, columns)]
    if byte is None or len(op.operands) != 1 or min(*low, *high) < 0 or any(low[i] or high[i] for i in others):
        return None
    shape = mlir.shape_of(op.operands[0])
    return byte, (shape[rows], shape[columns]), (low[rows], low[columns])


def _quantised(bytes_: Any) -> tuple[Any, Epilogue]:
    """What bytes are made from element by element, and how: from themselves, if that is nothing a kernel could do."""
    steps, sources = _elementwise(bytes_)
    root = mlir.owner(sources[0]) if len(sources) == 1 else None
    if not steps or root is None or len(root.results) != 1 or element(sources[0]) != "f32":
        return bytes_, Epilogue(element="i8")
    growing = Growing(root, mlir.shape_of(bytes_)[-1])
    for op in steps:
        growing.take(op)
    if growing.last.results[0] != bytes_ or growing.operands:
        return bytes_, Epilogue(element="i8")
    return sources[0], growing.snapshot().epilogue


def _elementwise(value: Any) -> tuple[list[Any], list[Any]]:
    """The operations that `value` is made by element by element, in program order, and what they begin with."""
    found: set[Any] = set()
    sources: list[Any] = []
    pending = [value]
    while pending:
        op = mlir.owner(value := pending.pop())
        if op in found:
            continue
        if op is not None and _is_elementwise(op):
            found.add(op)
            pending += [each for each in list(op.operands)[:-1] if scalar_constant(each) is None]
        elif value not in sources:
            sources.append(value)
    block = next(iter(found)).block.operations if found else ()
    return [op.operation for op in block if op.operation in found], sources


def _is_elementwise(op: Any) -> bool:
    """Whether an operation computes each element from the same one of its operands, none of which is broadcast."""
    if op.name != "linalg.generic" or len(op.results) != 1:
        return False
    maps = indexing_maps(op)
    given = [each for each in zip(op.operands, maps, strict=False) if scalar_constant(each[0]) is None]
    identity = tuple(range(len(mlir.shape_of(op.results[0]))))
    return len(given) > 1 and all(map_ == identity and not forwards(mlir.owner(each)) for each, map_ in given)
