"""Rows that are moved, by an interpreter of the code that writes the kernels, and found in compiled models."""

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
from webtensorc_kernels import copies
from webtensorc_kernels.copies import Exchange, Pick
from webtensorc_kernels.machine import Machine

import webtensorc

MACHINES = (Machine(4, 16, False, False, 1 << 19), Machine(16, 32, True, True, 1 << 20))
few = st.integers(1, 5)


@settings(deadline=None)
@given(few, few, few, st.integers(4, 200), st.sampled_from(MACHINES))
def test_rows_of_any_length_are_moved(lead: int, first: int, second: int, row: int, machine: Machine) -> None:
    lanes = copies.lanes(row, machine)
    assert lanes is not None
    x = np.arange(lead * first * second * row, dtype=float).reshape(lead, first, second, row)
    code = Interpreter(lanes, {"%x": x})
    copies.generate(Exchange(lead, first, second, row), code)
    np.testing.assert_array_equal(code.arrays["%y"], x.transpose(0, 2, 1, 3))
    table, index = x.reshape(-1, row), np.random.default_rng(row).integers(0, lead * first * second, 7)
    code = Interpreter(lanes, {"%x": table, "%i": index})
    copies.generate(Pick(7, len(table), row, "i32"), code)
    np.testing.assert_array_equal(code.arrays["%y"], table[index])


CASES: dict[str, Callable[[jax.Array, jax.Array], jax.Array]] = {
    "heads": lambda x, i: jnp.transpose(x, (0, 2, 1, 3)),
    "the first two dimensions": lambda x, i: jnp.transpose(x, (1, 0, 2, 3)),
    "groups of dimensions": lambda x, i: jnp.transpose(x, (1, 2, 0, 3)),
    "rows, clamped": lambda x, i: jnp.take(x.reshape(-1, 21), i, axis=0, mode="clip"),
}


@pytest.mark.parametrize("name", CASES)
def test_they_are_found_and_agree_with_jax(name: str) -> None:
    x = np.random.default_rng(0).standard_normal((3, 5, 4, 21)).astype(np.float32)
    i = np.array([[3, -7, 59], [1000, 0, 59]], np.int32)
    bundle = webtensorc.compile(jax.export.export(jax.jit(CASES[name], keep_unused=True))(x, i), cache=False)
    assert [each["family"] for each in bundle.artifacts[0].report["kernels"].values()] == ["copy"]
    (y,) = webtensorc_runtime.load(bundle)(x, i)
    np.testing.assert_array_equal(y, CASES[name](x, i))


def test_what_is_computed_with_moved_rows_is_computed_in_the_same_loop() -> None:
    x = np.ones((3, 5, 4, 21), np.float32)
    bundle = webtensorc.compile(jax.export.export(jax.jit(lambda x: jnp.exp(x.transpose(0, 2, 1, 3))))(x), cache=False)
    assert not bundle.artifacts[0].report["kernels"]
