"""The differential matrix on every GPU of this machine, with the passes and without, against the references.

What docs/targets.md lists as not passing is left out. A driver that computes on the processor is no GPU.
"""

from __future__ import annotations

import sys
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

import webtensorc
from webtensorc.registry import make_target

sys.path.append(str(Path(__file__).resolve().parents[1] / "conformance"))
import matrix
import matrix_cases
from matrix_cases import lanes
from outcome import Outcome

LANES = {lane.name: lane for lane in lanes.lanes() if make_target(lane.target).device() != "cpu"}
LANES = {name: lane for name, lane in LANES.items() if f"{name}{lanes.ON_A_GPU}" not in LANES}
PLACES = [
    pytest.param(name, marks=[pytest.mark.skip(reason=lane.missing)] if lane.missing else [])
    for name, lane in LANES.items()
]
BATCHES = range(-(-matrix_cases.OPERATORS // matrix.A_BATCH))
pytestmark = [pytest.mark.slow, pytest.mark.parametrize("name", PLACES)]


def outcome(name: str, level: int, problems: list[str]) -> Outcome:
    """What becomes of the problems together, but for those that are known not to pass."""
    column = f"{name}-O{level}"
    known = matrix.Matrix.read(matrix_cases.columns(), matrix_cases.problems())
    expected = [each for each in problems if known.letter(f"{column}/{each}") not in "FUC"]
    return matrix_cases.run(f"{column}/{','.join(expected)}")


@pytest.mark.parametrize("level", matrix_cases.LEVELS)
@pytest.mark.parametrize("batch", BATCHES)
def test_operators(name: str, level: int, batch: int) -> None:
    operators = [each for each in matrix_cases.problems() if each.startswith("operator/")]
    found = outcome(name, level, operators[batch * matrix.A_BATCH : (batch + 1) * matrix.A_BATCH])
    assert found.status == "pass", found.wrong or found.reason


@pytest.mark.parametrize("level", matrix_cases.LEVELS)
def test_models(name: str, level: int) -> None:
    models = [each for each in matrix_cases.problems() if each.startswith("model/")]
    found = [outcome(name, level, [each]) for each in models]
    assert {each.status for each in found} == {"pass"}, [each for each in found if each.reason]


@pytest.mark.parametrize("element", ["f32", "f16", "bf16"])
def test_a_large_product(name: str, element: str, tmp_path: Path) -> None:
    """1024 x 1024: as exact as numpy's in float32, rounded to the element type."""
    lane = LANES[name]
    if element != "f32" and not lane.target.startswith("cuda{"):
        pytest.skip("the target's baseline has no 16-bit floats, or no matrix units for them")
    type_ = f"tensor<1024x1024x{element}>"
    path = tmp_path / "product.mlir"
    path.write_text(f"""
      func.func @main(%a: {type_}, %b: {type_}) -> {type_} {{
        %0 = stablehlo.dot_general %a, %b, contracting_dims = [1] x [0] : ({type_}, {type_}) -> {type_}
        return %0 : {type_}
      }}""")
    bundle = webtensorc.compile(path, targets=[lane.target], cache=False)
    dtype = {"f32": np.float32, "f16": np.float16, "bf16": ml_dtypes.bfloat16}[element]
    a, b = (np.random.default_rng(i).standard_normal((1024, 1024), np.float32).astype(dtype) for i in range(2))
    expected = a.astype(np.float32) @ b.astype(np.float32)
    feed = {spec.name: each for spec, each in zip(bundle.model.inputs, (a, b), strict=True)}
    (found,) = lane.run(bundle, feed, tmp_path).values()
    limit = {"f32": 1e-5, "f16": 1e-3, "bf16": 8e-3}[element]
    assert np.abs(found.astype(np.float32) - expected).max() <= limit * np.abs(expected).max()
