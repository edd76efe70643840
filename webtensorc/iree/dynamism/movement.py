"""Broadcasts, reshapes, ranges, slices and padding of dynamic size (StableHLO specification, section "Ops")."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from iree.compiler import ir

from webtensorc.errors import UnsupportedError
from webtensorc.iree import mlir
from webtensorc.iree.dynamism import scalars
from webtensorc.iree.dynamism.builder import DYNAMIC, Builder
from webtensorc.iree.mlir import Operation, Value


def dynamic_broadcast_in_dim(build: Builder, op: Operation) -> Value:
    """Extents of 1 repeat; where the types do not tell and the operation does not say, that is asked at run time."""
    operand, kind = build.signless(op.operands[0]), build.signless_type(op.result.type)
    sizes = scalars.elements(build, op.operands[1])
    targets = mlir.integers(op, "broadcast_dimensions")
    never = set(mlir.integers(op, "known_nonexpanding_dimensions"))
    always = set(mlir.integers(op, "known_expanding_dimensions"))
    shape = operand.type.shape
    for axis, extent in enumerate(shape):
        if extent == 1 and kind.shape[targets[axis]] != 1:
            always.add(axis)
        elif extent != DYNAMIC:
            never.add(axis)
    if len(always | never) == len(shape):
        with build.location:
            loops = [ir.AffineExpr.get_dim(axis) for axis in range(len(kind.shape))]
            zero = ir.AffineExpr.get_constant(0)
            source = [zero if axis in always else loops[target] for axis, target in enumerate(targets)]
            maps = [ir.AffineMap.get(len(loops), 0, each) for each in (source, loops)]
        return build.generic([operand], build.empty(kind, sizes), maps, lambda inside, elements: elements[0])
    extents, zero_index, one = build.dims(operand), build.index(0), build.index(1)

    def element(inside: Builder, at: Sequence[Value]) -> Value:
        places = []
        for axis, target in enumerate(targets):
            repeats = inside.compare("eq", extents[axis], one)
            places.append(inside.select(repeats, zero_index, at[target]))
        return inside.extract(operand, places)

    return build.computed(kind, sizes, element)


def dynamic_reshape(build: Builder, op: Operation) -> Value:
    """The same elements in order; splits and merges that can be told from the types stay visible to fusion."""
    operand, kind = build.signless(op.operands[0]), build.signless_type(op.result.type)
    return reshape(build, operand, kind, scalars.elements(build, op.operands[1]))


def reshape(build: Builder, operand: Value, kind: ir.Type, sizes: Sequence[Value]) -> Value:
    """`operand`, signless, as a tensor of a type and all its extents."""
    if 0 in (*operand.type.shape, *kind.shape):
        return build.empty(kind, sizes)  # no elements, whose number says nothing of open extents
    if operand.type == kind and list(kind.shape).count(DYNAMIC) <= 1:
        return operand  # equal numbers of elements leave the one open extent no choice
    groups = split_groups(operand.type.shape, kind.shape)
    if groups is not None:
        return _regrouped(build, "tensor.expand_shape", operand, kind, groups, sizes)
    groups = split_groups(kind.shape, operand.type.shape)
    if groups is not None:
        return _regrouped(build, "tensor.collapse_shape", operand, kind, groups, None)
    given, wanted = build.open_sizes(operand.type, build.dims(operand)), build.open_sizes(kind, sizes)
    with build.location:
        return build.value("flow.tensor.reshape", [operand, *given, *wanted], kind, _segments(given, wanted))


def _segments(given: Sequence[Value], wanted: Sequence[Value]) -> dict[str, ir.Attribute]:
    return {"operandSegmentSizes": ir.DenseI32ArrayAttr.get([1, len(given), len(wanted)])}


def split_groups(short: Sequence[int], long: Sequence[int]) -> list[list[int]] | None:
    """Which neighbouring dimensions of `long` each dimension of `short` is split into, if types alone tell.

    That is so if `short` has one open extent at most: going from both ends, every fixed extent must be the product of
    neighbours, and what is left in the middle belongs to the open one.
    """
    if list(short).count(DYNAMIC) != 1 or len(long) < len(short):
        return None
    middle = list(short).index(DYNAMIC)
    front, taken = _fixed_groups(short[:middle], long)
    back, given = _fixed_groups(short[:middle:-1], long[::-1])
    if front is None or back is None or taken + given >= len(long):
        return None
    inner = list(range(taken, len(long) - given))
    if all(long[axis] != DYNAMIC for axis in inner):
        return None
    mirrored = [[len(long) - 1 - axis for axis in reversed(group)] for group in reversed(back)]
    return [*front, inner, *mirrored]


def _fixed_groups(short: Sequence[int], long: Sequence[int]) -> tuple[list[list[int]] | None, int]:
    """For each fixed extent the run of dimensions of `long` that it is the product of, and how many those are."""
    groups, at = [], 0
    for extent in short:
        run: list[int] = []
        while at < len(long) and (not run or prod(long[axis] for axis in run) < extent):
            if long[at] == DYNAMIC:
                return None, 0
            run.append(at)
            at += 1
        if not run or prod(long[axis] for axis in run) != extent:
            return None, 0
        groups.append(run)
    return groups, at


def _regrouped(
    build: Builder,
    name: str,
    operand: Value,
    kind: ir.Type,
    groups: Sequence[Sequence[int]],
    sizes: Sequence[Value] | None,
) -> Value:
    with build.location:
        index = ir.IntegerType.get_signless(64)
        reassociation = [ir.ArrayAttr.get([ir.IntegerAttr.get(index, axis) for axis in group]) for group in groups]
        attributes: dict[str, ir.Attribute] = {"reassociation": ir.ArrayAttr.get(reassociation)}
        given = []
        if sizes is not None:
            attributes["static_output_shape"] = ir.DenseI64ArrayAttr.get(list(kind.shape))
            given = build.open_sizes(kind, sizes)
    return build.value(name, [operand, *given], kind, attributes)


def dynamic_iota(build: Builder, op: Operation) -> Value:
    """Each element is its subscript along one axis."""
    kind = build.signless_type(op.result.type)
    axis = op.attributes["iota_dimension"].value

    def element(inside: Builder, at: Sequence[Value]) -> Value:
        return number(inside, at[axis], kind.element_type)

    return build.computed(kind, scalars.elements(build, op.operands[0]), element)


def number(build: Builder, index: Value, element: ir.Type) -> Value:
    """An index as a number of an element type."""
    if isinstance(element, ir.IntegerType):
        return build.value("arith.index_cast", [index], element)
    wide = ir.IntegerType.get_signless(64, build.location.context)
    found = build.value("arith.index_cast", [index], wide)
    if not isinstance(element, ir.ComplexType):
        return build.value("arith.sitofp", [found], element)
    real = build.value("arith.sitofp", [found], element.element_type)
    return build.value("complex.create", [real, build.zero(real.type)], element)


def real_dynamic_slice(build: Builder, op: Operation) -> Value:
    """From `start` to `limit` in steps, all of them operands."""
    operand, kind = build.signless(op.operands[0]), build.signless_type(op.result.type)
    starts, limits, steps = (scalars.elements(build, each) for each in op.operands[1:4])
    sizes = [
        build.arith("ceildivsi", build.arith("subi", limit, start), step)
        for start, limit, step in zip(starts, limits, steps, strict=True)
    ]
    return extract_slice(build, operand, kind, starts, sizes, steps)


def extract_slice(
    build: Builder,
    operand: Value,
    kind: ir.Type,
    starts: Sequence[Value],
    sizes: Sequence[Value],
    steps: Sequence[Value],
) -> Value:
    """`tensor.extract_slice`."""
    rank = len(kind.shape)
    given = build.open_sizes(kind, sizes)
    with build.location:
        attributes = {
            "operandSegmentSizes": ir.DenseI32ArrayAttr.get([1, rank, len(given), rank]),
            "static_offsets": ir.DenseI64ArrayAttr.get([DYNAMIC] * rank),
            "static_sizes": ir.DenseI64ArrayAttr.get(list(kind.shape)),
            "static_strides": ir.DenseI64ArrayAttr.get([DYNAMIC] * rank),
        }
    return build.value("tensor.extract_slice", [operand, *starts, *given, *steps], kind, attributes)


def dynamic_slice(build: Builder, op: Operation) -> Value:
    """A window of fixed size, moved into the operand where it would reach out of it."""
    operand, kind = build.signless(op.operands[0]), build.signless_type(op.result.type)
    sizes = [build.index(size) for size in mlir.integers(op, "slice_sizes")]
    starts = _inside(build, operand, list(op.operands)[1:], sizes)
    return extract_slice(build, operand, kind, starts, sizes, [build.index(1)] * len(sizes))


def _inside(build: Builder, operand: Value, starts: Sequence[Value], sizes: Sequence[Value]) -> list[Value]:
    zero = build.index(0)
    room = [build.arith("subi", extent, size) for extent, size in zip(build.dims(operand), sizes, strict=True)]
    return [build.clamp(scalars.element(build, start), zero, most) for start, most in zip(starts, room, strict=True)]


def dynamic_update_slice(build: Builder, op: Operation) -> Value:
    """A window replaced, moved into the operand where it would reach out of it.

    What was computed here may be shared with another update, once equal tensors are one.
    """
    operand, update = build.signless(op.operands[0]), build.signless(op.operands[1])
    made = mlir.owner(operand)
    if made is not None and made.name != "tensor.insert_slice":
        (operand,) = build.from_memory([build.copied(operand)])
    sizes = build.dims(update)
    starts = _inside(build, operand, list(op.operands)[2:], sizes)
    rank = len(starts)
    given = build.open_sizes(update.type, sizes)
    with build.location:
        attributes = {
            "operandSegmentSizes": ir.DenseI32ArrayAttr.get([1, 1, rank, len(given), 0]),
            "static_offsets": ir.DenseI64ArrayAttr.get([DYNAMIC] * rank),
            "static_sizes": ir.DenseI64ArrayAttr.get(list(update.type.shape)),
            "static_strides": ir.DenseI64ArrayAttr.get([1] * rank),
        }
    return build.value("tensor.insert_slice", [update, operand, *starts, *given], operand.type, attributes)


def dynamic_pad(build: Builder, op: Operation) -> Value:
    """Padding by operands; negative padding cuts."""
    low, high = (scalars.elements(build, each) for each in op.operands[2:4])
    interior = constants_of(scalars.elements(build, op.operands[4]))
    if interior is None:
        raise UnsupportedError("interior padding that depends on a size is not supported")
    return padded(build, op.operands[0], op.operands[1], low, high, interior)


def pad(build: Builder, op: Operation) -> Value | None:
    """Padding by attributes, where something is cut or put between; the native compiler takes the rest."""
    edges = [mlir.integers(op, f"edge_padding_{side}") for side in ("low", "high")]
    interior = mlir.integers(op, "interior_padding")
    if not any(interior) and min(min(each) for each in edges) >= 0:
        return None
    low, high = ([build.index(amount) for amount in each] for each in edges)
    return padded(build, op.operands[0], op.operands[1], low, high, interior)


def constant_of(value: Value) -> int | None:
    """The number that an `index` value is, if it is a constant."""
    op = mlir.owner(value)
    return op.attributes["value"].value if op is not None and op.name == "arith.constant" else None


def constants_of(values: Sequence[Value]) -> list[int] | None:
    """The numbers that `index` values are, if all are constants."""
    found = [constant_of(value) for value in values]
    return None if None in found else [number for number in found if number is not None]


def padded(
    build: Builder, operand: Value, fill: Value, low: Sequence[Value], high: Sequence[Value], interior: Sequence[int]
) -> Value:
    """`operand` with `fill` around and between its elements; what has a negative amount is cut.

    Args:
        operand, fill: as in `stablehlo.pad`.
        low, high: `index` values, one per axis.
        interior: how many elements to put between two.
    """
    element_type = operand.type.element_type
    operand = build.signless(operand)
    number = build.extract(build.signless(fill), [])
    one = build.index(1)
    sizes, shape = [], []
    for axis, extent in enumerate(build.dims(operand)):
        inner = extent
        if interior[axis]:
            spread = build.arith("muli", build.arith("subi", extent, one), build.index(interior[axis] + 1))
            inner = build.arith("maxsi", build.arith("addi", spread, one), build.index(0))
        sizes.append(build.arith("addi", build.arith("addi", low[axis], inner), high[axis]))
        fixed = operand.type.shape[axis]
        around = constants_of([low[axis], high[axis]])
        known = fixed != DYNAMIC and around is not None and not interior[axis]
        shape.append(fixed + sum(around or ()) if known else DYNAMIC)
    kind = build.tensor_type(shape, operand.type.element_type)
    if not any(interior) and constants_of([*low, *high]) is not None:
        found = _around(build, _cut(build, operand, low, high), number, kind, *_grown(build, low, high))
    else:
        found = _looked_up(build, operand, number, kind, sizes, low, interior)
    return build.bitcast(found, element_type)


def _cut(build: Builder, operand: Value, low: Sequence[Value], high: Sequence[Value]) -> Value:
    """Without as many elements at the ends as constant amounts are below zero."""
    ends = [[max(-(constant_of(each) or 0), 0) for each in side] for side in (low, high)]
    if not any(map(any, ends)):
        return operand
    cuts = [first + last for first, last in zip(*ends, strict=True)]
    extents = zip(operand.type.shape, cuts, strict=True)
    kind = build.tensor_type([n if n == DYNAMIC else n - cut for n, cut in extents], operand.type.element_type)
    sizes = [build.arith("subi", n, build.index(cut)) for n, cut in zip(build.dims(operand), cuts, strict=True)]
    starts, steps = [build.index(start) for start in ends[0]], [build.index(1)] * len(cuts)
    return extract_slice(build, operand, kind, starts, sizes, steps)


def _grown(build: Builder, low: Sequence[Value], high: Sequence[Value]) -> list[list[Value]]:
    return [[build.index(max(constant_of(each) or 0, 0)) for each in side] for side in (low, high)]


def _around(
    build: Builder, operand: Value, number: Value, kind: ir.Type, low: Sequence[Value], high: Sequence[Value]
) -> Value:
    """`tensor.pad`."""
    if all(constant_of(each) == 0 for each in (*low, *high)):
        return operand
    rank = len(low)
    with build.location:
        attributes = {
            "operandSegmentSizes": ir.DenseI32ArrayAttr.get([1, rank, rank]),
            "static_low": ir.DenseI64ArrayAttr.get([DYNAMIC] * rank),
            "static_high": ir.DenseI64ArrayAttr.get([DYNAMIC] * rank),
        }
        op = build.op("tensor.pad", [operand, *low, *high], [kind], attributes, regions=1)
        block = op.regions[0].blocks.append(*[build.index_type] * rank, arg_locs=[build.location] * rank)
    Builder(ir.InsertionPoint(block), build.location).op("tensor.yield", [number], [])
    return op.result


def _looked_up(
    build: Builder,
    operand: Value,
    number: Value,
    kind: ir.Type,
    sizes: Sequence[Value],
    low: Sequence[Value],
    interior: Sequence[int],
) -> Value:
    """Every element is asked for its place: in the operand, or outside of it."""
    zero, one = build.index(0), build.index(1)
    operand = build.stored(operand)
    last = [build.arith("subi", extent, one) for extent in build.dims(operand)]

    def element(inside: Builder, at: Sequence[Value]) -> Value:
        places, within = [], []
        for axis, subscript in enumerate(at):
            shifted = inside.arith("subi", subscript, low[axis])
            step = inside.index(interior[axis] + 1)
            place = inside.arith("floordivsi", shifted, step)
            within.append(inside.compare("eq", inside.arith("muli", place, step), shifted))
            within.append(inside.compare("sge", place, zero))
            within.append(inside.compare("sle", place, last[axis]))
            places.append(inside.clamp(place, zero, last[axis]))
        there = within[0]
        for each in within[1:]:
            there = inside.arith("andi", there, each)
        return inside.select(there, inside.extract(operand, places), number)

    return build.computed(kind, sizes, element)
