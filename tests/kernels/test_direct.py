"""Direct convolutions and matrix products, run by an interpreter of the code that writes them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_interpreter import Interpreter, number
from kernel_problems import arrays, convolutions, convolved, fixed_point, in_panels, volumes
from webtensorc_kernels import direct
from webtensorc_kernels.code import Index, View
from webtensorc_kernels.convolution import Axis, Convolution, Tile
from webtensorc_kernels.epilogue import Apply, Constant, Epilogue, Load
from webtensorc_kernels.machine import Machine
from webtensorc_kernels.panels import FIXED
from webtensorc_kernels.tile_choice import choose

MACHINES = [
    Machine(4, 16, False, False, 1 << 19),
    Machine(8, 16, True, False, 1 << 19, masks=True),
    Machine(16, 32, True, True, 1 << 20, masks=True),
]
machines = st.sampled_from(MACHINES)

CACHE = 1 << 19
caches = st.sampled_from((0, 1 << 12))  # the small ones have weights copied in pieces

PLAIN = Epilogue()
BIAS_RESIDUAL_RELU = Epilogue(
    (
        Load(0, "channel"),
        Apply("arith.addf", (-1, 0), "", ("f32",) * 3),
        Load(1, "result"),
        Apply("arith.addf", (1, 2), "", ("f32",) * 3),
        Constant("0.0 : f32"),
        Apply("arith.maximumf", (3, 4), "", ("f32",) * 3),
    ),
    ("channel", "result"),
)
SCALED_BY_POINT = Epilogue(
    (
        Load(0, "point"),
        Apply("arith.mulf", (-1, 0), "", ("f32",) * 3),
        *[Apply("math.tanh", (1,), "", ("f32",) * 2)] * 3,
    ),
    ("point",),
)


def interpreted(
    p: Convolution, tile: Tile, epilogue: Epilogue = PLAIN, extra: tuple[np.ndarray, ...] = ()
) -> np.ndarray:
    """The kernel's result; the interpreter fails on an access outside, and here on what was never stored."""
    x, w = arrays(p)
    shapes = [view.shape for view in epilogue.views(p.points, p.groups * p.outputs)]
    held = {f"%e{i}": a.reshape(shape) for i, (a, shape) in enumerate(zip(extra, shapes, strict=True))}
    held["%x"] = x.reshape(*x.shape[:2], -1)
    held["%w"] = w.reshape(-1, w.shape[-1])
    code = Interpreter(tile.lanes, held)
    direct.generate(p, tile, epilogue, code)
    assert code.stored["%y"].all()
    return code.arrays["%y"].reshape(p.batch * p.depth.out, *p.out, -1)


@settings(deadline=None)
@given(st.one_of(convolutions(), volumes()), machines)
def test_every_convolution_is_right_and_stays_inside_its_buffers(p: Convolution, machine: Machine) -> None:
    tile = choose(p, machine, in_part=True, last_narrower=True)
    assert tile is not None
    np.testing.assert_array_equal(interpreted(p, tile), convolved(p, *arrays(p)))


@pytest.mark.parametrize("outputs", [3, 5, 10])
def test_few_columns_are_part_of_a_vector(outputs: int) -> None:
    p, machine = Convolution.product(70, 13, outputs), MACHINES[-1]
    tile = choose(p, machine, in_part=True, last_narrower=True)
    assert tile is not None and tile.narrow == outputs < tile.lanes and choose(p, machine).narrow == 0
    bias, residual = np.arange(outputs), np.arange(70 * outputs)
    found = interpreted(p, tile, BIAS_RESIDUAL_RELU, (bias, residual)).reshape(70, outputs)
    plain = convolved(p, *arrays(p)).reshape(70, outputs)
    np.testing.assert_array_equal(found, np.maximum(plain + bias + residual.reshape(70, outputs), 0))


