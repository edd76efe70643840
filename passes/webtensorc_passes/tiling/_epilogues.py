"""Finding what follows a contraction element by element, so that its kernel does it before storing.

From the contraction's result on, elementwise operations are taken in as long as in the end one value alone is used by
what is left outside. Their other operands are known before: a bias per channel, a residual of the same shape, a number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from webtensorc_kernels.epilogue import Apply, Constant, Epilogue, Load

from webtensorc.iree import mlir
from webtensorc_passes.tiling._requantise import requantised
from webtensorc_passes.tiling._structured import (
    element,
    forwards,
    indexing_maps,
    scalar_constant,
    slot,
    unreshaped,
)

__all__ = ["By", "Fused", "Growing", "fuse"]

By = Literal["result", "channel", "point", "all", "plane"]
_ELEMENT_TYPES = ("f32", "f16", "bf16", "i1", "i8", "i32")
_TENSORS = ("f32", "i8", "i32")
_MAX_OPERANDS = 8


@dataclass
class Fused:
    """A contraction with its epilogue.

    Attributes:
        result: the value that stands for everything fused; a dispatch in front of `last` gives it.
        last: the operation that defines `result`.
        absorbed: what is not needed any more, in program order, the contraction first.
        operands: the epilogue's operands, in order.
        destination: the tensor that the result becomes a part of, if the epilogue has a slot and that holds anything.
        others: values besides `result` that further results of the dispatch stand for.
    """

    result: Any
    last: Any
    absorbed: list[Any]
    epilogue: Epilogue
    operands: list[Any]
    destination: Any = None
    others: list[Any] = field(default_factory=list)


def fuse(root: Any, channels: int, longest: int = 40) -> Fused:
    """Take in what follows `root`, a contraction whose result has `channels` as its last dimension.

    It may end as float32, int32 or bytes. Only the `longest` first operations behind it are looked at.
    """
    growing = Growing(root, channels)
    best = growing.snapshot()
    for op in _followers(root, longest):
        if op.name in ("tensor.collapse_shape", "tensor.expand_shape"):
            growing.reshape(op)
        elif op.name == "linalg.generic":
            growing.take(op)
        if growing.size > len(best.absorbed) and growing.escaping() == [growing.last.results[0]]:
            found = growing.snapshot()
            best = found if _can_end(root, found.epilogue) else best
    return _placed(best) if mlir.shape_of(best.result)[-1:] == (channels,) else best


def _can_end(root: Any, epilogue: Epilogue) -> bool:
    """Whether results may be stored as what the epilogue ends with.

    A long one ends as the sums' own type, but that of sums of bytes.
    """
    if epilogue.element not in _TENSORS:
        return False
    return element(root.results[0]) in ("i32", epilogue.element) or not epilogue.is_long


def _placed(fused: Fused) -> Fused:
    """The same, written right into the tensor that the result would be copied to, as in a concatenation."""
    users = mlir.users(fused.result)
    if len(users) != 1 or users[0].name != "tensor.insert_slice" or users[0].operands[0] != fused.result:
        return fused
    insertion, destination = users[0], users[0].operands[1]
    owner = mlir.owner(destination)
    where = slot(insertion)
    if where is None or owner is None or destination == fused.result:
        return fused
    if owner.name == "tensor.empty":
        destination = None
    elif not mlir.has_one_use(destination):
        return fused
    epilogue = replace(fused.epilogue, slot=where)
    absorbed = [*fused.absorbed, insertion]
    return Fused(insertion.results[0], insertion, absorbed, epilogue, fused.operands, destination)


def _followers(root: Any, longest: int) -> Iterator[Any]:
    """The operations of the block behind `root` that depend on it directly or through others, in order."""
    found = {root}
    pending = [root]
    while pending:
        for user in mlir.users(pending.pop().results[0]):
            if user not in found and user.parent == root.parent and len(user.results) == 1:
                found.add(user)
                pending.append(user)
            if len(found) > longest:
                pending.clear()
                break
    ordered = [op.operation for op in root.block.operations if op.operation in found]
    yield from ordered[1:]


@dataclass
class Growing:
    """An epilogue that takes in one operation after the other; `numbers` says which step each value is."""

    root: Any
    channels: int
    absorbed: list[Any] = field(default_factory=list)
    numbers: dict[Any, int] = field(default_factory=dict)
    steps: list[Constant | Load | Apply] = field(default_factory=list)
    operands: list[Any] = field(default_factory=list)
    kinds: list[By] = field(default_factory=list)
    widths: list[int] = field(default_factory=list)
    plane: int = 0
    elements: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.absorbed = [self.root]
        self.numbers = {self.root.results[0]: -1}

    @property
    def size(self) -> int:
        return len(self.absorbed)

    @property
    def last(self) -> Any:
        return self.absorbed[-1]

    def snapshot(self) -> Fused:
        """What has been taken in so far."""
        kinds, widths, elements = tuple(self.kinds), tuple(self.widths), tuple(self.elements)
        steps = requantised(self.steps) if element(self.root.results[0]) == "i32" else tuple(self.steps)
        ending = element(self.last.results[0])
        epilogue = Epilogue(steps, kinds, widths, None, max(1, self.plane), elements, ending)
        return Fused(self.last.results[0], self.last, list(self.absorbed), epilogue, list(self.operands))

    def escaping(self) -> list[Any]:
        """The values taken in that something outside uses."""
        inside = set(self.absorbed)
        return [op.results[0] for op in self.absorbed if any(u not in inside for u in mlir.users(op.results[0]))]

    def reshape(self, op: Any) -> None:
        """Take in a reshape that leaves the channels as they are, or any of a single row."""
        source, result = op.operands[0], op.results[0]
        if source in self.numbers and self._fits(result):
            self.absorbed.append(op)
            self.numbers[result] = self.numbers[source]

    def take(self, op: Any) -> None:
        """Take in an elementwise operation, if it is one and its other operands are available."""
        maps = indexing_maps(op)
        result = op.results[0]
        if not maps or maps[-1] != tuple(range(len(maps[-1]))) or not self._fits(result):
            return
        if "iterator_types" in op.attributes and "reduction" in str(op.attributes["iterator_types"]):
            return
        before = len(self.steps), len(self.operands)
        inputs = [
            self._input(value, map_, mlir.shape_of(result)) for value, map_ in zip(op.operands, maps[:-1], strict=False)
        ]
        number = None if None in inputs else self._body(op, [n for n in inputs if n is not None])
        if number is None or len(self.operands) > _MAX_OPERANDS:
            self._forget(*before)
            return
        # The last step is the result: a body that yields an earlier value would not be.
        if number != len(self.steps) - 1:
            self._forget(*before)
            return
        self.absorbed.append(op)
        self.numbers[result] = number

    def _forget(self, steps: int, operands: int) -> None:
        del self.steps[steps:], self.operands[operands:]
        del self.kinds[operands:], self.widths[operands:], self.elements[operands:]

    def _fits(self, value: Any) -> bool:
        shape = mlir.shape_of(value) if element(value) in (*_TENSORS, "i1") else (0,)
        is_row = math.prod(mlir.shape_of(self.root.results[0])) == self.channels
        return shape[-1:] == (self.channels,) or (is_row and math.prod(shape) == self.channels)

    def _input(self, value: Any, map_: Sequence[int | None], extents: Sequence[int]) -> int | None:
        """The step that gives an input's element, or None if it cannot be had in a register."""
        if value in self.numbers:
            return self.numbers[value] if _kind(map_, extents) == "result" else None
        while (producer := mlir.owner(value)) is not None and forwards(producer):
            inner = indexing_maps(producer)[:1]
            if not inner:
                return None
            map_ = [None if i is None else map_[i] for i in inner[0]]
            value = producer.operands[0]
        text = scalar_constant(value)
        if text is not None:
            self.steps.append(Constant(text))
            return len(self.steps) - 1
        if _is_widened(value):
            return self._recomputed(value, map_, extents)
        kind = self._by(map_, extents)
        if kind is None or element(value) not in _TENSORS:
            return None
        if kind == "plane":
            size = math.prod(extents[loop] for loop in map_[:-1] if loop is not None)
            if self.plane not in (0, size):
                return None
            self.plane = size
        value, (width, offset) = self._whole(unreshaped(value)) if kind == "result" else (unreshaped(value), (0, 0))
        self.operands.append(value)
        self.kinds.append(kind)
        self.elements.append(element(value))
        self.widths.append(width)
        self.steps.append(Load(len(self.operands) - 1, kind, offset))
        return len(self.steps) - 1

    def _by(self, map_: Sequence[int | None], extents: Sequence[int]) -> By | None:
        """What an operand has one element for; None if that is nothing that a kernel could load."""
        kind = _kind(map_, extents)
        return kind if extents[-1] == self.channels or kind in ("result", "all") else None

    def _recomputed(self, value: Any, map_: Sequence[int | None], extents: Sequence[int]) -> int | None:
        """The step that gives an element of what is made element by element from a narrower tensor."""
        op = mlir.owner(value)
        assert op is not None
        inputs = []
        for each, inner in zip(op.operands, indexing_maps(op)[:-1], strict=False):
            inputs.append(self._input(each, [None if i is None else map_[i] for i in inner], extents))
        return None if None in inputs else self._body(op, [n for n in inputs if n is not None])

    def _whole(self, value: Any) -> tuple[Any, tuple[int, int]]:
        """For some channels of another tensor: that tensor, its row length, and the first of the channels."""
        op = mlir.owner(value)
        part = slot(op) if op is not None and op.name == "tensor.extract_slice" else None
        if op is None or part is None or mlir.shape_of(value)[-1] != self.channels:
            return value, (0, 0)
        return unreshaped(op.operands[0]), part

    def _body(self, op: Any, inputs: Sequence[int]) -> int | None:
        """Add the scalar operations of a body; returns the step that it yields."""
        block = op.regions[0].blocks[0]
        numbers = dict(zip(block.arguments, inputs, strict=False))
        for inner in block.operations:
            each = inner.operation
            for operand in each.operands:
                text = None if operand in numbers else scalar_constant(operand)
                if text is not None:
                    self.steps.append(Constant(text))
                    numbers[operand] = len(self.steps) - 1
            if any(operand not in numbers for operand in each.operands):
                return None
            if each.name == "linalg.yield":
                return int(numbers[each.operands[0]])
            if each.name == "arith.constant":
                continue
            step = _scalar(each, [numbers[operand] for operand in each.operands])
            if step is None:
                return None
            self.steps.append(step)
            numbers[each.results[0]] = len(self.steps) - 1
        return None


