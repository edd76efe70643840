"""What the processor would do in the hot loops of kernels for aarch64, read from their assembly: nothing is timed here.

A Neoverse N1 (Cortex-A76) decodes four instructions, multiplies and adds two vectors and loads two in a cycle (Arm
Neoverse N1 Software Optimization Guide, 2.1). A loop keeps its multipliers busy if fused multiplications are at least
half of its instructions, and as many as its loads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import kernel_assembly
import pytest
from kernel_assembly import assembly
from kernel_guard import module
from webtensorc_kernels import direct, windows, winograd, winograd_blocking
from webtensorc_kernels.code import Code
from webtensorc_kernels.convolution import Convolution, choose
from webtensorc_kernels.epilogue import Epilogue
from webtensorc_kernels.machine import Machine
from webtensorc_kernels.windows import Fold

from webtensorc.registry import make_target

PROBLEMS = {
    "product": Convolution.product(96, 256, 128),
    "3x3": Convolution(1, (28, 28), 64, 64, (3, 3), (28, 28), padding=(1, 1)),
    "strided": Convolution(1, (57, 57), 32, 64, (3, 3), (28, 28), strides=(2, 2)),
}


def hot_loops(text: str) -> Iterator[list[str]]:
    """Those with fused multiplications."""
    return kernel_assembly.hot_loops(text, r"(?:b\.\w+|cbn?z|tbn?z)\s.*?", "fmla")


def _on_stack(body: list[str]) -> list[str]:
    return [each for each in body if "[sp" in each or "[x29" in each]


@pytest.mark.slow
@pytest.mark.parametrize("target", ["aarch64", "aarch64-v9"])
def test_inner_loops_are_bound_by_multiplication(target: str, tmp_path: Path) -> None:
    machine = Machine.of(make_target(target))
    assert machine is not None and (machine.lanes, machine.registers, machine.fused) == (4, 32, True)
    kernels = []
    for problem in PROBLEMS.values():
        tile = choose(problem, machine)
        assert tile is not None
        kernels.append(direct.generate(problem, tile, Epilogue(), Code(tile.lanes, machine)))
    loops = list(hot_loops(assembly(module(kernels), target, tmp_path)))
    assert len(loops) >= len(PROBLEMS)
    for body in loops:
        count = Counter(each.split()[0] for each in body)
        loads = sum(number for name, number in count.items() if name.startswith("ld"))
        assert 2 * count["fmla"] >= len(body), body
        assert count["fmla"] >= loads, body
        assert not _on_stack(body), "registers are spilled"


@pytest.mark.slow
def test_loops_of_depthwise_and_winograd_kernels(tmp_path: Path) -> None:
    """Multiplications of both are bound as those of the direct kernels are, and spill nothing.

    Winograd's transformations hold the 36 numbers of a window, more than there are registers: a fifth of their
    instructions may go to the stack, and each is run once for all outputs.
    """
    machine = Machine.of(make_target("aarch64"))
    assert machine is not None
    alone = Convolution(1, (28, 28), 1, 1, (3, 3), (28, 28), padding=(1, 1), groups=128)
    strip = windows.choose(alone, Fold("0.0 : f32"), machine)
    full = PROBLEMS["3x3"]
    blocking = winograd_blocking.plan(full, machine)
    assert strip is not None and blocking is not None
    kernels = [
        windows.generate(alone, strip, Fold("0.0 : f32"), Epilogue(), Code(strip.lanes, machine)),
        winograd.generate(full, blocking, Epilogue(), Code(blocking.tile.lanes, machine)),
    ]
    loops = list(hot_loops(assembly(module(kernels), "aarch64", tmp_path)))
    products = [body for body in loops if 2 * sum(each.startswith("fmla") for each in body) >= len(body)]
    assert len(products) >= 4, "one for each edge of the image, one of Winograd's products"
    for body in products:
        count = Counter(each.split()[0] for each in body)
        loads = sum(number for name, number in count.items() if name.startswith("ld"))
        assert count["fmla"] >= loads, body
        assert not _on_stack(body), "registers are spilled"
    for body in loops:
        assert 5 * len(_on_stack(body)) <= len(body), body