@settings(deadline=None)
@given(volumes(), st.lists(st.integers(0, 6), min_size=3, max_size=3))
def test_with_fewer_dimensions_it_is_the_same_work(p: Convolution, extents: list[int]) -> None:
    """Dimensions of the given extents are plain; at 0 they stay as they are."""
    depth, rows, columns = (
        Axis(extent, out=extent) if extent else axis
        for extent, axis in zip(extents, (p.depth, p.rows, p.columns), strict=True)
    )
    p = replace(p, depth=depth).over(rows, columns)
    flat = p.flat()
    assert flat.is_product or not all(extents) or p.groups > 1
    assert flat.depth == Axis() or not (any(extents[:1]) or all(extents[1:]))
    (x, w), (same_x, same_w) = arrays(p), arrays(flat)
    np.testing.assert_array_equal(x.reshape(-1), same_x.reshape(-1))
    np.testing.assert_array_equal(convolved(p, x, w).reshape(-1), convolved(flat, same_x, same_w).reshape(-1))


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(1, 5), st.integers(1, 150), machines)
def test_every_product_is_right(rows: int, depth: int, columns: int, machine: Machine) -> None:
    p = Convolution.product(rows, depth, columns)
    tile = choose(p, machine)
    assert tile is not None
    np.testing.assert_array_equal(interpreted(p, tile), convolved(p, *arrays(p)))


@settings(deadline=None)
@given(*(st.integers(1, most) for most in (5, 40, 5, 150)), machines)
def test_products_by_weights_of_their_own_are_right(
    count: int, rows: int, depth: int, columns: int, machine: Machine
) -> None:
    p = Convolution.product(rows, depth, columns).repeated(count)
    tile, rng = choose(p, machine), np.random.default_rng(0)
    assert tile is not None
    assert p.flat() == p
    x, w = (rng.integers(-4, 5, shape).astype(np.float32) for shape in ((count, rows, depth), (count, depth, columns)))
    code = Interpreter(tile.lanes, {"%x": x.reshape(count, 1, -1), "%w": w.reshape(-1, columns)})
    direct.generate(p, tile, PLAIN, code)
    assert code.stored["%y"].all()
    np.testing.assert_array_equal(code.arrays["%y"].reshape(count, rows, columns), x @ w)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 40), st.integers(1, 30), st.integers(32, 150), machines)
def test_every_product_of_panels_is_right(rows: int, depth: int, columns: int, machine: Machine) -> None:
    p = Convolution.product(rows, depth, columns, packed=True)
    tile = choose(p, machine)
    assert tile is not None
    x, w = arrays(p)
    code = Interpreter(tile.lanes, {"%x": x.reshape(1, 1, -1), "%w": in_panels(w)})
    direct.generate(p, tile, PLAIN, code)
    assert code.stored["%y"].all()
    np.testing.assert_array_equal(code.arrays["%y"], convolved(p, x, w)[0, 0])


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 6), st.one_of(st.integers(1, 30), st.integers(255, 600)), st.integers(32, 100), machines)
def test_every_product_of_fixed_point_numbers_is_right(rows: int, depth: int, columns: int, machine: Machine) -> None:
    p = Convolution.product(rows, depth, columns, packed=True)
    tile = choose(p, machine)
    assert tile is not None
    (x, _), (parts, w) = arrays(p), fixed_point(p)
    held = dict(zip(("%x", "%w", "%w_steps"), (x.reshape(1, 1, -1), *parts), strict=True))
    code = Interpreter(tile.lanes, held)
    direct.generate(p, tile, PLAIN, code, weights=FIXED)
    assert code.stored["%y"].all()
    np.testing.assert_array_equal(code.arrays["%y"], convolved(p, x, w)[0, 0])


class Adding(Interpreter):
    """Keeps how many products each number that is stored is the sum of, one after the other."""

    def zero(self) -> str:
        return np.zeros((self.lanes, 2))  # type: ignore[return-value]

    def multiply_add(self, a: str, b: str, c: str) -> str:
        return np.stack([c[:, 0] + a * b, c[:, 1] + 1], axis=1)  # type: ignore[call-overload,no-any-return,operator]

    def plus(self, a: str, b: str) -> str:
        return np.stack([a[:, 0] + b[:, 0], np.maximum(a[:, 1], b[:, 1]) + 1], axis=1)  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize(("rows", "depth", "most"), [(1, 5000, 300), (4, 1024, 300), (3, 200, 200), (9, 1024, 1024)])