def _is_widened(value: Any) -> bool:
    """Whether a tensor is made from bytes, element by element: to read the bytes is less work."""
    while (op := mlir.owner(value)) is not None and op.name == "linalg.generic" and not forwards(op):
        maps = indexing_maps(op)
        inputs = [each for each in list(op.operands)[:-1] if scalar_constant(each) is None]
        identity = tuple(range(len(mlir.shape_of(value))))
        if len(op.results) != 1 or len(inputs) != 1 or not maps or {maps[0], maps[-1]} != {identity}:
            return False
        (value,) = inputs
        if element(value) == "i8":
            return True
    return False


def _scalar(op: Any, arguments: Sequence[int]) -> Apply | None:
    types = [str(value.type) for value in (*op.operands, *op.results)]
    if not op.name.startswith(("arith.", "math.")) or len(op.results) != 1 or set(types) - set(_ELEMENT_TYPES):
        return None
    attributes = ", ".join(f"{name} = {op.attributes[name]}" for name in mlir.attribute_names(op))
    return Apply(op.name, tuple(arguments), attributes, tuple(types))


def _kind(map_: Sequence[int | None], extents: Sequence[int]) -> By | None:
    """What an operand indexed by `map_` has one element for; loops of one round do not count."""
    wide = [loop for loop, extent in enumerate(extents) if extent > 1]
    used = [loop for loop in map_ if loop in wide]
    last = len(extents) - 1
    if used == wide:
        return "result"
    if not used:
        return "all"
    if used == [last]:
        return "channel"
    if used == [loop for loop in wide if loop != last]:
        return "point"
    return "plane" if used == wide[-len(used) :] and used[-1] == last else None
