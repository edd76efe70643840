"""What sums of products of bytes begin with, where 128 is added to each byte of the image: -128 for each weight.

    begin[o] = -128 * sum over k of w[k, o]

Made once, when weights in panels are loaded.
"""

from __future__ import annotations

from collections.abc import Callable

from webtensorc_kernels.code import Code, Index, View, Workgroup
from webtensorc_kernels.executable import Kernel, write
from webtensorc_kernels.panels import WIDTH, Matrix, first_column

__all__ = ["generate"]

_SUMS = 4
"""Words whose sums are independent, so that none waits for the one before."""


def generate(rows: int, outputs: int, code: Code) -> Kernel:
    """Write the kernel into `code`. Operand: panels of `rows` rows of words; result: int32 for each of `outputs`."""
    panels = Matrix("%w", rows, outputs, packed=True, element="i32").view
    y = View("%y", (outputs,), "i32")
    vectors, ones = range(0, WIDTH, code.lanes), code.ones()

    def some(panel: Index, count: int) -> Callable[[Index, list[str]], list[str]]:
        def body(word: Index, sums: list[str]) -> list[str]:
            places = [(i, j) for i in range(count) for j in vectors]
            found = [
                code.dot(each, ones, code.load(panels, panel, code.add(word, i), j))
                for each, (i, j) in zip(sums, places, strict=False)
            ]
            return [*found, *sums[len(found) :]]

        return body

    def one(panel: Index, _: list[str]) -> list[str]:
        whole = rows // _SUMS * _SUMS
        sums = [code.number("0 : i32")] * (_SUMS * len(vectors))
        sums = code.loop(0, whole, some(panel, _SUMS), sums, step=_SUMS, element="i32")
        sums = some(panel, rows - whole)(whole, sums) if rows > whole else sums
        first = first_column(code, panel, outputs)
        for j, at in enumerate(vectors):
            total = sums[j]
            for other in sums[j + len(vectors) :: len(vectors)]:
                total = code.apply("arith.addi", (total, other), "", ("i32",) * 3)
            found = code.apply("arith.muli", (total, code.number("-128 : i32")), "", ("i32",) * 3)
            code.store(found, y, code.add(first, at))
        return []

    def body(_: Workgroup) -> None:
        code.loop(0, panels.shape[0], one)

    flops = 2 * 4 * rows * outputs
    return write(code, [panels, y], (1, 1, 1), body, flops=flops, results=1, why="sums of weights")
