"""Finding the operations that kernels exist for, and saying them in the kernels' own terms."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from webtensorc_kernels.convolution import Axis, Convolution
from webtensorc_kernels.panels import FIXED, TOGETHER
from webtensorc_kernels.windows import NEUTRAL, Fold

from webtensorc.iree import mlir
from webtensorc_passes.tiling._fixed_point import fixed_point_of
from webtensorc_passes.tiling._panels import panels_of
from webtensorc_passes.tiling._structured import (
    DATA_TILING,
    HALVES,
    Linear,
    element,
    is_zero,
    linear_maps,
    scalar_constant,
    unreshaped,
)

__all__ = ["Site", "folding", "in_panels", "match", "without_padding"]

_PRODUCTS = (
    ["arith.mulf", "arith.addf", "linalg.yield"],
    ["arith.extf", "arith.extf", "arith.mulf", "arith.addf", "linalg.yield"],
    ["arith.extf", "arith.mulf", "arith.addf", "linalg.yield"],
    ["arith.extsi", "arith.extsi", "arith.muli", "arith.addi", "linalg.yield"],
)
_KINDS = (
    ["f32"] * 4,
    ["i8", "i8", "i32", "i32"],
    ["i8", "f32", "i8", "i8"],
    *(["f32", half, "f32", "f32"] for half in HALVES),
)
"""Element types of image, weights (which pooling has for the shape alone), initial and final results."""


@dataclass(frozen=True)
class Site:
    """An operation that a kernel can stand for.

    Attributes:
        name: kind and shape, for the kernel's name.
        problem: its geometry; with a `fold`, one group per channel.
        operands: the values that the kernel reads.
        fold: what a window that keeps channels apart does; None for a convolution or matrix product.
        weights: the element type of the weights, which pooling has for the shape alone; `FIXED` of two operands.
    """

    op: Any
    name: str
    problem: Convolution
    operands: tuple[Any, ...]
    fold: Fold | None = None
    count: int = 1
    """How many problems alike follow each other in every operand."""
    weights: str = "f32"

    @property
    def integer(self) -> bool:
        """Whether bytes are multiplied, and summed in int32."""
        return self.fold is None and self.weights == "i8"

    @property
    def single(self) -> bool:
        """Whether it is a product or convolution of float32 by float32."""
        return self.fold is None and self.weights == "f32"

    @property
    def channels(self) -> int:
        """The last dimension of the result: groups and outputs together, or columns."""
        if self.fold and self.fold.planes:
            return self.problem.out[1]
        return self.problem.groups * self.problem.outputs


def in_panels(site: Site) -> Site:
    """The same with weights read as they are stored, if that is in panels."""
    if site.fold or site.count > 1 or site.problem.groups > 1:
        return site
    packed = panels_of(site.op.operands[1])
    if packed is None:
        return site
    problem, fixed = replace(site.problem, packed=True), fixed_point_of(packed)
    if fixed is None or not site.single:
        return replace(site, problem=problem, operands=(site.operands[0], packed))
    name = f"{site.name}_{FIXED}"
    return replace(site, name=name, problem=problem, operands=(site.operands[0], *fixed), weights=FIXED)


def without_padding(site: Site, neutral: str) -> Site:
    """The same on the image inside of its padding, if that is `neutral` bytes and splits no word of the image."""
    image = site.operands[0]
    if site.problem.depth != Axis() or site.problem.padding != (0, 0) or site.problem.channels % TOGETHER:
        return site
    value, padding = _unpadded(image, neutral)
    if value == image:
        return site
    _, _, height, width, _ = _as_volume(mlir.shape_of(value))
    problem = replace(site.problem, image=(height, width), padding=padding[1:])
    return replace(site, problem=problem, operands=(value, *site.operands[1:]))


def match(op: Any, allowed: Collection[list[str]] = _KINDS) -> Site | None:
    """What an operation of static shape is, if there is a kernel family for it.

    `allowed` are element types of image, weights, initial and final results.
    """
    if (
        not op.name.startswith("linalg.")
        or DATA_TILING in op.attributes
        or len(op.operands) != 3
        or len(op.results) != 1
    ):
        return None
    kinds = [element(value) for value in (*op.operands, *op.results)]
    if kinds not in allowed:
        return None
    maps = linear_maps(op)
    if len(maps) != 3 or any(len(index) != 1 or 1 not in index.values() for index in maps[2]):
        return None
    shapes = [mlir.shape_of(value) for value in (*op.operands[:2], op.results[0])]
    access = _Access(op, maps[0], maps[1], [next(iter(index)) for index in maps[2]], shapes)
    found = (rule(access) for rule in _RULES.get(tuple(map(len, maps)), ()))
    site = next((site for site in found if site is not None), None)
    other = next((kind for kind in kinds[:2] if kind != "f32"), None)
    if site is None or other is None:
        return site
    return replace(site, name=f"{site.name}_{other}", weights=kinds[1])


@dataclass(frozen=True)
class _Access:
    """How an operation indexes its image and weights, by which loops its result, and the extents of the three."""

    op: Any
    image: Sequence[Linear]
    weights: Sequence[Linear]
    out: Sequence[int]
    shapes: Sequence[tuple[int, ...]]

    def lifted(self, times: int) -> _Access:
        """The same over volumes of one plane, or of one row even; new loops have negative numbers."""
        if not times:
            return self
        (n, *image), (first, *out) = self.image, self.out
        (batch, *extents), kernel, (_, *result) = self.shapes
        place, tap = -2 * times, 1 - 2 * times
        once = _Access(
            self.op,
            [n, {place: 1, tap: 1}, *image],
            [{tap: 1}, *self.weights],
            [first, place, *out],
            [(batch, 1, *extents), (1, *kernel), (batch, 1, *result)],
        )
        return once.lifted(times - 1)


def _matmul(access: _Access) -> Site | None:
    """`[m, k] * [k, n]`, or without the `m`."""
    op, image, weights, out = access.op, access.image, access.weights, access.out
    if not _multiplies(op) or image[-1] != weights[0] or weights[1] != {out[-1]: 1}:
        return None
    if image[:-1] != [{loop: 1} for loop in out[:-1]]:
        return None
    depth, columns = access.shapes[1]
    rows = math.prod(access.shapes[0][:-1])
    if columns == 1:
        return None  # a sum along memory, which the native code does as well
    value, given = unreshaped(op.operands[0]), unreshaped(op.operands[1])
    strided = _strided(value, depth, columns)
    if strided is not None:
        problem, value = strided
        size = "x".join(map(str, (*problem.image, depth)))
        return Site(op, f"conv_{size}_1x1s{problem.strides[0]}_{columns}", problem, (value, given))
    name = f"matmul_{rows}x{columns}x{depth}"
    return Site(op, name, Convolution.product(rows, depth, columns), (value, given))


def _strided(image: Any, channels: int, outputs: int) -> tuple[Convolution, Any] | None:
    """The 1x1 convolution with strides that a product with every other pixel of an image is, and the image.

    What the product sums along must be the image's `channels`: a slice can be reshaped to rows of anything.
    """
    op = mlir.owner(image)
    if op is None or op.name != "tensor.extract_slice" or not mlir.is_static_tensor(op.operands[0]):
        return None
    source, sizes = mlir.shape_of(op.operands[0]), mlir.integers(op, "static_sizes")
    strides = mlir.integers(op, "static_strides")
    if len(source) != 4 or sizes != mlir.shape_of(image) or any(mlir.integers(op, "static_offsets")):
        return None
    if (sizes[0], sizes[3], strides[0], strides[3]) != (source[0], channels, 1, 1) or source[3] != channels:
        return None
    out, steps = (sizes[1], sizes[2]), (strides[1], strides[2])
    problem = Convolution(source[0], (source[1], source[2]), source[3], outputs, (1, 1), out, steps)
    return problem, op.operands[0]


def _convolution(access: _Access) -> Site | None:
    """`[n, d, h, w, i] * [kd, kh, kw, i, o]`; also with groups, `[n, d, h, w, g, i] * [kd, kh, kw, i, g, o]`."""
    op, image, weights, out = access.op, access.image, access.weights, access.out
    grouped = len(image) == 6
    expected = [weights[3], *([{out[4]: 1}] if grouped else []), {out[-1]: 1}]
    if not _multiplies(op) or image[-1] != weights[3] or list(weights[3:]) != expected:
        return None
    if grouped and image[4] != {out[4]: 1}:
        return None
    kernel = access.shapes[1]
    groups = kernel[4] if grouped else 1
    neutral = f"0.000000e+00 : {element(op.operands[0])}"  # a byte of 0 is a number like any other
    found = _problem(access, groups * kernel[3], neutral)
    if found is None:
        return None
    problem, value = found
    problem = replace(problem, channels=kernel[3], outputs=kernel[-1], groups=groups)
    name = f"conv_{_size(problem)}_{problem.groups * problem.outputs}"
    return Site(op, name, problem, (value, unreshaped(op.operands[1])))


def _channelwise(access: _Access) -> Site | None:
    """Pooling, `[n, d, h, w, c]` over `[kd, kh, kw]`, and depthwise convolution, by `[kd, kh, kw, c]`."""
    op, image, weights, out = access.op, access.image, access.weights, access.out
    has_weights = len(weights) == 4
    operation = None if has_weights else folding(op)
    initial = scalar_constant(op.operands[2])
    if image[4] != {out[4]: 1} or initial is None:
        return None
    if has_weights and (weights[3] != {out[4]: 1} or not _multiplies(op)):
        return None
    if not has_weights and operation not in NEUTRAL:
        return None
    found = _problem(access, access.shapes[0][4], NEUTRAL[operation or "arith.addf"])
    if found is None:
        return None
    problem, value = found
    problem = replace(problem, groups=access.shapes[0][4])
    name = f"{'depthwise' if has_weights else 'pool'}_{_size(problem)}"
    operands = (value, unreshaped(op.operands[1])) if has_weights else (value,)
    return Site(op, name, problem, operands, Fold(initial, operation))


def _size(problem: Convolution) -> str:
    """The extents of image and window, for a kernel's name; those of planes only where there are planes."""
    image, kernel = [*problem.image, problem.groups * problem.channels], [*problem.kernel]
    if problem.depth != Axis():
        image, kernel = [problem.depth.image, *image], [problem.depth.kernel, *kernel]
    return f"{'x'.join(map(str, image))}_{'x'.join(map(str, kernel))}s{problem.strides[0]}"


