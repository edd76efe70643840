"""Estimates of time: instructions as the interpreter really meets them, and what must hold for every kernel."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_interpreter import Interpreter
from kernel_problems import arrays, convolutions
from webtensorc_kernels import direct, integer, skinny, tile_steps, tiled, winograd, winograd_blocking
from webtensorc_kernels.choice import Candidate, best
from webtensorc_kernels.code import Code, Index, View, Workgroup
from webtensorc_kernels.convolution import Convolution
from webtensorc_kernels.cost import Cost, estimate
from webtensorc_kernels.epilogue import Epilogue
from webtensorc_kernels.executable import Kernel, write
from webtensorc_kernels.machine import Dot, Machine
from webtensorc_kernels.meter import Loop, Meter
from webtensorc_kernels.tile_choice import choose

from webtensorc.pass_api import Speeds

MACHINE = Machine(16, 32, True, True, 1 << 20, speeds=Speeds(clock=3e9, vector_units=1))


class Counting(Interpreter):
    """The interpreter, counting multiplications and loads as they are done."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.counts: Counter[str] = Counter()

    def multiply_add(self, a: str, b: str, c: str) -> str:
        self.counts["vector.fma"] += 1
        return super().multiply_add(a, b, c)

    def load(self, view: View, *at: Index) -> str:
        self.counts["vector.load"] += 1
        return super().load(view, *at)

    def load_repeated(self, count: int, view: View, *at: Index) -> str:
        self.counts["vector.load"] += 1
        return super().load_repeated(count, view, *at)


def totals(loop: Loop) -> Counter[str]:
    return Counter({name: round(n) for name, n in executed(loop).items()})


def executed(loop: Loop) -> Counter[str]:
    found = Counter(loop.counts)
    for each in loop.inner:
        found.update(executed(each))
    return Counter({name: n * loop.trips for name, n in found.items()})


def direct_author(p: Convolution, machine: Machine = MACHINE) -> Candidate:
    tile = choose(p, machine)
    assert tile is not None
    return Candidate("direct", tile.lanes, lambda code: direct.generate(p, tile, Epilogue(), code))


