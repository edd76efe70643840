"""Matrix products and convolutions with open extents (StableHLO specification, `dot_general` and `convolution`)."""

from __future__ import annotations

from collections.abc import Sequence

from iree.compiler import ir

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.dynamism import scalars
from webtensorc.iree.dynamism.builder import DYNAMIC, Builder
from webtensorc.iree.dynamism.movement import padded, reshape
from webtensorc.iree.mlir import Operation, Value
from webtensorc.iree.stablehlo import ConvolutionLayout, DotLayout


def dot_general(build: Builder, op: Operation) -> Value | None:
    """A product without batch that is no product of matrices, as one: its dimensions are put side by side and merged.

    The native compiler does the same with reshapes of fixed sizes only; products of matrices and batched ones it takes,
    unless nothing is summed up.
    """
    layout = DotLayout.of(op)
    left, right = op.operands
    ranks = len(left.type.shape), len(right.type.shape)
    contracting = layout.left_contracting, layout.right_contracting
    free = layout.left_free(ranks[0]), layout.right_free(ranks[1])
    if any(left.type.shape[axis] == 0 for axis in layout.left_contracting):
        return _nothing(build, op, layout)
    if all(left.type.shape[axis] == 1 for axis in layout.left_contracting):
        return _outer(build, op, layout)
    if layout.left_batch:
        return None
    if ranks == (2, 2) and 1 not in op.result.type.shape:
        return None
    sizes = _sizes(build, op, layout)
    left = _matrix(build, left, free[0], contracting[0])
    right = _matrix(build, right, contracting[1], free[1])
    rows, columns = left.type.shape[0], right.type.shape[1]
    kind = build.tensor_type([rows, columns], op.result.type.element_type)
    if 1 in kind.shape:  # the native compiler would make it a product with a vector, and trip
        product = _product(build, build.signless(left), build.signless(right), build.signless_type(kind))
    else:
        attributes = {name: op.attributes[name] for name in mlir.attribute_names(op)}
        attributes["dot_dimension_numbers"] = DotLayout((), (), (1,), (0,)).attribute(op.context)
        product = build.signless(build.value("stablehlo.dot_general", [left, right], kind, attributes))
    wanted = build.signless_type(op.result.type)
    if not all(free):
        return reshape(build, product, wanted, sizes)
    split = [list(range(len(free[0]))), list(range(len(free[0]), len(sizes)))]
    return _expand(build, product, wanted, split, sizes)


def _nothing(build: Builder, op: Operation, layout: DotLayout) -> Value:
    """A product over nothing: zeros. The native compiler divides by the size of the summed dimension."""
    kind = build.signless_type(op.result.type)
    return build.fill(build.zero(kind.element_type), build.empty(kind, _sizes(build, op, layout)))


def _sizes(build: Builder, op: Operation, layout: DotLayout) -> list[Value]:
    """The extents of a product."""
    left, right = op.operands
    own = *layout.left_batch, *layout.left_free(len(left.type.shape))
    return [build.dim(left, axis) for axis in own] + [
        build.dim(right, axis) for axis in layout.right_free(len(right.type.shape))
    ]


def _outer(build: Builder, op: Operation, layout: DotLayout) -> Value:
    """A product whose contracting dimensions, if any, have one element: every element is one product.

    The native compiler makes it a reshape of a kind that it refuses.
    """
    left, right = map(build.signless, op.operands)
    kind = build.signless_type(op.result.type)
    batch = layout.left_batch, layout.right_batch
    kept = layout.left_free(len(left.type.shape)), layout.right_free(len(right.type.shape))
    first = len(batch[0]), len(batch[0]) + len(kept[0])
    sizes = _sizes(build, op, layout)
    with build.location:
        loops = [ir.AffineExpr.get_dim(loop) for loop in range(len(sizes))]
        maps = []
        for value, shared, own, start in zip((left, right), batch, kept, first, strict=True):
            places = [ir.AffineExpr.get_constant(0)] * len(value.type.shape)
            for loop, axis in (*enumerate(shared), *enumerate(own, start)):
                places[axis] = loops[loop]
            maps.append(ir.AffineMap.get(len(loops), 0, places))
        maps.append(ir.AffineMap.get_identity(len(loops)))

    def body(inside: Builder, each: Sequence[Value]) -> Value:
        return _factors(inside, each[:2], kind.element_type)

    return build.generic([left, right], build.empty(kind, sizes), maps, body)


def _product(build: Builder, left: Value, right: Value, kind: ir.Type) -> Value:
    with build.location:
        row, column, depth = (ir.AffineExpr.get_dim(loop) for loop in range(3))
        maps = [ir.AffineMap.get(3, 0, each) for each in ([row, depth], [depth, column], [row, column])]
    init = build.empty(kind, [build.dim(left, 0), build.dim(right, 1)])
    return _multiplied(build, left, right, init, maps, reductions=1)


