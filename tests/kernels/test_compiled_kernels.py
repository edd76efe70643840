"""Kernels as machine code, on buffers between forbidden pages: right results and no access outside."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import iree.compiler
import kernel_guard
import numpy as np
import pytest
import test_folding as foldings
import test_integer as integers
import test_reductions as folds
import test_softmax as softmaxes
import test_standardise as standardised
import test_tiled as tiles
import test_tiled_floats as floats
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kernel_attention import arrays as attention_arrays
from kernel_attention import attended, attentions, masked
from kernel_interpreter import Interpreter
from kernel_problems import arrays, convolutions, convolved, in_panels, volumes
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
    tile_steps,
    tiled,
    tiled_floats,
    weight_sums,
    windows,
    winograd,
    winograd_blocking,
    winograd_weights,
)
from webtensorc_kernels.attention import Attention
from webtensorc_kernels.code import Code, View
from webtensorc_kernels.convolution import Axis, Convolution, choose
from webtensorc_kernels.copies import Exchange, Padding, Pick
from webtensorc_kernels.epilogue import Epilogue
from webtensorc_kernels.executable import Kernel, write
from webtensorc_kernels.extremes import Extreme
from webtensorc_kernels.factors import Factors
from webtensorc_kernels.machine import Machine
from webtensorc_kernels.reductions import Reduction
from webtensorc_kernels.softmax import Softmax
from webtensorc_kernels.standardise import Rows
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
    ]
    kernels = []
    for p in problems:
        tile = choose(p, machine, in_part=True)
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
    sizes = [(1, 33, 70), (3, 40, 32), (17, 33, 64), (40, 30, 93)]
    problems = [Convolution.product(*size, packed=True) for size in sizes]
    kernels = []
    for p in problems:
        tile = choose(p, machine)
        assert tile is not None
        kernels.append(direct.generate(p, tile, Epilogue(), Code(tile.lanes, machine)))
    operands = [[x, in_panels(w)] for x, w in map(arrays, problems)]
    check(target, kernels, operands, [convolved(p, *arrays(p)) for p in problems])


@pytest.mark.parametrize("target", TARGETS)
def test_winograd(target: str) -> None:
    machine = machine_of(target)
    problems = [
        Convolution(1, (13, 22), 33, 50, (3, 3), (13, 22), padding=(1, 1)),
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

    def add(problem: Exchange | Padding | Pick, given: list[np.ndarray], result: np.ndarray) -> None:
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


def tiled_kernels(machine: Machine, epilogue: Epilogue) -> list[Kernel]:
    kernels = []
    for p in tiles.PROBLEMS:
        steps = tile_steps.plan(p, machine)
        assert steps is not None
        kernels.append(tiled.generate(p, steps, epilogue, Code(machine.lanes, machine)))
    return kernels


def tiled_operands(p: Convolution) -> dict[str, np.ndarray]:
    """As the kernel's tests have them, weights as words; the copy has its result's numbers where nothing is stored."""
    held = tiles.operands(p)
    words = held["%w"].astype(np.int8, order="C").view(np.int32)
    image = np.nan_to_num(held.get("%image", held["%x"]), nan=99)
    return {"x": held["%x"], "image": image, "words": words, "begin": held["%given"]}


def host_with_tiles() -> tuple[str, Machine]:
    target = str(registry.make_target("host").label)
    machine = machine_of(target)
    if not machine.tiles:
        pytest.skip("this processor has no AMX, or Linux does not let this process use it")
    return target, machine


def test_integers_on_tiles() -> None:
    target, machine = host_with_tiles()
    given = [tiled_operands(p) for p in tiles.PROBLEMS]
    operands = [[each["image"], each["words"], each["begin"]] for each in given]
    sums = tiled_kernels(machine, Epilogue(element="i32"))
    check(target, sums, operands, [tiles.expected(p) for p in tiles.PROBLEMS])
    ending = (0, 255, 125)
    bytes_ = tiled_kernels(machine, tiles.quantised(*ending, flip=False))
    residuals = [list(tiles.residual_operands(p).values()) for p in tiles.PROBLEMS]
    operands = [[*a, *b] for a, b in zip(operands, residuals, strict=True)]
    check(target, bytes_, operands, [tiles.with_residual(p, *ending, flip=False) for p in tiles.PROBLEMS])


def test_what_tiles_read_is_made() -> None:
    target, machine = host_with_tiles()
    kernels, operands, expected = [], [], []
    for p in tiles.PROBLEMS:
        steps, given, code = tile_steps.plan(p, machine), tiled_operands(p), Code(machine.lanes, machine)
        assert steps is not None
        kernels.append(weight_sums.generate(given["words"].shape[1], p.outputs, code))
        operands.append([given["words"]])
        expected.append(given["begin"])
        copy = tiled.copied(p, steps)
        if copy is not None:
            kernels.append(copy.kernel(Code(machine.lanes, machine)))
            operands.append([given["x"]])
            expected.append(given["image"].astype(np.int8))
    check(target, kernels, operands, expected)


def test_images_and_weights_are_folded() -> None:
    machine = replace(machine_of("x86-64-v4"), tiles=True)
    kernels, operands, expected = [], [], []
    for p in foldings.PROBLEMS:
        fold, given = foldings.folding(p, machine), foldings.folded(p)
        assert fold is not None
        kernels += [each(Code(machine.lanes, machine)) for each in (fold.image, fold.weights)]
        operands += [[given["planes"]], [given["weights"]]]
        image = np.nan_to_num(given["image"], nan=99).astype(np.int8)
        expected += [image, given["words"].astype(np.int8, order="C").view(np.int32)]
    check("x86-64-v4", kernels, operands, expected)


def test_tiles_are_multiplied_in_machine_code_for_amx() -> None:
    """On any machine: four TDPBUSD a step (VEX.128.66.0F38.W0 5E), and tiles that are given back (TILERELEASE)."""
    target = registry.make_target("x86-64-v4{extra=[amx-int8,amx-tile,avx512vnni]}")
    machine = Machine.of(target)
    assert machine is not None and machine.tiles
    kernels = tiled_kernels(machine, Epilogue(element="i32"))
    binary = iree.compiler.compile_str(kernel_guard.module(kernels), extra_args=list(target.flags(3)))
    assert len(re.findall(rb"\xc4\xe2[\x41\x49]\x5e", binary)) >= 4 * len(kernels)
    assert binary.count(b"\xc4\xe2\x78\x49\xc0") == len(kernels)


def float_products() -> list[Factors]:
    """Points and channels divided, in one chunk and in several, with ends that overlap; and some pixels alone."""
    sizes = (40, 64, 50, False), (33, 70, 65, True), (70, 100, 32, True)
    problems = [floats.PICKED, *(Convolution.product(m, k, n, packed=packed) for m, k, n, packed in sizes)]
    return [each for p in problems for each in (Factors(p, True), Factors(p, False), Factors(p, False, 2))]


def test_floats_on_tiles() -> None:
    target, _ = host_with_tiles()
    machine = replace(machine_of(target), float_tiles=True)
    kernels, operands, expected = [], [], []
    for each in float_products():
        x, w, weights, made = floats.prepared(each)
        kernels += [each.preparation(Code(16, machine)), tiled_floats.generate(each, Epilogue(), Code(16, machine))]
        operands += [[weights if each.divides_points else x], [x, weights, made]]
        expected += [made, (x if each.problem.is_product else floats.picked(x)).astype(float) @ w]
    check(target, kernels, operands, expected)


def test_floats_are_multiplied_on_tiles_in_machine_code_for_amx() -> None:
    """On any machine: 24 TDPBF16PS a step (VEX.128.F3.0F38.W0 5C)."""
    target = registry.make_target("x86-64-v4{extra=[amx-bf16,amx-tile]}")
    machine = Machine.of(target)
    assert machine is not None and machine.float_tiles
    kernels = [tiled_floats.generate(each, Epilogue(), Code(16, machine)) for each in float_products()]
    binary = iree.compiler.compile_str(kernel_guard.module(kernels), extra_args=list(target.flags(3)))
    assert len(re.findall(rb"\xc4\xe2[\x42-\x4a]\x5c", binary)) >= 24 * len(kernels)


def test_an_access_outside_ends_the_process() -> None:
    """Else the test above could not fail."""
    code, x, y = Code(4, Machine(4, 16, False, False, 1 << 19)), View("%x", (64,)), View("%y", (4,))
    kernel = write(code, [x, y], (1, 1, 1), lambda _: code.store(code.load(x, 64), y, 0), flops=0, results=1, why="")
    given = pickle.dumps(("x86-64-v2", [kernel], [[np.zeros(64)]], [np.zeros(4)]))
    assert subprocess.run([sys.executable, GUARD], input=given, capture_output=True, check=False).returncode < 0
