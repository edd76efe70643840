"""Kernels on tile registers, compiled: run between forbidden pages where the processor has tiles, read elsewhere."""

from __future__ import annotations

import re
from dataclasses import replace

import iree.compiler
import kernel_guard
import numpy as np
import pytest
import test_folding as foldings
import test_tiled as tiles
import test_tiled_floats as floats
from test_compiled_kernels import check, machine_of
from webtensorc_kernels import tile_steps, tiled, tiled_floats, weight_sums
from webtensorc_kernels.code import Code
from webtensorc_kernels.convolution import Convolution
from webtensorc_kernels.epilogue import Epilogue
from webtensorc_kernels.executable import Kernel
from webtensorc_kernels.factors import Factors
from webtensorc_kernels.machine import Machine

from webtensorc import registry

pytestmark = pytest.mark.slow


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
