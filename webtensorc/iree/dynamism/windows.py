"""Window reductions and sorts with open extents (StableHLO specification, `reduce_window` and `sort`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from iree.compiler import ir

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.builder import add_block, copy_body, end_block
from webtensorc.iree.dynamism import scalars
from webtensorc.iree.dynamism.builder import DYNAMIC, Builder
from webtensorc.iree.dynamism.movement import constant_of, constants_of, padded
from webtensorc.iree.mlir import Operation, Value

_REDUCERS = {
    "stablehlo.add": ("addf", "addi", "addi"),
    "stablehlo.multiply": ("mulf", "muli", "muli"),
    "stablehlo.maximum": ("maximumf", "maxsi", "maxui"),
    "stablehlo.minimum": ("minimumf", "minsi", "minui"),
    "stablehlo.and": (None, "andi", "andi"),
    "stablehlo.or": (None, "ori", "ori"),
}
"""Arith's operations for floating-point, signed and unsigned elements."""


@dataclass(frozen=True)
class Window:
    """A window that moves over a tensor, one entry an axis: its extents, the steps, and what is put around and between.

    `base` dilates the operand and `dilations` the window; `low` and `high` are the padding.
    """

    extents: Sequence[Value]
    strides: Sequence[int]
    base: Sequence[int]
    dilations: Sequence[int]
    low: Sequence[Value]
    high: Sequence[Value]

    @classmethod
    def of(cls, build: Builder, op: Operation) -> Window:
        """That of a `reduce_window` or `select_and_scatter`, whose extents are attributes."""
        rank = len(op.operands[0].type.shape)
        ones = [1] * rank
        strides, base, dilations = (mlir.integers(op, name, ones) for name in _ATTRIBUTES)
        extents = [build.index(size) for size in mlir.integers(op, "window_dimensions", ones)]
        low, high = ([build.index(int(amount)) for amount in side] for side in stablehlo.padding(op, rank).T)
        return cls(extents, strides, base, dilations, low, high)

    @classmethod
    def of_operands(cls, build: Builder, operands: Sequence[Value]) -> Window | None:
        """As operands state it: window, strides, base dilations, window dilations, padding of shape [rank, 2]."""
        extents, *fixed = (scalars.elements(build, each) for each in operands[:4])
        strides, base, dilations = map(constants_of, fixed)
        if strides is None or base is None or dilations is None:
            return None
        axes = range(len(extents))
        low, high = ([scalars.element(build, operands[4], 2 * axis + side) for axis in axes] for side in (0, 1))
        return cls(extents, strides, base, dilations, low, high)

    def padded(self, build: Builder, operand: Value, fill: Value) -> Value:
        """The operand, signless, with `fill` around and between its elements.

        It is read from memory: the native vectoriser adds a number that is the same everywhere once, not once an
        element.
        """
        (operand,) = build.from_memory([operand])
        gaps = [step - 1 for step in self.base]
        return build.signless(padded(build, operand, fill, self.low, self.high, gaps))

    def places(self, build: Builder, operand: Value) -> list[Value]:
        """How many places the window has along each axis of what has been padded."""
        one, counts = build.index(1), []
        for axis, extent in enumerate(self.extents):
            reach = build.arith("muli", build.arith("subi", extent, one), build.index(self.dilations[axis]))
            room = build.arith("subi", build.arith("subi", build.dim(operand, axis), reach), one)
            counts.append(build.arith("addi", build.arith("floordivsi", room, build.index(self.strides[axis])), one))
        return counts

    def shape(self) -> list[int]:
        """The extents, as types have them."""
        found = [constant_of(each) for each in self.extents]
        return [DYNAMIC if extent is None else extent for extent in found]

    def reading(self) -> ir.AffineMap:
        """From places and places in the window to subscripts of what has been padded; needs a location."""
        rank = len(self.strides)
        y, k = ([ir.AffineExpr.get_dim(start + axis) for axis in range(rank)] for start in (0, rank))
        x = [y[axis] * self.strides[axis] + k[axis] * self.dilations[axis] for axis in range(rank)]
        return ir.AffineMap.get(2 * rank, 0, x)


_ATTRIBUTES = ("window_strides", "base_dilations", "window_dilations")


def reduce_window(build: Builder, op: Operation) -> Value | Sequence[Value]:
    """A window of fixed size."""
    window = Window.of(build, op)
    body = [each.operation for each in op.regions[0].blocks[0].operations]
    reducer = body[0].name if len(op.operands) == len(body) == 2 else ""
    reduced = _reduced(build, op, reducer, window)
    return _reduced_by_body(build, op, window) if reduced is None else reduced


