"""What the native compiler gets wrong by itself is right at every level, also without the ONNX front end."""

from __future__ import annotations

from pathlib import Path

import jax
import numpy as np
import pytest
import webtensorc_runtime
from jax import export, lax

import webtensorc
from webtensorc.errors import UsageError
from webtensorc.frontends import load_model
from webtensorc.plan import Options, Plan
from webtensorc.reference import run_interpreter


@pytest.mark.parametrize(
    "name",
    [
        *("trim-windows", "legalize-booleans", "widen-depthwise", "empty-contractions", "unsigned-products"),
        *("narrow-choices", "synchronise-invocations"),
    ],
)
def test_they_are_always_on(name: str) -> None:
    assert any(step.spec == name for step in Plan.make("x86-64-v3", Options(optimization_level=0)).steps)
    with pytest.raises(UsageError, match="needed for correctness"):
        Plan.make("x86-64-v3", Options(disabled_passes=(name,)))


@pytest.mark.slow
@pytest.mark.parametrize("level", [0, 3])
def test_windows_that_do_not_reach_the_end(level: int) -> None:
    rng = np.random.default_rng(0)
    x, k, d = (rng.standard_normal(shape, np.float32) for shape in ((1, 2, 5, 5), (2, 2, 3, 3), (2, 1, 3, 3)))

    def model(x: jax.Array, k: jax.Array, d: jax.Array) -> list[jax.Array]:
        found = [
            lax.conv_general_dilated(x, k, strides, pads, rhs_dilation=spread, lhs_dilation=base)
            for strides, pads, spread, base in (
                ((4, 4), [(0, 0), (0, 0)], (1, 1), (1, 1)),
                ((8, 3), [(1, 3), (0, 2)], (1, 1), (1, 1)),
                ((6, 6), [(1, 1), (-1, 1)], (2, 1), (1, 2)),
            )
        ]
        found += [lax.conv_general_dilated(x, d, (4, 2), "VALID", feature_group_count=2)]
        for initial, function in ((-np.inf, lax.max), (0.0, lax.add)):
            window = ((1, 1, 3, 3), (1, 1, 4, 9), [(0, 0), (0, 0), (0, 1), (2, 0)])
            found += [lax.reduce_window(x, np.float32(initial), function, *window)]
        return found

    exported = export.export(jax.jit(model))(x, k, d)
    module = webtensorc_runtime.load(webtensorc.compile(exported, optimization_level=level, cache=False))
    for got, wanted in zip(module(x, k, d), jax.jit(model)(x, k, d), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-5)


BOOLEANS = """
func.func public @main(%x: tensor<6x4xi1>, %y: tensor<4xi1>) -> (tensor<4xi1>, tensor<4xi1>, tensor<5x4xi1>) {
  %false = stablehlo.constant dense<false> : tensor<i1>
  %sum = stablehlo.reduce(%x init: %false) applies stablehlo.add across dimensions = [0]
    : (tensor<6x4xi1>, tensor<i1>) -> tensor<4xi1>
  %plus = stablehlo.add %sum, %y : tensor<4xi1>
  %pairs = "stablehlo.reduce_window"(%x, %false) ({
  ^bb0(%a: tensor<i1>, %b: tensor<i1>):
    %s = stablehlo.add %a, %b : tensor<i1>
    stablehlo.return %s : tensor<i1>
  }) {window_dimensions = array<i64: 2, 1>} : (tensor<6x4xi1>, tensor<i1>) -> tensor<5x4xi1>
  return %sum, %plus, %pairs : tensor<4xi1>, tensor<4xi1>, tensor<5x4xi1>
}
"""


@pytest.mark.slow
@pytest.mark.parametrize("level", [0, 3])
def test_booleans_add_up_to_or(level: int, tmp_path: Path) -> None:
    path = tmp_path / "booleans.mlir"
    path.write_text(BOOLEANS)
    x = np.array([[0, 0, 1, 1], [0, 1, 0, 1]] * 3, bool)
    inputs = {"x": x, "y": np.array([1, 0, 0, 0], bool)}
    module = webtensorc_runtime.load(webtensorc.compile(path, optimization_level=level, cache=False))
    model = load_model(path)
    wanted = run_interpreter(model, dict(zip((spec.name for spec in model.inputs), inputs.values(), strict=True)))
    assert [each.any() for each in wanted.values()] == [True] * 3
    for got, expected in zip(module(*inputs.values()), wanted.values(), strict=True):
        np.testing.assert_array_equal(got, expected)