def _matrix(build: Builder, value: Value, rows: Sequence[int], columns: Sequence[int]) -> Value:
    """A tensor as a matrix of some of its dimensions by the others; of one row or column where there are none."""
    order = (*rows, *columns)
    element = value.type.element_type
    value = build.signless(_ordered(build, value, order))
    if rows and columns:
        value = _collapse(build, value, [range(len(rows)), range(len(rows), len(order))])
    else:
        value = _collapse(build, value, [range(len(order))])
        extent = value.type.shape[0]
        shape = [extent, 1] if rows else [1, extent]
        sizes = [build.dim(value, 0), build.index(1)]
        kind = build.tensor_type(shape, value.type.element_type)
        value = _expand(build, value, kind, [[0, 1]], sizes if rows else sizes[::-1])
    return build.bitcast(value, element)


def _collapse(build: Builder, value: Value, groups: Sequence[Sequence[int]]) -> Value:
    if all(len(group) == 1 for group in groups):
        return value
    shape = []
    for group in groups:
        extents = [value.type.shape[axis] for axis in group]
        size = 1
        for extent in extents:
            size = DYNAMIC if DYNAMIC in extents else size * extent
        shape.append(size)
    kind = build.tensor_type(shape, value.type.element_type)
    return build.value("tensor.collapse_shape", [value], kind, {"reassociation": _reassociation(build, groups)})


def _expand(
    build: Builder, value: Value, kind: ir.Type, groups: Sequence[Sequence[int]], sizes: Sequence[Value]
) -> Value:
    if all(len(group) == 1 for group in groups):
        return value
    with build.location:
        attributes = {
            "reassociation": _reassociation(build, groups),
            "static_output_shape": ir.DenseI64ArrayAttr.get(list(kind.shape)),
        }
    return build.value("tensor.expand_shape", [value, *build.open_sizes(kind, sizes)], kind, attributes)


def _reassociation(build: Builder, groups: Sequence[Sequence[int]]) -> ir.Attribute:
    with build.location:
        index = ir.IntegerType.get_signless(64)
        return ir.ArrayAttr.get(
            [ir.ArrayAttr.get([ir.IntegerAttr.get(index, axis) for axis in group]) for group in groups]
        )


def convolution(build: Builder, op: Operation) -> Value | None:
    """A convolution of open spatial extents, or open batch and groups or cuts; the native compiler takes others."""
    layout = ConvolutionLayout.of(op)
    spatial = len(layout.input) - 2
    image, kernel = (value.type.shape for value in op.operands)
    extents = [(image[layout.input.index(str(n))], kernel[layout.kernel.index(str(n))]) for n in range(spatial)]
    is_open = any(DYNAMIC in each for each in extents)
    padding = stablehlo.padding(op, spatial)
    groups = mlir.integer(op, "feature_group_count", 1) * mlir.integer(op, "batch_group_count", 1)
    if not is_open and groups == 1 and padding.min(initial=0) >= 0:
        return None
    return _convolution(build, op, layout, [[build.index(int(n)) for n in pair] for pair in padding])


def dynamic_conv(build: Builder, op: Operation) -> Value | None:
    """A convolution whose padding is an operand of shape [spatial dimensions, 2]."""
    layout = ConvolutionLayout.of(op)
    amounts = [
        [scalars.element(build, op.operands[2], 2 * axis + side) for side in range(2)]
        for axis in range(len(layout.input) - 2)
    ]
    return _convolution(build, op, layout, amounts)


def _convolution(
    build: Builder, op: Operation, layout: ConvolutionLayout, padding: Sequence[Sequence[Value]]
) -> Value | None:
    spatial = len(padding)
    batch_groups = mlir.integer(op, "batch_group_count", 1)
    groups = mlir.integer(op, "feature_group_count", 1) * batch_groups  # at most one of the two is not 1
    names = [str(axis) for axis in range(spatial)]
    image = _ordered(build, op.operands[0], [layout.input.index(name) for name in ("b", "f", *names)])
    kernel = _ordered(build, _turned(build, op, layout), [layout.kernel.index(name) for name in ("o", "i", *names)])
    image = _padded(build, image, padding, mlir.integers(op, "lhs_dilation", [1] * spatial))
    ones = [1] * spatial
    strides, dilations = mlir.integers(op, "window_strides", ones), mlir.integers(op, "rhs_dilation", ones)
    element = op.result.type.element_type
    if batch_groups != 1:
        image = _ordered(build, _split(build, image, 0, groups), [1, 0, *range(2, 3 + spatial)])
    else:
        image = _split(build, image, 1, groups)
    kernel = _split(build, kernel, 0, groups)
    sizes = [build.dim(image, 0), build.index(groups), build.dim(kernel, 1)]
    one = build.index(1)
    for axis in range(spatial):
        reach = build.arith("subi", build.dim(kernel, 3 + axis), one)
        reach = build.arith("muli", reach, build.index(dilations[axis]))
        room = build.arith("subi", build.arith("subi", build.dim(image, 3 + axis), reach), one)
        sizes.append(build.arith("addi", build.arith("floordivsi", room, build.index(strides[axis])), one))
    found = op.result.type.shape
    places = [layout.output.index(name) for name in ("b", "f", *names)]
    made = [found[places[0]], groups, kernel.type.shape[1], *(found[place] for place in places[2:])]
    kind = build.tensor_type(made, element)
    result = _summed(build, image, kernel, build.empty(kind, sizes), strides, dilations)
    result = _collapse(build, result, [[0], [1, 2], *([axis] for axis in range(3, len(made)))])
    back = [("b", "f", *names).index(name) for name in layout.output]
    return _ordered(build, result, back)


