"""Gathers with open extents (StableHLO specification, `gather` and `dynamic_gather`)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from webtensorc.iree import mlir
from webtensorc.iree.dynamism import scalars
from webtensorc.iree.dynamism.builder import Builder
from webtensorc.iree.mlir import Operation, Value


@dataclass(frozen=True)
class GatherLayout:
    """`#stablehlo.gather<...>`, under the specification's names."""

    offset_dims: tuple[int, ...]
    collapsed_slice_dims: tuple[int, ...]
    operand_batching_dims: tuple[int, ...]
    start_indices_batching_dims: tuple[int, ...]
    start_index_map: tuple[int, ...]
    index_vector_dim: int

    @classmethod
    def of(cls, op: Operation) -> GatherLayout:
        """The layout of a gather; what the text leaves out is empty or 0."""
        text = str(op.attributes["dimension_numbers"])

        def numbers(name: str) -> tuple[int, ...]:
            found = re.search(rf"\b{name} = \[([\d, ]*)\]", text)
            return tuple(int(each) for each in found[1].split(",")) if found and found[1].strip() else ()

        vector = re.search(r"index_vector_dim = (\d+)", text)
        return cls(
            numbers("offset_dims"),
            numbers("collapsed_slice_dims"),
            numbers("operand_batching_dims"),
            numbers("start_indices_batching_dims"),
            numbers("start_index_map"),
            int(vector[1]) if vector else 0,
        )


def gather(build: Builder, op: Operation) -> Value:
    """Slices of fixed size."""
    return _gathered(build, op, [build.index(size) for size in mlir.integers(op, "slice_sizes")])


def dynamic_gather(build: Builder, op: Operation) -> Value:
    """Slices whose sizes are an operand."""
    return _gathered(build, op, scalars.elements(build, op.operands[2]))


def _gathered(build: Builder, op: Operation, slice_sizes: Sequence[Value]) -> Value:
    layout = GatherLayout.of(op)
    operand, indices = build.stored(op.operands[0]), build.stored(op.operands[1])
    unsigned = op.operands[1].type.element_type.is_unsigned
    kind = build.signless_type(op.result.type)
    zero = build.index(0)
    extents = build.dims(operand)
    room = [build.arith("subi", extent, size) for extent, size in zip(extents, slice_sizes, strict=True)]
    dropped = layout.collapsed_slice_dims + layout.operand_batching_dims
    kept = [axis for axis in range(len(extents)) if axis not in dropped]
    batch = [axis for axis in range(len(kind.shape)) if axis not in layout.offset_dims]
    of_batch = [axis for axis in range(len(indices.type.shape)) if axis != layout.index_vector_dim]

    sizes: list[Value] = [zero] * len(kind.shape)
    for axis, source in zip(batch, of_batch, strict=True):
        sizes[axis] = build.dim(indices, source)
    for axis, source in zip(layout.offset_dims, kept, strict=True):
        sizes[axis] = slice_sizes[source]

    def element(inside: Builder, at: Sequence[Value]) -> Value:
        where: dict[int, Value] = {}
        by_source = {source: at[axis] for axis, source in zip(batch, of_batch, strict=True)}
        for position, axis in enumerate(layout.start_index_map):
            place = [
                inside.index(position) if source == layout.index_vector_dim else by_source[source]
                for source in range(len(indices.type.shape))
            ]
            found = inside.extract(indices, place)
            found = inside.value("arith.index_castui" if unsigned else "arith.index_cast", [found], inside.index_type)
            where[axis] = inside.clamp(found, zero, room[axis])
        for axis, source in zip(layout.operand_batching_dims, layout.start_indices_batching_dims, strict=True):
            where[axis] = by_source[source]
        for axis, source in zip(layout.offset_dims, kept, strict=True):
            where[source] = inside.arith("addi", where[source], at[axis]) if source in where else at[axis]
        return inside.extract(operand, [where.get(axis, zero) for axis in range(len(extents))])

    return build.computed(kind, sizes, element)
