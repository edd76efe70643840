"""Matrix products and linear algebra."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import Value


@op("MatMul")
def matmul(a: Value, b: Value) -> Value:
    """numpy.matmul; 16-bit floats are summed in 32 bits."""
    return _product(a, b)


def _product(a: Value, b: Value) -> Value:
    if a.dtype.itemsize == 2 and jnp.issubdtype(a.dtype, jnp.floating):
        return jnp.matmul(a, b, preferred_element_type=np.float32).astype(a.dtype)
    return jnp.matmul(a, b)


@op("Gemm")
def gemm(
    a: Value, b: Value, c: Value = None, *, alpha: float = 1.0, beta: float = 1.0, transA: int = 0, transB: int = 0
) -> Value:
    """alpha * A @ B + beta * C, either matrix transposed on the way; fractions of integers are cut off at the end."""
    if jnp.issubdtype(a.dtype, jnp.integer) and (alpha % 1 or beta % 1):
        wide = (None if each is None else jnp.asarray(each, np.float64) for each in (a, b, c))
        return gemm(*wide, alpha=alpha, beta=beta, transA=transA, transB=transB).astype(a.dtype)
    y = _product(a.T if transA else a, b.T if transB else b)
    if alpha != 1:
        y = y * np.asarray(alpha, y.dtype)
    if c is None or beta == 0:
        return y
    return y + (c if beta == 1 else c * np.asarray(beta, c.dtype))


@op("Einsum", since=12)
def einsum(*inputs: Value, equation: str) -> Value:
    """numpy.einsum."""
    return jnp.einsum(equation.replace(" ", ""), *inputs)


@op("Det", since=11)
def det(x: Value) -> Value:
    """Determinants of the innermost matrices, by elimination with partial pivoting (sizes are known, so unrolled)."""
    size = x.shape[-1]
    if x.shape[-2] != size:
        raise ValueError(f"its matrices must be square, not {x.shape[-2]}x{size}")
    result = jnp.ones(x.shape[:-2], x.dtype)
    for column in range(size):
        rows = np.arange(column, size)
        pivot = jnp.argmax(jnp.abs(x[..., column:, column]), -1)[..., None] + column
        top = jnp.take_along_axis(x, pivot[..., None], -2)
        first = x[..., column : column + 1, :]
        is_pivot = (rows == pivot)[..., None]
        below = jnp.where(is_pivot, first, x[..., column:, :])[..., 1:, :]
        value = top[..., 0, column]
        result = result * jnp.where(pivot[..., 0] == column, value, -value)
        factor = below[..., :, column : column + 1] / jnp.where(value == 0, 1, value)[..., None, None]
        x = jnp.concatenate([x[..., :column, :], top, below - factor * top], -2)
    return result
