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
from iree.compiler import ir
from webtensorc_kernels import attention, direct, integer, skinny, windows, winograd
from webtensorc_kernels.code import Code
from webtensorc_kernels.convolution import choose
from webtensorc_kernels.epilogue import Epilogue
from webtensorc_kernels.executable import Kernel
from webtensorc_kernels.machine import Machine

from webtensorc.iree import mlir
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.tiling._attention import AttentionSite, match_attention
from webtensorc_passes.tiling._epilogues import Fused, fuse
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
        library = _Library(module)
        for whole in _attentions(module):
            blocks = attention.choose(whole.problem, machine)
            code = Code(blocks.lanes, machine)
            kernel = attention.generate(whole.problem, blocks, whole.fused.epilogue, code)
            library.dispatch(whole.name, kernel, [*whole.operands, *whole.fused.operands], whole.fused)
        for site in reversed([site for op in _operations(module) if (site := match(op)) is not None]):
            fused = fuse(site.op, site.channels)
            written = _write(site, fused.epilogue, machine, allow_winograd=self.winograd)
            if written is not None:
                operands = list(site.operands)
                if site.integer and machine.dot and machine.dot.unsigned:
                    operands[0] = flipped(operands[0], site.op)
                library.dispatch(site.name, written, [*operands, *fused.operands], fused)
        context.report["kernels"] = {name: kernel.why for name, kernel in library.kernels.items()}
        return library.uses


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


class _Library:
    """The executables made so far; equal kernels are one."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.kernels: dict[str, Kernel] = {}
        self.uses = 0
        self._names: dict[Kernel, str] = {}

    def dispatch(self, name: str, kernel: Kernel, operands: list[Any], fused: Fused) -> None:
        """Let a dispatch of `kernel` stand for what was fused."""
        symbol = self._names.get(kernel) or self._define(name, kernel)
        if fused.destination is not None:
            operands = [*operands, fused.destination]
        scratch = [
            mlir.tensor_type(view.shape, _DTYPES[view.element], self.module.context)
            for view in kernel.views[len(kernel.views) - kernel.results + 1 :]
        ]
        attributes = {
            "entry_points": f"[@{symbol}::@{symbol}]",
            "operandSegmentSizes": f"array<i32: 0, {len(operands)}, 0, 0>",
        }
        if fused.destination is not None:  # the result is the last operand, overwritten
            tied = [len(operands) - 1, *(-1 for _ in scratch)]
            attributes["tied_operands"] = f"[{', '.join(f'{i} : index' for i in tied)}]"
        with self.module.context:
            parsed = {name: ir.Attribute.parse(text) for name, text in attributes.items()}
        op = mlir.create("flow.dispatch", operands, [fused.result.type, *scratch], parsed, before=fused.last)
        fused.result.replace_all_uses_with(op.results[0])
        for each in reversed(fused.absorbed):
            each.erase()
        self.uses += 1

    def _define(self, name: str, kernel: Kernel) -> str:
        symbol, number = name, 1
        while symbol in self.kernels:
            number += 1
            symbol = f"{name}_{number}"
        self._names[kernel], self.kernels[symbol] = symbol, kernel
        parsed = ir.Module.parse(kernel.text(symbol), self.module.context)
        (executable,) = (op.operation for op in parsed.body.operations)
        executable.detach_from_parent()
        first = self.module.regions[0].blocks[0].operations[0]
        ir.InsertionPoint(first).insert(executable)
        return symbol
