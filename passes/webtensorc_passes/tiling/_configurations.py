"""The native compiler's choices for one kernel, read and written as text: no Python class stands for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation

__all__ = ["NUMBERS", "VECTORS", "Configured", "configured", "translated", "write_in_numbers"]

VECTORS, NUMBERS = "spirv_pipeline<BaseVectorize>", "spirv_pipeline<BaseDistribute>"
"""The native compiler's names for code in vectors, a block of which every invocation has, and in numbers, whose loops
are distributed number by number."""

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


def write_in_numbers(function: Operation) -> None:
    """Have a kernel's function that would be written in `VECTORS` be written number by number."""
    told = str(function.attributes[_TRANSLATION]).replace(VECTORS, NUMBERS)
    function.attributes[_TRANSLATION] = ir.Attribute.parse(told, function.context)