def inside(p: Convolution) -> Convolution:
    """The same without padding: the windows that are inside the image, or one that is as large as it."""
    kernel = tuple(min(k, (i - 1) // d + 1) for k, i, d in zip(p.kernel, p.image, p.dilations, strict=True))
    sizes = zip(p.image, kernel, p.dilations, p.strides, strict=True)
    out = tuple((i - (k - 1) * d - 1) // s + 1 for i, k, d, s in sizes)
    return replace(p, kernel=kernel, out=out, padding=(0, 0)).flat()


@settings(deadline=None, max_examples=25)
@given(convolutions(channels=20))
def test_a_kernel_in_one_workgroup_is_counted_as_it_runs(p: Convolution) -> None:
    p = inside(p)
    author = direct_author(p)
    meter = Meter(author.lanes, MACHINE)
    kernel = author.write(meter)
    x, w = (each.reshape(view.shape) for each, view in zip(arrays(p), kernel.views, strict=False))
    interpreter = Counting(author.lanes, {"%x": x, "%w": w})
    author.write(interpreter)
    counted, done = totals(meter.root), interpreter.counts
    assert kernel.grid == (1, 1, 1)
    assert {name: counted[name] for name in done} == done


def test_loops_and_bounds_that_depend_on_the_workgroup_are_followed() -> None:
    x = View("%x", (1000, 16))

    def body(code: Code, where: Workgroup) -> None:
        low, high = code.multiply(where.x, 250), code.multiply(code.add(where.x, 1), 250)

        def row(i: Index, _: list[str]) -> list[str]:
            code.store(code.load(x, i, 0), x, i, 0)
            return []

        code.loop(low, high, row, step=5)

    meter = Meter(16, MACHINE)
    kernel = write(meter, [x], (4, 1, 1), lambda where: body(meter, where), flops=0, results=1, why="")
    assert kernel.grid == (4, 1, 1)
    assert totals(meter.root)["vector.load"] == totals(meter.root)["vector.store"] == 50


def streamed(rows: int, rounds: int, groups: int = 1) -> Cost:
    """Of reading `rows` cache lines so many times over."""
    x = View("%x", (rows, 16))

    def generate(code: Code) -> Kernel:
        def again(_: Index, __: list[str]) -> list[str]:
            return list(code.loop(0, rows, lambda i, sums: [code.plus(sums[0], code.load(x, i, 0))], [code.zero()])[:0])

        return write(code, [x], (groups, 1, 1), lambda _: code.loop(0, rounds, again), flops=0, results=1, why="")

    return estimate(generate, 16, replace(MACHINE, speeds=Speeds(second_level=1, shared=0.01, vector_units=100)))


def test_what_fits_into_a_cache_is_fetched_once() -> None:
    small, large = MACHINE.second_level // 64 // 2, MACHINE.second_level // 64 * 2
    assert streamed(small, 8).busiest < 1.5 * streamed(small, 1).busiest
    assert streamed(large, 8).busiest == pytest.approx(8 * streamed(large, 1).busiest)


def test_more_cores_help_as_far_as_there_are_workgroups() -> None:
    cost = streamed(1000, 4, groups=6)
    assert cost.seconds(2) == pytest.approx(cost.seconds(1) / 2)
    assert cost.seconds(4) == cost.seconds(5) == pytest.approx(cost.seconds(1) / 3)
    assert cost.seconds(6) == cost.seconds(64) == cost.busiest


@settings(deadline=None, max_examples=25)
@given(convolutions(channels=200), st.sampled_from([1, 16, 200]))
def test_no_kernel_is_predicted_to_beat_the_peak(p: Convolution, outputs: int) -> None:
    p = inside(replace(p, groups=1, outputs=outputs))
    author = direct_author(p)
    cost = estimate(author.write, author.lanes, MACHINE)
    assert cost.seconds() >= 0.99 * cost.compute_bound
    assert cost.seconds(8) >= 0.99 * cost.compute_bound / 8


@settings(deadline=None, max_examples=25)
@given(st.integers(32, 400), st.integers(1, 6))
def test_the_last_rows_of_a_product_are_not_taken_for_all(rows: int, vectors: int) -> None:
    author = direct_author(Convolution.product(rows, 384, 16 * vectors, packed=True))
    cost = estimate(author.write, author.lanes, MACHINE)
    assert cost.seconds() >= 0.99 * cost.compute_bound


def test_products_of_bytes_are_bounded_by_the_instruction_for_them() -> None:
    p, machine = Convolution.product(128, 1024, 512, packed=True), replace(MACHINE, dot=Dot(((16, ""),), unsigned=True))
    tile = integer.plan(p, machine)
    assert tile is not None
    cost = estimate(lambda code: integer.generate(p, tile, Epilogue(element="i32"), machine, code), 16, machine)
    peak = 16 * 4 * 2 * machine.speeds.vector_units * machine.speeds.clock
    assert cost.compute_bound == pytest.approx(p.flops / peak)
    assert cost.compute_bound <= cost.seconds() <= 2 * cost.compute_bound


def test_tiles_are_bounded_by_their_instruction_and_chosen_where_there_is_work_for_them() -> None:
    machine = replace(MACHINE, dot=Dot(((16, ""),), unsigned=True), tiles=True)
    p, sums = Convolution.product(1024, 1024, 512, packed=True), Epilogue(element="i32")
    steps, tile = tile_steps.plan(p, machine), integer.plan(p, machine)
    assert steps is not None and tile is not None
    on_tiles = Candidate("tiles", 16, lambda code: tiled.generate(p, steps, sums, code))
    on_vectors = Candidate("bytes", 16, lambda code: integer.generate(p, tile, sums, machine, code))
    choice = best([on_vectors, on_tiles], machine)
    assert choice is not None and choice.family == "tiles"
    assert choice.cost.compute_bound == pytest.approx(p.flops / (2 * 1024 * machine.speeds.clock))
    assert choice.cost.compute_bound <= choice.cost.seconds() <= 3 * choice.cost.compute_bound


def test_large_products_come_near_the_peak_and_few_rows_are_bound_by_memory() -> None:
    author = direct_author(Convolution.product(1024, 1024, 1024))
    product = estimate(author.write, author.lanes, MACHINE)
    assert product.compute_bound <= product.seconds() <= 1.15 * product.compute_bound
    p = Convolution.product(1, 4096, 4096)
    panel = skinny.choose(p, MACHINE)
    assert panel is not None
    row = estimate(lambda code: skinny.generate(p, panel, Epilogue(), code), panel.lanes, MACHINE)
    assert row.memory_bound > 5 * row.compute_bound
    assert row.memory_bound <= row.seconds() <= 1.1 * row.memory_bound


def test_the_best_candidate_is_chosen_and_the_others_are_named() -> None:
    p = Convolution(1, (56, 56), 64, 64, (3, 3), (56, 56), padding=(1, 1))
    blocking = winograd_blocking.plan(p, MACHINE)
    assert blocking is not None
    fast = Candidate("winograd", 16, lambda code: winograd.generate(p, blocking, Epilogue(), code))
    slow = direct_author(p.flat())
    for order in ([fast, slow], [slow, fast]):
        choice = best(order, MACHINE)
        assert choice is not None and choice.family == "winograd"
        facts = choice.as_dict()
        assert facts["instead"]["direct"] > 1.5 * facts["predicted"]["1"]
    assert best([], MACHINE) is None
