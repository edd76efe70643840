"""The kernels that a pass puts into a module: each once, and a dispatch wherever one stands for an operation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, Protocol, TypeVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc_passes.tiling._epilogues import Fused

__all__ = ["Library"]


class _Kernel(Protocol):
    """What is known of a kernel here: equal ones are one, and give the same executable under any name."""

    def __hash__(self) -> int: ...

    def text(self, name: str) -> str: ...


K = TypeVar("K", bound=_Kernel)


class Library(Generic[K]):
    """The executables made so far."""

    def __init__(self, module: Any) -> None:
        self.kernels: dict[str, K] = {}
        self.uses = 0
        self._module = module
        self._names: dict[K, str] = {}

    def dispatch(
        self, name: str, kernel: K, operands: Sequence[Any], fused: Fused, scratch: Sequence[Any] = ()
    ) -> None:
        """Let a dispatch of `kernel` stand for what was fused; `scratch` are the types of results behind the first."""
        symbol = self._names.get(kernel) or self._define(name, kernel)
        given = [*operands, *([] if fused.destination is None else [fused.destination])]
        attributes = {
            "entry_points": f"[@{symbol}::@{symbol}]",
            "operandSegmentSizes": f"array<i32: 0, {len(given)}, 0, 0>",
        }
        if fused.destination is not None:  # the result is the last operand, overwritten
            tied = [len(given) - 1, *(-1 for _ in scratch)]
            attributes["tied_operands"] = f"[{', '.join(f'{i} : index' for i in tied)}]"
        with self._module.context:
            parsed = {name: ir.Attribute.parse(text) for name, text in attributes.items()}
        op = mlir.create("flow.dispatch", given, [fused.result.type, *scratch], parsed, before=fused.last)
        for value, made in zip([fused.result, *fused.others], op.results, strict=False):
            value.replace_all_uses_with(made)
        for each in reversed(fused.absorbed):
            each.erase()
        self.uses += 1

    def _define(self, name: str, kernel: K) -> str:
        symbol, number = name, 1
        while symbol in self.kernels:
            number += 1
            symbol = f"{name}_{number}"
        self._names[kernel], self.kernels[symbol] = symbol, kernel
        parsed = ir.Module.parse(kernel.text(symbol), self._module.context)
        (executable,) = (op.operation for op in parsed.body.operations)
        executable.detach_from_parent()
        first = self._module.regions[0].blocks[0].operations[0]
        ir.InsertionPoint(first).insert(executable)
        return symbol
