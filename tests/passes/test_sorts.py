"""Sorts are numpy's, stable, for short rows and for long ones."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import webtensorc_runtime
from jax import export, lax

import webtensorc


def compiled(function: Any, *arguments: Any) -> list[Any]:
    module = webtensorc_runtime.load(webtensorc.compile(export.export(jax.jit(function))(*arguments), cache=False))
    return list(module(*arguments))


@pytest.mark.slow
@pytest.mark.parametrize("n", [2, 300, 2049, 4096, 100_000])
def test_equal_keys_stay_in_order(n: int) -> None:
    keys = np.random.default_rng(n).integers(0, max(n // 7, 2), n).astype(np.int32)
    found, places = compiled(lambda k: lax.sort([k, jnp.arange(n)], num_keys=1, is_stable=True), keys)
    order = np.argsort(keys, kind="stable")
    np.testing.assert_array_equal(places, order)
    np.testing.assert_array_equal(found, keys[order])


@pytest.mark.slow
@pytest.mark.parametrize("n", [20, 3000])
def test_special_numbers_and_descending_order(n: int) -> None:
    x = np.random.default_rng(n).standard_normal(n).astype(np.float32)
    x[[3, 5, 9, 7, 8, 11]] = [np.nan, np.nan, -np.inf, -0.0, 0.0, np.inf]
    ascending, places = compiled(lambda x: (jnp.sort(x), jnp.argsort(x, descending=True)), x)
    np.testing.assert_array_equal(ascending, np.sort(x))
    np.testing.assert_array_equal(places, jnp.argsort(x, descending=True))


@pytest.mark.slow
@pytest.mark.parametrize("n", [9, 2500])
def test_two_keys_along_the_first_of_two_dimensions(n: int) -> None:
    a, b = np.random.default_rng(n).integers(0, 9, (2, n, 3)).astype(np.int8)
    found = compiled(lambda a, b: lax.sort([a, b, lax.broadcasted_iota(jnp.int32, a.shape, 0)], 0, num_keys=2), a, b)
    for column in range(3):
        order = np.lexsort((b[:, column], a[:, column]))
        for got, wanted in zip(found, (a, b, np.arange(n)[:, None].repeat(3, 1)), strict=True):
            np.testing.assert_array_equal(got[:, column], wanted[order, column])
