"""Multiplication by reciprocals in place of divisions."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from webtensorc_kernels.epilogue import Apply, Constant, Epilogue
from webtensorc_passes.tiling._reciprocals import multiplying

NUMBERS = np.random.default_rng(0).standard_normal(1000).astype(np.float32)
divisors = st.floats(2.0**-100, 2.0**100, width=32) | st.floats(-(2.0**100), -(2.0**-100), width=32)


def division(divisor: float) -> Epilogue:
    return Epilogue((Constant(f"{divisor:.9e} : f32"), Apply("arith.divf", (-1, 0), "", ("f32",) * 3)))


def factor(epilogue: Epilogue) -> np.float32:
    *_, number, last = epilogue.steps
    assert isinstance(last, Apply) and isinstance(number, Constant) and last.name == "arith.mulf"
    return np.float32(number.text.split(" : ")[0])


@given(divisors)
def test_a_product_with_the_reciprocal_is_near_the_quotient(divisor: float) -> None:
    products = NUMBERS * factor(multiplying(division(divisor), exactly=False))
    quotients = NUMBERS.astype(float) / np.float32(divisor)
    assert (np.abs(products - quotients) <= 1.5 * np.spacing(np.abs(products))).all()


@given(st.integers(-100, 100))
def test_by_powers_of_two_it_is_the_quotient(exponent: int) -> None:
    products = NUMBERS * factor(multiplying(division(2.0**exponent), exactly=True))
    np.testing.assert_array_equal(products, NUMBERS / np.float32(2.0**exponent))


@given(divisors)
def test_where_asked_to_be_exact_the_others_stay(divisor: float) -> None:
    epilogue = division(divisor)
    assert abs(np.frexp(divisor)[0]) == 0.5 or multiplying(epilogue, exactly=True) == epilogue


def test_what_has_no_reciprocal_stays() -> None:
    for divisor in (0.0, 1e-40, 3e38, float(np.finfo(np.float32).max)):
        assert multiplying(division(divisor), exactly=False) == division(divisor)
