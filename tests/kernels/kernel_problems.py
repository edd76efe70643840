"""Shapes of convolutions for property tests, and what they should give."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from webtensorc_kernels import panels
from webtensorc_kernels.convolution import Convolution


@st.composite
def convolutions(draw: st.DrawFn, largest: int = 7, channels: int = 40) -> Convolution:
    """Small convolutions of all kinds: strides, dilations, uneven padding, groups, several images, odd channels."""
    kernel, strides, dilations, padding, image, out = [], [], [], [], [], []
    for _ in range(2):
        k, s, d = draw(st.integers(1, 5)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
        before, after = draw(st.integers(0, 4)), draw(st.integers(0, 4))
        span = (k - 1) * d + 1
        extent = draw(st.integers(max(1, span - before - after), max(largest, span)))
        for values, value in zip((kernel, strides, dilations, padding, image), (k, s, d, before, extent), strict=True):
            values.append(value)
        out.append((before + extent + after - span) // s + 1)
    return Convolution(
        draw(st.integers(1, 2)),
        (image[0], image[1]),
        draw(st.integers(1, 3)),
        draw(st.integers(1, channels)),
        (kernel[0], kernel[1]),
        (out[0], out[1]),
        (strides[0], strides[1]),
        (dilations[0], dilations[1]),
        (padding[0], padding[1]),
        draw(st.sampled_from((1, 1, 1, 2, 3))),
    )


def arrays(problem: Convolution) -> tuple[np.ndarray, np.ndarray]:
    """An image and weights of whole numbers, so that sums are exact in any order."""
    rng = np.random.default_rng(0)
    x = rng.integers(-4, 5, (problem.batch, *problem.image, problem.groups * problem.channels))
    w = rng.integers(-4, 5, (*problem.kernel, problem.channels, problem.groups * problem.outputs))
    return x.astype(np.float32), w.astype(np.float32)


def in_panels(w: np.ndarray) -> np.ndarray:
    """The weights of a matrix product `[1, 1, k, n]` as `pack-weights` stores them."""
    return np.stack([w[0, 0, :, start : start + panels.WIDTH] for start in panels.starts(w.shape[-1])])


def convolved(p: Convolution, x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """The convolution by its definition, window by window, in float64."""
    y = np.zeros((p.batch, *p.out, p.groups * p.outputs))
    for oh, ow, kh, kw in np.ndindex(*p.out, *p.kernel):
        ih = oh * p.strides[0] + kh * p.dilations[0] - p.padding[0]
        iw = ow * p.strides[1] + kw * p.dilations[1] - p.padding[1]
        if not (0 <= ih < p.image[0] and 0 <= iw < p.image[1]):
            continue
        for g in range(p.groups):
            inputs, outputs = slice(g * p.channels, (g + 1) * p.channels), slice(g * p.outputs, (g + 1) * p.outputs)
            y[:, oh, ow, outputs] += x[:, ih, iw, inputs].astype(float) @ w[kh, kw][:, outputs]
    return y
