"""Write kernels for convolutions, products, attention and pooling, and what follows elementwise in the same loop.

The native compiler's own code for these is far from the machine's peak on most shapes. Here each distinct shape gets a
kernel of `webtensorc_kernels`, a `stream.executable` that the native compiler only lowers; the operation, the zeros
padded to its input and the elementwise operations behind it become one `flow.dispatch`. What no kernel fits stays.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from webtensorc_kernels import (
    attention,
    copies,
    direct,
    extremes,
    gated,
    planes,
    reductions,
    skinny,
    softmax,
    standardise,
    windows,
    winograd,
    winograd_blocking,
)
from webtensorc_kernels.choice import Candidate, Choice, best
from webtensorc_kernels.convolution import Convolution
from webtensorc_kernels.epilogue import Epilogue
from webtensorc_kernels.executable import Kernel
from webtensorc_kernels.machine import Machine
from webtensorc_kernels.panels import FIXED
from webtensorc_kernels.softmax import Softmax
from webtensorc_kernels.tile_choice import choose
from webtensorc_kernels.windows import Fold

from webtensorc.iree import mlir
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.tiling import _bytes, _floats, _results
from webtensorc_passes.tiling._at_load import AtLoad
from webtensorc_passes.tiling._attention import AttentionSite, match_attention, with_stored_keys
from webtensorc_passes.tiling._copies import copy_sites
from webtensorc_passes.tiling._epilogues import Fused, fuse
from webtensorc_passes.tiling._filling import fill_known
from webtensorc_passes.tiling._folded import folded
from webtensorc_passes.tiling._gates import gated_sites
from webtensorc_passes.tiling._heads import with_heads_apart
from webtensorc_passes.tiling._library import Library
from webtensorc_passes.tiling._planes import match_planes
from webtensorc_passes.tiling._reciprocals import multiplying
from webtensorc_passes.tiling._reductions import ReductionSite, reduction_sites
from webtensorc_passes.tiling._signs import flipped
from webtensorc_passes.tiling._sites import Site, in_panels, match, without_padding
from webtensorc_passes.tiling._softmax import softmax_sites
from webtensorc_passes.tiling._standardise import standardised_sites
from webtensorc_passes.tiling._structured import HALVES
from webtensorc_passes.tiling._transformed import transformed

__all__ = ["GenerateKernels"]

_FEWEST_ROWS = 4
"""With fewer queries the native code reads transposed keys once, in place, and copies nothing."""

_FEWEST_COLUMNS = 4
"""With fewer in each of several products there is no vector to multiply."""

_NO_BYTE = "-128 : i8"
"""What adds nothing where 128 is added to a byte first."""


@dataclass(frozen=True)
class GenerateKernels(Pass):
    """Replace contractions and windows of static shape by dispatches of generated kernels.

    Reports `kernels`: for each the choices made, in words, and the times that were estimated.
    """

    name: ClassVar[str] = "generate-kernels"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.PREPROCESSING
    level: ClassVar[int | None] = 2

    winograd: bool = True
    """Whether 3x3 convolutions may use Winograd's algorithm, whose results differ by some 1e-6 of their scale."""
    attention: bool = True
    """Whether the softmax of attention may be divided by its sum after the product with the values."""

    reciprocals: bool = True
    """Whether to divide by a number may be to multiply by its reciprocal, where that is rounded too."""

    growth: float = 1.0
    """How much larger weights may become, as a part of them, by being transformed for Winograd's algorithm at load."""

    parts: float = 0.4
    """The same by being taken apart at load: into three bfloat16 a number, of which tiles multiply any two at once."""

    def precise(self) -> GenerateKernels:
        """None of them."""
        return dataclasses.replace(self, winograd=False, parts=0.0, attention=False, reciprocals=False)

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of operations that became the heart of a kernel."""
        machine = Machine.of(context.target) if context.target else None
        if machine is None:
            return 0
        library = Library[Kernel](module)
        choices: dict[Kernel, Choice] = {}
        for each in self._structures(module, machine):
            choices[each.choice.kernel] = each.choice
            library.dispatch(each.name, each.choice.kernel, each.operands, each.fused, each.types)
        chosen = functools.cache(functools.partial(_chosen, machine, self.winograd))
        matched = (match(op) or match_planes(op) for op in _operations(module))
        sites = [_repeated(in_panels(site)) for site in matched if site is not None]
        at_load = AtLoad(module, library)
        if self.winograd:
            sites = transformed(sites, machine, at_load, self.growth)
        affordable = _floats.affordable(sites, machine, at_load, self.parts)
        for number, site in reversed(list(enumerate(sites))):
            if site.integer:
                site = without_padding(site, _NO_BYTE if machine.dot and machine.dot.unsigned else "0 : i8")
            fused = fuse(site.op, site.channels)
            if _may_store_heads(site, machine):
                fused = with_heads_apart(fused, site.channels, machine.lanes)
            fused = self._multiplying(fused)
            found = (
                chosen(site.problem, site.fold, site.weights, fused.epilogue, number in affordable)
                if site.count == 1
                else None
            )
            if found is not None:
                operands = list(site.operands)
                if site.integer and machine.dot and machine.dot.unsigned:
                    operands[0] = flipped(operands[0], site.op)
                    whole = folded(site, operands[0], machine)
                    better = whole and chosen(whole[0].folded, None, "i8", fused.epilogue, False)
                    if whole and better and better.family == _bytes.TILES:
                        found, operands = better, _bytes.folded_operands(site, *whole, machine, at_load, library)
                    elif found.family == _bytes.TILES:
                        operands = _bytes.operands(site, operands[0], machine, at_load, library)
                elif found.family == _floats.PARTS:
                    operands = _floats.operands(site, machine, at_load, library)
                choices[found.kernel] = found
                scratch = _results.types(found.kernel, module.context)[1:]
                library.dispatch(site.name, found.kernel, [*operands, *fused.operands], fused, scratch)
        fill_known(module)
        context.report["kernels"] = {
            name: choices[kernel].as_dict() for name, kernel in library.kernels.items() if kernel in choices
        }
        return library.uses

    def _structures(self, module: Any, machine: Machine) -> Iterator[_Structure]:
        """One after the other, each to be replaced before the next one is looked for."""
        for whole in _attentions(module) if self.attention else ():
            fused = self._multiplying(whole.fused)
            choice = _attention(whole, fused.epilogue, machine)
            operands = [*whole.operands, *fused.operands]
            yield _Structure(whole.name, choice, operands, fused, _results.types(choice.kernel, module.context)[1:])
        for row in softmax_sites(_operations(module)):
            problem = Softmax(row.rows, row.length, row.logarithm, self.reciprocals)
            author = functools.partial(softmax.generate, problem)
            best_softmax = best([Candidate("softmax", softmax.lanes(row.length, machine), author)], machine)
            assert best_softmax is not None
            yield _Structure(row.name, best_softmax, [row.given], row.fused, [])
        for norm in standardised_sites(_operations(module)):
            fused = self._multiplying(norm.fused)
            wide = standardise.lanes(norm.problem.length, machine)
            candidate = Candidate("rows", wide, functools.partial(standardise.generate, norm.problem, fused.epilogue))
            best_rows = best([candidate], machine)
            assert best_rows is not None
            yield _Structure(norm.name, best_rows, [norm.given, *fused.operands], fused, [])
        for fold in reduction_sites(_operations(module)):
            fused = self._multiplying(fold.fused)
            found = _reduction(fold, fused.epilogue, machine)
            if found is not None:
                yield _Structure(fold.name, found, [fold.given, *fused.operands], fused, [])
        for copy in copy_sites(_operations(module)):
            moved = copies.lanes(copy.problem, machine)
            if moved is not None:
                author = functools.partial(copies.generate, copy.problem)
                best_copy = best([Candidate("copy", moved, author)], machine)
                assert best_copy is not None
                yield _Structure(copy.name, best_copy, list(copy.operands), copy.fused, [])
        for step in gated_sites(_operations(module)):
            found = _gated(step.cell, machine)
            if found is not None:
                types = [value.type for value in step.fused.others]
                yield _Structure(step.name, found, [*step.operands, *step.fused.operands], step.fused, types)

    def _multiplying(self, fused: Fused) -> Fused:
        return dataclasses.replace(fused, epilogue=multiplying(fused.epilogue, exactly=not self.reciprocals))


@dataclass(frozen=True)
class _Structure:
    """Several operations that one kernel stands for; `types` are those of the dispatch's results behind the first."""

    name: str
    choice: Choice
    operands: list[Any]
    fused: Fused
    types: list[Any]


