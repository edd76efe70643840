"""Window reductions and sorts with open extents (StableHLO specification, `reduce_window` and `sort`)."""

from __future__ import annotations

from collections.abc import Sequence

from iree.compiler import ir

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.dynamism import scalars
from webtensorc.iree.dynamism.builder import Builder
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


def reduce_window(build: Builder, op: Operation) -> Value | None:
    """A window of fixed size over one operand, reduced by one of the usual operations."""
    if len(op.operands) != 2:
        return None
    rank = len(op.operands[0].type.shape)
    ones = [1] * rank
    padding = stablehlo.padding(op, rank)
    window = [build.index(size) for size in mlir.integers(op, "window_dimensions")]
    return _reduced(
        build,
        op,
        _reducer(op),
        window,
        mlir.integers(op, "window_strides", ones),
        mlir.integers(op, "base_dilations", ones),
        mlir.integers(op, "window_dilations", ones),
        [[build.index(int(amount)) for amount in side] for side in padding.T],
    )


def dynamic_reduce_window(build: Builder, op: Operation) -> Value | None:
    """JAX's custom call for a window of dynamic size or padding.

    Its operands are the tensor, the initial value, window, strides, base dilations, window dilations and padding, of
    shape [rank, 2]; the front end leaves the reducer's operation in `backend_config`.
    """
    window, *fixed = (scalars.elements(build, each) for each in op.operands[2:6])
    strides, base, dilations = map(constants_of, fixed)
    axes = range(len(window))
    sides = [[scalars.element(build, op.operands[6], 2 * axis + side) for axis in axes] for side in (0, 1)]
    if strides is None or base is None or dilations is None:
        return None
    reducer = op.attributes["backend_config"].value
    return _reduced(build, op, reducer, window, strides, base, dilations, sides)


def _reducer(op: Operation) -> str:
    """The name of the one operation that a reducer consists of, or of none that is known."""
    inner = [each.operation for each in op.regions[0].blocks[0].operations]
    return inner[0].name if len(inner) == 2 else ""


def _reduced(
    build: Builder,
    op: Operation,
    reducer: str,
    window: Sequence[Value],
    strides: Sequence[int],
    base: Sequence[int],
    dilations: Sequence[int],
    padding: Sequence[Sequence[Value]],
) -> Value | None:
    element = op.operands[0].type.element_type
    is_integer = isinstance(element, ir.IntegerType)
    names = _REDUCERS.get(reducer)
    name = names and names[0 if not is_integer else 2 if element.is_unsigned or element.width == 1 else 1]
    if name is None or isinstance(element, ir.ComplexType):
        return None
    rank, (low, high) = len(window), padding
    # Read from memory: the native vectoriser adds a number that is the same everywhere once, not once an element.
    (operand,) = build.from_memory([op.operands[0]])
    operand = padded(build, operand, op.operands[1], low, high, [step - 1 for step in base])
    operand = build.signless(operand)
    one = build.index(1)
    sizes = []
    for axis in range(rank):
        reach = build.arith("muli", build.arith("subi", window[axis], one), build.index(dilations[axis]))
        room = build.arith("subi", build.arith("subi", build.dim(operand, axis), reach), one)
        sizes.append(build.arith("addi", build.arith("floordivsi", room, build.index(strides[axis])), one))
    kind = build.signless_type(op.result.type)
    init = build.fill(build.extract(build.signless(op.operands[1]), []), build.empty(kind, sizes))
    extents = [constant_of(each) for each in window]
    shape = [ir.ShapedType.get_dynamic_size() if extent is None else extent for extent in extents]
    ruler = build.tensor_type(shape, kind.element_type)  # nothing but the extents of the window is asked of it
    with build.location:
        y = [ir.AffineExpr.get_dim(axis) for axis in range(rank)]
        k = [ir.AffineExpr.get_dim(rank + axis) for axis in range(rank)]
        x = [y[axis] * strides[axis] + k[axis] * dilations[axis] for axis in range(rank)]
        maps = [ir.AffineMap.get(2 * rank, 0, each) for each in (x, k, y)]

    def body(inside: Builder, each: Sequence[Value]) -> Value:
        return inside.arith(name, each[2], each[0])

    return build.generic([operand, build.empty(ruler, window)], init, maps, body, reductions=rank)


def sort(build: Builder, op: Operation) -> None:
    """Read copies of the operands from memory and write all results there.

    A kernel that computes them on the way in would need a stack of unknown size. The native compiler sorts in place,
    and two sorts of the same operand, as a range of subscripts is, in the same place.
    """
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
