"""Kernels for products of bytes: which there are for a site, and what they read."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from webtensorc_kernels import integer, tile_steps, tiled, weight_sums
from webtensorc_kernels.choice import Candidate
from webtensorc_kernels.code import Code
from webtensorc_kernels.convolution import Convolution
from webtensorc_kernels.epilogue import Epilogue
from webtensorc_kernels.executable import Kernel
from webtensorc_kernels.folding import Folding
from webtensorc_kernels.machine import Machine

from webtensorc.iree import mlir
from webtensorc_passes.tiling._at_load import AtLoad
from webtensorc_passes.tiling._library import Library
from webtensorc_passes.tiling._results import made
from webtensorc_passes.tiling._sites import Site

__all__ = ["TILES", "candidates", "folded_operands", "operands"]

TILES = "tiles"
"""The family whose kernels read what is made here."""


def candidates(problem: Convolution, epilogue: Epilogue, machine: Machine) -> Iterator[Candidate]:
    """The kernels that could be written for a problem."""
    block = integer.plan(problem, machine)
    if block:
        yield Candidate("bytes", block.lanes, functools.partial(integer.generate, problem, block, epilogue, machine))
    steps = tile_steps.plan(problem, machine)
    if steps:
        yield Candidate(TILES, machine.lanes, functools.partial(tiled.generate, problem, steps, epilogue))


def operands(site: Site, image: Any, machine: Machine, at_load: AtLoad, library: Library[Kernel]) -> list[Any]:
    """Those of a kernel on tiles: `image` or a copy of it, weights, and what sums begin with."""
    steps = tile_steps.plan(site.problem.flat(), machine)
    assert steps is not None
    copy = tiled.copied(site.problem, steps)
    if copy is not None:
        image = made(library, f"{site.name}_image", copy.kernel(Code(machine.lanes, machine)), image, before=site.op)
    return [image, site.operands[1], _sums(site, site.operands[1], machine, at_load)]


def folded_operands(
    site: Site, folding: Folding, planes: Any, machine: Machine, at_load: AtLoad, library: Library[Kernel]
) -> list[Any]:
    """The same for a folded convolution, whose image is made of planes and whose weights are packed here."""
    kernel = folding.image(Code(machine.lanes, machine))
    image = made(library, f"{site.name}_folded", kernel, planes, before=site.op)
    kernel = folding.weights(Code(machine.lanes, machine))
    panels = at_load.made(f"{site.name}_weights", kernel, site.operands[1], before=site.op)
    return [image, panels, _sums(site, panels, machine, at_load)]


def _sums(site: Site, panels: Any, machine: Machine, at_load: AtLoad) -> Any:
    """What sums begin with: made of the weights when they are loaded, or else in each call."""
    rows, outputs = mlir.shape_of(panels)[1], site.problem.outputs
    kernel = weight_sums.generate(rows, outputs, Code(machine.lanes, machine))
    return at_load.made(f"sums_{rows}x{outputs}", kernel, panels, before=site.op)
