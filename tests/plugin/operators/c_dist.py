"""CDist of ONNX Runtime's own domain: the distances between the rows of two matrices."""

from __future__ import annotations

import jax.numpy as jnp

from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import Value


@op("CDist", domain="com.microsoft")
def c_dist(a: Value, b: Value, *, metric: str = "sqeuclidean") -> Value:
    """|a_i - b_j|, or its square (com.microsoft CDist, opset 1)."""
    squares = jnp.sum(jnp.square(a[:, None] - b), axis=-1)
    return jnp.sqrt(squares) if metric == "euclidean" else squares
