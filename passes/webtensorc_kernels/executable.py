"""The frame around a kernel: a `stream.executable` with one export, and what a caller must know of it.

The executable that goes through the native compiler's phases for whole programs calls a function that is only declared;
its code is an attribute, which the pass `fill-kernels` puts in its place once those phases are over. They would do
nothing for it but walk over it, which took longer than all the rest of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from webtensorc_kernels.code import Code, View, Workgroup

__all__ = ["BODY", "Kernel", "write"]

BODY = "webtensorc.body"
"""Attribute of a kernel's function: text of the function that it calls, of the name that the callee has."""

_INDENT = " " * 6


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
        """The `stream.executable` called `name`, whose export has the same name; its code is in `BODY`."""
        bindings = [f"%b{i}: !stream.binding" for i in range(len(self.views))]
        lines = [
            f"{view.name} = stream.binding.subspan %b{i}[%c0] : !stream.binding -> {view.type}"
            for i, view in enumerate(self.views)
        ]
        places = {name: d for d, name in enumerate(Workgroup.names) if self.grid[d] > 1}
        lines += [f"{name} = stream.dispatch.workgroup.id[{d}] : index" for name, d in places.items()]
        given = {**dict.fromkeys(places, "index"), **{view.name: view.type for view in self.views}}
        signature = ", ".join(given.values())
        arguments = ", ".join(f"{name}: {type_}" for name, type_ in given.items())
        function = f"func.func @code({arguments}) {{\n{self.body}\n  return\n}}"
        x, y, z = self.grid
        return f"""
stream.executable private @{name} {{
  stream.executable.export public @{name} workgroups() -> (index, index, index) {{
    %x = arith.constant {x} : index
    %y = arith.constant {y} : index
    %z = arith.constant {z} : index
    stream.return %x, %y, %z : index, index, index
  }}
  builtin.module {{
    func.func private @code({signature})
    func.func @{name}({", ".join(bindings)}) attributes {{
      translation_info = #iree_codegen.translation_info<pipeline = #iree_codegen.no_pipeline>,
      webtensorc.flops = {self.flops} : i64{self._stores()},
      {BODY} = {_quoted(function)}
    }} {{
      %c0 = arith.constant 0 : index
{chr(10).join(_INDENT + line for line in lines)}
      func.call @code({", ".join(given)}) : ({signature}) -> ()
      return
    }}
  }}
}}
"""

    def _stores(self) -> str:
        parts = [
            f"array<i64: {i}, {', '.join(map(str, (*view.shape, *view.columns)))}>"
            for i, view in enumerate(self.views)
            if view.columns
        ]
        return f",\n      webtensorc.stores = [{', '.join(parts)}]" if parts else ""


def _quoted(text: str) -> str:
    """A string as MLIR writes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\0A")
    return f'"{escaped}"'


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
    return Kernel(grid, flops, results, code.text("  "), tuple(views), why)
