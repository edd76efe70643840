"""Convolutions whose weights are transformed for Winograd's algorithm when the module is loaded.

Transformed weights are 16/9 of the others or four times as many, and a convolution with few tiles spends much of its
time on transforming them. So those whose time shrinks the most for each byte are transformed, as far as the weights may
grow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

from webtensorc_kernels import winograd_blocking, winograd_weights
from webtensorc_kernels.code import Code
from webtensorc_kernels.convolution import Convolution
from webtensorc_kernels.executable import Kernel
from webtensorc_kernels.machine import Machine
from webtensorc_kernels.toom_cook import ALGORITHMS

from webtensorc_passes.tiling._at_load import AtLoad
from webtensorc_passes.tiling._sites import Site

__all__ = ["transformed"]


@dataclass(frozen=True)
class _Offer:
    """What a site gains in work of a call, what that takes in bytes, and how: for so many results, by what kernel."""

    gain: float
    size: int
    results: int
    kernel: Kernel


def transformed(sites: Sequence[Site], machine: Machine, at_load: AtLoad, growth: float) -> list[Site]:
    """The same sites, with weights in panels where that pays and the module's weights grow by no more than `growth`.

    `growth` is a part of the bytes of all weights. Step by step, the site with the most to gain for each byte more
    takes what it gains by.
    """
    given = {
        number: site.problem for number, site in enumerate(sites) if site.single and at_load.is_stored(site.operands[1])
    }
    offers = {problem: _offers(problem, machine) for problem in set(given.values())}
    stored = [(number, offer) for number, problem in given.items() for offer in offers[problem]]
    room, chosen = growth * at_load.stored_bytes, dict[int, _Offer]()
    while True:
        steps = [(number, offer, *_more(offer, chosen.get(number))) for number, offer in stored]
        steps = [(number, offer, gain, size) for number, offer, gain, size in steps if gain > 0 and size <= room]
        if not steps:
            break
        number, offer, _, size = max(steps, key=lambda step: step[2] / max(step[3], 1))
        room -= size
        chosen[number] = offer
    return [
        _with_panels(site, chosen[number], at_load) if number in chosen else site for number, site in enumerate(sites)
    ]


def _more(offer: _Offer, than: _Offer | None) -> tuple[float, int]:
    """The gain and the bytes that an offer adds to what is chosen."""
    return (offer.gain - than.gain, offer.size - than.size) if than else (offer.gain, offer.size)


def _offers(problem: Convolution, machine: Machine) -> list[_Offer]:
    """What a problem may gain by."""
    offers, work = [], winograd_blocking.work(problem, machine)
    for results in ALGORITHMS:
        known = _known(problem, results)
        blocking = winograd_blocking.plan(known, machine)
        if blocking is None or (problem.packed and problem.outputs % blocking.tile.lanes):
            continue
        gain = work - blocking.work
        if gain > 0:
            kernel = winograd_weights.generate(problem, blocking, Code(blocking.tile.lanes, machine))
            offers.append(_Offer(gain, 4 * prod(kernel.views[-1].shape), results, kernel))
    return offers


def _known(problem: Convolution, results: int) -> Convolution:
    """The problem with transformed weights."""
    return replace(problem, transformed=results, packed=False)


def _with_panels(site: Site, offer: _Offer, at_load: AtLoad) -> Site:
    image, weights = site.operands
    name = f"winograd_weights_{site.problem.channels}x{site.problem.outputs}"
    operands = image, at_load.value(weights, name, offer.kernel)
    return replace(site, problem=_known(site.problem, offer.results), operands=operands)
