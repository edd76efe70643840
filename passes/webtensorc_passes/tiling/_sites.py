"""Finding the operations that kernels exist for, and saying them in the kernels' own terms."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from webtensorc_kernels.convolution import Convolution
from webtensorc_kernels.panels import TOGETHER
from webtensorc_kernels.windows import Fold

from webtensorc.iree import mlir
from webtensorc_passes.tiling._panels import panels_of
from webtensorc_passes.tiling._structured import (
    DATA_TILING,
    Linear,
    element,
    is_zero,
    linear_maps,
    scalar_constant,
    unreshaped,
)

__all__ = ["Site", "in_panels", "match", "without_padding"]

_NEUTRAL = {
    "arith.addf": "0.000000e+00 : f32",
    "arith.maximumf": "0xFF800000 : f32",
    "arith.minimumf": "0x7F800000 : f32",
}
_PRODUCTS = (
    ["arith.mulf", "arith.addf", "linalg.yield"],
    ["arith.extf", "arith.extf", "arith.mulf", "arith.addf", "linalg.yield"],
    ["arith.extsi", "arith.extsi", "arith.muli", "arith.addi", "linalg.yield"],
)
_KINDS = (["f32"] * 4, ["i8", "i8", "i32", "i32"])
"""Element types of image, weights, initial and final results."""


@dataclass(frozen=True)
class Site:
    """An operation that a kernel can stand for.

    Attributes:
        name: kind and shape, for the kernel's name.
        problem: its geometry; with a `fold`, one group per channel.
        operands: the values that the kernel reads.
        fold: what a window that keeps channels apart does; None for a convolution or matrix product.
        integer: whether bytes are multiplied, and summed in int32; else all is float32.
    """

    op: Any
    name: str
    problem: Convolution
    operands: tuple[Any, ...]
    fold: Fold | None = None
    integer: bool = False
    count: int = 1
    """How many problems alike follow each other in every operand."""

    @property
    def channels(self) -> int:
        """The last dimension of the result, groups and outputs together."""
        return self.problem.groups * self.problem.outputs


def in_panels(site: Site) -> Site:
    """The same with weights read as they are stored, if that is in panels."""
    weights = site.op.operands[1]
    is_product = len(mlir.shape_of(weights)) == 2
    if site.fold or site.count > 1 or site.problem.groups > 1 or not (is_product or site.integer):
        return site
    packed = panels_of(weights)
    if packed is None:
        return site
    return replace(site, problem=replace(site.problem, packed=True), operands=(site.operands[0], packed))


def without_padding(site: Site, neutral: str) -> Site:
    """The same on the image inside of its padding, if that is `neutral` bytes and splits no word of the image."""
    image = site.operands[0]
    value, padding = _unpadded(image, neutral)
    if value == image or site.problem.padding != (0, 0) or site.problem.channels % TOGETHER:
        return site
    _, height, width, _ = _as_image(mlir.shape_of(value))
    problem = replace(site.problem, image=(height, width), padding=padding)
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
    return replace(site, name=f"{site.name}_i8", integer=True) if site and kinds[0] == "i8" else site


@dataclass(frozen=True)
class _Access:
    """How an operation indexes its image and weights, by which loops its result, and the extents of the three."""

    op: Any
    image: Sequence[Linear]
    weights: Sequence[Linear]
    out: Sequence[int]
    shapes: Sequence[tuple[int, ...]]

    def lifted(self) -> _Access:
        """The same of a one-dimensional window over an image of one row; its new loops are numbered -1 and -2."""
        (n, *image), (first, *out) = self.image, self.out
        (batch, *extents), kernel, (_, *result) = self.shapes
        return _Access(
            self.op,
            [n, {-1: 1, -2: 1}, *image],
            [{-2: 1}, *self.weights],
            [first, -1, *out],
            [(batch, 1, *extents), (1, *kernel), (batch, 1, *result)],
        )


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
    strided = _strided(value, columns)
    if strided is not None:
        problem, value = strided
        size = "x".join(map(str, (*problem.image, depth)))
        return Site(op, f"conv_{size}_1x1s{problem.strides[0]}_{columns}", problem, (value, given))
    name = f"matmul_{rows}x{columns}x{depth}"
    return Site(op, name, Convolution.product(rows, depth, columns), (value, given))


def _strided(image: Any, outputs: int) -> tuple[Convolution, Any] | None:
    """The 1x1 convolution with strides that a product with every other pixel of an image is, and the image."""
    op = mlir.owner(image)
    if op is None or op.name != "tensor.extract_slice" or len(op.operands) != 1:
        return None
    source, sizes = mlir.shape_of(op.operands[0]), mlir.integers(op, "static_sizes")
    strides = mlir.integers(op, "static_strides")
    if len(source) != 4 or sizes != mlir.shape_of(image) or any(mlir.integers(op, "static_offsets")):
        return None
    if (sizes[0], sizes[3], strides[0], strides[3]) != (source[0], source[3], 1, 1):
        return None
    out, steps = (sizes[1], sizes[2]), (strides[1], strides[2])
    problem = Convolution(source[0], (source[1], source[2]), source[3], outputs, (1, 1), out, steps)
    return problem, op.operands[0]


def _convolution(access: _Access) -> Site | None:
    """`[n, h, w, i] * [kh, kw, i, o]`; also with groups, `[n, h, w, g, i] * [kh, kw, i, g, o]`."""
    op, image, weights, out = access.op, access.image, access.weights, access.out
    grouped = len(image) == 5
    inner = image[-1]
    expected = [weights[2], *([{out[3]: 1}] if grouped else []), {out[-1]: 1}]
    if not _multiplies(op) or inner != weights[2] or list(weights[2:]) != expected:
        return None
    if grouped and image[3] != {out[3]: 1}:
        return None
    window = _window(image, weights[:2], out)
    if window is None:
        return None
    shape, kernel, result = access.shapes
    groups = kernel[3] if grouped else 1
    whole = (*shape[:3], groups * kernel[2])
    neutral = f"0.000000e+00 : {element(op.operands[0])}"  # a byte of 0 is a number like any other
    problem, value = _problem(op.operands[0], whole, window, kernel[:2], result, neutral)
    problem = _with_channels(problem, kernel[2], kernel[-1], groups)
    size = "x".join(map(str, (*problem.image, problem.groups * problem.channels)))
    name = f"conv_{size}_{kernel[0]}x{kernel[1]}s{problem.strides[0]}_{problem.groups * problem.outputs}"
    return Site(op, name, problem, (value, unreshaped(op.operands[1])))


def _channelwise(access: _Access) -> Site | None:
    """Pooling, `[n, h, w, c]` over `[kh, kw]`, and depthwise convolution, by `[kh, kw, c]`."""
    op, image, weights, out = access.op, access.image, access.weights, access.out
    has_weights = len(weights) == 3
    window = _window(image, weights[:2], out)
    operation = None if has_weights else _folding(op)
    initial = scalar_constant(op.operands[2])
    if window is None or image[3] != {out[3]: 1} or initial is None:
        return None
    if has_weights and (weights[2] != {out[3]: 1} or not _multiplies(op)):
        return None
    if not has_weights and operation not in _NEUTRAL:
        return None
    shape, kernel, result = access.shapes
    neutral = _NEUTRAL[operation or "arith.addf"]
    problem, value = _problem(op.operands[0], shape, window, kernel[:2], result, neutral)
    problem = _with_channels(problem, 1, 1, shape[3])
    kind = "depthwise" if has_weights else "pool"
    size = "x".join(map(str, (*problem.image, shape[3])))
    name = f"{kind}_{size}_{kernel[0]}x{kernel[1]}s{problem.strides[0]}"
    operands = (value, unreshaped(op.operands[1])) if has_weights else (value,)
    return Site(op, name, problem, operands, Fold(initial, operation))


def _row(rule: Callable[[_Access], Site | None]) -> Callable[[_Access], Site | None]:
    """The rule for one-dimensional windows."""
    return lambda access: rule(access.lifted())


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
    (3, 3, 3): (_row(_convolution), _batch),
    (4, 4, 4): (_convolution, _row(_convolution)),
    (5, 5, 5): (_convolution,),
    (3, 1, 3): (_row(_channelwise),),
    (3, 2, 3): (_row(_channelwise),),
    (4, 2, 4): (_channelwise,),
    (4, 3, 4): (_channelwise,),
}
"""By the ranks of image, weights and result."""


def _multiplies(op: Any) -> bool:
    """Whether the body adds products to the result so far, which begins with zeros."""
    body = [inner.operation.name for inner in op.regions[0].blocks[0].operations]
    return body in _PRODUCTS and is_zero(op.operands[2])


def _folding(op: Any) -> str | None:
    """The one operation of a body that folds an element into the result so far."""
    block = op.regions[0].blocks[0]
    inner = [each.operation for each in block.operations]
    if len(inner) != 2 or len(inner[0].operands) != 2 or inner[1].operands[0] != inner[0].results[0]:
        return None
    arguments = {block.arguments[0], block.arguments[2]}
    return str(inner[0].name) if set(inner[0].operands) == arguments else None


def _window(
    image: Sequence[Linear], kernel: Sequence[Linear], out: Sequence[int]
) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Strides and dilations, if the image is indexed `[n, oh * s + kh * d, ow * s + kw * d, ...]`."""
    if image[0] != {out[0]: 1} or any(len(each) != 1 for each in kernel):
        return None
    factors = []
    for index, o, position in zip(image[1:3], out[1:3], kernel, strict=True):
        (k,) = position
        if set(index) != {o, k}:
            return None
        factors.append((index[o], index[k]))
    return (factors[0][0], factors[1][0]), (factors[0][1], factors[1][1])


