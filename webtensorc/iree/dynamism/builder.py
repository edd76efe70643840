"""A place to build operations at, with the few of Arith, Tensor and Linalg that dynamic shapes need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from iree.compiler import ir

from webtensorc.iree.mlir import Operation, Type, Value, owner

DYNAMIC: int = ir.ShapedType.get_dynamic_size()


def load_dialects(context: ir.Context) -> None:
    """Make known what is built here; a context loads a dialect when it first parses it."""
    for name in ("arith", "complex", "flow", "linalg", "tensor"):
        context.get_dialect_descriptor(name)


class Builder:
    """Builds in front of one operation, or at the end of one block.

    Sizes and subscripts are values of type `index`; where MLIR wants a static number in its place, as types do, it is
    told apart by `DYNAMIC`.
    """

    def __init__(self, point: ir.InsertionPoint, location: ir.Location) -> None:
        self.point = point
        self.location = location
        self.numbers: dict[tuple[Value, int], Value] = {}
        """Elements of shape operands that have been computed here (see `scalars`)."""
        with location.context:
            self.index_type = ir.IndexType.get()
            self.i1 = ir.IntegerType.get_signless(1)

    @classmethod
    def before(cls, op: Operation) -> Builder:
        """A builder in front of `op`, with its location."""
        return cls(ir.InsertionPoint(op), op.location)

    @classmethod
    def after(cls, op: Operation) -> Builder:
        """A builder behind `op`, with its location."""
        return cls(ir.InsertionPoint.after(op), op.location)

    def op(
        self,
        name: str,
        operands: Sequence[Value],
        types: Sequence[Type],
        attributes: Mapping[str, Any] | None = None,
        regions: int = 0,
    ) -> Operation:
        """Any operation, in generic form."""
        with self.location, self.point:
            return ir.Operation.create(
                name, results=list(types), operands=list(operands), attributes=dict(attributes or {}), regions=regions
            ).operation

    def value(
        self, name: str, operands: Sequence[Value], kind: Type, attributes: Mapping[str, Any] | None = None
    ) -> Value:
        """The result of an operation that has one."""
        return self.op(name, operands, [kind], attributes).result

    # Numbers -----------------------------------------------------------------------------------------------------

    def index(self, number: int) -> Value:
        """A constant of type `index`."""
        with self.location:
            attribute = ir.IntegerAttr.get(self.index_type, number)
        return self.value("arith.constant", [], self.index_type, {"value": attribute})

    def zero(self, element: Type) -> Value:
        """The constant 0 of an integer or floating-point type."""
        with self.location:
            is_integer = isinstance(element, ir.IntegerType)
            attribute = ir.IntegerAttr.get(element, 0) if is_integer else ir.FloatAttr.get(element, 0.0)
        return self.value("arith.constant", [], element, {"value": attribute})

    def arith(self, name: str, *operands: Value) -> Value:
        """An Arith operation whose result has its operands' type: `arith.<name>`."""
        return self.value(f"arith.{name}", operands, operands[0].type)

    def compare(self, predicate: str, left: Value, right: Value) -> Value:
        """`arith.cmpi`: eq, ne; slt, sle, sgt, sge for signed, ult, ule, ugt, uge for unsigned integers."""
        number = ("eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge").index(predicate)
        with self.location.context:
            attribute = ir.IntegerAttr.get(ir.IntegerType.get_signless(64), number)
        return self.value("arith.cmpi", [left, right], self.i1, {"predicate": attribute})

    def select(self, condition: Value, yes: Value, no: Value) -> Value:
        """`arith.select`."""
        return self.value("arith.select", [condition, yes, no], yes.type)

    def clamp(self, value: Value, low: Value, high: Value) -> Value:
        """`value`, at least `low`, at most `high`; where the two cross, `low`."""
        return self.arith("maxsi", self.arith("minsi", value, high), low)

    # Tensors -----------------------------------------------------------------------------------------------------

    def tensor_type(self, shape: Sequence[int], element: Type) -> Type:
        """`tensor<shape x element>`."""
        with self.location:
            return ir.RankedTensorType.get(list(shape), element)

    def signless_type(self, kind: Type) -> Type:
        """A tensor type with signless integers for unsigned ones."""
        element = kind.element_type
        if not isinstance(element, ir.IntegerType) or not element.is_unsigned:
            return kind
        return self.tensor_type(kind.shape, ir.IntegerType.get_signless(element.width, self.location.context))

    def bitcast(self, value: Value, element: Type) -> Value:
        """The same bits as elements of another type of that width."""
        if value.type.element_type == element:
            return value
        return self.value("stablehlo.bitcast_convert", [value], self.tensor_type(value.type.shape, element))

    def signless(self, value: Value) -> Value:
        """Unsigned integers as signless ones, which is all that Tensor and Linalg know."""
        return self.bitcast(value, self.signless_type(value.type).element_type)

    def dim(self, value: Value, axis: int) -> Value:
        """The extent of a tensor along an axis."""
        if value.type.shape[axis] != DYNAMIC:
            return self.index(value.type.shape[axis])
        return self.value("tensor.dim", [self.signless(value), self.index(axis)], self.index_type)

    def dims(self, value: Value) -> list[Value]:
        """All extents of a tensor."""
        return [self.dim(value, axis) for axis in range(len(value.type.shape))]

    def extract(self, value: Value, at: Sequence[Value]) -> Value:
        """One element."""
        return self.value("tensor.extract", [value, *at], value.type.element_type)

    def empty(self, kind: Type, sizes: Sequence[Value]) -> Value:
        """A tensor of a type and all its extents, without content."""
        return self.value("tensor.empty", self.open_sizes(kind, sizes), kind)

    def open_sizes(self, kind: Type, sizes: Sequence[Value]) -> list[Value]:
        """Those of a tensor's extents that its type leaves open."""
        return [size for extent, size in zip(kind.shape, sizes, strict=True) if extent == DYNAMIC]

    def from_memory(self, values: Sequence[Value]) -> list[Value]:
        """The values, all of them, behind a border that nothing is fused across and nothing unused is dropped at."""
        sources = [self.signless(value) for value in values]
        sizes = [self.open_sizes(source.type, self.dims(source)) for source in sources]
        barrier = self.op("util.optimization_barrier", sources, [source.type for source in sources])
        return [
            self.bitcast(self.tied(kept, some), value.type.element_type)
            for kept, some, value in zip(barrier.results, sizes, values, strict=True)
        ]

    def tied(self, value: Value, sizes: Sequence[Value]) -> Value:
        """`flow.tensor.tie_shape`: the value, of which it is said that these are its open extents."""
        return self.value("flow.tensor.tie_shape", [value, *sizes], value.type) if sizes else value

    def stored(self, value: Value) -> Value:
        """The value, signless, for a kernel that reads it at computed subscripts.

        One of open size is read from memory: a kernel that computes it on the way in needs a stack of unknown size.
        """
        made = owner(value)
        if DYNAMIC not in value.type.shape or made is None or made.name == "flow.tensor.tie_shape":
            return self.signless(value)
        return self.signless(self.from_memory([value])[0])

    def copied(self, value: Value) -> Value:
        """The elements in a place of their own, by a choice that the native compiler cannot see through.

        It writes results of sorts and scatters over operands of open size that something else reads later.
        """
        source = self.signless(value)
        chosen = self.op("util.optimization_barrier", [self.compare("eq", self.index(0), self.index(0))], [self.i1])
        with self.location:
            identity = ir.AffineMap.get_identity(len(source.type.shape))

        def body(inside: Builder, elements: Sequence[Value]) -> Value:
            return inside.select(chosen.result, elements[0], elements[1])

        made = self.generic([source], self.empty(source.type, self.dims(source)), [identity] * 2, body)
        return self.bitcast(made, value.type.element_type)

    def fill(self, number: Value, init: Value) -> Value:
        """`linalg.fill`: a tensor of the type and the extents of `init`, all of whose elements are `number`."""
        with self.location:
            attributes = {"operandSegmentSizes": ir.DenseI32ArrayAttr.get([1, 1])}
            op = self.op("linalg.fill", [number, init], [init.type], attributes, regions=1)
            block = op.regions[0].blocks.append(number.type, number.type, arg_locs=[self.location] * 2)
        Builder(ir.InsertionPoint(block), self.location).op("linalg.yield", [block.arguments[0]], [])
        return op.result

    def generic(
        self,
        inputs: Sequence[Value],
        init: Value,
        maps: Sequence[ir.AffineMap],
        body: Callable[[Builder, Sequence[Value]], Value],
        reductions: int = 0,
    ) -> Value:
        """`linalg.generic` with one result; the last `reductions` loops are reductions.

        Args:
            inputs: its inputs.
            init: what the result is initially.
            maps: from the loops to the subscripts of every input and of the result.
            body: given a builder and the elements of inputs and result, computes the result's element.
        """
        with self.location:
            loops = maps[-1].n_dims
            kinds = ["parallel"] * (loops - reductions) + ["reduction"] * reductions
            attributes = {
                "indexing_maps": ir.ArrayAttr.get([ir.AffineMapAttr.get(each) for each in maps]),
                "iterator_types": ir.ArrayAttr.get(
                    [ir.Attribute.parse(f"#linalg.iterator_type<{kind}>") for kind in kinds]
                ),
                "operandSegmentSizes": ir.DenseI32ArrayAttr.get([len(inputs), 1]),
            }
            op = self.op("linalg.generic", [*inputs, init], [init.type], attributes, regions=1)
            kinds = [each.type.element_type for each in (*inputs, init)]
            block = op.regions[0].blocks.append(*kinds, arg_locs=[self.location] * len(kinds))
        inside = Builder(ir.InsertionPoint(block), self.location)
        inside.op("linalg.yield", [body(inside, list(block.arguments))], [])
        return op.result

    def computed(self, kind: Type, sizes: Sequence[Value], body: Callable[[Builder, Sequence[Value]], Value]) -> Value:
        """A tensor each of whose elements `body` computes from its subscripts, with a builder of its own."""
        rank = len(kind.shape)

        def from_subscripts(inside: Builder, _: Sequence[Value]) -> Value:
            with inside.location.context:
                axes = [ir.IntegerAttr.get(ir.IntegerType.get_signless(64), axis) for axis in range(rank)]
            at = [inside.value("linalg.index", [], inside.index_type, {"dim": axis}) for axis in axes]
            return body(inside, at)

        with self.location:
            identity = ir.AffineMap.get_identity(rank)
        return self.generic([], self.empty(kind, sizes), [identity], from_subscripts)
