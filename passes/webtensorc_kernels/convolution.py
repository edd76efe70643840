"""Convolutions and matrix products as problems, and the register tiles that they are divided into."""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass, replace

__all__ = ["Axis", "Convolution", "Tile", "is_inside", "segments", "tile_starts"]


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


def tile_starts(extent: int, tile: int) -> list[int]:
    """Where tiles begin: the last one so that it ends with the extent."""
    return [min(start, extent - tile) for start in range(0, extent, tile)]


def is_inside(problem: Convolution, start: int, points: int) -> bool:
    """Whether the windows of `points` columns from `start` on are inside the image."""
    return all(problem.columns_inside(start + i) == (0, problem.kernel[1]) for i in (0, points - 1))


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
