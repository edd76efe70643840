"""Finding the attention of one query a head, and where its keys and values lie: often in a cache and what is new."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from webtensorc_kernels.epilogue import Epilogue
from webtensorc_ptx import finish
from webtensorc_ptx.attention import Decoding, Part

from webtensorc.iree import mlir
from webtensorc_passes.tiling._attention import AttentionSite, match_attention, untransposed
from webtensorc_passes.tiling._epilogues import Fused

__all__ = ["DecodingSite", "decoding_sites"]


@dataclass(frozen=True)
class DecodingSite:
    """Attention of one query a head, with the tensors that its parts are of, then the operands of the epilogue."""

    problem: Decoding
    operands: list[Any]
    fused: Fused

    @property
    def name(self) -> str:
        """Kind and shape, for the kernel's name."""
        keys = sum(part.length for part in self.problem.keys)
        return f"attention_{self.problem.groups}x{keys}x{self.problem.depth}"

    @property
    def epilogue(self) -> Epilogue:
        """What becomes of the scores before the softmax."""
        return self.fused.epilogue


def decoding_sites(operations: Sequence[Any]) -> Iterator[DecodingSite]:
    """All among operations in program order for which there is a kernel, last one first."""
    for op in reversed(operations):
        found = match_attention(op)
        made = _site(found) if found is not None and found.problem.rows == 1 else None
        if made is not None:
            yield made


def _site(found: AttentionSite) -> DecodingSite | None:
    problem, epilogue = found.problem, found.fused.epilogue
    query, across, values = found.operands
    keys = untransposed(across)
    if problem.depth != problem.outputs or not finish.supports(epilogue) or keys is None:
        return None
    tensors: list[Any] = []
    firsts = [first * length for first, length in zip(problem.first, (1, problem.keys, problem.keys), strict=True)]
    pieces = [_pieces(value, first, tensors) for value, first in zip((query, keys, values), firsts, strict=True)]
    if not all(pieces) or len(pieces[0]) != 1:
        return None
    made = Decoding(problem.groups, problem.depth, pieces[0][0], pieces[1], pieces[2])
    return DecodingSite(made, [*tensors, *found.fused.operands], found.fused) if made.fits else None


def _pieces(value: Any, first: int, tensors: list[Any]) -> tuple[Part, ...]:
    """The pieces of `value`, `[..., length, depth]`, of which rows from `first` on are meant; empty if they are none.

    The tensors that they are parts of are added to `tensors`.
    """
    whole = mlir.shape_of(value)
    depth, length = whole[-1], whole[-2] if len(whole) > 1 else 1
    inserted = _inserted(value) if first == 0 else []
    if not inserted:
        return (_part(value, first * depth, length, tensors),)
    starts = [0]
    for source, offsets in inserted:
        shape = mlir.shape_of(source)
        if shape != (*whole[:-2], shape[-2], depth) or offsets != (*(0 for _ in whole[:-2]), starts[-1], 0):
            return ()
        starts.append(starts[-1] + shape[-2])
    if starts[-1] != length:
        return ()
    return tuple(_part(source, 0, mlir.shape_of(source)[-2], tensors) for source, _ in inserted)


def _inserted(value: Any) -> list[tuple[Any, tuple[int, ...]]]:
    """What was put into an empty tensor, and where, in order; empty where anything else is in it."""
    found = []
    op = mlir.owner(value)
    while op is not None and op.name == "tensor.insert_slice" and len(op.operands) == 2:
        if set(mlir.integers(op, "static_strides")) != {1}:
            return []
        found.append((op.operands[0], mlir.integers(op, "static_offsets")))
        op = mlir.owner(op.operands[1])
    return found[::-1] if op is not None and op.name == "tensor.empty" else []


def _part(value: Any, first: int, length: int, tensors: list[Any]) -> Part:
    """`value` from element `first` on, as a part of the tensor that it was cut out of in one piece."""
    op = mlir.owner(value)
    while op is not None:
        if op.name == "tensor.extract_slice" and len(op.operands) == 1:
            start = _start(op)
            if start is None:
                break
            first += start
        elif op.name not in ("tensor.collapse_shape", "tensor.expand_shape"):
            break
        value = op.operands[0]
        op = mlir.owner(value)
    if value not in tensors:
        tensors.append(value)
    return Part(tensors.index(value), first, length)


def _start(op: Any) -> int | None:
    """The first element of a slice, if its elements are adjacent."""
    shape, sizes = mlir.shape_of(op.operands[0]), mlir.integers(op, "static_sizes")
    offsets, strides = mlir.integers(op, "static_offsets"), mlir.integers(op, "static_strides")
    split = next((i for i, size in enumerate(sizes) if size != 1), len(sizes))
    if set(strides) != {1} or any(offset < 0 for offset in offsets) or sizes[split + 1 :] != shape[split + 1 :]:
        return None
    return sum(offset * prod(shape[i + 1 :]) for i, offset in enumerate(offsets))
