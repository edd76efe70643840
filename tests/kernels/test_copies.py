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
from webtensorc_kernels.copies import Exchange, Padding, Pick
from webtensorc_kernels.interleave import Transposition
from webtensorc_kernels.machine import Machine

import webtensorc

MACHINES = (Machine(4, 16, False, False, 1 << 19), Machine(16, 32, True, True, 1 << 20))
few = st.integers(1, 5)


def moved(problem: Exchange | Padding | Pick | Transposition, machine: Machine, **arrays: np.ndarray) -> np.ndarray:
    """The result of the kernel for a problem."""
    lanes = copies.lanes(problem, machine)
    assert lanes is not None
    code = Interpreter(lanes, {f"%{name}": array for name, array in arrays.items()})
    copies.generate(problem, code)
    return code.arrays["%y"]


def numbered(*shape: int) -> np.ndarray:
    return np.arange(np.prod(shape), dtype=float).reshape(shape)


@settings(deadline=None)
@given(few, few, few, st.integers(4, 200), st.sampled_from(MACHINES))
def test_rows_of_any_length_are_moved(lead: int, first: int, second: int, row: int, machine: Machine) -> None:
    x = numbered(lead, first, second, row)
    found = moved(Exchange(lead, first, second, row), machine, x=x)
    np.testing.assert_array_equal(found, x.transpose(0, 2, 1, 3))
    table, index = x.reshape(lead, -1, row), np.random.default_rng(row).integers(-2, first * second + 2, 7)
    found = moved(Pick(lead, 7, first * second, row, "i32"), machine, x=table, i=index)
    np.testing.assert_array_equal(found, np.take(table, index, 1, mode="clip"))


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(1, 50), st.integers(4, 200), st.sampled_from(MACHINES))
def test_single_numbers_are_picked(lead: int, extent: int, count: int, machine: Machine) -> None:
    x, index = numbered(lead, extent), np.random.default_rng(count).integers(-2, extent + 2, count)
    found = moved(Pick(lead, count, extent, 1, "i64"), machine, x=x, i=index)
    np.testing.assert_array_equal(found, np.take(x, index, 1, mode="clip"))


@settings(deadline=None)
@given(few, few, st.integers(4, 70), st.tuples(*[st.integers(0, 3)] * 2), st.tuples(*[st.integers(0, 20)] * 2))
def test_tables_are_padded(lead: int, height: int, width: int, rows: tuple[int, int], sides: tuple[int, int]) -> None:
    x = numbered(lead, height, width)
    found = moved(Padding(lead, height, width, *rows, *sides, "7.0 : f32"), MACHINES[1], x=x)
    np.testing.assert_array_equal(found, np.pad(x, ((0, 0), rows, sides), constant_values=7))


@settings(deadline=None)
@given(st.integers(1, 20), st.integers(2, 8), st.integers(512, 700), st.booleans(), st.sampled_from(MACHINES))
def test_tables_with_a_short_side_are_transposed(
    lead: int, few: int, many: int, is_wide: bool, machine: Machine
) -> None:
    shape = (few, many) if is_wide else (many, few)
    x = numbered(lead, *shape)
    given = x if is_wide else x.reshape(lead, -1)
    found = moved(Transposition(lead, *shape), machine, x=given)
    np.testing.assert_array_equal(found.ravel(), x.transpose(0, 2, 1).ravel())


CASES: dict[str, Callable[[jax.Array, jax.Array], jax.Array]] = {
    "heads": lambda x, i: jnp.transpose(x, (0, 2, 1, 3)),
    "the first two dimensions": lambda x, i: jnp.transpose(x, (1, 0, 2, 3)),
    "groups of dimensions": lambda x, i: jnp.transpose(x, (1, 2, 0, 3)),
    "rows, clamped": lambda x, i: jnp.take(x.reshape(-1, 21), i, axis=0, mode="clip"),
    "rows of a dimension between others": lambda x, i: jnp.take(x, i[0], axis=2, mode="clip"),
    "shuffled channels": lambda x, i: jnp.transpose(x.reshape(15, 3, 28), (0, 2, 1)),
    "colours last": lambda x, i: jnp.transpose(x.reshape(3, -1), (1, 0)),
    "colours first": lambda x, i: jnp.transpose(x.reshape(21, 20, 3), (2, 0, 1)),
    "numbers, by known indices": lambda x, i: jnp.take(x, np.array([[20, 0], [3, 3]]), axis=3),
    "a border": lambda x, i: jnp.pad(x, ((0, 0), (0, 0), (1, 0), (2, 30)), constant_values=-1),
    "a border of rows": lambda x, i: jnp.pad(x.reshape(3, 2, 210), ((0, 0), (1, 3), (0, 0))),
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
