"""Attention problems for tests, and what they should give."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from webtensorc_kernels.attention import Attention
from webtensorc_kernels.epilogue import Apply, By, Constant, Epilogue, Load

SCALE = 0.3


@st.composite
def attentions(draw: st.DrawFn, keys: int = 40, depth: int = 20, outputs: int = 40) -> Attention:
    """Groups that lie side by side in the result or not, and that are parts of larger tensors or not."""
    heads, images = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    first = draw(st.tuples(*[st.integers(0, 2)] * 3))
    after = draw(st.tuples(*[st.integers(0, 2)] * 3))
    groups = heads * images
    whole = tuple(a + groups + b for a, b in zip(first, after, strict=True))
    sizes = [draw(st.integers(1, most)) for most in (20, keys, depth, outputs)]
    return Attention(groups, *sizes, heads, first, (whole[0], whole[1], whole[2]), draw(st.booleans()))


def masked(by: By, rows: int) -> Epilogue:
    """Scores scaled by a number, and a mask added."""
    steps = (
        Constant(f"{SCALE} : f32"),
        Apply("arith.mulf", (-1, 0), "", ("f32",) * 3),
        Load(0, by),
        Apply("arith.addf", (1, 2), "", ("f32",) * 3),
    )
    return Epilogue(steps, (by,), plane=rows)


def arrays(p: Attention, by: By) -> tuple[np.ndarray, ...]:
    """Queries, keys, values, mask."""
    rng = np.random.default_rng(0)
    queries, keys, values = p.whole or (p.groups,) * 3
    across = (p.keys, p.depth) if p.stored else (p.depth, p.keys)
    shapes = [(queries, p.rows, p.depth), (keys, *across), (values, p.keys, p.outputs)]
    mask = rng.standard_normal({"plane": (p.rows, p.keys), "channel": (p.keys,)}[by])
    mask[..., 1::3] = -np.inf
    return *(rng.standard_normal(shape) for shape in shapes), mask


def attended(p: Attention, q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Attention by its definition, in float64, as the kernel's result lies."""
    q, k, v = (a[first : first + p.groups].astype(float) for a, first in zip((q, k, v), p.first, strict=True))
    scores = SCALE * (q @ (k.swapaxes(1, 2) if p.stored else k)) + mask
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    y = weights / weights.sum(-1, keepdims=True) @ v
    return y.reshape(-1, p.heads, p.rows, p.outputs).swapaxes(1, 2).reshape(-1, p.heads * p.outputs)
