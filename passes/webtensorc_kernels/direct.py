"""Direct convolution and matrix product, channels last: register blocks of points x channels, weights as they lie.

    y[n, oh, ow, o] = epilogue(sum over kh, kw, i of
                               x[n, oh * sh + kh * dh - ph, ow * sw + kw * dw - pw, i] * w[kh, kw, i, o])

Inside a row of the window, (kw, i) is one contiguous run of `x`'s row as well as of `w`'s, so that the innermost loop
runs over both at once; a matrix product is the case of one row and one column. Per step it loads `vectors` vectors of
weights, and multiplies each by `points` numbers of the image.

Padding costs nothing: a tile of points that touches it is written out on its own, without the products that fall
outside, and the loop over kh has bounds that depend on the row. Where channels or points are no multiple of the tile,
the last tile begins earlier and computes some results twice, so that there is no code for remainders.
"""

from __future__ import annotations

from webtensorc_kernels.code import Code, Index, View, Workgroup
from webtensorc_kernels.convolution import Convolution, Tile, is_inside, segments, tile_starts
from webtensorc_kernels.epilogue import Block, Epilogue, finish
from webtensorc_kernels.executable import Kernel, write
from webtensorc_kernels.grid import share, split

__all__ = ["generate"]


def generate(problem: Convolution, tile: Tile, epilogue: Epilogue, code: Code) -> Kernel:
    """Write the kernel into `code`. Operands: image, weights, then those of the epilogue; one result."""
    return _Writer(problem, tile, epilogue, code).kernel()


