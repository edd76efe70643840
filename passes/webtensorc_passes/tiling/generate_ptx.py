"""Write PTX kernels for convolutions, pooling and products, with what follows element by element in the same kernel.

The native compiler's kernels for NVIDIA GPUs neither copy ahead into shared memory nor use the matrix units on tf32,
and those for bfloat16 do not compile. Here each distinct shape gets a kernel of `webtensorc_ptx`; the operation, the
zeros padded to its input and the elementwise operations behind it become one `flow.dispatch`. What fits none stays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from webtensorc_kernels.convolution import Axis
from webtensorc_kernels.epilogue import Epilogue
from webtensorc_ptx import attention, contraction, finish, hopper, softmax, vector, windows
from webtensorc_ptx.choice import Gpu, choose
from webtensorc_ptx.executable import Kernel

from webtensorc.iree import mlir
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.tiling._decoding import decoding_sites
from webtensorc_passes.tiling._epilogues import Fused, fuse
from webtensorc_passes.tiling._library import Library
from webtensorc_passes.tiling._sites import Site, match
from webtensorc_passes.tiling._softmax import softmax_sites
from webtensorc_passes.tiling._structured import forwards, indexing_maps

__all__ = ["GeneratePtx"]

_LONGEST = 120
"""Operations of an epilogue: the error function is some 60 of them, still less work than another pass over memory."""


@dataclass(frozen=True)
class GeneratePtx(Pass):
    """Replace contractions, windows, softmax and attention of one query, all of static shape, by PTX kernels.

    That is for compute capability 8.0 or more.

    Reports `kernels`: for each the choices made, in words.
    """

    name: ClassVar[str] = "generate-ptx"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.PREPROCESSING
    level: ClassVar[int | None] = 2

    tf32: bool = True
    """Whether float32 may be rounded to TF32 where the target says so."""

    def precise(self) -> GeneratePtx:
        """It may not."""
        return replace(self, tf32=False)

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of operations that became the heart of a kernel."""
        if context.target is None or context.target.compute_capability < 80:
            return 0
        matrix_types = context.target.matrix_types if self.tf32 else context.target.matrix_types - {"tf32"}
        gpu = Gpu(context.target.compute_capability, context.target.exact_capability)
        library = Library[Kernel](module)
        for decoding in decoding_sites(_operations(module)):
            kernel = attention.generate(decoding.problem, decoding.epilogue, widest=gpu.widest)
            library.dispatch(decoding.name, kernel, decoding.operands, decoding.fused)
        for found in softmax_sites(_operations(module)):
            if found.length > softmax.LONGEST:
                continue
            library.dispatch(found.name, softmax.generate(found.rows, found.length), [found.given], found.fused)
        elements = sorted(context.target.matrix_types - {"tf32"} | {"f32"})
        kinds = [[each, each, "f32", "f32"] for each in elements]
        for site in reversed([site for op in _operations(module) if (site := match(op, kinds)) is not None]):
            is_other = (site.fold is None and site.problem.groups > 1) or site.problem.flat().depth != Axis()
            made = None if is_other else _kernel(site, gpu, matrix_types)
            if made is not None:
                kernel, fused = made
                library.dispatch(site.name, kernel, [*site.operands, *fused.operands], fused)
        context.report["kernels"] = {name: {"why": kernel.why} for name, kernel in library.kernels.items()}
        return library.uses


def _kernel(site: Site, gpu: Gpu, matrix_types: frozenset[str]) -> tuple[Kernel, Fused] | None:
    """The kernel for a site, and what it stands for."""
    problem, precision = site.problem.flat(), _precision(site, matrix_types)
    if site.fold is not None:
        if precision not in ("f32", "tf32") or not windows.fits(problem):
            return None
        fused, result = _fused(site)
        made = windows.generate(problem, site.fold, fused.epilogue, result, multiprocessors=gpu.multiprocessors)
        return made, fused
    if (
        problem.image == problem.kernel == (1, 1)
        and problem.points == 1
        and precision in ("f32", "tf32")
        and problem.outputs % 4 == 0
    ):
        fused, _ = _fused(site)
        sizes = problem.channels, problem.outputs
        return vector.generate(*sizes, fused.epilogue, widest=gpu.widest, count=site.count), fused
    if gpu.has_warpgroups and precision in ("f16", "bf16") and site.count == 1 and hopper.fits(problem):
        fused, result = _fused(site)
        return hopper.generate(problem, precision, fused.epilogue, result), fused
    tile = choose(problem, precision, gpu, site.count)
    if tile is None:
        return None
    fused, result = _fused(site)
    turned = _interleaved(site, fused)
    kernel = contraction.generate(
        problem, tile, precision, fused.epilogue, result, site.count, interleaved=turned is not None
    )
    return kernel, turned or fused


def _operations(module: Any) -> list[Any]:
    """Those of the functions in program order, those inside of loops and branches too."""
    functions = [op.operation for op in module.regions[0].blocks[0].operations]
    return [op for each in functions if each.name in ("util.func", "func.func") for op in mlir.nested(each)]


def _precision(site: Site, matrix_types: frozenset[str]) -> str:
    """What the operands are multiplied as."""
    element = str(site.operands[0].type.element_type)
    return "tf32" if element == "f32" and "tf32" in matrix_types else element


def _fused(site: Site) -> tuple[Fused, str]:
    """The operation with what its kernel does after it, and the element type of what that gives."""
    fused = fuse(site.op, site.channels, _LONGEST)
    if not finish.supports(fused.epilogue):
        fused = Fused(site.op.results[0], site.op, [site.op], Epilogue(), [])
    users = mlir.users(fused.result)
    if fused.epilogue.slot is None and len(users) == 1 and (narrow := _narrowed(users[0])):
        fused = replace(fused, result=users[0].results[0], last=users[0], absorbed=[*fused.absorbed, users[0]])
        return fused, narrow
    return fused, "f32"


def _interleaved(site: Site, fused: Fused) -> Fused | None:
    """With the transposition of `[b, m, n]` to `[m, b, n]` that all results go through, if they do."""
    users = mlir.users(fused.result)
    if site.count == 1 or len(users) != 1 or not forwards(users[0]) or mlir.shape_of(fused.result)[0] != site.count:
        return None
    if indexing_maps(users[0]) != ((1, 0, 2), (0, 1, 2)) or fused.epilogue.slot is not None:
        return None
    return replace(fused, result=users[0].results[0], last=users[0], absorbed=[*fused.absorbed, users[0]])


def _narrowed(op: Any) -> str | None:
    """The element type that an operation does nothing but round its one input to, element by element."""
    if op.name != "linalg.generic" or len(op.operands) != 2 or len(op.results) != 1:
        return None
    body = [inner.operation.name for inner in op.regions[0].blocks[0].operations]
    maps = {str(each) for each in op.attributes["indexing_maps"]}
    element = str(op.results[0].type.element_type)
    return (
        element if body == ["arith.truncf", "linalg.yield"] and len(maps) == 1 and element in ("f16", "bf16") else None
    )
