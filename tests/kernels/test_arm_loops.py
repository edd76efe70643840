"""What the processor would do in the hot loops of kernels for aarch64, read from their assembly: nothing is timed here.

A Neoverse N1 (Cortex-A76) decodes four instructions, multiplies and adds two vectors and loads two in a cycle (Arm
Neoverse N1 Software Optimization Guide, 2.1). A loop keeps its multipliers busy if fused multiplications are at least
half of its instructions, and as many as its loads.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import kernel_assembly
import pytest
from kernel_assembly import assembly
from kernel_guard import module
from webtensorc_kernels import direct, integer, windows, winograd, winograd_blocking
from webtensorc_kernels.code import Code
from webtensorc_kernels.convolution import Convolution
from webtensorc_kernels.epilogue import Epilogue
from webtensorc_kernels.executable import Kernel
from webtensorc_kernels.machine import Machine
from webtensorc_kernels.tile_choice import choose
from webtensorc_kernels.windows import Fold

from webtensorc.registry import make_target

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "arm-loops.md"
HEAD = """# Inner loops of kernels for aarch64

Nothing is timed here: these are counts of instructions in the innermost loop that does most of a kernel's work, read
from its assembly. `make bless` writes this page, and a test compares it with what the kernels are
(`tests/kernels/test_arm_loops.py`). A Neoverse N1 decodes four instructions in a cycle, and of them begins two
multiplications and two loads: a loop is bound by its multiplications where they are half of it or more, and as many
as its loads. The stack is what registers are spilled to. Products of int8 are the native compiler's (decision 0073).

| kernel | target | instruction | multiplications | of all | share | loads | stack |
|---|---|---|---|---|---|---|---|
"""
PRODUCT = Convolution.product(96, 256, 128)
SQUARE = Convolution(1, (28, 28), 64, 64, (3, 3), (28, 28), padding=(1, 1))
STRIDED = Convolution(1, (57, 57), 32, 64, (3, 3), (28, 28), strides=(2, 2))
ALONE = Convolution(1, (28, 28), 1, 1, (3, 3), (28, 28), padding=(1, 1), groups=128)


def _direct(problem: Convolution, machine: Machine) -> Kernel:
    tile = choose(problem, machine)
    assert tile is not None
    return direct.generate(problem, tile, Epilogue(), Code(tile.lanes, machine))


def _bytes(problem: Convolution, machine: Machine) -> Kernel:
    tile = integer.plan(problem, machine)
    assert tile is not None
    return integer.generate(problem, tile, Epilogue(element="i32"), machine, Code(tile.lanes, machine))


def _winograd(problem: Convolution, machine: Machine) -> Kernel:
    blocking = winograd_blocking.plan(problem, machine)
    assert blocking is not None
    return winograd.generate(problem, blocking, Epilogue(), Code(blocking.tile.lanes, machine))


def _depthwise(problem: Convolution, machine: Machine) -> Kernel:
    strip = windows.choose(problem, Fold("0.0 : f32"), machine)
    assert strip is not None
    return windows.generate(problem, strip, Fold("0.0 : f32"), Epilogue(), Code(strip.lanes, machine))


KERNELS = (
    *(("product, 96x256x128", each, "fmla", _direct, PRODUCT) for each in ("aarch64", "aarch64-v9")),
    *(("3x3 convolution", each, "fmla", _direct, SQUARE) for each in ("aarch64", "aarch64-v9")),
    *(("3x3 convolution, stride 2", each, "fmla", _direct, STRIDED) for each in ("aarch64", "aarch64-v9")),
    ("3x3 convolution, Winograd", "aarch64", "fmla", _winograd, SQUARE),
    ("3x3 depthwise convolution", "aarch64", "fmla", _depthwise, ALONE),
    *(("3x3 convolution of int8", each, "sdot", _bytes, SQUARE) for each in ("aarch64-v8.2", "aarch64-v9")),
    ("the same, stride 2", "aarch64-v8.2", "sdot", _bytes, STRIDED),
)
"""Name, target, the instruction that multiplies, and what writes the kernel."""


def _on_stack(body: list[str]) -> list[str]:
    return [each for each in body if "[sp" in each or "[x29" in each]


def _loads(body: list[str]) -> int:
    return sum(each.startswith("ld") for each in body)


def _loops(kernel: Kernel, target: str, instruction: str, folder: Path) -> Iterator[list[str]]:
    """Those that multiply."""
    folder.mkdir()
    text = assembly(module([kernel]), target, folder)
    return kernel_assembly.hot_loops(text, r"(?:b\.\w+|cbn?z|tbn?z)\s.*?", instruction)


@pytest.mark.slow
def test_inner_loops_are_bound_by_multiplication(tmp_path: Path) -> None:
    """And spill nothing; only Winograd's transformations do.

    Those hold the 36 numbers of a window, more than there are registers: a fifth of their instructions may go to the
    stack, and each is run once for all outputs.
    """
    rows = []
    for number, (name, target, instruction, write, problem) in enumerate(KERNELS):
        machine = Machine.of(make_target(target))
        assert machine is not None and (machine.lanes, machine.registers, machine.fused) == (4, 32, True)
        loops = list(_loops(write(problem, machine), target, instruction, tmp_path / str(number)))
        counts = [Counter(each.split()[0] for each in body)[instruction] for body in loops]
        products = [body for body, count in zip(loops, counts, strict=True) if 2 * count >= len(body)]
        assert products, (name, target)
        assert write is _winograd or products == loops, (name, target)
        for body in products:
            assert sum(each.startswith(instruction) for each in body) >= _loads(body), body
            assert not _on_stack(body), "registers are spilled"
        for body in loops:
            assert 5 * len(_on_stack(body)) <= len(body), body
        body = max(products, key=len)
        count = Counter(each.split()[0] for each in body)[instruction]
        share = f"{100 * count / len(body):.0f}%"
        cells = [name, f"`{target}`", f"`{instruction}`", count, len(body), share, _loads(body), len(_on_stack(body))]
        rows.append(f"| {' | '.join(map(str, cells))} |")
    page = HEAD + "\n".join(rows) + "\n"
    if "WEBTENSORC_BLESS" in os.environ:
        PAGE.write_text(page)
    assert PAGE.read_text() == page
