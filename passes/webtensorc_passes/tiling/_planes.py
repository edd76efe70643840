"""Finding pooling of images whose channels are planes, `[..., d, h, w]`, as it is in models without convolutions."""

from __future__ import annotations

from math import prod
from typing import Any

from webtensorc_kernels.convolution import Axis, Convolution
from webtensorc_kernels.windows import NEUTRAL, Fold

from webtensorc.iree import mlir
from webtensorc_passes.tiling._sites import Site, folding
from webtensorc_passes.tiling._structured import is_float32, linear_maps, scalar_constant, unreshaped

__all__ = ["match_planes"]


def match_planes(op: Any) -> Site | None:
    """The pooling that an operation is, if windows are over the last dimensions, at most three, and not over all."""
    if not op.name.startswith("linalg.") or len(op.operands) != 3 or len(op.results) != 1:
        return None
    if not all(map(is_float32, (*op.operands, *op.results))):
        return None
    operation, initial = folding(op), scalar_constant(op.operands[2])
    if operation not in NEUTRAL or initial is None:
        return None
    steps = _steps(op)
    if steps is None:
        return None
    image, padding = _unpadded(op.operands[0], len(steps), NEUTRAL[operation])
    shape, kernel, out = mlir.shape_of(image), mlir.shape_of(op.operands[1]), mlir.shape_of(op.results[0])
    lead = len(shape) - len(steps)
    axes = [
        Axis(here, taps, there, *step, before)
        for here, taps, there, step, before in zip(shape[lead:], kernel, out[lead:], steps, padding, strict=True)
    ]
    depth, rows, columns = [Axis()] * (3 - len(axes)) + axes
    problem = Convolution(prod(shape[:lead]), (1, 1), 1, 1, depth=depth).over(rows, columns)
    size = "x".join(map(str, shape))
    name = f"pool_planes_{size}_{'x'.join(map(str, kernel))}s{columns.stride}"
    return Site(op, name, problem, (unreshaped(image),), Fold(initial, operation, planes=True))


def _steps(op: Any) -> list[tuple[int, int]] | None:
    """Stride and dilation of each windowed dimension; None if these are not the last ones, or are all."""
    maps = linear_maps(op)
    if len(maps) != 3:
        return None
    image, kernel, out = maps
    lead = len(image) - len(kernel)
    if lead < 1 or not 1 <= len(kernel) <= 3 or len(out) != len(image) or image[:lead] != out[:lead]:
        return None
    steps = []
    for index, place, tap in zip(image[lead:], out[lead:], kernel, strict=True):
        if len(place) != 1 or len(tap) != 1 or set(index) != {*place, *tap}:
            return None
        (o,), (k,) = place, tap
        steps.append((index[o], index[k]))
    return steps


def _unpadded(image: Any, windowed: int, neutral: str) -> tuple[Any, tuple[int, ...]]:
    """An image without `neutral` numbers around its last dimensions, and how many were in front of each."""
    op, none = mlir.owner(image), (0,) * windowed
    if op is None or op.name != "tensor.pad" or len(op.operands) != 1:
        return image, none
    low, high = mlir.integers(op, "static_low"), mlir.integers(op, "static_high")
    padded = op.regions[0].blocks[0].operations
    if min(low + high) < 0 or any(low[:-windowed]) or any(high[:-windowed]):
        return image, none
    if scalar_constant(padded[len(padded) - 1].operands[0]) != neutral:
        return image, none
    return op.operands[0], tuple(low[-windowed:])