def test_sums_of_few_rows_are_short(rows: int, depth: int, most: int) -> None:
    """Rounding errors grow with the number of additions; a block of many points has no registers to spare."""
    p = Convolution.product(rows, depth, 64, packed=True)
    x, w = arrays(p)
    tile = choose(p, MACHINES[-1])
    assert tile is not None
    code = Adding(tile.lanes, {"%x": x.reshape(1, 1, -1), "%w": in_panels(w)})
    direct.generate(p, tile, PLAIN, code)
    sums, additions = np.moveaxis(code.arrays["%y"], -1, 0)
    np.testing.assert_array_equal(sums, convolved(p, x, w)[0, 0])
    assert additions.max() <= most


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 20), st.integers(1, 4), st.integers(1, 3), machines, st.sampled_from([PLAIN, SCALED_BY_POINT]))
def test_heads_lie_behind_each_other(rows: int, heads: int, vectors: int, machine: Machine, epilogue: Epilogue) -> None:
    width = vectors * machine.lanes
    p, factors = Convolution.product(rows, 3, heads * width), np.linspace(-1, 1, rows, dtype=np.float32)
    tile = choose(p, machine)
    assert tile is not None
    apart = interpreted(p, tile, replace(epilogue, head=width), (factors,)[: len(epilogue.operands)])
    together = interpreted(p, tile, epilogue, (factors,)[: len(epilogue.operands)])
    expected = together.reshape(rows, heads, width).swapaxes(0, 1)
    np.testing.assert_array_equal(apart.reshape(heads, rows, width), expected)


