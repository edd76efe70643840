"""Kernels as machine code, on buffers between forbidden pages: right results and no access outside."""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import test_integer as integers
import test_reductions as folds
import test_softmax as softmaxes
import test_standardise as standardised
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kernel_attention import arrays as attention_arrays
from kernel_attention import attended, attentions, masked
from kernel_interpreter import Interpreter
from kernel_problems import arrays, convolutions, convolved, fixed_point, in_panels, volumes
from webtensorc_kernels import (
    attention,
    copies,
    direct,
    extremes,
    integer,
    planes,
    reductions,
    skinny,
    softmax,
    standardise,
    windows,
    winograd,
    winograd_blocking,
    winograd_weights,
)
from webtensorc_kernels.attention import Attention
from webtensorc_kernels.code import Code, View
from webtensorc_kernels.convolution import Axis, Convolution
from webtensorc_kernels.copies import Exchange, Padding, Pick
from webtensorc_kernels.epilogue import Epilogue
from webtensorc_kernels.executable import Kernel, write
from webtensorc_kernels.extremes import Extreme
from webtensorc_kernels.interleave import Transposition
from webtensorc_kernels.machine import Machine
from webtensorc_kernels.panels import FIXED
from webtensorc_kernels.reductions import Reduction
from webtensorc_kernels.softmax import Softmax
from webtensorc_kernels.standardise import Rows
from webtensorc_kernels.tile_choice import choose
from webtensorc_kernels.toom_cook import ALGORITHMS
from webtensorc_kernels.windows import Fold
from webtensorc_runtime import cpu

from webtensorc import registry

GUARD = Path(__file__).with_name("kernel_guard.py")
TARGETS = ("x86-64-v3", "x86-64-v4")

pytestmark = pytest.mark.slow


def machine_of(target: str) -> Machine:
    described = registry.make_target(target)
    if not described.features() <= cpu.features():
        pytest.skip(f"this processor cannot run {target}")
    machine = Machine.of(described)
    assert machine is not None
    return machine