def _repeated(site: Site) -> Site:
    """Several products as one problem; those that the native code does as well keep their number."""
    p = site.problem
    if site.weights != "f32" or p.points < _FEWEST_ROWS or p.outputs < _FEWEST_COLUMNS:
        return site
    return dataclasses.replace(site, problem=p.repeated(site.count), count=1)


def _may_store_heads(site: Site, machine: Machine) -> bool:
    """Whether the kernel of a site would be that of products of float32 with more than some rows."""
    return site.single and site.count == 1 and site.problem.is_product and skinny.choose(site.problem, machine) is None


def _operations(module: Any) -> list[Any]:
    """Those of the functions in program order, those inside of loops and branches too."""
    functions = [op.operation for op in module.regions[0].blocks[0].operations]
    return [op for each in functions if each.name in ("util.func", "func.func") for op in mlir.nested(each)]


def _attentions(module: Any) -> Iterator[AttentionSite]:
    """One after the other: what has been found may be gone when the next one is looked for."""
    products = [op for op in _operations(module) if op.name in ("linalg.batch_matmul", "linalg.generic")]
    for op in reversed(products):
        found = match_attention(op)
        stored = with_stored_keys(found) if found is not None else None
        if stored is not None:
            yield stored
        elif found is not None and found.problem.rows >= _FEWEST_ROWS:
            yield found


