"""Shapes of convolutions for property tests, and what they should give."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st
from webtensorc_kernels import panels
from webtensorc_kernels.convolution import Axis, Convolution


@st.composite
def axes(draw: st.DrawFn, largest: int, kernel: int = 5) -> Axis:
    """One dimension of any kind: a stride, a dilation, uneven padding."""
    k, s, d = draw(st.integers(1, kernel)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    before, after = draw(st.integers(0, 4)), draw(st.integers(0, 4))
    span = (k - 1) * d + 1
    extent = draw(st.integers(max(1, span - before - after), max(largest, span)))
    return Axis(extent, k, (before + extent + after - span) // s + 1, s, d, before)


@st.composite
def convolutions(draw: st.DrawFn, largest: int = 7, channels: int = 40) -> Convolution:
    """Small convolutions of all kinds: groups, several images, odd channels."""
    rows, columns = draw(axes(largest)), draw(axes(largest))
    batch, inputs, outputs = draw(st.integers(1, 2)), draw(st.integers(1, 3)), draw(st.integers(1, channels))
    groups = draw(st.sampled_from((1, 1, 1, 2, 3)))
    return Convolution(batch, (1, 1), inputs, outputs, groups=groups).over(rows, columns)


@st.composite
def volumes(draw: st.DrawFn, channels: int = 40) -> Convolution:
    """The same with a third dimension."""
    return replace(draw(convolutions(largest=4, channels=channels)), depth=draw(axes(largest=4, kernel=3)))


def arrays(problem: Convolution) -> tuple[np.ndarray, np.ndarray]:
    """An image and weights of whole numbers, so that sums are exact in any order.

    Planes follow each other as images do, the rows of a window's planes as rows do.
    """
    p, rng = problem, np.random.default_rng(0)
    x = rng.integers(-4, 5, (p.batch * p.depth.image, *p.image, p.groups * p.channels))
    w = rng.integers(-4, 5, (p.depth.kernel * p.kernel[0], p.kernel[1], p.channels, p.groups * p.outputs))
    return x.astype(np.float32), w.astype(np.float32)


def in_panels(w: np.ndarray) -> np.ndarray:
    """The weights of a matrix product `[1, 1, k, n]` as `pack-weights` stores them."""
    return np.stack([w[0, 0, :, start : start + panels.WIDTH] for start in panels.starts(w.shape[-1])])


def fixed_point(p: Convolution) -> tuple[list[np.ndarray], np.ndarray]:
    """Weights of a matrix product as `fixed-point-weights` stores them, and what they stand for, `[1, 1, k, n]`."""
    rng, starts = np.random.default_rng(0), panels.starts(p.outputs)
    numbers = rng.integers(-900, 901, (p.channels, p.outputs)).astype("<i4")
    steps = np.exp2(rng.integers(-8, -6, p.outputs))
    stacks = [np.stack([each[..., start : start + panels.WIDTH] for start in starts]) for each in (numbers, steps)]
    parts = stacks[0].view(np.int8).reshape(*stacks[0].shape, 4)[..., : panels.FIXED_BYTES].reshape(len(starts), -1)
    return [np.pad(parts, ((0, 0), (0, panels.SLACK))), stacks[1] / 256], (numbers * steps).astype(np.float32)[
        None, None
    ]


def convolved(p: Convolution, x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """The convolution by its definition, window by window, in float64: `[batch * planes, h, w, channels]`."""
    x = x.reshape(p.batch, p.depth.image, *x.shape[1:])
    w = w.reshape(p.depth.kernel, *p.kernel, *w.shape[2:])
    y = np.zeros((p.batch, p.depth.out, *p.out, p.groups * p.outputs))
    for place in np.ndindex(y.shape[1:-1]):
        for tap in np.ndindex(w.shape[:3]):
            pixel = pixel_of(p, place, tap)
            for g in range(p.groups) if pixel else ():
                inputs, outputs = slice(g * p.channels, (g + 1) * p.channels), slice(g * p.outputs, (g + 1) * p.outputs)
                y[:, *place, outputs] += x[:, *pixel, inputs].astype(float) @ w[tap][:, outputs]
    return y.reshape(-1, *y.shape[2:])


def pixel_of(p: Convolution, place: tuple[int, ...], tap: tuple[int, ...]) -> tuple[int, ...]:
    """The plane, row and column that an element of the window at `place` lies on; none if it is outside."""
    along = (p.depth, p.rows, p.columns)
    pixel = tuple(o * a.stride + k * a.dilation - a.padding for o, k, a in zip(place, tap, along, strict=True))
    return pixel if all(0 <= i < a.image for i, a in zip(pixel, along, strict=True)) else ()
