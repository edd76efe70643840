"""The native compiler's choices for one kernel, read and written as text: no Python class stands for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation

__all__ = ["Configured", "configured", "translated"]

_TRANSLATION, _LOWERING = "translation_info", "lowering_config"


@dataclass(frozen=True)
class Configured:
    """A kernel's function and the only operation in it that has tiles."""

    function: Operation
    op: Operation

    @property
    def translation(self) -> str:
        """How the function is compiled; the workgroup's size."""
        return str(self.function.attributes[_TRANSLATION])

    @property
    def lowering(self) -> str:
        """The operation's tiles."""
        return str(self.op.attributes[_LOWERING])

    def change(self, translation: str, lowering: str) -> None:
        """Have both say something else."""
        with self.function.context:
            self.op.attributes[_LOWERING] = ir.Attribute.parse(lowering)
            self.function.attributes[_TRANSLATION] = ir.Attribute.parse(translation)


def translated(module: Any, code: str) -> list[Operation]:
    """The functions of kernels that become code of a kind, by the native compiler's name for it."""
    functions = [op for op in mlir.nested(module) if op.name == "func.func" and _TRANSLATION in op.attributes]
    return [each for each in functions if code in str(each.attributes[_TRANSLATION])]


def configured(module: Any, code: str) -> Iterator[Configured]:
    """Those of them that have one tiled operation."""
    for function in translated(module, code):
        tiled = [op for op in mlir.nested(function) if _LOWERING in op.attributes]
        if len(tiled) == 1:
            yield Configured(function, tiled[0])
