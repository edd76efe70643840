"""Write kernels for convolutions and matrix products, with what follows element by element in the same loop.

The native compiler's own code for these is far from the machine's peak on most shapes. Here each distinct shape gets a
kernel of `webtensorc_kernels`, a `stream.executable` that the native compiler only lowers; the operation, the zeros
padded to its input and the elementwise operations behind it become one `flow.dispatch`. What no kernel fits stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from iree.compiler import ir
from webtensorc_kernels import direct, winograd
from webtensorc_kernels.code import Code
from webtensorc_kernels.convolution import choose
from webtensorc_kernels.executable import Kernel
from webtensorc_kernels.machine import Machine

from webtensorc.iree import mlir
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.tiling._contractions import Contraction, match
from webtensorc_passes.tiling._epilogues import Fused, fuse

__all__ = ["GenerateKernels"]


@dataclass(frozen=True)
class GenerateKernels(Pass):
    """Replace contractions of static shape by dispatches of generated kernels.

    Reports `kernels`: for each the choices made, in words.
    """

    name: ClassVar[str] = "generate-kernels"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.PREPROCESSING
    level: ClassVar[int | None] = 2

    winograd: bool = True
    """Whether 3x3 convolutions may use Winograd's algorithm, whose results differ by some 1e-5 of their scale."""

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of contractions that were replaced."""
        machine = Machine.of(context.target) if context.target else None
        if machine is None:
            return 0
        library = _Library(module)
        for contraction in reversed(_contractions(module)):
            _replace(contraction, machine, library, winograd_too=self.winograd)
        context.report["kernels"] = {name: kernel.why for name, kernel in library.kernels.items()}
        return library.uses


def _contractions(module: Any) -> list[Contraction]:
    found = []
    for function in module.regions[0].blocks[0].operations:
        if function.operation.name not in ("util.func", "func.func") or not function.operation.regions[0].blocks:
            continue
        for block in function.operation.regions[0].blocks:
            found += [c for op in block.operations if (c := match(op.operation)) is not None]
    return found


def _replace(contraction: Contraction, machine: Machine, library: _Library, *, winograd_too: bool) -> None:
    problem = contraction.problem.flat()
    blocking = winograd.plan(problem, machine) if winograd_too else None
    tile = blocking.tile if blocking else choose(problem, machine)
    if tile is None:
        return
    fused = fuse(contraction.op, problem.groups * problem.outputs)
    code = Code(tile.lanes, machine.fused)
    if blocking:
        kernel = winograd.generate(problem, blocking, fused.epilogue, code)
    else:
        kernel = direct.generate(problem, tile, fused.epilogue, code)
    library.dispatch(contraction.name, kernel, [contraction.image, contraction.weights, *fused.operands], fused)


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
        with self.module.context, fused.last.location:
            entry = ir.Attribute.parse(f"[@{symbol}::@{symbol}]")
            segments = ir.Attribute.parse(f"array<i32: 0, {len(operands)}, 0, 0>")
        attributes = {"entry_points": entry, "operandSegmentSizes": segments}
        scratch = [
            mlir.tensor_type(view.shape, np.dtype(np.float32), self.module.context)
            for view in kernel.views[len(kernel.views) - kernel.results + 1 :]
        ]
        types = [fused.result.type, *scratch]
        op = mlir.create("flow.dispatch", operands, types, attributes, before=fused.last)
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
