"""What the hot loops of kernels for x86-64 keep in registers, read from their assembly: nothing is timed here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from kernel_assembly import assembly, hot_loops
from kernel_guard import module
from webtensorc_kernels import direct
from webtensorc_kernels.code import Code
from webtensorc_kernels.convolution import Convolution
from webtensorc_kernels.epilogue import Epilogue
from webtensorc_kernels.machine import Machine
from webtensorc_kernels.tile_choice import choose

from webtensorc.registry import make_target

PROBLEMS = [
    Convolution.product(784, 512, 128, packed=True),
    Convolution.product(96, 256, 128),
    Convolution(1, (28, 28), 64, 64, (3, 3), (28, 28), padding=(1, 1)),
    Convolution(1, (15, 15), 64, 128, (3, 3), (7, 7), strides=(2, 2), packed=True),
    Convolution.product(784, 120, 40),
    Convolution.product(784, 64, 33),
    Convolution.product(196, 240, 72, packed=True),
]
_MOVE = re.compile(r"vmov[au]ps\s+%([yz])mm\d+, %\1mm\d+$")


@pytest.mark.parametrize("target", ["x86-64-v3", "x86-64-v4"])
def test_sums_stay_where_they_are(target: str, tmp_path: Path) -> None:
    """A block with one register too many has the native compiler move all of its sums round in each step."""
    machine = Machine.of(make_target(target))
    assert machine is not None
    kernels = []
    for problem in PROBLEMS:
        tile = choose(problem, machine, last_narrower=True)
        assert tile is not None
        kernels.append(direct.generate(problem, tile, Epilogue(), Code(tile.lanes, machine)))
    loops = list(hot_loops(assembly(module(kernels), target, tmp_path), r"j\w+\s+", "vfmadd"))
    assert len(loops) >= len(PROBLEMS)
    for body in loops:
        assert not [each for each in body if _MOVE.match(each) or "(%rsp)" in each or "(%rbp)" in each], body