def dynamic_reduce_window(build: Builder, op: Operation) -> Value | None:
    """JAX's custom call for a window of dynamic size or padding.

    Its operands are the tensor, the initial value, and those of `Window.of_operands`; the front end leaves the
    reducer's operation in `backend_config`.
    """
    window = Window.of_operands(build, list(op.operands)[2:])
    return window and _reduced(build, op, op.attributes["backend_config"].value, window)


def windows(build: Builder, op: Operation) -> Value | None:
    """What the front end makes of the same where the reducer is more than one operation; it reduces the result.

    The result has the dimensions of places and those of the window.
    """
    window = Window.of_operands(build, list(op.operands)[2:])
    return window and laid_out(build, window, op.operands[0], op.operands[1], op.result.type)


def _reduced(build: Builder, op: Operation, reducer: str, window: Window) -> Value | None:
    """By one of the usual operations, or None."""
    element = op.operands[0].type.element_type
    is_integer = isinstance(element, ir.IntegerType)
    names = _REDUCERS.get(reducer)
    name = names and names[0 if not is_integer else 2 if element.is_unsigned or element.width == 1 else 1]
    if name is None or isinstance(element, ir.ComplexType):
        return None
    operand = window.padded(build, op.operands[0], op.operands[1])
    kind = build.signless_type(op.result.type)
    places = build.empty(kind, window.places(build, operand))
    init = build.fill(build.extract(build.signless(op.operands[1]), []), places)
    ruler = build.tensor_type(window.shape(), kind.element_type)  # nothing but the extents of the window is asked of it
    rank = len(window.extents)
    with build.location:
        y, k = ([ir.AffineExpr.get_dim(start + axis) for axis in range(rank)] for start in (0, rank))
        maps = [window.reading(), *(ir.AffineMap.get(2 * rank, 0, each) for each in (k, y))]

    def body(inside: Builder, each: Sequence[Value]) -> Value:
        return inside.arith(name, each[2], each[0])

    return build.generic([operand, build.empty(ruler, window.extents)], init, maps, body, reductions=rank)


def _reduced_by_body(build: Builder, op: Operation, window: Window) -> list[Value]:
    """By the operation's own body, which may reduce several tensors together."""
    count, rank = len(op.results), len(window.extents)
    operands, inits = list(op.operands)[:count], list(op.operands)[count:]
    laid = []
    for operand, init, result in zip(operands, inits, op.results, strict=True):
        kind = build.tensor_type([*result.type.shape, *window.shape()], result.type.element_type)
        laid.append(laid_out(build, window, operand, init, kind))
    attributes = {"dimensions": mlir.integer_array(range(rank, 2 * rank), op.context)}
    kinds = [result.type for result in op.results]
    made = build.op("stablehlo.reduce", [*laid, *inits], kinds, attributes, regions=1)
    arguments, last = add_block(made, [init.type for init in (*inits, *inits)])
    end_block(last, copy_body(op.regions[0].blocks[0], arguments, last))
    return list(made.results)


def laid_out(build: Builder, window: Window, operand: Value, fill: Value, kind: ir.Type) -> Value:
    """All windows, as a tensor of a type: the dimensions of places, then those of the window."""
    source = window.padded(build, operand, fill)
    sizes = [*window.places(build, source), *window.extents]
    with build.location:
        maps = [window.reading(), ir.AffineMap.get_identity(len(sizes))]
    init = build.empty(build.signless_type(kind), sizes)
    return build.bitcast(build.generic([source], init, maps, lambda inside, each: each[0]), kind.element_type)


def sort(build: Builder, op: Operation) -> None:
    """Read copies of the operands from memory and write all results there.

    A kernel that computes them on the way in would need a stack of unknown size. The native compiler sorts in place,
    and two sorts of the same operand, as a range of subscripts is, in the same place. It exchanges neighbours of which
    the first does not come before the second, equal ones too.
    """
    _exchange_unless_ordered(build, op)
    for position, operand in enumerate(op.operands):
        op.operands[position] = build.from_memory([build.copied(operand)])[0]
    results = list(op.results)
    if len(results) == 1 or all(map(mlir.users, results)):
        return
    following = Builder.after(op)
    users = [[(use.owner, use.operand_number) for use in result.uses] for result in results]
    for kept, uses in zip(following.from_memory(results), users, strict=True):
        for owner, position in uses:
            owner.operands[position] = kept


def _exchange_unless_ordered(build: Builder, op: Operation) -> None:
    """Let the comparator hold where the second of two elements does not come before the first: that keeps the order."""
    block = op.regions[0].blocks[0]
    arguments = list(block.arguments)
    uses = [[(use.owner, use.operand_number) for use in argument.uses] for argument in arguments]
    for number, places in enumerate(uses):
        for user, position in places:
            user.operands[position] = arguments[number ^ 1]
    last = mlir.terminator(block)
    inside = Builder(ir.InsertionPoint(last), build.location)
    last.operands[0] = inside.value("stablehlo.not", [last.operands[0]], last.operands[0].type)
