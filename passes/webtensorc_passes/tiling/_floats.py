"""Kernels for products of float32 in three parts: for which sites there is one, and what it reads."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any

from webtensorc_kernels import factors, tiled_floats, winograd_blocking
from webtensorc_kernels.choice import Candidate
from webtensorc_kernels.code import Code
from webtensorc_kernels.convolution import Convolution
from webtensorc_kernels.epilogue import Epilogue
from webtensorc_kernels.executable import Kernel
from webtensorc_kernels.factors import Factors
from webtensorc_kernels.machine import Machine

from webtensorc_passes.tiling._at_load import AtLoad
from webtensorc_passes.tiling._library import Library
from webtensorc_passes.tiling._results import made
from webtensorc_passes.tiling._sites import Site

__all__ = ["PARTS", "affordable", "candidates", "operands"]

PARTS = "three parts"
"""The family whose kernels read what is made here."""


def affordable(sites: Sequence[Site], machine: Machine, at_load: AtLoad, growth: float) -> set[int]:
    """Numbers of the sites whose factors may be taken apart, where weights together grow by `growth` of all of them.

    The most points come first: there a byte more is worth the most time.
    """
    if not growth:
        return set()
    room, found = growth * at_load.stored_bytes, set[int]()
    for number in sorted(range(len(sites)), key=lambda number: -sites[number].problem.points):
        site = sites[number]
        if site.single and site.count == 1:
            apart = _factors(site.problem, machine)
            size = apart.growth if apart else 0
            if apart and size <= room and (not size or at_load.is_stored(site.operands[1])):
                room -= size
                found.add(number)
    return found


def candidates(problem: Convolution, epilogue: Epilogue, machine: Machine) -> Iterator[Candidate]:
    """The kernel for a problem, if there is one."""
    apart = _factors(problem, machine)
    if apart:
        author = functools.partial(tiled_floats.generate, apart, epilogue)
        yield Candidate(PARTS, machine.lanes, author, None if apart.divides_points else apart.preparation)


def operands(site: Site, machine: Machine, at_load: AtLoad, library: Library[Kernel]) -> list[Any]:
    """Image, weights, and the parts of one of them."""
    apart = _factors(site.problem, machine)
    assert apart is not None
    image, weights = site.operands
    kernel = apart.preparation(Code(machine.lanes, machine))
    if apart.divides_points:
        return [image, weights, at_load.value(weights, f"{site.name}_weights", kernel)]
    return [image, weights, made(library, f"{site.name}_image", kernel, image, before=site.op)]


@functools.cache
def _factors(problem: Convolution, machine: Machine) -> Factors | None:
    """Those of a problem; None too where Winograd's algorithm has fewer products."""
    if problem.taps > 1 and winograd_blocking.plan(problem, machine):
        return None
    return factors.plan(problem.flat(), machine)
