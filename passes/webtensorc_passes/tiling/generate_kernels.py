"""Write kernels for convolutions, products, attention and pooling, and what follows elementwise in the same loop.

The native compiler's own code for these is far from the machine's peak on most shapes. Here each distinct shape gets a
kernel of `webtensorc_kernels`, a `stream.executable` that the native compiler only lowers; the operation, the zeros
padded to its input and the elementwise operations behind it become one `flow.dispatch`. What no kernel fits stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from webtensorc_kernels import attention, direct, integer, skinny, windows, winograd
from webtensorc_kernels.code import Code
from webtensorc_kernels.convolution import choose
from webtensorc_kernels.epilogue import Epilogue
from webtensorc_kernels.executable import Kernel
from webtensorc_kernels.machine import Machine

from webtensorc.iree import mlir
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.tiling._attention import AttentionSite, match_attention
from webtensorc_passes.tiling._epilogues import fuse
from webtensorc_passes.tiling._library import Library
from webtensorc_passes.tiling._signs import flipped
from webtensorc_passes.tiling._sites import Site, match

__all__ = ["GenerateKernels"]

_DTYPES: dict[str, np.dtype[Any]] = {"f32": np.dtype(np.float32), "i32": np.dtype(np.int32), "i8": np.dtype(np.int8)}


@dataclass(frozen=True)
class GenerateKernels(Pass):
    """Replace contractions and windows of static shape by dispatches of generated kernels.

    Reports `kernels`: for each the choices made, in words.
    """

    name: ClassVar[str] = "generate-kernels"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.PREPROCESSING
    level: ClassVar[int | None] = 2

    winograd: bool = True
    """Whether 3x3 convolutions may use Winograd's algorithm, whose results differ by some 1e-5 of their scale."""

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of operations that became the heart of a kernel."""
        machine = Machine.of(context.target) if context.target else None
        if machine is None:
            return 0
        library = Library[Kernel](module)
        for whole in _attentions(module):
            blocks = attention.choose(whole.problem, machine)
            code = Code(blocks.lanes, machine)
            kernel = attention.generate(whole.problem, blocks, whole.fused.epilogue, code)
            library.dispatch(
                whole.name, kernel, [*whole.operands, *whole.fused.operands], whole.fused, _scratch(kernel, module)
            )
        for site in reversed([site for op in _operations(module) if (site := match(op)) is not None]):
            fused = fuse(site.op, site.channels)
            written = _write(site, fused.epilogue, machine, allow_winograd=self.winograd)
            if written is not None:
                operands = list(site.operands)
                if site.integer and machine.dot and machine.dot.unsigned:
                    operands[0] = flipped(operands[0], site.op)
                library.dispatch(site.name, written, [*operands, *fused.operands], fused, _scratch(written, module))
        context.report["kernels"] = {name: kernel.why for name, kernel in library.kernels.items()}
        return library.uses


def _scratch(kernel: Kernel, module: Any) -> list[Any]:
    """The types of a kernel's results behind the first."""
    views = kernel.views[len(kernel.views) - kernel.results + 1 :]
    return [mlir.tensor_type(view.shape, _DTYPES[view.element], module.context) for view in views]


def _operations(module: Any) -> list[Any]:
    """Those of the functions in program order, those inside of loops and branches too."""
    functions = [op.operation for op in module.regions[0].blocks[0].operations]
    return [op for each in functions if each.name in ("util.func", "func.func") for op in mlir.nested(each)]


def _attentions(module: Any) -> Iterator[AttentionSite]:
    """One after the other: what has been found may be gone when the next one is looked for."""
    products = [op for op in _operations(module) if op.name in ("linalg.batch_matmul", "linalg.generic")]
    for op in reversed(products):
        found = match_attention(op)
        if found is not None:
            yield found


def _write(site: Site, epilogue: Epilogue, machine: Machine, *, allow_winograd: bool) -> Kernel | None:
    """The kernel for a site; None if none is worth its code, and for several products at once."""
    if site.count > 1:
        return None
    problem = site.problem.flat()
    if site.integer:
        block = None if site.fold else integer.plan(problem, machine)
        return integer.generate(problem, block, epilogue, machine) if block else None
    if site.fold:
        strip = windows.choose(problem, machine)
        code = Code(strip.lanes if strip else 1, machine)
        return windows.generate(problem, strip, site.fold, epilogue, code) if strip else None
    blocking = winograd.plan(site.problem, machine) if allow_winograd else None
    if blocking:
        return winograd.generate(site.problem, blocking, epilogue, Code(blocking.tile.lanes, machine))
    panel = skinny.choose(problem, machine)
    if panel:
        return skinny.generate(problem, panel, epilogue, Code(panel.lanes, machine))
    tile = choose(problem, machine)
    return direct.generate(problem, tile, epilogue, Code(tile.lanes, machine)) if tile else None
