"""Functions that SPIR-V lacks, or has for 32 bits alone, written out."""

from __future__ import annotations

from pathlib import Path

import kernels
import numpy as np
import pytest
import webtensorc_runtime
from vulkan_device import needs_vulkan

import webtensorc

FUNCTIONS = """
func.func @main(%x: tensor<8xf64>) -> (tensor<8xf64>, tensor<8xf64>) {
  %0 = stablehlo.exponential %x : tensor<8xf64>
  %1 = stablehlo.log %x : tensor<8xf64>
  return %0, %1 : tensor<8xf64>, tensor<8xf64>
}
"""


COUNTS = """
func.func @main(%a: tensor<5xi64>, %b: tensor<5xi16>) -> (tensor<5xi64>, tensor<5xi64>, tensor<5xi16>, tensor<5xi16>) {
  %0 = stablehlo.count_leading_zeros %a : tensor<5xi64>
  %1 = stablehlo.popcnt %a : tensor<5xi64>
  %2 = stablehlo.count_leading_zeros %b : tensor<5xi16>
  %3 = stablehlo.popcnt %b : tensor<5xi16>
  return %0, %1, %2, %3 : tensor<5xi64>, tensor<5xi64>, tensor<5xi16>, tensor<5xi16>
}
"""


@pytest.mark.slow
@needs_vulkan
def test_float64_functions_are_exact_to_the_last_place(tmp_path: Path) -> None:
    """GPUs have none; ours are numpy's at both ends of the range and in between."""
    path = tmp_path / "functions.mlir"
    path.write_text(FUNCTIONS)
    module = webtensorc_runtime.load(webtensorc.compile(path, targets=["spirv"], cache=False), device="vulkan")
    usual = np.random.default_rng(0).lognormal(sigma=3, size=8)
    with np.errstate(all="ignore"):
        for x in (usual, -usual, np.array([0, 5e-324, 3e-310, 709.7, -745.1, np.inf, -np.inf, np.nan])):
            exponential, logarithm = module(x)
            np.testing.assert_allclose(exponential, np.exp(x), rtol=3e-16, atol=0)
            np.testing.assert_allclose(logarithm, np.log(x), rtol=3e-16, atol=0)


@pytest.mark.slow
@needs_vulkan
def test_bits_are_counted_in_words(tmp_path: Path) -> None:
    path = tmp_path / "counts.mlir"
    path.write_text(COUNTS)
    bundle = webtensorc.compile(path, targets=["spirv"], cache=False)
    if kernels.SPIRV_VAL:
        for each in kernels.spirv(bundle.artifacts[0].module):
            kernels.validate(each, tmp_path)
    wide, narrow = np.array([0, 1, -1, 1 << 40, (1 << 33) - 1]), np.array([0, 1, -1, 255, 256], np.int16)
    zeros, ones, narrow_zeros, narrow_ones = webtensorc_runtime.load(bundle, device="vulkan")(wide, narrow)
    np.testing.assert_array_equal(zeros, [64, 63, 0, 23, 31])
    np.testing.assert_array_equal(ones, [0, 1, 64, 1, 33])
    np.testing.assert_array_equal(narrow_zeros, [16, 15, 0, 8, 7])
    np.testing.assert_array_equal(narrow_ones, [0, 1, 16, 8, 1])