def _lifted(rule: Callable[[_Access], Site | None], times: int) -> Callable[[_Access], Site | None]:
    """The rule for windows with fewer dimensions than three."""
    return lambda access: rule(access.lifted(times))


def _batch(access: _Access) -> Site | None:
    """`[b, m, k] * [b, k, n]`."""
    op, (left, right) = access.op, (access.image, access.weights)
    batch, row, column = ({each: 1} for each in access.out)
    if not _multiplies(op) or list(left[:2]) != [batch, row] or list(right) != [batch, left[2], column]:
        return None
    (count, rows, depth), _, (*_, columns) = access.shapes
    problem = Convolution.product(rows, depth, columns)
    return Site(op, f"matmul_{count}x{rows}x{columns}x{depth}", problem, tuple(op.operands[:2]), count=count)


_RULES: dict[tuple[int, ...], tuple[Callable[[_Access], Site | None], ...]] = {
    (1, 2, 1): (_matmul,),
    (2, 2, 2): (_matmul,),
    (3, 3, 3): (_lifted(_convolution, 2), _batch),
    (4, 4, 4): (_lifted(_convolution, 1), _lifted(_convolution, 2)),
    (5, 5, 5): (_convolution, _lifted(_convolution, 1)),
    (6, 6, 6): (_convolution,),
    (3, 1, 3): (_lifted(_channelwise, 2),),
    (3, 2, 3): (_lifted(_channelwise, 2),),
    (4, 2, 4): (_lifted(_channelwise, 1),),
    (4, 3, 4): (_lifted(_channelwise, 1),),
    (5, 3, 5): (_channelwise,),
    (5, 4, 5): (_channelwise,),
}
"""By the ranks of image, weights and result."""


