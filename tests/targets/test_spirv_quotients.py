"""Quotients that are rounded to integers: right on devices whose division is a few units off, as Vulkan allows."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from test_spirv_drawn import run
from vulkan_device import needs_vulkan
from webtensorc_passes.tiling.exact_quotients import CORRECTED

from webtensorc.rewrite import run_passes

Array = np.ndarray[Any, Any]
COUNT = 200_000
_STEP = re.compile(r"  (%\w+) = (\w+\.\w+)(?: (o\w\w),)? ([^:]*) : (\w+)(?: to (\w+))?")
_TYPES = {"f32": np.float32, "i32": np.int32, "i1": np.bool_}
_OPERATIONS: dict[str, Callable[..., Array]] = {
    "arith.andi": operator.and_,
    "arith.addf": operator.add,
    "arith.subf": operator.sub,
    "arith.mulf": operator.mul,
    "arith.select": np.where,
    "math.absf": np.abs,
}


def moved(number: Array, units: Array | int) -> Array:
    """A number so many units in the last place further from zero."""
    return (number.view(np.int32) + np.asarray(units, np.int32)).view(np.float32)


def corrected(a: Array, b: Array, units: int, seed: int = 0) -> Array:
    """What the pass's code gives where the first quotient is so many units off, and the second some."""
    random = np.random.default_rng(seed)
    known: dict[str, Any] = {"%a": a, "%b": b, "%q": moved(a / b, units)}
    for line in CORRECTED.splitlines():
        found = _STEP.fullmatch(line)
        if not found:
            assert not line.strip() or line.strip().startswith("//"), line
            continue
        name, operation, relation, operands, kind, into = found.groups()
        given = [known.get(each.strip(), each.strip()) for each in operands.split(",")]
        if operation == "arith.constant":
            known[name] = np.full(a.shape, float(given[0])).astype(_TYPES[kind])
        elif operation == "arith.bitcast":
            known[name] = given[0].view(_TYPES[into])
        elif operation == "arith.cmpf":
            known[name] = {"olt": operator.lt, "ogt": operator.gt}[relation](*given)
        elif operation == "arith.divf":
            quotient = operator.truediv(*given)
            off = moved(quotient, random.integers(-2, 3, a.shape))
            known[name] = np.where(np.isfinite(quotient) & (quotient != 0), off, quotient)
        else:
            known[name] = _OPERATIONS[operation](*given)
        assert known[name].dtype != np.float64
    return np.asarray(known["%y"])


@pytest.mark.parametrize("units", range(-3, 4))
def test_quotients_that_are_a_few_units_off(units: int) -> None:
    random = np.random.default_rng(0)
    a, b = (random.standard_normal(COUNT, np.float32) * np.float32(10) ** random.integers(-6, 6, COUNT) for _ in "ab")
    a, b = a.astype(np.float32), b.astype(np.float32)
    np.testing.assert_array_equal(corrected(a, b, units), a / b)


@pytest.mark.parametrize("units", [-2, 2])
def test_quotients_half_between_two_integers(units: int) -> None:
    """Of which another integer is made where they are off."""
    halves = np.arange(-2000, 2000, dtype=np.float32) + np.float32(0.5)
    b = (np.float32(2) ** np.arange(-9, 7, dtype=np.float32) * np.float32(0.7109375))[:, None]
    a = halves * b
    b = np.broadcast_to(b, a.shape).copy()
    np.testing.assert_array_equal(corrected(a, b, units), np.broadcast_to(halves, a.shape))
    assert (np.round(moved(a / b, units)) != np.round(a / b)).any()


def test_what_is_not_finite_or_very_small_stays() -> None:
    with np.errstate(all="ignore"):
        inf, nan = np.float32(np.inf), np.float32(np.nan)
        a = np.array([inf, -inf, nan, 1, 0, 1, 0, 1e-40, 1e-38, 3e38, 1e-30], np.float32)
        b = np.array([2, 3, 1, inf, 5, 0, 0, 1e-3, 1e-3, 1e-20, 3], np.float32)
        np.testing.assert_array_equal(corrected(a, b, 0), a / b)


POLYNOMIAL = """
hal.executable private @e {{
  hal.executable.variant public @gpu target(#hal.executable.target<"vulkan-spirv", "vulkan-spirv-fb">) {{
    builtin.module {{
      func.func @polynomial(%a: f32, %b: f32) -> f32 {{
        %0 = arith.divf %a, %b : f32
{steps}
        return %40 : f32
      }}
    }}
  }}
}}
"""


def test_a_polynomial_of_a_quotient_is_looked_through_once() -> None:
    """Every way from the quotient to the result was followed, 2^40 of them here."""
    steps = "\n".join(f"%{n + 1} = arith.mulf %{n}, %{n} : f32" for n in range(40))
    assert run_passes(POLYNOMIAL.format(steps=steps), ["exact-quotients"], "spirv").changes == 0


@pytest.mark.slow
@needs_vulkan
def test_quantised_on_a_device() -> None:
    random = np.random.default_rng(0)
    x, scale = random.standard_normal((300, 64), np.float32) * 10, random.random(64, np.float32) + np.float32(0.01)
    x[:100] = (random.integers(-900, 900, (100, 64)) + np.float32(0.5)) * scale
    np.testing.assert_array_equal(run(lambda x, scale: jnp.round(x / scale), x, scale), np.round(x / scale))
