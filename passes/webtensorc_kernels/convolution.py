"""Convolutions and matrix products as problems, and the register block that suits one best."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import astuple, dataclass, replace

from webtensorc_kernels.machine import Machine
from webtensorc_kernels.panels import WIDTH

__all__ = ["Axis", "Convolution", "Tile", "choose", "is_inside", "segments", "step_cycles", "tile_starts"]

_MAX_CODE = 3000
"""Multiplications written out in one kernel, at most: beyond, compiling takes too long."""
_TOGETHER = 8
"""Tiles that share a pass over large weights: more make the image too large for the second-level cache."""
_TOGETHER_IN_PRODUCTS = 16
"""The same where half of that cache has room for them."""
_LATENCY = 4
"""Cycles from one addition to an accumulator to the next."""
_PAGE = 4096
"""Addresses so many bytes apart share a set of a first-level cache, which has as many ways as it has pages."""
_BESIDE_PANELS = 2
"""Rows more than ways that may share a set where weights come in panels, which spread over all sets: measured."""


@dataclass(frozen=True)
class Axis:
    """One spatial dimension: extents of image, kernel and result, the stride and dilation, and the zeros in front."""

    image: int = 1
    kernel: int = 1
    out: int = 1
    stride: int = 1
    dilation: int = 1
    padding: int = 0

    @property
    def reaches_beyond(self) -> bool:
        """Whether the last window goes beyond the end of the image."""
        last = (self.out - 1) * self.stride - self.padding + (self.kernel - 1) * self.dilation
        return last >= self.image

    @property
    def is_plain(self) -> bool:
        """Whether each place of the result comes from the same place of the image alone."""
        return replace(self, dilation=1) == Axis(self.image, out=self.image)


@dataclass(frozen=True)
class Convolution:
    """A convolution of `[batch, height, width, groups * channels]` by `[kh, kw, channels, groups * outputs]`.

    `padding` is the number of zeros before the first row and column; those after the last follow from `out`, the
    extents of the result. `packed` weights, as a matrix of `kh * kw * channels` rows, are in panels (see `panels`);
    `transformed` ones, for tiles of so many rows of results, are in those of `winograd_weights`, in another order.
    Volumes, `[batch, depth, height, width, channels]` by `[kd, kh, kw, ...]`, have a `depth` beside their rows and
    columns. Where weights are `apart`, each image has some of its own: those of the images lie one behind the other.
    """

    batch: int
    image: tuple[int, int]
    channels: int
    outputs: int
    kernel: tuple[int, int] = (1, 1)
    out: tuple[int, int] = (1, 1)
    strides: tuple[int, int] = (1, 1)
    dilations: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    groups: int = 1
    packed: bool = False
    transformed: int = 0
    depth: Axis = Axis()
    apart: bool = False

    @classmethod
    def product(cls, rows: int, depth: int, columns: int, *, packed: bool = False) -> Convolution:
        """The matrix product `[rows, depth] x [depth, columns]`, the second matrix perhaps in panels."""
        return cls(1, (1, rows), depth, columns, out=(1, rows), packed=packed)

    def repeated(self, count: int) -> Convolution:
        """`count` matrix products like this one, whose operands follow each other."""
        return replace(self, batch=count, apart=True) if count > 1 else self

    def flat(self) -> Convolution:
        """The same work on the same memory with fewer dimensions, as a matrix product if it is one.

        Planes that do not meet are images of a batch; pixels of a plane that do not meet are a row, and a column (as
        one-dimensional convolutions may have it) is a row as well: tiles are adjacent points of a row.
        """
        if self.apart:
            return self
        if self.depth != Axis() and self.depth.is_plain:
            return replace(self, batch=self.batch * self.depth.image, depth=Axis()).flat()
        if self.rows.is_plain and self.columns.is_plain:
            if self.depth == Axis():
                return replace(self, batch=1, image=(1, self.points), out=(1, self.points))
            pixels = math.prod(self.image)
            return replace(self, depth=Axis()).over(self.depth, Axis(pixels, out=pixels))
        if self.depth != Axis():
            return self
        if self.image[1] == self.kernel[1] == self.out[1] == 1 and self.padding[1] == 0:
            return self.over(self.columns, self.rows)
        return self

    def over(self, rows: Axis, columns: Axis) -> Convolution:
        """The same over other rows and columns."""
        pairs = zip(astuple(rows), astuple(columns), strict=True)
        image, kernel, out, strides, dilations, padding = pairs
        return replace(self, image=image, kernel=kernel, out=out, strides=strides, dilations=dilations, padding=padding)

    @property
    def rows(self) -> Axis:
        """The dimension of rows, down the image."""
        return self._axis(0)

    @property
    def columns(self) -> Axis:
        """The dimension of columns, along a row."""
        return self._axis(1)

    def _axis(self, number: int) -> Axis:
        of = self.image, self.kernel, self.out, self.strides, self.dilations, self.padding
        return Axis(*(each[number] for each in of))

    @property
    def is_product(self) -> bool:
        """Whether it is the product of a `[points, channels]` matrix by one of `[channels, outputs]`."""
        return self == Convolution.product(self.points, self.channels, self.outputs, packed=self.packed)

    @property
    def has_products(self) -> bool:
        """Whether each image of its own weights is multiplied by them, or it is one product altogether."""
        return replace(self, batch=1, apart=False).is_product if self.apart else self.is_product

    @property
    def points(self) -> int:
        """Pixels of the result, all images together."""
        return self.batch * self.depth.out * math.prod(self.out)

    @property
    def taps(self) -> int:
        """Pixels of a window."""
        return self.depth.kernel * math.prod(self.kernel)

    @property
    def flops(self) -> int:
        """Multiplications and additions, those with padding included."""
        return 2 * self.points * self.groups * self.outputs * self.channels * self.taps

    @property
    def is_contiguous(self) -> bool:
        """Whether a row of the window is one run of memory."""
        return self.groups == 1 and (self.dilations[1] == 1 or self.kernel[1] == 1)

    def columns_inside(self, column: int) -> tuple[int, int]:
        """The range of kw that for the result's `column` falls inside the image."""
        first = column * self.strides[1] - self.padding[1]
        low = max(0, -(first // self.dilations[1]))
        high = min(self.kernel[1], -((first - self.image[1]) // self.dilations[1]))
        return low, max(low, high)


@dataclass(frozen=True)
class Tile:
    """What stays in registers: `points` adjacent pixels of a row by `vectors` adjacent vectors of `lanes` channels.

    `together` tiles of points go through the weights in step, a block of channels after the other: so weights too large
    for the second-level cache are not read again for each tile. Where there are fewer channels than lanes, these are
    `narrow`: the only vector is loaded and stored in part.
    """

    points: int
    vectors: int
    lanes: int
    together: int = 1
    narrow: int = 0

    @property
    def channels(self) -> int:
        """Channels of a tile."""
        return self.narrow or self.vectors * self.lanes


def choose(
    problem: Convolution,
    machine: Machine,
    *,
    overlapping: bool = False,
    vectors: Iterable[int] = range(1, 9),
    in_part: bool = False,
    holds_image: bool = False,
) -> Tile | None:
    """The tile with the fewest estimated cycles, the larger one if there are two; None if none has bearable code.

    The last tile of a product is a smaller one, or, if `overlapping`, begins earlier as that of a convolution does.
    `vectors` are the numbers of vectors that a tile may have; a vector that is not filled is one only if it may be
    loaded and stored `in_part`. What `holds_image` keeps numbers of each point in a register for several steps.
    """
    lanes = 1 << (min(machine.lanes, problem.outputs).bit_length() - 1)
    widths = [(lanes, wide, 0) for wide in vectors if wide * lanes <= problem.outputs]
    if in_part and machine.masks and lanes < problem.outputs < machine.lanes and problem.groups == 1:
        widths.append((2 * lanes, 1, problem.outputs))
    tiles = [
        Tile(points, wide, lanes, _together(problem, points, machine.second_level // 2), narrow)
        for lanes, wide, narrow in widths
        for points in range(1, min(problem.out[1], machine.registers) + 1)
        if machine.fits(points, wide, held=points if holds_image else 0)
        if not (problem.packed and WIDTH % (wide * lanes))
    ]
    overlapping |= not problem.has_products
    tiles.sort(key=lambda tile: (_cycles(problem, tile, machine, overlapping), -tile.points * tile.vectors))
    return next((tile for tile in tiles if _code_size(problem, tile) <= _MAX_CODE), None)


def _together(problem: Convolution, points: int, cache: int) -> int:
    """How many tiles of so many points share a pass over the weights; one if these stay in the cache."""
    if problem.taps * problem.channels * problem.groups * problem.outputs * 4 <= cache:
        return 1
    fitting = cache // (points * problem.channels * 4) if problem.is_product else 0
    return max(_TOGETHER, min(_TOGETHER_IN_PRODUCTS, fitting))


def _cycles(problem: Convolution, tile: Tile, machine: Machine, overlapping: bool) -> float:
    """Estimated cycles for one step of the innermost loop of every tile of a row."""
    whole, left = divmod(problem.out[1], tile.points)
    cycles = whole * step_cycles(problem, tile, machine, tile.points)
    if left:
        cycles += step_cycles(problem, tile, machine, tile.points if overlapping else left)
    return cycles * -(-problem.outputs // tile.channels)


def step_cycles(problem: Convolution, tile: Tile, machine: Machine, points: int) -> float:
    """Estimated cycles for one step of the innermost loop, for so many points.

    A step takes as long as its multiplications (two a cycle), its loads (two a cycle), the weights it streams from the
    second-level cache (half a vector a cycle) or the latency of an addition, whichever is longest. Points whose rows
    all fall into the same sets of the first-level cache push each other out.
    """
    vectors = tile.vectors
    step = max(points * vectors / 2, (points + vectors) / 2, 2 * vectors, _LATENCY) + 0.5
    apart = problem.strides[1] * problem.groups * problem.channels * 4
    ways = machine.first_level // _PAGE + (_BESIDE_PANELS if problem.packed else 0)
    if points * math.gcd(apart, _PAGE) > ways * _PAGE:
        step *= 1.25
    return step


def tile_starts(extent: int, tile: int) -> list[int]:
    """Where tiles begin: the last one so that it ends with the extent."""
    return [min(start, extent - tile) for start in range(0, extent, tile)]


def is_inside(problem: Convolution, start: int, points: int) -> bool:
    """Whether the windows of `points` columns from `start` on are inside the image."""
    return all(problem.columns_inside(start + i) == (0, problem.kernel[1]) for i in (0, points - 1))


def _code_size(problem: Convolution, tile: Tile) -> int:
    starts = tile_starts(problem.out[1], tile.points)
    edges = sum(
        len(segments(problem, start, tile.points)) for start in starts if not is_inside(problem, start, tile.points)
    )
    inside = 1 if problem.is_contiguous else problem.kernel[1]
    return (edges + inside) * tile.points * tile.vectors


def segments(problem: Convolution, start: int | None, points: int) -> list[tuple[int, int, list[int]]]:
    """Runs of kw in which the same points of a tile are inside the image: (first, beyond, points).

    `start` is the tile's first column, None for any column inside.
    """
    width = problem.kernel[1]
    if start is None:
        inside = [list(range(points))] * width
    else:
        ranges = [problem.columns_inside(start + i) for i in range(points)]
        inside = [[i for i, (low, high) in enumerate(ranges) if low <= kw < high] for kw in range(width)]
    runs: list[tuple[int, int, list[int]]] = []
    for kw, valid in enumerate(inside):
        if runs and runs[-1][2] == valid and problem.is_contiguous:
            runs[-1] = (runs[-1][0], kw + 1, valid)
        else:
            runs.append((kw, kw + 1, valid))
    return [run for run in runs if run[2]]