def _ordered(build: Builder, value: Value, order: Sequence[int]) -> Value:
    if list(order) == sorted(order):
        return value
    shape = [value.type.shape[axis] for axis in order]
    attributes = {"permutation": mlir.integer_array(order, build.location.context)}
    kind = build.tensor_type(shape, value.type.element_type)
    return build.value("stablehlo.transpose", [value], kind, attributes)


def _turned(build: Builder, op: Operation, layout: ConvolutionLayout) -> Value:
    """The kernel, back to front along the axes that `window_reversal` names."""
    kernel = op.operands[1]
    if "window_reversal" not in op.attributes:
        return kernel
    flags = [bool(flag) for flag in op.attributes["window_reversal"]]
    axes = [layout.kernel.index(str(axis)) for axis, flag in enumerate(flags) if flag]
    if not axes:
        return kernel
    attributes = {"dimensions": mlir.integer_array(axes, build.location.context)}
    return build.value("stablehlo.reverse", [kernel], kernel.type, attributes)


def _padded(build: Builder, image: Value, padding: Sequence[Sequence[Value]], dilations: Sequence[int]) -> Value:
    """The image with zeros around and, for `lhs_dilation`, between its elements."""
    zero = build.value(
        "stablehlo.constant", [], build.tensor_type([], image.type.element_type), {"value": _zero(build, image)}
    )
    none = [build.index(0)] * 2
    low = [*none, *(pair[0] for pair in padding)]
    high = [*none, *(pair[1] for pair in padding)]
    return padded(build, image, zero, low, high, [0, 0, *(step - 1 for step in dilations)])


def _zero(build: Builder, like: Value) -> ir.Attribute:
    kind = build.tensor_type([], like.type.element_type)
    text = "0" if isinstance(like.type.element_type, ir.IntegerType) else "0.0"
    return ir.Attribute.parse(f"dense<{text}> : {kind}", build.location.context)


def _split(build: Builder, value: Value, axis: int, groups: int) -> Value:
    """One axis in two: the groups, and what each has."""
    shape = list(value.type.shape)
    rest = DYNAMIC if shape[axis] == DYNAMIC else shape[axis] // groups
    wanted = [*shape[:axis], groups, rest, *shape[axis + 1 :]]
    parts = [[i] for i in range(axis)] + [[axis, axis + 1]] + [[i + 1] for i in range(axis + 1, len(shape))]
    sizes = build.dims(value)
    count = build.index(groups)
    sizes[axis : axis + 1] = [count, build.arith("divsi", sizes[axis], count)]
    return _expand(build, value, build.tensor_type(wanted, value.type.element_type), parts, sizes)


def _summed(
    build: Builder, image: Value, kernel: Value, init: Value, strides: Sequence[int], dilations: Sequence[int]
) -> Value:
    """The sums of products: image [b, g, c, x...], kernel [g, o, c, k...], result [b, g, o, y...]."""
    spatial = len(strides)
    with build.location:
        b, g, o = (ir.AffineExpr.get_dim(i) for i in range(3))
        y = [ir.AffineExpr.get_dim(3 + axis) for axis in range(spatial)]
        c = ir.AffineExpr.get_dim(3 + spatial)
        k = [ir.AffineExpr.get_dim(4 + spatial + axis) for axis in range(spatial)]
        x = [y[axis] * strides[axis] + k[axis] * dilations[axis] for axis in range(spatial)]
        loops = 4 + 2 * spatial
        maps = [ir.AffineMap.get(loops, 0, each) for each in ([b, g, c, *x], [g, o, c, *k], [b, g, o, *y])]
    return _multiplied(build, image, kernel, init, maps, reductions=1 + spatial)


def _multiplied(
    build: Builder, left: Value, right: Value, init: Value, maps: Sequence[ir.AffineMap], reductions: int
) -> Value:
    """Sums of products over the last loops, in the element type of `init`, which has no content yet."""
    element = init.type.element_type

    def body(inside: Builder, each: Sequence[Value]) -> Value:
        add = "addi" if isinstance(element, ir.IntegerType) else "addf"
        return inside.arith(add, each[2], _factors(inside, each[:2], element))

    return build.generic([left, right], build.fill(build.zero(element), init), maps, body, reductions)


def _factors(build: Builder, values: Sequence[Value], element: ir.Type) -> Value:
    """The product of two numbers in an element type that is as wide as theirs or wider."""
    multiply = "muli" if isinstance(element, ir.IntegerType) else "mulf"
    return build.arith(multiply, *(_widened(build, value, element) for value in values))


def _widened(build: Builder, value: Value, element: ir.Type) -> Value:
    if value.type == element:
        return value
    return build.value("arith.extsi" if isinstance(element, ir.IntegerType) else "arith.extf", [value], element)