def _attention(site: AttentionSite, epilogue: Epilogue, machine: Machine) -> Choice:
    blocks = attention.choose(site.problem, machine)
    author = functools.partial(attention.generate, site.problem, blocks, epilogue)
    choice = best([Candidate("attention", blocks.lanes, author)], machine)
    assert choice is not None
    return choice


def _reduction(site: ReductionSite, epilogue: Epilogue, machine: Machine) -> Choice | None:
    wide = reductions.lanes(site.problem, machine)
    if wide is None:
        return None
    author = functools.partial(reductions.generate, site.problem, epilogue)
    if site.positions is not None:
        author = functools.partial(extremes.generate, site.positions)
    return best([Candidate("fold", wide, author)], machine)


@functools.cache
def _gated(cell: gated.Cell, machine: Machine) -> Choice | None:
    vectors = gated.choose(cell, machine)
    if vectors is None:
        return None
    return best([Candidate("gates", machine.lanes, functools.partial(gated.generate, cell, vectors))], machine)


def _chosen(
    machine: Machine,
    allow_winograd: bool,
    problem: Convolution,
    fold: Fold | None,
    weights: str,
    epilogue: Epilogue,
    allow_parts: bool,
) -> Choice | None:
    """The best kernel for a site's problem; None if none is worth its code."""
    candidates: Iterable[Candidate]
    if fold:
        candidates = (_planes if fold.planes else _windows)(problem, fold, epilogue, machine)
    elif weights == "i8":
        candidates = _bytes.candidates(problem.flat(), epilogue, machine)
    elif weights in HALVES:
        candidates = _few_rows(problem.flat(), epilogue, machine, weights)
    elif weights == FIXED:
        candidates = _direct(problem.flat(), epilogue, machine, weights)
    else:
        candidates = _products(problem, epilogue, machine, allow_winograd)
        if allow_parts:
            candidates = [*candidates, *_floats.candidates(problem, epilogue, machine)]
    return best([*candidates], machine)


def _windows(problem: Convolution, fold: Fold, epilogue: Epilogue, machine: Machine) -> Iterator[Candidate]:
    problem = problem.flat()
    strip = windows.choose(problem, fold, machine)
    if strip:
        yield Candidate("window", strip.lanes, functools.partial(windows.generate, problem, strip, fold, epilogue))


def _planes(problem: Convolution, fold: Fold, epilogue: Epilogue, machine: Machine) -> Iterator[Candidate]:
    lanes = planes.choose(problem, machine)
    if lanes:
        yield Candidate("planes", lanes, functools.partial(planes.generate, problem, fold, epilogue))


def _products(problem: Convolution, epilogue: Epilogue, machine: Machine, allow_winograd: bool) -> Iterator[Candidate]:
    blocking = winograd_blocking.plan(problem, machine) if allow_winograd else None
    if blocking:
        author = functools.partial(winograd.generate, problem, blocking, epilogue)
        yield Candidate("winograd", blocking.tile.lanes, author)
        if problem.transformed:
            return  # nothing else reads transformed weights
    problem = problem.flat()
    few = [*_few_rows(problem, epilogue, machine, "f32")]
    if few:
        yield from few
        return
    yield from _direct(problem, epilogue, machine, "f32")


def _direct(problem: Convolution, epilogue: Epilogue, machine: Machine, weights: str) -> Iterator[Candidate]:
    is_plain = epilogue.slot is None and not any(epilogue.widths) and {epilogue.element, *epilogue.elements} == {"f32"}
    tile = choose(problem, machine, in_part=is_plain, last_narrower=weights != FIXED)
    if tile:
        author = functools.partial(direct.generate, problem, tile, epilogue, weights=weights)
        yield Candidate("direct", tile.lanes, author)


def _few_rows(problem: Convolution, epilogue: Epilogue, machine: Machine, weights: str) -> Iterator[Candidate]:
    panel = skinny.choose(problem, machine) if epilogue.element == "f32" else None  # sums wait in the result's memory
    if panel:
        author = functools.partial(skinny.generate, problem, panel, epilogue, weights=weights)
        yield Candidate("few rows", panel.lanes, author)
