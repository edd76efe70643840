"""Finding products whose columns are gates that elementwise operations put together, as in recurrent networks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from webtensorc_kernels.epilogue import Epilogue
from webtensorc_kernels.gated import Cell
from webtensorc_kernels.panels import FIXED

from webtensorc.iree import mlir
from webtensorc_passes.tiling._epilogues import Fused, Growing, fuse
from webtensorc_passes.tiling._sites import Site, in_panels, match
from webtensorc_passes.tiling._structured import forwards, slot

__all__ = ["GatedSite", "gated_sites"]

_MOST = 3
"""Results: the output of a cell and its state, or the parts of a GRU's that its second product has no part in."""


@dataclass(frozen=True)
class GatedSite:
    """A product and what its gates become; `operands` are those of the product."""

    cell: Cell
    operands: tuple[Any, ...]
    fused: Fused

    @property
    def name(self) -> str:
        """Kind and shape, for the kernel's name."""
        return f"gates_{self.cell.rows}x{self.cell.gates}x{self.cell.width}x{self.cell.depth}"


def gated_sites(operations: Sequence[Any]) -> Iterator[GatedSite]:
    """Every one among operations in program order, last one first."""
    sites = [in_panels(site) for op in operations if (site := match(op)) is not None]
    for site in reversed(sites):
        found = _match(site) if _is_product(site) else None
        if found is not None:
            yield found


def _is_product(site: Site) -> bool:
    return (site.single or site.weights == FIXED) and site.count == 1 and site.problem.flat().is_product


def _match(site: Site) -> GatedSite | None:
    product = fuse(site.op, site.channels)
    slices = mlir.users(product.result)
    if product.epilogue.slot or product.epilogue.element != "f32" or len(slices) < 2:
        return None
    if any(op.name != "tensor.extract_slice" or op.block != site.op.block for op in slices):
        return None
    parts, widths = [slot(op) for op in slices], {mlir.shape_of(op.results[0])[-1] for op in slices}
    (width,) = widths if len(widths) == 1 else (0,)
    if not width or None in parts or any(part[1] % width for part in parts if part):
        return None
    growing = Growing(slices[0], width)
    growing.absorbed = list(slices)
    growing.numbers = {op.results[0]: -1 - part[1] // width for op, part in zip(slices, parts, strict=True) if part}
    _take_in(growing, site.op)
    results = growing.escaping()
    if not 1 <= len(results) <= _MOST or any(growing.numbers[value] < 0 for value in results):
        return None
    last = _last(growing.absorbed)
    inside = set(growing.absorbed)
    users = [user for value in results for user in mlir.users(value) if user not in inside]
    if any(user.block == site.op.block and not last.is_before_in_block(user) for user in users):
        return None
    p = site.problem.flat()
    steps = Epilogue(tuple(growing.steps), tuple(growing.kinds), tuple(growing.widths), None, max(1, growing.plane))
    cell = Cell(
        rows=p.points,
        depth=p.channels,
        width=width,
        gates=p.outputs // width,
        packed=p.packed,
        weights=site.weights,
        product=product.epilogue,
        steps=steps,
        results=tuple(growing.numbers[value] for value in results),
    )
    if set(growing.elements) - {"f32"} or p.outputs % width:
        return None
    absorbed, operands = [*product.absorbed, *growing.absorbed], [*product.operands, *growing.operands]
    fused = Fused(results[0], last, absorbed, cell.product, operands, others=results[1:])
    return GatedSite(cell, site.operands, fused)


def _take_in(growing: Growing, root: Any) -> None:
    """Take in elementwise operations that need nothing but gates, each other, and what is known before the product."""
    pending = [user for op in growing.absorbed for user in mlir.users(op.results[0])]
    while pending:
        op = pending.pop(0)
        if op.name != "linalg.generic" or op.block != root.block or len(op.results) != 1 or forwards(op):
            continue
        known = (value in growing.numbers or _is_before(value, root) for value in list(op.operands)[:-1])
        if op not in growing.absorbed and all(known):
            growing.take(op)
            if op in growing.absorbed:
                pending += mlir.users(op.results[0])


def _is_before(value: Any, root: Any) -> bool:
    op = mlir.owner(value)
    return op is None or op.block != root.block or bool(op.is_before_in_block(root))


def _last(operations: Sequence[Any]) -> Any:
    """The one that comes last in its block."""
    last = operations[0]
    for op in operations[1:]:
        last = op if last.is_before_in_block(op) else last
    return last
