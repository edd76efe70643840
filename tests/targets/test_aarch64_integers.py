"""Products of int8 on aarch64: the instructions that are there for them, and exact results under emulation."""

from __future__ import annotations

import re
from pathlib import Path

import emulated
import numpy as np
import pytest
from iree.compiler import compile_str

import webtensorc
from webtensorc.driver import Request, lower
from webtensorc.phase import Phase
from webtensorc.registry import make_target

INTEGERS = """
func.func @main(%x: tensor<33x100xi8>, %w: tensor<100x17xi8>, %y: tensor<33x20xf32>, %v: tensor<20x9xf32>,
    %p: tensor<15x16xi32>, %q: tensor<16x9xi32>) -> (tensor<33x17xi32>, tensor<33x9xf32>, tensor<15x9xi32>) {
  %0 = stablehlo.dot_general %x, %w, contracting_dims = [1] x [0]
    : (tensor<33x100xi8>, tensor<100x17xi8>) -> tensor<33x17xi32>
  %1 = stablehlo.dot_general %y, %v, contracting_dims = [1] x [0]
    : (tensor<33x20xf32>, tensor<20x9xf32>) -> tensor<33x9xf32>
  %2 = stablehlo.dot_general %p, %q, contracting_dims = [1] x [0]
    : (tensor<15x16xi32>, tensor<16x9xi32>) -> tensor<15x9xi32>
  return %0, %1, %2 : tensor<33x17xi32>, tensor<33x9xf32>, tensor<15x9xi32>
}
"""
"""Products of int8, of float32, and one of int32 that no vector fits, over which LLVM with SVE2 ran out of memory."""


CONVOLUTION = """
func.func @main(%x: tensor<1x8x9x6xi8>, %w: tensor<3x3x6x20xi8>) -> tensor<1x6x7x20xi32> {
  %0 = stablehlo.convolution(%x, %w) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {}
    {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
    : (tensor<1x8x9x6xi8>, tensor<3x3x6x20xi8>) -> tensor<1x6x7x20xi32>
  return %0 : tensor<1x6x7x20xi32>
}
"""


@pytest.fixture
def integers(tmp_path: Path) -> Path:
    (tmp_path / "integers.mlir").write_text(INTEGERS)
    return tmp_path / "integers.mlir"


@pytest.mark.slow
@pytest.mark.parametrize(("target", "instruction"), [("aarch64-v8.2", "sdot"), ("aarch64-v9", "smmla")])
def test_products_of_int8_use_the_instructions_for_them(
    target: str, instruction: str, integers: Path, tmp_path: Path
) -> None:
    lowered = lower(Request(integers, (target,)), Phase.FLOW)
    assert lowered.count("unset_encoding") == 1  # products of floats are not packed
    described, folder = make_target(target), tmp_path / "assembly"
    folder.mkdir()
    flags = [*described.flags(3), *described.integer_product_flags, "--compile-from=flow"]
    compile_str(lowered, extra_args=[*flags, f"--iree-hal-dump-executable-intermediates-to={folder}"])
    text = "".join(path.read_text() for path in folder.glob("*.s"))
    assert re.search(rf"^\s+{instruction}\s", text, re.MULTILINE)
    assert lower(Request(integers, ("aarch64",)), Phase.FLOW).count("unset_encoding") == 0


@pytest.mark.slow
@pytest.mark.skipif(bool(emulated.missing()), reason=emulated.missing() or "")
@pytest.mark.parametrize("target", ["aarch64", "aarch64-v8.2", "aarch64-v9"])
def test_products_of_int8_are_exact(target: str, integers: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    feed = {
        name: random.integers(-128, 128, shape).astype(kind)
        for name, shape, kind in (
            ("x", (33, 100), np.int8),
            ("w", (100, 17), np.int8),
            ("y", (33, 20), np.float32),
            ("v", (20, 9), np.float32),
            ("p", (15, 16), np.int32),
            ("q", (16, 9), np.int32),
        )
    }
    bundle = webtensorc.compile(integers, targets=[target], cache=False)
    names = [spec.name for spec in bundle.model.inputs]
    outputs = emulated.run(bundle, target, dict(zip(names, feed.values(), strict=True)), tmp_path)
    whole, real, wide = outputs.values()
    np.testing.assert_array_equal(whole, feed["x"].astype(np.int32) @ feed["w"].astype(np.int32))
    np.testing.assert_array_equal(real, feed["y"] @ feed["v"])
    np.testing.assert_array_equal(wide, feed["p"] @ feed["q"])


@pytest.mark.slow
@pytest.mark.skipif(bool(emulated.missing()), reason=emulated.missing() or "")
@pytest.mark.parametrize("target", ["aarch64-v8.2", "aarch64-v9"])
def test_convolutions_of_int8_are_exact(target: str, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    x = random.integers(-128, 128, (1, 8, 9, 6)).astype(np.int8)
    w = random.integers(-128, 128, (3, 3, 6, 20)).astype(np.int8)
    (tmp_path / "convolution.mlir").write_text(CONVOLUTION)
    bundle = webtensorc.compile(tmp_path / "convolution.mlir", targets=[target], cache=False)
    assert list(bundle.artifacts[0].report["kernels"]) == ["conv_8x9x6_3x3s1_20_i8"]
    feed = dict(zip([spec.name for spec in bundle.model.inputs], (x, w), strict=True))
    (found,) = emulated.run(bundle, target, feed, tmp_path).values()
    windows = np.lib.stride_tricks.sliding_window_view(x[0].astype(np.int32), (3, 3), (0, 1))
    np.testing.assert_array_equal(found[0], np.einsum("abcij,ijco->abo", windows, w.astype(np.int32)))