def check(target: str, kernels: list[Kernel], operands: list[list[np.ndarray]], expected: list[np.ndarray]) -> None:
    """Compile and run in a process of its own, which an access outside would end."""
    given = pickle.dumps((target, kernels, operands, expected))
    done = subprocess.run([sys.executable, GUARD], input=given, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()[-2000:]


@pytest.mark.parametrize("target", TARGETS)
@settings(deadline=None, max_examples=2, derandomize=True, suppress_health_check=list(HealthCheck))
@given(problems=st.lists(convolutions(channels=150), min_size=5, max_size=5), volume=volumes(channels=150))
def test_convolutions(target: str, problems: list[Convolution], volume: Convolution) -> None:
    machine = machine_of(target)
    problems = [
        *problems,
        volume,
        Convolution.product(17, 33, 70),
        Convolution.product(1, 5, 1),
        Convolution.product(3, 4, 16),
        Convolution.product(70, 9, 3),
        Convolution.product(70, 9, 5),
        Convolution.product(70, 9, 10),
        Convolution(1, (9, 23), 5, 17, (3, 3), (9, 23), padding=(1, 1)),
        Convolution(1, (9, 23), 4, 34, (3, 3), (9, 23), padding=(1, 1), groups=2),
        Convolution(1, (9, 23), 8, 40, (3, 3), (9, 23), padding=(1, 1)),
    ]
    kernels = []
    for p in problems:
        tile = choose(p, machine, in_part=True, last_narrower=True)
        assert tile is not None
        kernels.append(direct.generate(p, tile, Epilogue(), Code(tile.lanes, machine)))
    check(target, kernels, [list(arrays(p)) for p in problems], [convolved(p, *arrays(p)) for p in problems])


@pytest.mark.parametrize("target", TARGETS)
def test_products_with_few_rows(target: str) -> None:
    machine = machine_of(target)
    sizes = [(1, 33, 70), (1, 5, 1), (2, 8, 16), (3, 17, 259), (4, 64, 130), (1, 300, 1501)]
    problems = [Convolution.product(*size) for size in sizes]
    kernels = []
    for p in problems:
        panel = skinny.choose(p, machine)
        assert panel is not None
        kernels.append(skinny.generate(p, panel, Epilogue(), Code(panel.lanes, machine)))
    check(target, kernels, [list(arrays(p)) for p in problems], [convolved(p, *arrays(p)) for p in problems])


@pytest.mark.parametrize("target", TARGETS)
def test_products_by_weights_of_their_own(target: str) -> None:
    machine, rng = machine_of(target), np.random.default_rng(0)
    kernels, operands = [], []
    for count, rows, depth, columns in [(3, 13, 33, 70), (5, 4, 5, 7), (2, 40, 30, 93)]:
        p = Convolution.product(rows, depth, columns).repeated(count)
        tile = choose(p, machine)
        assert tile is not None
        kernels.append(direct.generate(p, tile, Epilogue(), Code(tile.lanes, machine)))
        shapes = (count, rows, depth), (count, depth, columns)
        operands.append([rng.integers(-4, 5, shape).astype(np.float32) for shape in shapes])
    check(target, kernels, operands, [x @ w for x, w in operands])


@pytest.mark.parametrize("target", TARGETS)
def test_products_of_panels(target: str) -> None:
    machine = machine_of(target)
    sizes = [(1, 33, 70), (3, 40, 32), (17, 33, 64), (40, 30, 93), (50, 24, 257), (29, 40, 72)]
    problems = [Convolution.product(*size, packed=True) for size in sizes]
    kernels = []
    for p in problems:
        tile = choose(p, machine)
        assert tile is not None
        kernels.append(direct.generate(p, tile, Epilogue(), Code(tile.lanes, machine)))
    operands = [[x, in_panels(w)] for x, w in map(arrays, problems)]
    check(target, kernels, operands, [convolved(p, *arrays(p)) for p in problems])


@pytest.mark.parametrize("target", TARGETS)
def test_products_of_fixed_point_numbers(target: str) -> None:
    machine = machine_of(target)
    problems = [
        Convolution.product(*size, packed=True) for size in [(1, 33, 70), (2, 600, 32), (4, 257, 64), (7, 30, 93)]
    ]
    kernels, operands, expected = [], [], []
    for p in problems:
        tile = choose(p, machine)
        assert tile is not None
        kernels.append(direct.generate(p, tile, Epilogue(), Code(tile.lanes, machine), weights=FIXED))
        (x, _), (parts, w) = arrays(p), fixed_point(p)
        operands.append([x, *parts])
        expected.append(convolved(p, x, w))
    check(target, kernels, operands, expected)


@pytest.mark.parametrize("target", TARGETS)
def test_winograd(target: str) -> None:
    machine = machine_of(target)
    problems = [
        Convolution(1, (13, 22), 65, 82, (3, 3), (13, 22), padding=(1, 1)),
        Convolution(2, (19, 20), 40, 64, (3, 3), (17, 20), padding=(0, 2)),
        Convolution(1, (12, 30), 64, 33, (3, 3), (14, 28), padding=(2, 0)),
    ]
    problems += [replace(p, transformed=results) for p in problems for results in ALGORITHMS]
    kernels, operands = [], []
    for p in problems:
        blocking = winograd_blocking.plan(p, machine)
        assert blocking is not None
        lanes, (x, w) = blocking.tile.lanes, arrays(p)
        kernels.append(winograd.generate(p, blocking, Epilogue(), Code(lanes, machine)))
        if p.transformed:
            at_load = Interpreter(lanes, {"%w": w.reshape(-1, p.outputs)})
            winograd_weights.generate(p, blocking, at_load)
            w = at_load.arrays["%u"].astype(np.float32)
        operands.append([x, w])
    check(target, kernels, operands, [convolved(p, *arrays(p)) for p in problems])


@pytest.mark.parametrize("target", TARGETS)
@settings(deadline=None, max_examples=1, derandomize=True, suppress_health_check=list(HealthCheck))
@given(problems=st.lists(convolutions(), min_size=5, max_size=5), volume=volumes(), channels=st.integers(1, 70))
def test_depthwise_convolutions(target: str, problems: list[Convolution], volume: Convolution, channels: int) -> None:
    machine = machine_of(target)
    problems = [replace(p, channels=1, outputs=1, groups=channels + i) for i, p in enumerate([*problems, volume])]
    kernels = []
    for p in problems:
        strip = windows.choose(p, Fold("0.0 : f32"), machine)
        assert strip is not None
        code = Code(strip.lanes, machine)
        kernels.append(windows.generate(p, strip, Fold("0.0 : f32"), Epilogue(), code))
    check(target, kernels, [list(arrays(p)) for p in problems], [convolved(p, *arrays(p)) for p in problems])


@pytest.mark.parametrize("target", TARGETS)
@settings(deadline=None, max_examples=1, derandomize=True, suppress_health_check=list(HealthCheck))
@given(problems=st.lists(attentions(keys=90, outputs=70), min_size=5, max_size=5))
def test_attention(target: str, problems: list[Attention]) -> None:
    machine = machine_of(target)
    problems = [*problems, Attention(4, 50, 50, 64, 64, heads=4), Attention(3, 1, 90, 33, 40, stored=True)]
    kernels = []
    for p in problems:
        blocks = attention.choose(p, machine)
        kernels.append(attention.generate(p, blocks, masked("plane", p.rows), Code(blocks.lanes, machine)))
    operands = [list(attention_arrays(p, "plane")) for p in problems]
    expected = [attended(p, *given) for p, given in zip(problems, operands, strict=True)]
    check(target, kernels, operands, expected)


@pytest.mark.parametrize("target", TARGETS)
def test_pooling_of_planes(target: str) -> None:
    machine, fold = machine_of(target), Fold("0.0 : f32", "arith.addf", planes=True)
    rows, columns = Axis(13, 3, 7, 2, 1, 1), Axis(29, 3, 15, 2, 1, 1)
    flat = [
        Convolution(3, (1, 1), 1, 1).over(rows, each) for each in (columns, Axis(29, 2, 9, 3), Axis(20, 3, 20, 1, 1, 1))
    ]
    problems = [*flat, Convolution(2, (1, 1), 1, 1, depth=Axis(5, 3, 3, 2, 1, 1)).over(rows, columns)]
    kernels, operands, expected = [], [], []
    for p in problems:
        lanes = planes.choose(p, machine)
        assert lanes is not None
        x = arrays(p)[0]
        kernels.append(planes.generate(p, fold, Epilogue(), Code(lanes, machine)))
        operands.append([x])
        expected.append(convolved(p, x, np.ones((p.depth.kernel * p.kernel[0], p.kernel[1], 1, 1))))
    check(target, kernels, operands, expected)


@pytest.mark.parametrize("target", TARGETS)
def test_standardised_rows(target: str) -> None:
    machine = machine_of(target)
    problems = [Rows(5, n, standardised.EPSILON, centred) for n in (3, 40, 256, 1001) for centred in (False, True)]
    kernels = [
        standardise.generate(p, Epilogue(), Code(standardise.lanes(p.length, machine), machine)) for p in problems
    ]
    operands = [np.random.default_rng(p.length).standard_normal((p.rows, p.length)) for p in problems]
    expected = [standardised.reference(x, p.centred) for x, p in zip(operands, problems, strict=True)]
    check(target, kernels, [[x] for x in operands], expected)


@pytest.mark.parametrize("target", TARGETS)
def test_folds_and_positions(target: str) -> None:
    machine = machine_of(target)
    kernels, operands, expected = [], [], []
    for shape in ((9, 5, 1), (3, 333, 1), (2, 3, 21), (1, 35, 150), (2, 2, 2100)):
        x = np.random.default_rng(0).integers(-9, 9, shape)
        for operation, reference in folds.FOLDS.items():
            problem = Reduction(*shape, operation)
            lanes = reductions.lanes(problem, machine)
            assert lanes is not None
            kernels.append(reductions.generate(problem, Epilogue(), Code(lanes, machine)))
            expected.append(reference(x, axis=1))
        kernels.append(extremes.generate(Extreme(*shape, True, "i64"), Code(lanes, machine)))
        expected.append(np.argmax(x, axis=1))
        operands += 4 * [[x]]
    check(target, kernels, operands, expected)


@pytest.mark.parametrize("target", TARGETS)
def test_rows_that_are_moved(target: str) -> None:
    machine = machine_of(target)
    kernels, operands, expected = [], [], []

    def add(problem: Exchange | Padding | Pick | Transposition, given: list[np.ndarray], result: np.ndarray) -> None:
        lanes = copies.lanes(problem, machine)
        assert lanes is not None
        kernels.append(copies.generate(problem, Code(lanes, machine)))
        operands.append(given)
        expected.append(result)

    for row in (4, 35, 130):
        x = np.arange(2 * 3 * 5 * row).reshape(2, 3, 5, row)
        add(Exchange(2, 3, 5, row), [x], x.transpose(0, 2, 1, 3))
        table, index = x.reshape(2, 15, row), np.array([-1, 14, 0, 99, 7])
        add(Pick(2, 5, 15, row, "i64"), [table, index], np.take(table, index, 1, mode="clip"))
        table, index = x.reshape(30, row), np.arange(-5, row + 5) * 3 % (row + 2) - 1
        add(Pick(30, len(index), row, 1, "i32"), [table, index], np.take(table, index, 1, mode="clip"))
        padded = np.pad(x[0], ((0, 0), (1, 0), (2, 19)), constant_values=7)
        add(Padding(3, 5, row, 1, 0, 2, 19, "7.0 : f32"), [x[0]], padded)
    for few in (2, 3, 8):
        tables = np.arange(3 * few * 401).reshape(3, few, 401)
        woven = tables.transpose(0, 2, 1).reshape(3, -1)
        add(Transposition(3, few, 401), [tables], woven)
        add(Transposition(3, 401, few), [woven], tables)
    check(target, kernels, operands, expected)


@pytest.mark.parametrize("target", TARGETS)
def test_softmax(target: str) -> None:
    machine = machine_of(target)
    problems = [Softmax(5, n, logarithm) for n in (3, 40, 128, 1001) for logarithm in (False, True)]
    kernels = [softmax.generate(p, Code(softmax.lanes(p.length, machine), machine)) for p in problems]
    operands = [np.random.default_rng(p.length).standard_normal((p.rows, p.length)) * 9 for p in problems]
    expected = [softmaxes.reference(x, p.logarithm) for x, p in zip(operands, problems, strict=True)]
    check(target, kernels, [[x] for x in operands], expected)


@pytest.mark.parametrize("target", ("host", *TARGETS))
@settings(deadline=None, max_examples=1, derandomize=True, suppress_health_check=list(HealthCheck))
@given(given=st.lists(integers.problems, min_size=8, max_size=8))
def test_integers(target: str, given: list[Convolution]) -> None:
    target = str(registry.make_target(target).label)
    machine = machine_of(target)
    if machine.dot is None:
        pytest.skip("this processor has no instruction for products of bytes")
    problems = [*given, Convolution.product(17, 33, 70), Convolution(1, (12, 20), 3, 40, (7, 7), (3, 7), (2, 2))]
    kernels, operands, expected = [], [], []
    for p in problems:
        tile = integer.plan(p, machine)
        if tile is not None:
            x, w = integers.arrays(p)
            kernels.append(integer.generate(p, tile, Epilogue(element="i32"), machine, Code(tile.lanes, machine)))
            operands.append([x + 128 if machine.dot.unsigned else x, w])
            expected.append(convolved(p, x, w))
    assert len(kernels) >= 2
    check(target, kernels, operands, expected)


def test_an_access_outside_ends_the_process() -> None:
    """Else the test above could not fail."""
    code, x, y = Code(4, Machine(4, 16, False, False, 1 << 19)), View("%x", (64,)), View("%y", (4,))
    kernel = write(code, [x, y], (1, 1, 1), lambda _: code.store(code.load(x, 64), y, 0), flops=0, results=1, why="")
    given = pickle.dumps(("x86-64-v2", [kernel], [[np.zeros(64)]], [np.zeros(4)]))
    assert subprocess.run([sys.executable, GUARD], input=given, capture_output=True, check=False).returncode < 0