def _multiplies(op: Any) -> bool:
    """Whether the body adds products to the result so far, which begins with zeros."""
    body = [inner.operation.name for inner in op.regions[0].blocks[0].operations]
    return body in _PRODUCTS and is_zero(op.operands[2])


def folding(op: Any) -> str | None:
    """The one operation of a body that folds an element into the result so far."""
    block = op.regions[0].blocks[0]
    inner = [each.operation for each in block.operations]
    if len(inner) != 2 or len(inner[0].operands) != 2 or inner[1].operands[0] != inner[0].results[0]:
        return None
    arguments = {block.arguments[0], block.arguments[2]}
    return str(inner[0].name) if set(inner[0].operands) == arguments else None


def _window(access: _Access) -> list[tuple[int, int]] | None:
    """Strides and dilations, if the image is indexed `[n, od * s + kd * d, oh * s + kh * d, ow * s + kw * d, ...]`."""
    image, kernel, out = access.image, access.weights[:3], access.out
    if image[0] != {out[0]: 1} or any(len(each) != 1 for each in kernel):
        return None
    factors = []
    for index, o, position in zip(image[1:4], out[1:4], kernel, strict=True):
        (k,) = position
        if set(index) != {o, k}:
            return None
        factors.append((index[o], index[k]))
    return factors


