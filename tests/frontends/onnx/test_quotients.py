"""Quotients of sizes in one way of writing are the same numbers."""

from __future__ import annotations

import operator
from typing import Any

import jax
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import export
from webtensorc_runtime.dims import evaluate

from webtensorc.frontends.onnx import quotients


def grown(inner: Any) -> Any:
    number = st.integers(1, 9)
    return st.one_of(
        st.builds("floordiv({}, {})".format, inner, number),
        st.builds("{}*({})".format, st.integers(-9, 9).filter(bool), inner),
        st.builds("({}) + ({})".format, inner, inner),
        st.builds("({0}) - floordiv({0}, {1})".format, inner, st.sampled_from((2, 4))),
        st.builds("({}) - {}".format, inner, number),
        st.builds("max({}, {})".format, inner, number),
    )


EXPRESSIONS = st.recursive(st.sampled_from(("height", "width")), grown, max_leaves=5)


@given(EXPRESSIONS, st.integers(1, 99), st.integers(1, 99))
@settings(max_examples=60)
def test_a_size_is_the_same_number(text: str, height: int, width: int) -> None:
    variables = dict(zip(("height", "width"), export.symbolic_shape("height, width"), strict=True))
    size = eval(text, {"floordiv": operator.floordiv, "max": jax.core.max_dim, **variables})
    sizes = {"height": height, "width": width}
    assert evaluate(str(quotients.flattened(size)), sizes) == evaluate(text, sizes)


def test_a_quotient_of_a_quotient_is_one() -> None:
    (width,) = export.symbolic_shape("width")
    assert str(quotients.flattened(((width - 3) // 2 - 3) // 2)) == "floordiv(width + 3, 4) - 3"


def test_a_negative_size_in_a_quotient_stays_small() -> None:
    """As it comes of filling a halved size up to a multiple of four: `7*width` cost JAX minutes."""
    (width,) = export.symbolic_shape("width")
    filled = (4 * (width // 8) - width // 2 + 4) // 4
    assert str(quotients.flattened(filled)) == "- floordiv(width + 6, 8) + floordiv(width, 8) + 1"


def test_a_size_without_its_smaller_half_is_the_larger_one() -> None:
    (width,) = export.symbolic_shape("width")
    assert str(quotients.flattened(width // 4 - width // 4 // 2)) == "floordiv(width + 4, 8)"
    assert quotients.identities([2 * (width // 4) - 2 * (width // 8)]) == (
        "floordiv(1*width, 8) == 1*floordiv(1*width, 4) + -1*floordiv(4 + 1*width, 8)",
    )
