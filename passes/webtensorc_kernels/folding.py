"""Convolutions of few channels on tiles: the pixels that a stride goes past become one pixel of many bytes.

    image[n, r, c, (i, j, k)] = quantise(x[n, k, r * sh + i - ph, c * sw + j - pw])         k < 4, `byte` outside of x
    y[n, r, c, o] = sum over a, b, i, j, k of image[n, r + a, c + b, (i, j, k)] * w[a * sh + i, b * sw + j, k, o]

So a 7x7 window of stride 2 over 3 channels is one of 4x4 over 16, whose rows are whole rows of a tile. It is how
networks for images begin: the image comes as planes of float32, and is quantised as it is folded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from math import prod

from webtensorc_kernels import tile_steps
from webtensorc_kernels.code import Code, Index, View, Workgroup
from webtensorc_kernels.convolution import Axis, Convolution, tile_starts
from webtensorc_kernels.epilogue import Epilogue, Place
from webtensorc_kernels.executable import Kernel, write
from webtensorc_kernels.grid import share, split
from webtensorc_kernels.machine import Machine
from webtensorc_kernels.panels import TOGETHER, WIDTH, Matrix
from webtensorc_kernels.tile_image import Copy

__all__ = ["Folding"]

_LANES = 16
_LARGEST_STRIDE = 2
"""Rows that one instruction weaves together."""
_OPERATIONS = 16
"""That a byte of the folded image counts for, when work is divided."""


@dataclass(frozen=True)
class Folding:
    """How a convolution is folded.

    Attributes:
        problem: the convolution of the image without the padding around it.
        byte: what the padding is, with a sign.
        element: of the planes.
        quantise: what makes bytes of the planes' elements.
    """

    problem: Convolution
    byte: int
    element: str
    quantise: Epilogue

    @classmethod
    def of(cls, problem: Convolution, byte: int, element: str, quantise: Epilogue, machine: Machine) -> Folding | None:
        """None if the machine has no tiles, or the problem does not fit into them so."""
        p = problem
        plain = not p.packed and p.groups == 1 and p.depth == Axis() and p.dilations == (1, 1)
        if not machine.tiles or not plain or p.channels > TOGETHER or p.outputs < WIDTH:
            return None
        found = cls(problem, byte, element, quantise)
        narrow = min(p.image[1], found.width) < _LANES
        if max(p.strides) > _LARGEST_STRIDE or p.kernel[1] <= p.strides[1] or narrow:
            return None
        return found if tile_steps.plan(found.folded, machine) else None

    @property
    def folded(self) -> Convolution:
        """The convolution of the folded image by weights in panels."""
        p = self.problem
        rows, columns = (
            Axis(axis.out + taps - 1, taps, axis.out)
            for axis in (p.rows, p.columns)
            for taps in (-(-axis.kernel // axis.stride),)
        )
        whole = replace(p, channels=TOGETHER * prod(p.strides), packed=True)
        return whole.over(rows, columns)

    @property
    def width(self) -> int:
        """Pixels of a row with what is around it."""
        return self.folded.image[1] * self.problem.strides[1]

    def weights(self, code: Code) -> Kernel:
        """Write the kernel that puts weights into panels. Operand: `[kh, kw, k, o]`; result: words of panels."""
        p, f = self.problem, self.folded
        w = View("%w", (p.taps * p.channels, p.outputs), "i8")
        panels = Matrix("%y", f.taps * f.channels // TOGETHER, p.outputs, packed=True, element="i32").view
        places = [
            (a * p.strides[0] + i, b * p.strides[1] + j) for a, b, i, j in product(*map(range, (*f.kernel, *p.strides)))
        ]

        def panel(number: Index, _: list[str]) -> list[str]:
            first = code.smaller(code.multiply(number, WIDTH), p.outputs - WIDTH)
            for (word, (kh, kw)), at in product(enumerate(places), range(0, WIDTH, code.lanes)):
                row = (kh * p.kernel[1] + kw) * p.channels
                inside = kh < p.kernel[0] and kw < p.kernel[1]
                rows = [code.load(w, row + k, code.add(first, at)) for k in range(p.channels)] if inside else []
                code.store(code.words(rows), panels, number, word, at)
            return []

        def body(_: Workgroup) -> None:
            code.loop(0, panels.shape[0], panel)

        why = f"{p.kernel[0]}x{p.kernel[1]} weights folded to {f.kernel[0]}x{f.kernel[1]}"
        return write(code, [w, panels], (1, 1, 1), body, flops=prod(w.shape), results=1, why=why)

    def image(self, code: Code) -> Kernel:
        """Write the kernel that folds the image. Operand: planes `[n, k, h, w]`; result: as `tile_image` has it."""
        p, f = self.problem, self.folded
        x = View("%x", (p.batch * p.channels * p.image[0], p.image[1]), self.element)
        steps = tile_steps.Steps.of(f)
        y = Copy(f, steps).view
        flops = _OPERATIONS * prod(y.shape)
        groups, _ = split(first=f.image[0], second=1, flops=flops)

        def body(where: Workgroup) -> None:
            rows = share(code, where.x, f.image[0], groups)

            def image(n: Index, _: list[str]) -> list[str]:
                return code.loop(*rows, lambda r, _: self._row(code, x, y, (n, r)))

            code.loop(0, p.batch, image)

        why = f"{p.image[0]}x{p.image[1]} planes folded to {f.image[0]}x{f.image[1]} pixels of {f.channels} bytes"
        return write(code, [x, y], (groups, 1, 1), body, flops=flops, results=1, why=why)

    def _row(self, code: Code, x: View, y: View, at: tuple[Index, Index]) -> list[str]:
        """A row of the folded image, 16 of the image's pixels at a time."""
        p, f, (n, r) = self.problem, self.folded, at
        lines = [code.add(code.multiply(r, p.strides[0]), i - p.padding[0]) for i in range(p.strides[0])]
        start = code.add(code.multiply(n, f.image[0]), r)
        to = code.multiply(start, self.width)
        first = code.multiply(n, p.channels * p.image[0])

        def pixels(column: Index, moved: int) -> None:
            """From a column of the padded image on; they are loaded from so many pixels further left."""
            source = code.add(column, -p.padding[1] - moved)
            rows = [self._words(code, x, (first, line, source), moved) for line in lines]
            for half, words in enumerate(code.woven(rows, p.strides[1])):
                place = code.add(code.multiply(code.add(to, column), p.strides[0]), half * _LANES)
                code.store_words(words, y, code.multiply(place, TOGETHER))

        starts = tile_starts(self.width, _LANES)
        last = p.image[1] - _LANES + p.padding[1]
        inside = [start for start in starts if p.padding[1] <= start <= last and start % _LANES == 0]
        for start in starts:
            if start not in inside:
                pixels(start, start - min(max(start, p.padding[1]), last))

        def block(column: Index, _: list[str]) -> list[str]:
            pixels(column, 0)
            return []

        if inside:
            code.loop(inside[0], inside[-1] + 1, block, step=_LANES)
        return []

    def _words(self, code: Code, x: View, at: tuple[Index, Index, Index], moved: int) -> str:
        """A word for each of 16 pixels of a line, perhaps outside of the image."""
        p, (first, line, column) = self.problem, at
        near = code.larger(0, code.smaller(line, p.image[0] - 1))
        around = code.words([code.number(f"{self.byte} : i8")] * p.channels)
        found = []
        for k in range(p.channels):
            row = code.add(code.add(first, k * p.image[0]), near)
            value = code.load(x, row, column)
            found.append(self.quantise.emit(code, value, Place(row, column), []))
        words = code.shifted(code.words(found), moved, around)
        return code.chosen(code.is_below(line, p.image[0]), words, around, "i32")
