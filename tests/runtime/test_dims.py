"""Dimension expressions: their grammar, and what the sizes of inputs tell about names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webtensorc_runtime.constraints import Constraint, check
from webtensorc_runtime.dims import Bounds, evaluate, names, places, solve, substitute
from webtensorc_runtime.errors import UsageError

SIZES = {"b": 3, "n": 5}


leaves = st.sampled_from(list(SIZES.items())) | st.integers(0, 50).map(lambda number: (str(number), number))


@st.composite
def _operations(draw: st.DrawFn, operands: st.SearchStrategy[tuple[str, int]]) -> tuple[str, int]:
    kind = draw(st.sampled_from(["+", "-", "*", "floordiv", "mod", "max", "min"]))
    (left, a), (right, b) = draw(operands), draw(operands)
    if kind in ("floordiv", "mod"):
        right, b = (right, b) if b else ("7", 7)
        return f"{kind}({left}, {right})", a // b if kind == "floordiv" else a % b
    if kind in ("max", "min"):
        return f"{kind}({left}, {right})", max(a, b) if kind == "max" else min(a, b)
    return f"({left}) {kind} ({right})", {"+": a + b, "-": a - b, "*": a * b}[kind]


expressions = st.recursive(leaves, _operations, max_leaves=12)
"""Expressions as JAX writes them, and their values at `SIZES`, computed here while they are made."""


@given(expressions)
def test_expressions_have_the_value_that_they_say(made: tuple[str, int]) -> None:
    text, value = made
    assert evaluate(text, SIZES) == value
    assert set(names([text])) <= SIZES.keys()
    assert substitute(text, SIZES) == (value if names([text]) else text)


@given(expressions, st.sampled_from(["b", "n"]))
def test_a_size_for_one_name_leaves_the_value(made: tuple[str, int], name: str) -> None:
    text, value = made
    part = substitute(text, {name: SIZES[name]})
    assert evaluate(part, SIZES) == value
    assert name not in names([part])


@pytest.mark.parametrize(("text", "value"), [("3*n^2 + n - 1", 3 * 49 + 6), ("- n^2", -49), ("b*n^2*2", 2 * 98)])
def test_a_power_is_of_its_name_alone(text: str, value: int) -> None:
    assert evaluate(text, {"b": 2, "n": 7}) == value
    assert evaluate(substitute(text, {"b": 2}), {"n": 7}) == value


@pytest.mark.parametrize(
    "text", ["", "b +", "f(b)", "b.x", "b[0]", "b if n else b", "max(b)", "b ^ 99", "b / 2", "'b'"]
)
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no dimension"):
        evaluate(text, SIZES)


@given(st.integers(1, 99), st.integers(1, 99))
def test_inputs_tell_their_names(b: int, n: int) -> None:
    found = places([("y", ("b + n", "2*b")), ("x", ("3*n + 1", 4))])
    values = {"y": (b + n, 2 * b), "x": (3 * n + 1, 4)}
    bounds = {"b": Bounds("b"), "n": Bounds("n")}
    assert solve(found, [values[each.input][each.axis] for each in found], bounds) == {"b": b, "n": n}


def _solve(x: tuple[int, ...], y: tuple[int, ...]) -> dict[str, int]:
    found = places([("x", ("batch", "2*seq")), ("y", ("batch", 8))])
    values = {"x": x, "y": y}
    bounds = {"batch": Bounds("batch", 1, 64), "seq": Bounds("seq", 4, None, 2)}
    return solve(found, [values[each.input][each.axis] for each in found], bounds)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ((65, 8), (65, 8), "dimension `batch` of input `x` is 65, outside of its bounds 1..64"),
        ((0, 8), (0, 8), "dimension `batch` of input `x` is 0, outside of its bounds 1..64"),
        ((2, 4), (2, 8), "dimension `seq` of input `x` is 2, outside of its bounds 4..:2"),
        ((2, 9), (2, 8), "dimension 1 of input `x` is `2*seq` and cannot be 9"),
        ((2, 8), (3, 8), "dimension `batch` of input `y` is 3, but 2 in an input before"),
        ((2, 8), (2, 7), "dimension 1 of input `y` is 8, not 7"),
        ((2, 10), (2, 8), "dimension `seq` of input `x` is 5, but must be a multiple of 2 within its bounds 4..:2"),
    ],
)
def test_a_wrong_size_is_named(x: tuple[int, ...], y: tuple[int, ...], message: str) -> None:
    assert _solve((64, 8), (64, 8)) == {"batch": 64, "seq": 4}
    with pytest.raises(UsageError) as error:
        _solve(x, y)
    assert error.value.message == message


def test_names_that_no_size_tells_are_refused() -> None:
    with pytest.raises(ValueError, match="do not tell the names"):
        places([("x", ("b + n", "b - n"))])


@given(st.integers(1, 50), st.none() | st.integers(1, 99), st.sampled_from((1, 2, 3)), st.integers(1, 99))
def test_bounds_within_bounds(least: int, most: int | None, step: int, size: int) -> None:
    one = Bounds("n", 6, 90, 2)
    try:
        both = one.within(least, most, step)
    except ValueError:
        assert not any(each in one and each in Bounds("n", least, most, step) for each in range(1, 100))
        return
    assert (size in both) == (size in one and size in Bounds("n", least, most, step))
    assert both.least in both
    assert both.most in both


def test_constraints_are_checked_by_name() -> None:
    constraints = (Constraint("b - n", ">="), Constraint("mod(b*n, 4)", "=="))
    check(constraints, {"b": 4, "n": 3})
    with pytest.raises(UsageError) as error:
        check(constraints, {"b": 2, "n": 4})
    assert error.value.message == "the model demands `b - n >= 0` of its dimensions"
    assert error.value.notes == ("`b` is 2", "`n` is 4")
    assert str(constraints[1].at({"b": 6})) == "mod(6*n, 4) == 0"
