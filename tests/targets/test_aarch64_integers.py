"""Products of int8 on aarch64: the instructions that are there for them, and exact results under emulation."""

from __future__ import annotations

import re
from collections import Counter
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
    %p: tensor<15x16xi32>, %q: tensor<16x9xi32>, %s: tensor<100xi8>, %t: tensor<100xi8>)
    -> (tensor<33x17xi32>, tensor<33x9xf32>, tensor<15x9xi32>, tensor<1xi32>) {
  %0 = stablehlo.dot_general %x, %w, contracting_dims = [1] x [0]
    : (tensor<33x100xi8>, tensor<100x17xi8>) -> tensor<33x17xi32>
  %1 = stablehlo.dot_general %y, %v, contracting_dims = [1] x [0]
    : (tensor<33x20xf32>, tensor<20x9xf32>) -> tensor<33x9xf32>
  %2 = stablehlo.dot_general %p, %q, contracting_dims = [1] x [0]
    : (tensor<15x16xi32>, tensor<16x9xi32>) -> tensor<15x9xi32>
  %3 = stablehlo.dot_general %s, %t, contracting_dims = [0] x [0] : (tensor<100xi8>, tensor<100xi8>) -> tensor<i32>
  %4 = stablehlo.reshape %3 : (tensor<i32>) -> tensor<1xi32>
  return %0, %1, %2, %4 : tensor<33x17xi32>, tensor<33x9xf32>, tensor<15x9xi32>, tensor<1xi32>
}
"""
"""Products of int8, of float32, one of int32 that no vector fits, over which LLVM with SVE2 ran out of memory, and one
of two vectors of int8, which did not compile where it was packed."""


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
    assert lowered.count("unset_encoding") == 1  # neither products of floats are packed nor those of vectors
    described, folder = make_target(target), tmp_path / "assembly"
    folder.mkdir()
    flags = [*described.flags(3), *described.integer_product_flags, "--compile-from=flow"]
    compile_str(lowered, extra_args=[*flags, f"--iree-hal-dump-executable-intermediates-to={folder}"])
    text = "".join(path.read_text() for path in folder.glob("*.s"))
    assert re.search(rf"^\s+{instruction}\s", text, re.MULTILINE)
    assert lower(Request(integers, ("aarch64",)), Phase.FLOW).count("unset_encoding") == 0


UNSIGNED = """
func.func @main(%x: tensor<33x100xui8>, %w: tensor<100x32xi8>) -> tensor<33x32xi32> {
  %a = stablehlo.convert %x : (tensor<33x100xui8>) -> tensor<33x100xi32>
  %b = stablehlo.convert %w : (tensor<100x32xi8>) -> tensor<100x32xi32>
  %0 = stablehlo.dot_general %a, %b, contracting_dims = [1] x [0]
    : (tensor<33x100xi32>, tensor<100x32xi32>) -> tensor<33x32xi32>
  return %0 : tensor<33x32xi32>
}
"""


@pytest.mark.slow
@pytest.mark.parametrize(("target", "instruction"), [("aarch64-v8.2", "sdot"), ("aarch64-v8.2{extra=[i8mm]}", "smmla")])
def test_products_of_unsigned_bytes_use_them_too(target: str, instruction: str, tmp_path: Path) -> None:
    """Unsigned numbers are 128 more than signed ones; nothing is widened to int16."""
    (tmp_path / "unsigned.mlir").write_text(UNSIGNED)
    described, folder = make_target(target), tmp_path / "assembly"
    folder.mkdir()
    lowered = lower(Request(tmp_path / "unsigned.mlir", (target,)), Phase.EXECUTABLE_CONFIGURATIONS)
    flags = [*described.flags(3), *described.integer_product_flags, "--compile-from=executable-configurations"]
    compile_str(lowered, extra_args=[*flags, f"--iree-hal-dump-executable-intermediates-to={folder}"])
    text = "".join(path.read_text() for path in folder.glob("*.s"))
    assert re.search(rf"^\s+{instruction}\s", text, re.MULTILINE)
    assert not re.search(r"^\s+[su]mlal", text, re.MULTILINE)


CONTRACTIONS = """
func.func @main(%x: tensor<64x256xf32>, %w: tensor<256x96xf32>, %i: tensor<1x14x14x32xf32>,
    %k: tensor<3x3x32x64xf32>, %q: tensor<1x8x9x8xi8>, %r: tensor<3x3x8x32xi8>)
    -> (tensor<64x96xf32>, tensor<1x12x12x64xf32>, tensor<1x6x7x32xi32>) {
  %0 = stablehlo.dot_general %x, %w, contracting_dims = [1] x [0]
    : (tensor<64x256xf32>, tensor<256x96xf32>) -> tensor<64x96xf32>
  %1 = stablehlo.convolution(%i, %k) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {}
    {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
    : (tensor<1x14x14x32xf32>, tensor<3x3x32x64xf32>) -> tensor<1x12x12x64xf32>
  %2 = stablehlo.convolution(%q, %r) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {}
    {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
    : (tensor<1x8x9x8xi8>, tensor<3x3x8x32xi8>) -> tensor<1x6x7x32xi32>
  return %0, %1, %2 : tensor<64x96xf32>, tensor<1x12x12x64xf32>, tensor<1x6x7x32xi32>
}
"""
"""A product, a convolution by Winograd's algorithm, and one of bytes."""
_LOADED = {"ldr": 1, "ldur": 1, "ld1r": 1, "ldp": 2}
"""Registers that an instruction loads."""


def innermost_loops(assembly: str) -> list[Counter[str]]:
    """How often each instruction is in every loop of one basic block."""
    found, block, label = [], Counter[str](), ""
    for line in assembly.splitlines():
        words = line.split()
        if start := re.match(r"(\.L\w+):", line):
            block, label = Counter(), start[1]
        elif words and re.match(r"[a-z]", words[0]):
            block[words[0]] += 1
            if words[-1] == label:
                found.append(block)
                block, label = Counter(), ""
    return found


@pytest.mark.slow
def test_inner_loops_are_bound_by_multiplications(tmp_path: Path) -> None:
    """More of them than registers are loaded, and nothing is stored: two of either are begun in a cycle."""
    (tmp_path / "model.mlir").write_text(CONTRACTIONS)
    target, folder = "aarch64-v8.2", tmp_path / "assembly"
    folder.mkdir()
    lowered = lower(Request(tmp_path / "model.mlir", (target,)), Phase.EXECUTABLE_CONFIGURATIONS)
    flags = [*make_target(target).flags(3), "--compile-from=executable-configurations"]
    compile_str(lowered, extra_args=[*flags, f"--iree-hal-dump-executable-intermediates-to={folder}"])
    loops = innermost_loops("".join(path.read_text() for path in folder.glob("*.s")))
    for instruction, kernels in {"fmla": 2, "sdot": 1}.items():
        transforms = {"fadd", "fmul", "fmov"}  # Winograd's, by constants
        products = [each for each in loops if each[instruction] > 8 and not transforms & set(each)]
        assert len(products) >= kernels, instruction  # one more where the last rows are a smaller tile
        for each in products:
            loads = sum(each[name] * registers for name, registers in _LOADED.items())
            assert each[instruction] > 1.5 * loads and each[instruction] > 0.4 * each.total(), each
            assert not {name for name in each if name.startswith("st")}


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
            ("s", (100,), np.int8),
            ("t", (100,), np.int8),
        )
    }
    bundle = webtensorc.compile(integers, targets=[target], cache=False)
    names = [spec.name for spec in bundle.model.inputs]
    outputs = emulated.run(bundle, target, dict(zip(names, feed.values(), strict=True)), tmp_path)
    whole, real, wide, single = outputs.values()
    np.testing.assert_array_equal(whole, feed["x"].astype(np.int32) @ feed["w"].astype(np.int32))
    np.testing.assert_array_equal(real, feed["y"] @ feed["v"])
    np.testing.assert_array_equal(wide, feed["p"] @ feed["q"])
    np.testing.assert_array_equal(single, [feed["s"].astype(np.int32) @ feed["t"].astype(np.int32)])


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
