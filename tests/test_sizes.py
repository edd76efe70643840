"""What may be asked of a dimension, written for the command line and in Python."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webtensorc_runtime.constraints import Constraint

from webtensorc.errors import UsageError
from webtensorc.sizes import Bounds, Sizes, combinations, draw, parse, read

POSITIVE = st.integers(1, 10_000)


@st.composite
def asked(draw: st.DrawFn) -> Sizes:
    """Any request that does not contradict itself."""
    if draw(st.booleans()):
        return Sizes(fixed=draw(POSITIVE))
    least = draw(POSITIVE)
    most = draw(st.none() | st.integers(least, 20_000))
    step = draw(st.sampled_from((1, 2, 32)))
    least, most = least * step, most and most * step
    special = draw(st.lists(st.integers(least // step, (most or 20_000 * step) // step), max_size=4, unique=True))
    return Sizes(None, least, most, tuple(step * each for each in special), step)


@given(asked())
def test_text_and_back(sizes: Sizes) -> None:
    assert parse(str(sizes)) == sizes


@pytest.mark.parametrize("size", [(0, None), [8]])
def test_an_open_dimension_is_not_written_as_a_fixed_one(size: object) -> None:
    """The cache gave what was compiled for that one size."""
    assert parse(str(read(size))) == read(size)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4", 4),
        ("1..64", (1, 64)),
        ("1..", (1, None)),
        ("1,8,32", [1, 8, 32]),
        ("32..640:32", (32, 640, 32)),
        ("32..:32", (32, None, 32)),
        ("224,1..640:32", [224, (32, 640, 32)]),
        ("1,8,1..64", [1, 8, (1, 64)]),
    ],
)
def test_the_command_line_and_python_say_the_same(text: str, size: object) -> None:
    assert parse(text) == read(size)


@pytest.mark.parametrize(
    "text", ["", "-1", "x", "1.5", "8..4", "1..2,3..4", "70,1..64", "0..0", "1,,2", "..4", "4:2", "1..9:0", "1..0"]
)
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse(text)


@pytest.mark.parametrize("size", [-1, True, "4", (1,), (1, 2, 3), (4, 1), (0, 0), [], [-1], None, 1.5])
def test_what_is_no_size_in_python_is_refused(size: object) -> None:
    with pytest.raises(UsageError):
        read(size)


@pytest.mark.parametrize("text", ["0..64", "0,1..64", "0..64,0"])
def test_nothing_is_a_size_of_a_variant(text: str) -> None:
    assert parse(text) == Sizes(least=1, most=64, special=(0,))
    assert parse("0") == Sizes(fixed=0)


def test_the_ends_of_a_range_with_a_step_are_multiples_of_it() -> None:
    assert parse("1..100:32") == parse("32..96:32")
    with pytest.raises(UsageError, match=r"there are none of 1\.\.:32 in 33\.\.63"):
        parse("33..63:32")
    with pytest.raises(UsageError, match=r"the size 100 is none of 32\.\.640:32"):
        parse("100,32..640:32")


def test_combinations() -> None:
    sizes = {"a": parse("1,2"), "b": parse("1..9"), "c": parse("5,6,1..9")}
    made = combinations(sizes)
    assert made == [{"a": a, "c": c} for a in (1, 2) for c in (5, 6)]
    assert combinations({"a": parse("4")}) == []


@given(st.integers(0, 99), st.integers(0, 9), POSITIVE, st.none() | st.integers(0, 99), st.sampled_from((1, 2, 32)))
def test_drawn_sizes_are_within_bounds(seed: int, attempt: int, least: int, extra: int | None, step: int) -> None:
    bounds = Bounds("n", least * step, None if extra is None else (least + extra) * step, step)
    (size,) = draw([bounds], seed, attempt).values()
    assert size in bounds
    assert attempt != 1 or size == least * step


@given(st.integers(0, 99), st.integers(0, 9))
def test_drawn_sizes_keep_constraints(seed: int, attempt: int) -> None:
    constraint = Constraint("a - b - 3", ">=")
    sizes = draw([Bounds("a"), Bounds("b")], seed, attempt, [constraint])
    assert sizes["a"] >= sizes["b"] + 3


def test_constraints_that_no_size_keeps() -> None:
    with pytest.raises(UsageError, match="no sizes were found that keep a - 1000 >= 0"):
        draw([Bounds("a", 1, 9)], 0, 0, [Constraint("a - 1000", ">=")])
