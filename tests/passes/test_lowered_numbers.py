"""The passes below the graph on whole programs: same results, less memory, tiles that are really used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import webtensorc_runtime
from hypothesis import given
from hypothesis import strategies as st
from webtensorc_passes.tiling.tile_contractions import Problem, register_tile, workgroup_tile
from webtensorc_targets.x86_64 import X86Target

import webtensorc
from webtensorc.artifact import Bundle

PASSES = ("plan-arena", "tile-contractions")


def branches(count: int, size: int) -> str:
    """Branches of growing size, all alive until their sum is taken in the opposite order: first fit leaves holes."""
    lines = []
    for i in range(count):
        n = size * (i + 1)
        lines += [
            f"%b{i} = stablehlo.broadcast_in_dim %x, dims = [1] : (tensor<{size}xf32>) -> tensor<{n}x{size}xf32>",
            f"%s{i} = stablehlo.dot_general %b{i}, %w, contracting_dims = [1] x [0]"
            f" : (tensor<{n}x{size}xf32>, tensor<{size}x{size}xf32>) -> tensor<{n}x{size}xf32>",
            f"%t{i} = stablehlo.tanh %s{i} : tensor<{n}x{size}xf32>",
            f"%u{i} = stablehlo.dot_general %t{i}, %w, contracting_dims = [1] x [0]"
            f" : (tensor<{n}x{size}xf32>, tensor<{size}x{size}xf32>) -> tensor<{n}x{size}xf32>",
        ]
    total = size * count * (count + 1) // 2
    parts, types = (
        ", ".join(f"%u{i}" for i in range(count)),
        ", ".join(f"tensor<{size * (i + 1)}x{size}xf32>" for i in range(count)),
    )
    lines += [
        f"%all = stablehlo.concatenate {parts}, dim = 0 : ({types}) -> tensor<{total}x{size}xf32>",
        f"%y = stablehlo.dot_general %all, %w, contracting_dims = [1] x [0]"
        f" : (tensor<{total}x{size}xf32>, tensor<{size}x{size}xf32>) -> tensor<{total}x{size}xf32>",
        f"return %y : tensor<{total}x{size}xf32>",
    ]
    body = "\n  ".join(lines)
    return (
        f"func.func public @main(%x: tensor<{size}xf32>, %w: tensor<{size}x{size}xf32>) -> tensor<{total}x{size}xf32>"
        f" {{\n  {body}\n}}\n"
    )


def compile_text(text: str, folder: Path, **options: object) -> Bundle:
    path = folder / "model.mlir"
    path.write_text(text)
    return webtensorc.compile(path, cache=False, **options)  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_program_with_branches_needs_less_memory_and_gives_the_same(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal(16).astype("float32"), rng.standard_normal((16, 16)).astype("float32") / 4
    text = branches(3, 16)
    plain = compile_text(text, tmp_path, disabled_passes=PASSES)
    ours = compile_text(text, tmp_path)
    (expected,), (result,) = webtensorc_runtime.load(plain)(x, w), webtensorc_runtime.load(ours)(x, w)
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-5)
    report = ours.artifacts[0].report
    assert report["max-live-bytes"] <= report["arena-bytes"] <= report["arena-bytes-before"]


MATMUL = """
func.func public @main(%x: tensor<{m}x{k}xf32>, %w: tensor<{k}x{n}xf32>, %b: tensor<{n}xf32>) -> tensor<{m}x{n}xf32> {{
  %0 = stablehlo.dot_general %x, %w, contracting_dims = [1] x [0]
    : (tensor<{m}x{k}xf32>, tensor<{k}x{n}xf32>) -> tensor<{m}x{n}xf32>
  %1 = stablehlo.broadcast_in_dim %b, dims = [1] : (tensor<{n}xf32>) -> tensor<{m}x{n}xf32>
  %2 = stablehlo.add %0, %1 : tensor<{m}x{n}xf32>
  return %2 : tensor<{m}x{n}xf32>
}}
"""


@pytest.mark.slow
@pytest.mark.parametrize("target", ["x86-64-v2", "x86-64-v3", "host"])
@pytest.mark.parametrize(("m", "k", "n"), [(1, 96, 256), (49, 64, 128), (8, 33, 32), (6, 50, 64), (5, 7, 1001)])
def test_products_of_many_shapes(target: str, m: int, k: int, n: int, tmp_path: Path) -> None:
    options = {"targets": (target,), "disabled_passes": ("generate-kernels",)}
    bundle = compile_text(MATMUL.format(m=m, k=k, n=n), tmp_path, **options)
    rng = np.random.default_rng(m * k * n)
    x, w, b = (rng.standard_normal(shape).astype("float32") for shape in ((m, k), (k, n), (n,)))
    (result,) = webtensorc_runtime.load(bundle)(x, w, b)
    np.testing.assert_allclose(result, x.astype("float64") @ w + b, rtol=1e-4, atol=1e-4)
    report = bundle.artifacts[0].report
    assert report["contractions"] == 1
    assert report["tiled-contractions"] == (n != 1001)


LEVELS = st.sampled_from([X86Target(level) for level in ("v1", "v2", "v3", "v4")])
EXTENTS = st.integers(1, 3000)


@given(LEVELS, EXTENTS, EXTENTS, st.integers(1, 4096))
def test_tiles_divide_the_product_and_fit_the_registers(target: X86Target, m: int, n: int, k: int) -> None:
    lanes = target.vector_bytes // 4
    tile = register_tile(m, n, lanes, target.vector_registers)
    if tile is None:
        assert n % lanes or all(m % r or n % (v * lanes) for r in range(1, 9) for v in (1, 2, 4, 8) if 4 <= r * v <= 10)
        return
    rows, vectors = tile[0], tile[1] // lanes
    assert m % tile[0] == 0 and n % tile[1] == 0
    assert rows * vectors + vectors <= target.vector_registers
    block = workgroup_tile(Problem(m, n, k, False), tile, 1 << 17)
    assert m % block[0] == 0 and n % block[1] == 0
    assert block[0] % tile[0] == 0 and block[1] % tile[1] == 0
