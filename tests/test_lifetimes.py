"""The lifetime picture: every buffer where and when it is, in characters and as a drawing."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webtensorc.lifetimes import Picture, pictures
from webtensorc.schedule import Access, Mode, Resource, Schedule, Step


def schedule(*steps: tuple[int, str, tuple[tuple[Mode, int, int], ...]], size: int = 300) -> Schedule:
    made = (
        Step(
            "dispatch", f"{name}::{name}", time, 0, tuple(Access(0, mode, at, length) for mode, at, length in accesses)
        )
        for time, name, accesses in steps
    )
    return Schedule((Resource("transient", "arena0", size),), tuple(made))


CHAIN = schedule(
    (0, "first", (("write", 0, 100),)),
    (1, "second", (("read", 0, 100), ("write", 100, 50))),
    (2, "third", (("read", 100, 50), ("write", 150, 150))),
    (3, "<fourth>", (("read", 150, 150),)),
)


@pytest.fixture
def picture() -> Picture:
    (found,) = pictures(CHAIN)
    return found


def test_a_letter_stands_where_and_when_a_buffer_lives(picture: Picture) -> None:
    lines = picture.text(height=6).splitlines()
    assert [line.split() for line in lines[:-1]] == [
        ["275", "..cc"],
        ["225", "..cc"],
        ["175", "..cc"],
        ["125", ".bb."],
        ["75", "aa.."],
        ["25", "aa.."],
    ]


def test_the_largest_buffer_is_listed_first(picture: Picture) -> None:
    assert picture.size == 300 and picture.bound == 200
    assert picture.rows()[0] == ("c", 150, 150, "2 third", "3 <fourth>")


def test_the_drawing_has_a_rectangle_per_buffer_with_its_steps(picture: Picture) -> None:
    root = ElementTree.fromstring(picture.svg())
    kind = "{http://www.w3.org/2000/svg}"
    titles = [each.findtext(f"{kind}title") for each in root.iter(f"{kind}rect")]
    assert titles[2] == "150 bytes at 150, from 2 third to 3 <fourth>"
    shapes = [each.attrib for each in root.iter(f"{kind}rect")]
    assert len(shapes) == 3
    heights = [float(each["height"]) for each in shapes]
    assert heights == pytest.approx([500 * bytes_ / 300 for bytes_ in (100, 50, 150)], abs=0.01)


def test_an_arena_of_unknown_size_has_no_picture() -> None:
    assert pictures(schedule((0, "one", (("write", 0, 10),)), size=None)) == []  # type: ignore[arg-type]


@given(st.integers(1, 200), st.integers(1, 5), st.integers(1, 30))
def test_any_number_of_steps_fits_the_width(steps: int, size: int, height: int) -> None:
    made = schedule(*((n, "step", (("write", 0, size),)) for n in range(steps)), size=size)
    (found,) = pictures(made)
    lines = found.text(40, height).splitlines()
    assert len(lines) == height + 1
    assert {len(line) for line in lines[:-1]} == {14 + min(steps, 40)}
    assert "." not in "".join(line[14:] for line in lines[:-1])
