"""Weights as fixed-point numbers of 24 bits: no more wrong than sums are, and read by kernels as they lie."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import onnxruntime
import pytest
import webtensorc_runtime
from graph_models import rewritten, same_results, traced
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jax import lax
from onnx import TensorProto, helper, numpy_helper
from webtensorc_kernels import panels

import webtensorc

SPEC = "fixed-point-weights{cached=0,smallest=0}"
PARTS = {"w.fixed", "w.steps"}


def product(w: Any, x: Any) -> Any:
    return x @ w


def weights_of(seed: int, depth: int, columns: int) -> np.ndarray:
    """Columns of very different sizes, with zeros and small numbers in them."""
    rng = np.random.default_rng(seed)
    w = rng.standard_normal((depth, columns)) * np.exp2(rng.integers(-40, 40, columns))
    small = rng.random(w.shape)
    return np.where(small < 0.01, 0, np.where(small < 0.02, w * 1e-9, w)).astype(np.float32)


def represented(weights: dict[str, np.ndarray], columns: int) -> tuple[np.ndarray, np.ndarray]:
    """The matrix that parts stand for, and the step of each of its columns."""
    steps = 256 * weights["w.steps"].astype(np.float64)
    used = weights["w.fixed"][:, : -panels.SLACK].reshape(len(steps), -1, panels.WIDTH, 3).astype(np.int64)
    numbers = used @ [1, 1 << 8, 1 << 16]
    numbers = np.where(numbers < 1 << 23, numbers, numbers - (1 << 24))
    wide = np.concatenate(list(numbers * steps[:, None]), axis=1)
    places = np.concatenate([np.arange(start, start + 32) for start in (*range(0, columns - 32, 32), columns - 32)])
    matrix, step = np.empty((wide.shape[0], columns)), np.empty(columns)
    matrix[:, places], step[places] = wide, steps.reshape(-1)
    return matrix, step


@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 99), st.integers(1, 4), st.integers(300, 900), st.integers(33, 100))
def test_weights_are_rounded_to_steps(seed: int, rows: int, depth: int, columns: int) -> None:
    w = weights_of(seed, depth, columns)
    inputs = {"x": np.random.default_rng(seed).standard_normal((rows, depth), np.float32)}
    model, changes = rewritten(traced(product, {"w": w}, inputs), SPEC)
    assert changes == 1 and set(model.weights) == PARTS
    found, step = represented(model.weights, columns)
    np.testing.assert_array_equal(np.sign(found), np.sign(w))  # infinity times a weight stays what it was
    assert (np.abs(found - w) <= np.where(np.abs(w) < step / 2, step, step / 2)).all()
    assert (np.frexp(step)[0] == 0.5).all() and (step <= np.abs(w).max(axis=0) * 2.0**-21).all()
    assert same_results(traced(product, {"w": w}, inputs), inputs, SPEC, rtol=1e-6) == 1


def test_numbers_of_few_digits_stay_what_they_are() -> None:
    rng = np.random.default_rng(0)
    w = rng.integers(-(2**22), 2**22, (40, 70)).astype(np.float32)
    w[:, ::3] = rng.choice([-1.0, 0.0, 0.125], (40, 24))
    assert same_results(traced(product, {"w": w}, {"x": np.ones((2, 40), np.float32)}), {"x": w[:2, :40]}, SPEC) == 1


def outlier(w: np.ndarray) -> None:
    w[7, 5] = 100 * np.abs(w).max()


def infinite(w: np.ndarray) -> None:
    w[3, 3] = np.inf


def not_a_number(w: np.ndarray) -> None:
    w[3, 3] = np.nan


def tiny(w: np.ndarray) -> None:
    w *= np.float32(1e-30)


@pytest.mark.parametrize("spoil", [outlier, infinite, not_a_number, tiny])
def test_what_would_be_wrong_stays(spoil: Any) -> None:
    w = np.random.default_rng(0).standard_normal((800, 70), np.float32)
    spoil(w)
    assert rewritten(traced(product, {"w": w}, {"x": w[:1, :1].repeat(800, 1)}), SPEC)[1] == 0


@pytest.mark.parametrize(
    ("function", "rows", "columns", "spec"),
    [
        (product, 5, 70, SPEC),
        (product, 1, 32, SPEC),
        (product, 1, 70, "fixed-point-weights{cached=0}"),
        (product, 1, 70, "fixed-point-weights{smallest=0}"),
        (lambda w, x: (x @ w) + w[0], 1, 70, SPEC),
        (lambda w, x: w[:1, :64] @ x[:, :64].T, 1, 70, SPEC),
    ],
    ids=["many rows", "one panel", "small", "cached", "read twice", "first factor"],
)
def test_what_gains_nothing_stays(function: Any, rows: int, columns: int, spec: str) -> None:
    w, x = np.ones((800, columns), np.float32), np.ones((rows, 800), np.float32)
    assert rewritten(traced(function, {"w": w}, {"x": x}), spec)[1] == 0


@pytest.mark.slow
@pytest.mark.parametrize(("columns", "target"), [(100, "host"), (128, "x86-64-v3"), (100, "x86-64-v2")])
def test_kernels_read_parts(columns: int, target: str) -> None:
    """No dispatch makes a matrix of them, and where there are no kernels the numbers are right as well."""
    w, x = (np.random.default_rng(0).standard_normal(shape, np.float32) for shape in ((6000, columns), (2, 6000)))
    expected = x.astype(np.float64) @ w
    for disabled in ((), ("generate-kernels",)):
        model = traced(product, {"w": w}, {"x": x})
        bundle = webtensorc.compile(model, targets=(target,), cache=False, passes=(SPEC,), disabled_passes=disabled)
        assert set(bundle.model.weights) == PARTS
        (found,) = webtensorc_runtime.load(bundle)(x)
        np.testing.assert_allclose(found, expected, rtol=0, atol=2e-3)
        kernels = list(bundle.artifacts[0].report.get("kernels", {}))
        assert kernels == ([] if disabled else [f"matmul_2x{columns}x6000_i24"])
        steps = [step["name"] for step in bundle.artifacts[0].report["schedule"]["steps"]]
        assert disabled or len([name for name in steps if name]) == len(kernels)


@pytest.mark.slow
@pytest.mark.parametrize(("target", "disabled"), [("spirv", ()), ("cuda", ()), ("x86-64-v3", ("generate-kernels",))])
def test_no_call_makes_the_matrix(target: str, disabled: tuple[str, ...]) -> None:
    w, x = (np.random.default_rng(0).standard_normal(shape, np.float32) for shape in ((6000, 900), (2, 6000)))
    model, steps, needs = traced(product, {"w": w}, {"x": x}), [], []
    for expected, without in ((PARTS, ()), ({"w"}, ("fixed-point-weights",))):
        disabled_passes = ("pack-weights", *without, *disabled)
        bundle = webtensorc.compile(model, targets=(target,), cache=False, disabled_passes=disabled_passes)
        assert set(bundle.model.weights) == expected
        steps.append([step["name"] for step in bundle.artifacts[0].report["schedule"]["steps"]])
        needs.append(bundle.artifacts[0].features)
    assert len(steps[0]) == len(steps[1])
    assert needs[0] == needs[1]  # no bytes of the device, which not every one has


def recurrent(w: Any, x: Any) -> Any:
    """The states of a simple recurrent network with two gates."""

    def step(state: Any, row: Any) -> tuple[Any, Any]:
        z = state @ w
        state = jnp.tanh(z[:, :512] + row) * jnp.tanh(z[:, 512:])
        return state, state

    return lax.scan(step, x[:1], x)[1]


@pytest.mark.slow
@pytest.mark.parametrize("target", ["host", "x86-64-v3"])
def test_weights_that_a_loop_carries_round(target: str) -> None:
    rng = np.random.default_rng(0)
    w, x = rng.standard_normal((512, 1024), np.float32) / 16, rng.standard_normal((5, 512), np.float32)
    bundle = webtensorc.compile(traced(recurrent, {"w": w}, {"x": x}), targets=(target,), cache=False, passes=(SPEC,))
    assert set(bundle.model.weights) == PARTS
    (found,) = webtensorc_runtime.load(bundle)(x)
    np.testing.assert_allclose(found, recurrent(w, x), rtol=0, atol=1e-5)
    read = [step["name"] for step in bundle.artifacts[0].report["schedule"]["steps"]]
    assert [name for name in read if "matmul" in name or "gates" in name]
    assert not [name for name in read if "transpose" in name or "slow_memcpy" in name]


@pytest.mark.slow
@pytest.mark.parametrize(("rows", "depth", "columns"), [(1, 768, 3072), (4, 4096, 1000), (1, 25088, 128)])
def test_errors_are_like_those_of_others(rows: int, depth: int, columns: int) -> None:
    """Against float64, of the root of the mean square; the bound that the project has is four times as much."""
    rng = np.random.default_rng(1)
    w, x = rng.standard_normal((depth, columns), np.float32), rng.standard_normal((rows, depth), np.float32)
    specs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in (("x", x.shape), ("y", (rows, columns)))
    ]
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    graph = helper.make_graph([node], "product", specs[:1], specs[1:], [numpy_helper.from_array(w, "w")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    bundle = webtensorc.compile(model, cache=False, passes=(SPEC,))
    assert set(bundle.model.weights) == PARTS
    expected = x.astype(np.float64) @ w
    (ours,) = webtensorc_runtime.load(bundle)(x)
    (theirs,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})
    errors = [float(np.sqrt(np.mean((each - expected) ** 2))) for each in (ours, theirs)]
    assert errors[0] <= 2 * errors[1]


@pytest.mark.slow
@pytest.mark.parametrize(("precise", "expected"), [(False, PARTS), (True, {"w"})])
def test_large_models_have_it_by_default(precise: bool, expected: set[str]) -> None:
    w, x = np.ones((4200, 2048), np.float32), np.ones((1, 4200), np.float32)
    bundle = webtensorc.compile(traced(product, {"w": w}, {"x": x}), cache=False, precise=precise)
    assert set(bundle.model.weights) == expected
