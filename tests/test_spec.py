"""The options grammar: printing and parsing are inverse, and mistakes are named."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webtensorc.errors import UsageError
from webtensorc.spec import Spec

NAMES = st.from_regex(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", fullmatch=True)
SCALARS = st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=6)
OPTIONS = st.dictionaries(NAMES, VALUES, max_size=4).map(lambda d: tuple(d.items()))


@given(NAMES, OPTIONS)
def test_print_then_parse_gives_the_same_spec(name: str, options: tuple) -> None:
    spec = Spec(name, options)
    again = Spec.parse(str(spec))
    assert again == spec
    assert [type(v) for _, v in again.options] == [type(v) for _, v in options]


@dataclass(frozen=True)
class Example:
    max_rank: int = 8
    scale: float = 1.0
    fast: bool = False
    kind: str = "plain"
    tiles: tuple[int, ...] = (8, 8)
    limit: int | None = None


@given(
    st.builds(
        Example,
        max_rank=st.integers(),
        scale=st.floats(allow_nan=False),
        fast=st.booleans(),
        kind=st.text(),
        tiles=st.lists(st.integers(), max_size=3).map(tuple),
        limit=st.integers(),
    )
)
def test_instance_to_text_and_back(example: Example) -> None:
    assert Spec.parse(str(Spec.of("example", example))).build(Example) == example


def test_defaults_are_not_printed() -> None:
    assert str(Spec.of("example", Example(max_rank=4, fast=True))) == "example{max-rank=4,fast=true}"
    assert str(Spec.of("example", Example())) == "example"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "a name expected"),
        ("a{", "an option expected"),
        ("a{b}", "`=` is missing"),
        ("a{b=}", "a value is missing"),
        ("a{b=1", "`,` is missing"),
        ("a{b=1}x", "`x` after the end"),
        ("a{b=1,b=2}", "`b` is given twice"),
        ("a{b=[1}", "`,` is missing"),
        ("a b", "`b` after the end"),
        ('a{b="\\x"}', "not a JSON string"),
        ("a{b=?}", "unexpected `?`"),
    ],
)
def test_wrong_text_is_named(text: str, says: str) -> None:
    with pytest.raises(UsageError, match="cannot read") as caught:
        Spec.parse(text)
    assert says in caught.value.message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("e{max-rnk=1}", "no option `max-rnk`"),
        ("e{max-rank=true}", "wants an integer"),
        ("e{max-rank=1.5}", "wants an integer"),
        ("e{fast=1}", "wants true or false"),
        ("e{kind=7}", "wants a word"),
    ],
)
def test_wrong_options_are_named(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Spec.parse(text).build(Example)


def test_a_close_option_is_suggested() -> None:
    with pytest.raises(UsageError) as caught:
        Spec.parse("e{max-rnk=1}").build(Example)
    assert caught.value.hint == "did you mean `max-rank`?"
