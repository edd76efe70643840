"""The kernels that a pass puts into a module: each once, and a dispatch wherever one stands for an operation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
        given = [*operands, *([] if fused.destination is None else [fused.destination])]
        attributes = {}
        if fused.destination is not None:  # the result is the last operand, overwritten
            tied = [len(given) - 1, *(-1 for _ in scratch)]
            attributes["tied_operands"] = f"[{', '.join(f'{i} : index' for i in tied)}]"
        op = self.call(self.define(name, kernel), given, [fused.result.type, *scratch], attributes, before=fused.last)
        for value, made in zip([fused.result, *fused.others], op.results, strict=False):
            value.replace_all_uses_with(made)
        for each in reversed(fused.absorbed):
            each.erase()
        self.uses += 1

    def call(
        self, symbol: str, operands: Sequence[Any], types: Sequence[Any], attributes: Mapping[str, str], *, before: Any
    ) -> Any:
        """A dispatch of the kernel that `define` named, in front of an operation; attributes as they are written."""
        attributes = {
            "entry_points": f"[@{symbol}::@{symbol}]",
            "operandSegmentSizes": f"array<i32: 0, {len(operands)}, 0, 0>",
            **attributes,
        }
        with self._module.context:
            parsed = {name: ir.Attribute.parse(text) for name, text in attributes.items()}
        return mlir.create("flow.dispatch", operands, types, parsed, before=before)

    def define(self, name: str, kernel: K) -> str:
        """The symbol of a kernel, `name` or one like it, which is in the module from now on."""
        if kernel in self._names:
            return self._names[kernel]
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
