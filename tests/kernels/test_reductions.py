"""Folds and positions of extremes, run by an interpreter of the code that writes them, and found in compiled models."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import webtensorc_runtime
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_interpreter import Interpreter
from webtensorc_kernels import extremes, reductions
from webtensorc_kernels.epilogue import Epilogue
from webtensorc_kernels.extremes import Extreme
from webtensorc_kernels.machine import Machine
from webtensorc_kernels.reductions import Reduction

import webtensorc

MACHINES = (Machine(4, 16, False, False, 1 << 19), Machine(16, 32, True, True, 1 << 20))
FOLDS: dict[str, Callable[..., np.ndarray]] = {"arith.addf": np.sum, "arith.maximumf": np.max, "arith.minimumf": np.min}
shapes = st.tuples(st.integers(1, 20), st.integers(4, 150), st.just(1)) | st.tuples(
    st.integers(1, 4), st.integers(2, 40), st.integers(4, 150)
)


def values(shape: tuple[int, int, int]) -> np.ndarray:
    """Numbers of which some are equal, two are not finite and one is not a number."""
    x = np.random.default_rng(sum(shape)).integers(-9, 9, shape).astype(float)
    x.flat[x.size // 3], x.flat[x.size // 2], x.flat[x.size // 5] = np.inf, -np.inf, np.nan
    return x


@settings(deadline=None)
@given(shapes, st.sampled_from(MACHINES), st.sampled_from(sorted(FOLDS)))
def test_folds_of_any_shape_are_right(shape: tuple[int, int, int], machine: Machine, operation: str) -> None:
    problem, x = Reduction(*shape, operation), values(shape)
    lanes = reductions.lanes(problem, machine)
    assert lanes is not None
    code = Interpreter(lanes, {"%x": x if shape[2] > 1 else x[:, :, 0]})
    with np.errstate(invalid="ignore"):
        reductions.generate(problem, Epilogue(), code)
        np.testing.assert_array_equal(code.arrays["%y"], FOLDS[operation](x, axis=1))
    assert code.stored["%y"].all()


@settings(deadline=None)
@given(shapes, st.sampled_from(MACHINES), st.booleans())
def test_the_first_extreme_or_not_a_number_is_found(
    shape: tuple[int, int, int], machine: Machine, largest: bool
) -> None:
    x = values(shape)
    lanes = reductions.lanes(Reduction(*shape, "arith.maximumf"), machine)
    assert lanes is not None
    code = Interpreter(lanes, {"%x": x if shape[2] > 1 else x[:, :, 0]})
    with np.errstate(invalid="ignore"):
        extremes.generate(Extreme(*shape, largest, "i64"), code)
    assert code.stored["%y"].all()
    np.testing.assert_array_equal(code.arrays["%y"], (np.argmax if largest else np.argmin)(x, axis=1))


CASES: dict[str, Callable[[jax.Array], jax.Array]] = {
    "sum of rows": lambda x: jnp.sum(x, axis=2),
    "mean of planes": lambda x: jnp.mean(x, axis=(1, 2)),
    "maximum of columns": lambda x: jnp.max(x, axis=1),
    "minimum of matrices": lambda x: jnp.min(x, axis=0),
    "position of the maximum": lambda x: jnp.argmax(x, axis=2),
    "position of the minimum": lambda x: jnp.argmin(x, axis=1),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("finite", [True, False])
def test_they_are_found_and_agree_with_jax(name: str, finite: bool) -> None:
    x = np.random.default_rng(0).standard_normal((5, 21, 37)).astype(np.float32)
    if not finite:
        x[0, 0, 36], x[1, 20, 0], x[2, :, 3], x[3] = np.nan, np.inf, -np.inf, -np.inf
        x[4, 3, 5] = x[4, 7, 5] = np.nan
    bundle = webtensorc.compile(jax.export.export(jax.jit(CASES[name]))(x), cache=False)
    assert [each["family"] for each in bundle.artifacts[0].report["kernels"].values()] == ["fold"]
    (y,) = webtensorc_runtime.load(bundle)(x)
    np.testing.assert_allclose(y, CASES[name](x), rtol=2e-6, atol=2e-6)
