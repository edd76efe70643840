"""The frame around a kernel: a `stream.executable` with one export, and what a caller must know of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from webtensorc_kernels.code import Code, View, Workgroup

__all__ = ["Kernel", "write"]


@dataclass(frozen=True)
class Kernel:
    """A finished kernel.

    Attributes:
        grid: number of workgroups along x, y and z.
        flops: arithmetic operations of one call.
        results: how many of the views, the last ones, are results; after the first they are scratch.
        body: the function's text, which is a function of the shapes and the machine alone.
        views: shapes of the operands and then of the results, as the kernel sees them; a caller's tensors have the
            same number of elements in the same order.
        why: the choices made, for people.
    """

    grid: tuple[int, int, int]
    flops: int
    results: int
    body: str
    views: tuple[View, ...]
    why: str

    def text(self, name: str) -> str:
        """The `stream.executable` called `name`, whose export has the same name."""
        bindings = [f"%b{i}: !stream.binding" for i in range(len(self.views))]
        subspans = [
            f"      {view.name} = stream.binding.subspan %b{i}[%c0] : !stream.binding -> {view.type}"
            for i, view in enumerate(self.views)
        ]
        x, y, z = self.grid
        parts = [
            f"array<i64: {i}, {', '.join(map(str, (*view.shape, *view.columns)))}>"
            for i, view in enumerate(self.views)
            if view.columns
        ]
        stores = f",\n      webtensorc.stores = [{', '.join(parts)}]" if parts else ""
        return f"""
stream.executable private @{name} {{
  stream.executable.export public @{name} workgroups() -> (index, index, index) {{
    %x = arith.constant {x} : index
    %y = arith.constant {y} : index
    %z = arith.constant {z} : index
    stream.return %x, %y, %z : index, index, index
  }}
  builtin.module {{
    func.func @{name}({", ".join(bindings)}) attributes {{
      translation_info = #iree_codegen.translation_info<pipeline = #iree_codegen.no_pipeline>,
      webtensorc.flops = {self.flops} : i64{stores}
    }} {{
      %c0 = arith.constant 0 : index
{chr(10).join(subspans)}
{self.body}
      return
    }}
  }}
}}
"""


def write(
    code: Code,
    views: Sequence[View],
    grid: tuple[int, int, int],
    body: Callable[[Workgroup], None],
    *,
    flops: int,
    results: int,
    why: str,
) -> Kernel:
    """Run `body`, which writes the work of one workgroup to `code`, and frame the result."""
    code.workgroups(grid, body)
    return Kernel(grid, flops, results, code.text(" " * 6), tuple(views), why)
