"""Programs that gave another answer than JAX, or none, when they were tried: each is the smallest that did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import webtensorc_runtime
from jax import export, lax

import webtensorc

BYTES = np.asarray([[200, 3, 255], [7, 128, 90]], np.uint8)
SHORTS = np.asarray([[60000, 3, 65535], [7, 40000, 90]], np.uint16)
ODD = np.asarray([np.nan, -np.inf, np.inf, -0.0, 0.0, 1.5, -8.0], np.float32)


def product(a: Any, kind: Any) -> Any:
    return lax.dot(a, a.T, preferred_element_type=kind)


def reshaped(a: Any) -> Any:
    wide = a.reshape(2, 18).astype(np.float32).reshape(2, 3, 6)
    return jnp.einsum("bik,bjk->bij", jnp.cos(wide[:, :2]), wide)


def image(a: Any, kind: Any) -> Any:
    return lax.conv(a[None, None], a[None, None], (1, 1), "SAME", preferred_element_type=kind)


def angles(x: Any) -> Any:
    return jnp.arctan2(x[:, None], x)


def small_products(x: Any) -> Any:
    """Of every rank that has an operation of its own."""
    y = jnp.stack([x, -x])
    return [lax.dot(x, x.T), lax.dot(x, x[0]), lax.dot(x[0], x[1]), jnp.einsum("bij,bkj->bik", y, y)]


SMALL = np.asarray([[1.5, -2.0, 0.25], [-1.0, 0.5, 3.0]], ml_dtypes.float8_e5m2)


def windows(a: Any) -> Any:
    """Over what one window sees and another sees a function of."""
    a = a.astype(np.int32)[None, :, :, None]
    kernel = jnp.arange(6, dtype=np.int32).reshape(2, 3, 1, 1)
    dimensions = "NHWC", "HWIO", "NHWC"
    squares, b = a * a, a - 3
    images = [lax.conv_general_dilated(each, kernel, (1, 1), "SAME", dimension_numbers=dimensions)
              for each in (squares, jnp.maximum(squares, b))]  # fmt: skip
    around = ((0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 0, 0))
    return images, [jnp.cumsum(lax.pad(each, np.int32(0), around), 1) for each in (b, a * b, b + a * b)]


FOUND: dict[str, tuple[Any, ...]] = {
    # A product that is wider than its operands extended the sign of unsigned ones.
    "bytes": (lambda a: [f(a, kind) for f in (product, image) for kind in (np.int32, np.uint32, np.float32)], BYTES),
    "shorts": (lambda a: [product(a, np.uint32), image(a, np.int32)], SHORTS),
    # So did one of what was reshaped, widened and reshaped.
    "reshaped bytes": (reshaped, np.arange(0, 252, 7, np.uint8).reshape(2, 3, 6)),
    # The negative of NaN was the positive one, which is at the other end of what is sorted by bits.
    "least": (lambda x: -lax.top_k(-x, 4)[0], ODD.astype(ml_dtypes.bfloat16)),
    # The native arc tangent in half precision lost the signs of zeros, and had NaN for two infinities.
    "angles": (angles, ODD.astype(np.float16)),
    "rough angles": (angles, ODD.astype(ml_dtypes.bfloat16)),
    # A matrix product of floats of 8 bits was an internal error.
    "small products": (small_products, SMALL),
    "small and wide": (
        lambda x: lax.dot(x, x.T, preferred_element_type=np.float32),
        SMALL.astype(ml_dtypes.float8_e4m3fn),
    ),
    # A float of 8 bits below zero wrapped around as an unsigned integer; others become 0.
    "small to bytes": (lambda x: x.astype(np.uint8), SMALL),
    # Zeros were shifted in, where the highest of four bits is.
    "four bits": (lambda x: lax.shift_right_arithmetic(x.astype(jnp.uint4), jnp.uint4(1)).astype(np.uint8), BYTES),
    # Kernels that pad two of their results were refused by the native compiler.
    "windows": (windows, BYTES),
    "cube roots": (lambda x: [jnp.cbrt(x), jnp.cbrt(x.astype(jnp.float16))], ODD),
}


def test_programs_agree_with_jax() -> None:
    given = {name: x for name, (_, x) in FOUND.items()}
    function = jax.jit(lambda given: {name: f(given[name]) for name, (f, _) in FOUND.items()})
    wanted = jax.tree.leaves_with_path(function(given))
    module = webtensorc_runtime.load(webtensorc.compile(export.export(function)(given), cache=False))
    for got, (path, right) in zip(module(*jax.tree.leaves(given)), wanted, strict=True):
        assert got.dtype == right.dtype
        rtol = {1: 0, 2: 1e-2, 4: 1e-6}[got.dtype.itemsize] if got.dtype.kind not in "iu" else 0
        found, right = (np.asarray(each, np.float64) for each in (got, right))
        np.testing.assert_allclose(found, right, rtol=rtol, err_msg=str(path))
        np.testing.assert_array_equal(np.signbit(found[right == 0]), np.signbit(right[right == 0]), str(path))


def test_complex_images_with_the_channels_last() -> None:
    """The native compiler refused kernels of parts and of their sum, all of which are padded."""
    with jax.enable_x64(True):
        rng = np.random.default_rng(0)
        x, w = (rng.standard_normal(shape) @ [1, 1j] for shape in ((1, 5, 4, 3, 2), (3, 3, 3, 2, 2)))
        function = jax.jit(
            lambda x, w: lax.conv_general_dilated(x, w, (1, 2), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
        )
        exported, expected = export.export(function)(x, w), np.asarray(function(x, w))
    module = webtensorc_runtime.load(webtensorc.compile(exported, cache=False))
    np.testing.assert_allclose(module(x, w)[0], expected, rtol=1e-12)


def test_operations_of_stablehlo_alone(tmp_path: Path) -> None:
    """JAX emits none of these, XLA and other frameworks do."""
    x, g = "tensor<2x3x4xf32>", "tensor<3xf32>"
    path = tmp_path / "model.mlir"
    path.write_text(f"""
        func.func @main(%x: {x}, %s: {g}, %m: {g}, %v: {g}, %g: {x}) -> ({x}, {g}, {g}, tensor<4x2xf32>) {{
          %r:3 = "stablehlo.batch_norm_grad"(%x, %s, %m, %v, %g) {{epsilon = 0.25 : f32, feature_index = 1 : i64}}
            : ({x}, {g}, {g}, {g}, {x}) -> ({x}, {g}, {g})
          %e = "stablehlo.unary_einsum"(%x) {{einsum_config = "ijk->ki"}} : ({x}) -> tensor<4x2xf32>
          return %r#0, %r#1, %r#2, %e : {x}, {g}, {g}, tensor<4x2xf32>
        }}""")
    rng = np.random.default_rng(0)
    x, g = (rng.standard_normal((2, 3, 4)).astype(np.float32) for _ in "xg")
    s = rng.standard_normal(3).astype(np.float32)
    mean, variance = x.mean((0, 2)), x.var((0, 2))
    module = webtensorc_runtime.load(webtensorc.compile(path, cache=False))

    def normalised(x: Any, s: Any, o: Any) -> Any:
        m, v = (f(x, (0, 2), keepdims=True) for f in (jnp.mean, jnp.var))
        return (x - m) / jnp.sqrt(v + 0.25) * s[:, None] + o[:, None]

    wanted = jax.vjp(normalised, x, s, s)[1](g)
    for got, right in zip(module(x, s, mean, variance, g), (*wanted, x.sum(1).T), strict=True):
        np.testing.assert_allclose(got, right, rtol=1e-5, atol=1e-6)