class _Writer:
    """One kernel being written."""

    def __init__(self, problem: Convolution, tile: Tile, epilogue: Epilogue, code: Code) -> None:
        self.problem, self.tile, self.epilogue, self.code = problem, tile, epilogue, code
        p = problem
        self.pixel = p.groups * p.channels
        row = p.kernel[1] * p.channels
        self.x = View("%x", (p.batch, p.image[0], p.image[1] * self.pixel))
        self.w = View("%w", (p.kernel[0], row, p.groups * p.outputs))
        self.y = View("%y", (p.points, p.groups * p.outputs))
        self.operands = epilogue.views(p.points, p.groups * p.outputs)
        self.starts = tile_starts(p.out[1], tile.points)
        self.blocks = -(-p.outputs // tile.channels)

    def kernel(self) -> Kernel:
        p = self.problem
        rows = p.batch * p.out[0]
        grid = split(channels=p.groups * self.blocks, rows=rows if rows > 1 else len(self.starts), flops=p.flops)
        across, down = grid

        def body(where: Workgroup) -> None:
            def block(number: Index, _: list[str]) -> list[str]:
                self._block(number, where.y, down)
                return []

            low, high = share(self.code, where.x, p.groups * self.blocks, across)
            self.code.loop(low, high, block)

        why = f"{self.tile.points}x{self.tile.vectors} vectors of {self.tile.lanes}, {across}x{down} workgroups"
        views = [self.x, self.w, *self.operands, self.y]
        flops = p.flops + self.epilogue.flops * p.points * p.groups * p.outputs
        return write(self.code, views, (across, down, 1), body, flops=flops, results=1, why=why)

    def _block(self, number: Index, place: Index, down: int) -> None:
        """One block of channels: all rows, or all tiles of the only row, that belong to the workgroup."""
        code, p = self.code, self.problem
        group = code.quotient(number, self.blocks)
        first = code.multiply(code.remainder(number, self.blocks), self.tile.channels)
        first = code.smaller(first, p.outputs - self.tile.channels)
        channel = code.add(code.multiply(group, p.outputs), first)
        rows = p.batch * p.out[0]
        if rows == 1:
            self._row(0, 0, group, channel, share(code, place, len(self.starts), down))
            return

        def row(number: Index, _: list[str]) -> list[str]:
            image, oh = (
                (0, number) if p.batch == 1 else (code.quotient(number, p.out[0]), code.remainder(number, p.out[0]))
            )
            self._row(image, oh, group, channel, (0, len(self.starts)))
            return []

        code.loop(*share(code, place, rows, down), row)

    def _row(self, image: Index, oh: Index, group: Index, channel: Index, share: tuple[Index, Index]) -> None:
        """The tiles of one row of the result whose numbers are in `share`."""
        code, p, points = self.code, self.problem, self.tile.points
        for first, beyond, column in self._runs():

            def tile(number: Index, _: list[str], column: int | None = column) -> list[str]:
                start = code.smaller(code.multiply(number, points), p.out[1] - points) if column is None else column
                self._tile(image, oh, group, channel, start, column)
                return []

            code.loop(code.larger(share[0], first), code.smaller(share[1], beyond), tile)

    def _runs(self) -> list[tuple[int, int, int | None]]:
        """Numbers of tiles with the same code: (first, beyond, the column of a tile that touches padding)."""
        runs: list[tuple[int, int, int | None]] = []
        for number, start in enumerate(self.starts):
            column = None if is_inside(self.problem, start, self.tile.points) else start
            if column is None and runs and runs[-1][2] is None:
                runs[-1] = (runs[-1][0], number + 1, None)
            else:
                runs.append((number, number + 1, column))
        return runs

    def _tile(self, image: Index, oh: Index, group: Index, channel: Index, start: Index, column: int | None) -> None:
        """Compute and store one tile; `column` is `start` where the tile is not inside the image."""
        code, p, tile = self.code, self.problem, self.tile
        top = code.subtract(code.multiply(oh, p.strides[0]), p.padding[0])
        left = code.multiply(code.subtract(code.multiply(start, p.strides[1]), p.padding[1]), self.pixel)
        left = code.add(left, code.multiply(group, p.channels))
        runs = segments(p, column, tile.points)

        def window_row(kh: Index, sums: list[str]) -> list[str]:
            ih = code.add(top, code.multiply(kh, p.dilations[0]))
            for first, beyond, valid in runs:
                at = code.add(left, first * (p.dilations[1] * self.pixel - p.channels))
                sums = self._run((image, ih, at), (kh, channel), (first, beyond), valid, sums)
            return sums

        sums = [code.zero()] * (tile.points * tile.vectors)
        sums = code.loop(*self._rows_inside(top), window_row, sums)
        pixel = code.add(code.multiply(code.add(code.multiply(image, p.out[0]), oh), p.out[1]), start)
        channels = tuple(code.add(channel, j * tile.lanes) for j in range(tile.vectors))
        finish(code, self.epilogue, Block((pixel,), tile.points, channels), sums, self.operands, self.y)

    def _rows_inside(self, top: Index) -> tuple[Index, Index]:
        """The range of kh that falls inside the image, for a window that begins at row `top`."""
        code, p = self.code, self.problem
        height, step, count = p.image[0], p.dilations[0], p.kernel[0]
        low: Index = 0
        high: Index = count
        if p.padding[0]:
            above = code.larger(0, code.subtract(0, top))
            low = code.quotient(code.add(above, step - 1), step)
        if (p.out[0] - 1) * p.strides[0] - p.padding[0] + (count - 1) * step >= height:
            left = code.larger(0, code.subtract(height + step - 1, top))
            high = code.smaller(count, code.quotient(left, step))
        return low, high

    def _run(
        self,
        x: tuple[Index, Index, Index],
        w: tuple[Index, Index],
        kw: tuple[int, int],
        valid: list[int],
        sums: list[str],
    ) -> list[str]:
        """Add the products of one run of the window's row, for the `valid` points of the tile."""
        code, p, vectors = self.code, self.problem, self.tile.vectors
        used = [i * vectors + j for i in valid for j in range(vectors)]

        def step(k: Index, carried: list[str]) -> list[str]:
            weights = [code.load(self.w, w[0], k, code.add(w[1], j * self.tile.lanes)) for j in range(vectors)]
            out = []
            for position, i in enumerate(valid):
                at = code.add(code.add(x[2], i * p.strides[1] * self.pixel), k)
                value = code.broadcast(self.x, x[0], x[1], at)
                out += [code.multiply_add(value, weights[j], carried[position * vectors + j]) for j in range(vectors)]
            return out

        out = code.loop(kw[0] * p.channels, kw[1] * p.channels, step, [sums[i] for i in used])
        for i, value in zip(used, out, strict=True):
            sums[i] = value
        return sums
