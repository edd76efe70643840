"""Discrete Fourier transforms as matrix products, by mixed radix.

Cooley and Tukey (1965): a length `n1 n2` is `n2` transforms of length `n1`, a multiplication by twiddle factors, and
`n1` transforms of length `n2`. Lengths up to 64, and prime ones, are one product with the matrix of the transform. Its
elements are computed in float64, so the error is `O(eps log n)` for composite lengths, `O(eps sqrt n)` for prime ones.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from webtensorc.frontends.stablehlo.expansion import Call, expands

_DIRECT = 64

Pair = tuple[jax.Array, jax.Array]
"""Real and imaginary part."""


@expands("stablehlo.fft", fixed=1)
def fft(call: Call, x: jax.Array) -> tuple[jax.Array]:
    """StableHLO `fft` of types FFT, IFFT, RFFT and IRFFT over the last one to three dimensions."""
    lengths = call.attributes["fft_length"]
    kind = call.attributes["fft_type"].removeprefix("#stablehlo<fft_type ").rstrip(">")
    dtype, shape = call.results[0]
    if 0 in x.shape or 0 in shape:
        return (jnp.zeros(shape, dtype),)
    inverse = kind in ("IFFT", "IRFFT")
    pair = (jnp.real(x), jnp.imag(x)) if jnp.iscomplexobj(x) else (x, jnp.zeros_like(x))
    axes = list(range(x.ndim - len(lengths), x.ndim))
    last = axes.pop() if kind in ("RFFT", "IRFFT") else None
    if kind == "RFFT":
        re, im = _along(pair, x.ndim - 1, False)
        pair = re[..., : lengths[-1] // 2 + 1], im[..., : lengths[-1] // 2 + 1]
    for axis in axes:
        pair = _along(pair, axis, inverse)
    if kind == "IRFFT" and last is not None:
        pair = _along(_mirrored(pair, lengths[-1]), last, True)
    scale = 1 / np.prod(lengths) if inverse else 1
    re, im = ((each * scale).astype(each.dtype) for each in pair)
    return (re if kind == "IRFFT" else jax.lax.complex(re, im),)


def _mirrored(pair: Pair, n: int) -> Pair:
    """The whole spectrum of a real signal of length `n`, from its first half; `X[n - k] = conj(X[k])`."""
    re, im = (each[..., : n // 2 + 1] for each in pair)
    # The imaginary parts of elements that are their own mirror images do not count.
    own = np.zeros(n // 2 + 1, bool)
    own[[0, *([n // 2] if n % 2 == 0 else [])]] = True
    im = jnp.where(own, 0, im)
    # One gather each: a concatenation of open size is computed on the stack by the native compiler.
    half = np.arange(n // 2 + 1)
    index = np.concatenate([half, half[1 : n - n // 2][::-1]])
    sign = np.where(np.arange(n) > n // 2, -1, 1).astype(im.dtype)
    return jnp.take(re, index, -1, mode="clip"), jnp.take(im, index, -1, mode="clip") * sign


def _along(pair: Pair, axis: int, inverse: bool) -> Pair:
    re, im = (jnp.moveaxis(each, axis, -1) for each in pair)
    re, im = _transform(re, im, inverse)
    return jnp.moveaxis(re, -1, axis), jnp.moveaxis(im, -1, axis)


def _transform(re: jax.Array, im: jax.Array, inverse: bool) -> Pair:
    """The transform along the last dimension, without a scale."""
    n = re.shape[-1]
    outer = _factor(n)
    if outer == 1:
        cos, sin = _roots(np.outer(np.arange(n), np.arange(n)), n, inverse, re.dtype)
        return re @ cos - im @ sin, re @ sin + im @ cos
    inner = n // outer
    shape = (*re.shape[:-1], outer, inner)  # element `inner * j + k`
    re, im = (jnp.swapaxes(each.reshape(shape), -1, -2) for each in (re, im))
    re, im = _transform(re, im, inverse)  # [..., k, p]
    cos, sin = _roots(np.outer(np.arange(inner), np.arange(outer)), n, inverse, re.dtype)
    re, im = re * cos - im * sin, re * sin + im * cos
    re, im = _transform(
        jnp.swapaxes(re, -1, -2), jnp.swapaxes(im, -1, -2), inverse
    )  # [..., p, q], frequency p + outer q
    flat = (*re.shape[:-2], n)
    return jnp.swapaxes(re, -1, -2).reshape(flat), jnp.swapaxes(im, -1, -2).reshape(flat)


def _factor(n: int) -> int:
    """A factor of `n` to split off, near its square root; 1 if `n` is to be transformed directly."""
    if n <= _DIRECT:
        return 1
    return max(each for each in range(1, int(n**0.5) + 1) if n % each == 0)


def _roots(products: np.ndarray, n: int, inverse: bool, dtype: np.dtype) -> Pair:
    """`exp(-2 pi i products / n)`, conjugated if `inverse`."""
    angle = 2 * np.pi * (products % n) / n
    return jnp.asarray(np.cos(angle), dtype), jnp.asarray(np.sin(angle) if inverse else -np.sin(angle), dtype)
