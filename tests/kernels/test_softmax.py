"""Softmax, run by an interpreter of the code that writes it, and its error beside that of a sum from left to right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import webtensorc_runtime
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_interpreter import Interpreter
from webtensorc_kernels import softmax
from webtensorc_kernels.machine import Machine
from webtensorc_kernels.softmax import Softmax

import webtensorc

MACHINES = (Machine(4, 16, False, False, 1 << 19), Machine(16, 32, True, True, 1 << 20))


def reference(x: np.ndarray, logarithm: bool = False) -> np.ndarray:
    """Softmax by its definition, or its logarithm."""
    shifted = x - x.max(axis=-1, keepdims=True)
    total = np.exp(shifted).sum(axis=-1, keepdims=True)
    return shifted - np.log(total) if logarithm else np.exp(shifted) / total


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(2, 600), st.sampled_from(MACHINES), st.booleans(), st.booleans())
def test_rows_of_any_length_are_right(
    rows: int, length: int, machine: Machine, logarithm: bool, reciprocal: bool
) -> None:
    x = np.random.default_rng(rows * length).standard_normal((rows, length)) * 3
    code = Interpreter(softmax.lanes(length, machine), {"%x": x})
    softmax.generate(Softmax(rows, length, logarithm, reciprocal), code)
    assert code.stored["%y"].all()
    np.testing.assert_allclose(code.arrays["%y"], reference(x, logarithm), rtol=1e-10, atol=1e-12)


def test_compiled_a_row_of_a_thousand_is_exact_to_some_digits_and_spreads_what_is_not_finite(tmp_path: Path) -> None:
    path = tmp_path / "model.mlir"
    path.write_text(
        """
        func.func public @main(%x: tensor<3x1001xf32>) -> tensor<3x1001xf32> {
          %low = stablehlo.constant dense<0xFF800000> : tensor<f32>
          %zero = stablehlo.constant dense<0.0> : tensor<f32>
          %0 = stablehlo.reduce(%x init: %low) applies stablehlo.maximum across dimensions = [1]
            : (tensor<3x1001xf32>, tensor<f32>) -> tensor<3xf32>
          %1 = stablehlo.broadcast_in_dim %0, dims = [0] : (tensor<3xf32>) -> tensor<3x1001xf32>
          %2 = stablehlo.subtract %x, %1 : tensor<3x1001xf32>
          %3 = stablehlo.exponential %2 : tensor<3x1001xf32>
          %4 = stablehlo.reduce(%3 init: %zero) applies stablehlo.add across dimensions = [1]
            : (tensor<3x1001xf32>, tensor<f32>) -> tensor<3xf32>
          %5 = stablehlo.broadcast_in_dim %4, dims = [0] : (tensor<3xf32>) -> tensor<3x1001xf32>
          %6 = stablehlo.divide %3, %5 : tensor<3x1001xf32>
          return %6 : tensor<3x1001xf32>
        }
        """
    )
    bundle = webtensorc.compile(path, cache=False)
    assert [each["family"] for each in bundle.artifacts[0].report["kernels"].values()] == ["softmax"]
    x = np.random.default_rng(0).standard_normal((3, 1001)).astype(np.float32)
    x[1, 5], x[2, 1000] = -np.inf, np.nan
    (y,) = webtensorc_runtime.load(bundle)(x)
    np.testing.assert_allclose(y[:2], reference(x[:2].astype(np.float64)), rtol=4e-7)
    assert y[1, 5] == 0
    assert np.isnan(y[2]).all()