def _problem(access: _Access, channels: int, neutral: str) -> tuple[Convolution, Any] | None:
    """The geometry of a window over an image of so many `channels`, and the image without padding that is `neutral`.

    Channels of the problem are still to be given. None if it is no window.
    """
    window = _window(access)
    if window is None:
        return None
    (batch, *extents, _), kernel, (_, *result) = access.shapes[0][:5], access.shapes[1], access.shapes[2]
    image, padding = unreshaped(access.op.operands[0]), (0, 0, 0)
    if _as_volume(mlir.shape_of(image)) == (batch, *extents, channels):
        image, padding = _unpadded(image, neutral)
        extents = list(_as_volume(mlir.shape_of(image))[1:4])
    depth, rows, columns = (
        Axis(here, taps, out, *steps, zeros)
        for here, taps, out, steps, zeros in zip(extents, kernel[:3], result[:3], window, padding, strict=True)
    )
    return Convolution(batch, (1, 1), 1, 1, depth=depth).over(rows, columns), image


def _as_volume(shape: tuple[int, ...]) -> tuple[int, ...]:
    """`[n, h, w, c]` and `[n, w, c]` as `[n, d, h, w, c]`."""
    return (shape[0], *[1] * (5 - len(shape)), *shape[1:])


def _unpadded(image: Any, neutral: str) -> tuple[Any, tuple[int, int, int]]:
    """An image without `neutral` numbers around it, and how many were in front of its planes, rows and columns."""
    op = mlir.owner(image)
    if op is None or op.name != "tensor.pad" or len(op.operands) != 1 or len(mlir.shape_of(image)) not in (3, 4, 5):
        return image, (0, 0, 0)
    low, high = mlir.integers(op, "static_low"), mlir.integers(op, "static_high")
    padded = op.regions[0].blocks[0].operations
    if min(low + high) < 0 or low[0] or low[-1] or high[0] or high[-1]:
        return image, (0, 0, 0)
    if scalar_constant(padded[len(padded) - 1].operands[0]) != neutral:
        return image, (0, 0, 0)
    depth, rows, columns = (0, 0, *low[1:-1])[-3:]
    return op.operands[0], (depth, rows, columns)
