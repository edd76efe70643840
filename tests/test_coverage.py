"""Chains of partial writes: when do they begin a new buffer?"""

from __future__ import annotations

import math
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from webtensorc.coverage import Box, Stores, begin_buffers, covers
from webtensorc.schedule import Access, Mode, Step


@st.composite
def tensors(draw: st.DrawFn) -> tuple[tuple[int, ...], list[Box]]:
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)))
    boxes = []
    for _ in range(draw(st.integers(0, 4))):
        starts = [draw(st.integers(0, extent - 1)) for extent in shape]
        boxes.append(tuple((s, draw(st.integers(s + 1, extent))) for s, extent in zip(starts, shape, strict=True)))
    return shape, boxes


@given(tensors())
def test_covers_only_what_is_filled(tensor: tuple[tuple[int, ...], list[Box]]) -> None:
    shape, boxes = tensor
    filled = {point for box in boxes for point in product(*(range(*each) for each in box))}
    if covers(shape, boxes):
        assert len(filled) == len(list(product(*map(range, shape))))


def test_two_halves_cover() -> None:
    assert covers((2, 8), [((0, 2), (0, 4)), ((0, 2), (4, 8))])
    assert not covers((2, 8), [((0, 2), (0, 4)), ((0, 2), (5, 8))])


LEFT = Stores((2, 8), 64, (((0, 2), (0, 4)),))
RIGHT = Stores((2, 8), 64, (((0, 2), (4, 8)),))


def step(time: int, *accesses: tuple[Mode, int]) -> Step:
    return Step("dispatch", "k", time, 0, tuple(Access(0, mode, at, 64) for mode, at in accesses))


def modes(steps: list[Step]) -> list[Mode]:
    return [access.mode for each in steps for access in each.accesses]


def test_slabs_begin_a_buffer() -> None:
    steps = [step(0, ("update", 0)), step(1, ("update", 0)), step(2, ("read", 0))]
    assert modes(begin_buffers(steps, {(0, 0): LEFT, (1, 0): RIGHT})) == ["write", "update", "read"]


def test_a_missing_slab_shows_what_was_there() -> None:
    steps = [step(0, ("update", 0)), step(2, ("read", 0))]
    assert modes(begin_buffers(steps, {(0, 0): LEFT})) == ["update", "read"]


def test_a_read_in_between_shows_what_was_there() -> None:
    steps = [step(0, ("update", 0)), step(1, ("read", 32)), step(2, ("update", 0))]
    assert modes(begin_buffers(steps, {(0, 0): LEFT, (2, 0): RIGHT})) == ["update", "read", "update"]


def test_a_step_reads_before_it_completes_a_chain() -> None:
    steps = [step(0, ("update", 0)), step(1, ("update", 0), ("read", 0))]
    assert modes(begin_buffers(steps, {(0, 0): LEFT, (1, 0): RIGHT})) == ["update", "update", "read"]


def test_other_memory_does_not_matter() -> None:
    steps = [step(0, ("update", 0)), step(1, ("write", 64)), step(2, ("update", 0))]
    assert modes(begin_buffers(steps, {(0, 0): LEFT, (2, 0): RIGHT})) == ["write", "write", "update"]


def test_slabs_of_one_tensor_in_different_shapes_begin_a_buffer() -> None:
    image = Stores((2, 3, 8), 192, (((0, 2), (0, 3), (0, 4)),))
    matrix = Stores((6, 8), 192, (((0, 6), (4, 8)),))
    steps = [step(0, ("update", 0)), step(1, ("update", 0)), step(2, ("read", 0))]
    assert modes(begin_buffers(steps, {(0, 0): image, (1, 0): matrix})) == ["write", "update", "read"]
    other = Stores((3, 16), 192, (((0, 3), (8, 16)),))
    assert modes(begin_buffers(steps, {(0, 0): image, (1, 0): other})) == ["update", "update", "read"]


@given(tensors())
def test_a_matrix_has_the_same_elements(tensor: tuple[tuple[int, ...], list[Box]]) -> None:
    shape, boxes = tensor

    def elements(stores: Stores) -> set[int]:
        sizes = [math.prod(stores.shape[i + 1 :]) for i in range(len(stores.shape))]
        points = (point for box in stores.boxes for point in product(*(range(*each) for each in box)))
        return {sum(a * b for a, b in zip(point, sizes, strict=True)) for point in points}

    stores = Stores(shape, 4 * math.prod(shape), tuple(boxes))
    assert elements(stores.as_rows()) == elements(stores)