def _problem(
    image: Any,
    shape: tuple[int, ...],
    window: tuple[tuple[int, int], tuple[int, int]],
    kernel: Sequence[int],
    result: Sequence[int],
    neutral: str,
) -> tuple[Convolution, Any]:
    """The geometry of a window over `image`, seen as `shape`, and the image without the padding that it skips."""
    image = unreshaped(image)
    value, padding = _unpadded(image, neutral) if _as_image(mlir.shape_of(image)) == shape else (image, (0, 0))
    if value != image:
        shape = _as_image(mlir.shape_of(value))
    problem = Convolution(
        shape[0], (shape[1], shape[2]), 1, 1, (kernel[0], kernel[1]), (result[1], result[2]), *window, padding
    )
    return problem, value


def _as_image(shape: tuple[int, ...]) -> tuple[int, ...]:
    """`[n, w, c]` as `[n, 1, w, c]`."""
    return (shape[0], 1, *shape[1:]) if len(shape) == 3 else shape


def _with_channels(problem: Convolution, channels: int, outputs: int, groups: int) -> Convolution:
    return replace(problem, channels=channels, outputs=outputs, groups=groups)


def _unpadded(image: Any, neutral: str) -> tuple[Any, tuple[int, int]]:
    """An image without `neutral` numbers around it, and how many were in front of its rows and columns."""
    op = mlir.owner(image)
    if op is None or op.name != "tensor.pad" or len(op.operands) != 1 or len(mlir.shape_of(image)) not in (3, 4):
        return image, (0, 0)
    low, high = mlir.integers(op, "static_low"), mlir.integers(op, "static_high")
    padded = op.regions[0].blocks[0].operations
    if min(low + high) < 0 or low[0] or low[-1] or high[0] or high[-1]:
        return image, (0, 0)
    if scalar_constant(padded[len(padded) - 1].operands[0]) != neutral:
        return image, (0, 0)
    return op.operands[0], (low[1] if len(low) == 4 else 0, low[-2])