class Fetching(Interpreter):
    """Keeps which lines of memory are fetched ahead: of the weights by panel, row and first column, of the image."""

    def __init__(self, lanes: int, arrays: dict[str, np.ndarray]) -> None:
        super().__init__(lanes, arrays)
        self.fetched: dict[str, set[tuple[int, ...]]] = {"%x": set(), "%w": set()}

    def prefetch(self, view: View, *at: Index, level: int = 1) -> None:
        super().prefetch(view, *at, level=level)
        *rows, column = map(number, at)
        self.fetched[view.name].add((*rows, column // 16 * 16))


def fetching(rows: int, depth: int, count: int, together: int) -> tuple[set[int], Fetching]:
    """A product of `count` panels; the first panel of each workgroup, and what was fetched."""
    p = Convolution.product(rows, depth, 32 * count, packed=True)
    x, w = arrays(p)
    code = Fetching(16, {"%x": x.reshape(1, 1, -1), "%w": in_panels(w)})
    kernel = direct.generate(p, Tile(4, 2, 16, together), PLAIN, code)
    alone = min(kernel.grid[0], count)
    return {share * count // alone for share in range(alone)}, code


@settings(deadline=None, max_examples=30)
@given(st.integers(5, 60), st.integers(1, 9), st.integers(1, 4), st.sampled_from([2, 16]))
def test_while_one_large_panel_is_multiplied_the_next_is_fetched(
    rows: int, depth: int, count: int, together: int
) -> None:
    firsts, code = fetching(rows, depth, count, together)
    expected = {(c, k, j) for c in range(count) if c not in firsts for k in range(depth) for j in (0, 16)}
    assert expected <= code.fetched["%w"]


@settings(deadline=None, max_examples=30)
@given(st.integers(5, 60), st.integers(1, 40), st.integers(1, 4))
def test_while_small_weights_multiply_a_tile_the_next_is_fetched(rows: int, depth: int, count: int) -> None:
    _, code = fetching(rows, depth, count, together=1)
    beyond = rows // 4 * 4 * depth  # what is left of the points is a smaller tile
    lines = {(0, 0, number * 16) for number in range(-(-4 * depth // 16), beyond // 16)}
    assert lines <= code.fetched["%x"]


@settings(deadline=None, max_examples=50)
@given(convolutions(), st.integers(1, 9), st.integers(1, 4), st.sampled_from((1, 2, 4)))
def test_any_tile_will_do(p: Convolution, points: int, vectors: int, lanes: int) -> None:
    tile = Tile(min(points, p.out[1]), max(1, min(vectors, p.outputs // min(lanes, p.outputs))), min(lanes, p.outputs))
    np.testing.assert_array_equal(interpreted(p, tile), convolved(p, *arrays(p)))


@settings(deadline=None, max_examples=50)
@given(convolutions(), machines)
def test_epilogues(p: Convolution, machine: Machine) -> None:
    tile = choose(p, machine)
    assert tile is not None
    y = convolved(p, *arrays(p))
    rng = np.random.default_rng(1)
    bias, residual = rng.integers(-9, 9, y.shape[-1]), rng.integers(-9, 9, y.shape)
    by_point = rng.standard_normal(y.shape[:-1])
    fused = interpreted(p, tile, BIAS_RESIDUAL_RELU, (bias, residual))
    np.testing.assert_array_equal(fused, np.maximum(y + bias + residual, 0))
    assert SCALED_BY_POINT.is_long
    scaled = interpreted(p, tile, SCALED_BY_POINT, (by_point,))
    np.testing.assert_array_equal(scaled, np.tanh(y * by_point[..., None]))


class Finished(Interpreter):
    """Sees to it that every result that is stored is a hyperbolic tangent."""

    def store(self, vector: str, view: View, *at: Index) -> None:
        assert view.name != "%y" or np.abs(vector).max() <= 1  # type: ignore[call-overload]
        super().store(vector, view, *at)


@settings(deadline=None, max_examples=50)
@given(convolutions(), machines)
def test_no_result_is_stored_unfinished(p: Convolution, machine: Machine) -> None:
    """Workgroups may compute some results twice, at the same time: one would finish what the other has finished."""
    tile = choose(p, machine)
    assert tile is not None
    x, w = arrays(p)
    held = {
        "%x": x.reshape(p.batch, p.image[0], -1),
        "%w": w.reshape(-1, p.groups * p.outputs),
        "%e0": np.ones(p.points),
    }
    direct.generate(p, tile, SCALED_BY_POINT, Finished(tile.lanes, held))


@settings(deadline=None, max_examples=50)
@given(convolutions(), machines, st.integers(0, 5), st.integers(0, 5))
def test_parts_of_larger_tensors(p: Convolution, machine: Machine, before: int, after: int) -> None:
    """Both the result and a residual are some channels of wider rows."""
    tile = choose(p, machine)
    assert tile is not None
    channels = p.groups * p.outputs
    width = before + channels + after
    add = Apply("arith.addf", (-1, 0), "", ("f32",) * 3)
    epilogue = Epilogue((Load(0, "result", after), add), ("result",), (width,), (width, before))
    x, w = arrays(p)
    residual = np.random.default_rng(1).integers(-9, 9, (p.points, width)).astype(float)
    held = {"%x": x.reshape(p.batch, p.image[0], -1), "%w": w.reshape(-1, channels), "%e0": residual}
    code = Interpreter(tile.lanes, held)
    direct.generate(p, tile, epilogue, code)
    part = slice(before, before + channels)
    assert code.stored["%y"][:, part].all() and code.stored["%y"].sum() == p.points * channels
    expected = convolved(p, x, w).reshape(p.points, channels) + residual[:, after : after + channels]
    np.testing.assert_array_equal(code.arrays["%y"][:, part], expected)


@settings(deadline=None)
@given(convolutions(largest=60, channels=600), machines)
def test_tiles_fit_the_registers_and_the_result(p: Convolution, machine: Machine) -> None:
    tile = choose(p, machine)
    assert tile is not None
    assert machine.fits(tile.points, tile.vectors)
    assert tile.points <= p.out[1] and tile.channels <= p.outputs


def test_code_that_would_be_huge_is_not_written() -> None:
    assert choose(Convolution(1, (99, 99), 8, 64, (99, 99), (99, 99), (1, 1), (2, 2), (98, 98)), MACHINES[0]) is None


@pytest.mark.parametrize("machine", MACHINES)
def test_equal_problems_give_equal_text(machine: Machine) -> None:
    from webtensorc_kernels.code import Code

    p = Convolution(1, (9, 9), 3, 20, (3, 3), (9, 9), padding=(1, 1))
    tile = choose(p, machine)
    assert tile is not None
    kernels = [direct.generate(p, tile, Epilogue(), Code(tile.lanes, machine)) for _ in range(2)]
    assert kernels[0] == kernels[1]
