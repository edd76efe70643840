"""Convolutions whose weights are transformed for Winograd's algorithm when the module is loaded.

Transformed weights are four times as many, and a convolution with few tiles spends much of its time on transforming
them. So those whose time shrinks the most for each byte are transformed, as far as the weights may grow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod

from webtensorc_kernels import winograd_blocking, winograd_weights
from webtensorc_kernels.code import Code
from webtensorc_kernels.convolution import Convolution
from webtensorc_kernels.executable import Kernel
from webtensorc_kernels.machine import Machine

from webtensorc_passes.tiling._at_load import AtLoad
from webtensorc_passes.tiling._sites import Site

__all__ = ["transformed"]


@dataclass(frozen=True)
class _Offer:
    """What a site gains in seconds a call, what that takes in bytes, and the kernel that transforms its weights."""

    gain: float
    size: int
    kernel: Kernel


def transformed(
    sites: Sequence[Site], machine: Machine, at_load: AtLoad, growth: float, seconds: Callable[[Convolution], float]
) -> list[Site]:
    """The same sites, with weights in panels where that pays and the module's weights grow by no more than `growth`.

    `seconds` estimates one call; `growth` is a part of the bytes of all weights.
    """
    offers = {
        number: _offer(site.problem, machine, seconds)
        for number, site in enumerate(sites)
        if site.fold is None and not site.integer and at_load.is_stored(site.operands[1])
    }
    room, found = growth * at_load.stored_bytes, list(sites)
    known = [(number, offer) for number, offer in offers.items() if offer is not None]
    for number, offer in sorted(known, key=lambda each: -each[1].gain / each[1].size):
        if offer.size <= room:
            room -= offer.size
            found[number] = _with_panels(sites[number], offer.kernel, at_load)
    return found


def _offer(problem: Convolution, machine: Machine, seconds: Callable[[Convolution], float]) -> _Offer | None:
    """None if nothing is gained."""
    known = replace(problem, transformed=True)
    blocking = winograd_blocking.plan(known, machine)
    if blocking is None or (gain := seconds(problem) - seconds(known)) <= 0:
        return None
    kernel = winograd_weights.generate(problem, blocking.tile, Code(blocking.tile.lanes, machine))
    return _Offer(gain, 4 * prod(kernel.views[-1].shape), kernel)


def _with_panels(site: Site, kernel: Kernel, at_load: AtLoad) -> Site:
    image, weights = site.operands
    name = f"winograd_weights_{site.problem.channels}x{site.problem.outputs}"
    problem = replace(site.problem, transformed=True)
    return replace(site, problem=problem, operands=(image, at_load.value(weights, name, kernel)))
