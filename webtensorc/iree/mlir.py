"""Small helpers for passes that read and build IR in generic form: types, constants, uses, new operations.

Values, operations and attributes come from `iree.compiler.ir`, which has no type information, hence the `Any`s. No
operation needs bindings of its own here: `create("stablehlo.add", ...)` works for every dialect the compiler registers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import ml_dtypes
import numpy as np
from iree.compiler import ir

Attribute: TypeAlias = Any
Block: TypeAlias = Any
Operation: TypeAlias = Any
Type: TypeAlias = Any
Value: TypeAlias = Any
Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

# MLIR's spelling of an element type and numpy's, exactly the pairs with equal value sets.
_DTYPES: dict[str, np.dtype[Any]] = {
    "f64": np.dtype(np.float64),
    "f32": np.dtype(np.float32),
    "f16": np.dtype(np.float16),
    "bf16": np.dtype(ml_dtypes.bfloat16),
    "f8E4M3FN": np.dtype(ml_dtypes.float8_e4m3fn),
    "f8E4M3FNUZ": np.dtype(ml_dtypes.float8_e4m3fnuz),
    "f8E5M2": np.dtype(ml_dtypes.float8_e5m2),
    "f8E5M2FNUZ": np.dtype(ml_dtypes.float8_e5m2fnuz),
    "complex<f32>": np.dtype(np.complex64),
    "complex<f64>": np.dtype(np.complex128),
    "i1": np.dtype(np.bool_),
    **{f"i{bits}": np.dtype(f"int{bits}") for bits in (8, 16, 32, 64)},
    **{f"ui{bits}": np.dtype(f"uint{bits}") for bits in (8, 16, 32, 64)},
}
_ELEMENT_TYPES = {dtype: text for text, dtype in _DTYPES.items()}


def is_static_tensor(value: Value) -> bool:
    """Whether a value is a tensor of known shape whose element type numpy has."""
    kind = value.type
    return isinstance(kind, ir.RankedTensorType) and kind.has_static_shape and str(kind.element_type) in _DTYPES


def is_tensor(value: Value) -> bool:
    """Whether a value is a tensor, of known shape or not, whose element type numpy has."""
    return isinstance(value.type, ir.RankedTensorType) and str(value.type.element_type) in _DTYPES


def shape_of(value: Value) -> tuple[int, ...]:
    """The shape of a tensor value; a dimension known only at run time is negative."""
    return tuple(value.type.shape)


def dtype_of(value: Value) -> np.dtype[Any]:
    """The element type of a tensor value as numpy's. Raises KeyError for a type numpy lacks."""
    return _DTYPES[str(value.type.element_type)]


def tensor_type(shape: Sequence[int], dtype: np.dtype[Any], context: Any) -> Type:
    """`tensor<shape x dtype>`."""
    return ir.RankedTensorType.get(
        list(shape), ir.Type.parse(_ELEMENT_TYPES[dtype], context), loc=ir.Location.unknown(context)
    )


def owner(value: Value) -> Operation | None:
    """The operation that a value is a result of; None for a block argument."""
    return None if isinstance(value, ir.BlockArgument) else value.owner.operation


def terminator(block: Block) -> Operation:
    """The last operation of a block."""
    return block.operations[len(block.operations) - 1].operation


def users(value: Value) -> list[Operation]:
    """The operations that use a value, one entry per use."""
    return [use.owner.operation for use in value.uses]


def nested(op: Operation) -> list[Operation]:
    """All operations inside the regions of `op`, outer before inner, in order."""
    found: list[Operation] = []

    def visit(each: Operation) -> Any:
        found.append(each)
        return ir.WalkResult.ADVANCE

    op.walk(visit, ir.WalkOrder.PRE_ORDER)
    return found[1:]


def symbol(op: Operation) -> str:
    """The symbol that an operation defines; empty if it defines none."""
    return str(op.attributes["sym_name"].value) if "sym_name" in op.attributes else ""


def has_one_use(value: Value) -> bool:
    """Whether exactly one operand anywhere is this value."""
    return len(users(value)) == 1


def create(
    name: str,
    operands: Sequence[Value],
    types: Sequence[Type],
    attributes: Mapping[str, Attribute] | None = None,
    *,
    before: Operation,
    regions: int = 0,
) -> Operation:
    """A new operation in front of `before`, from which it takes its location."""
    with before.context, ir.InsertionPoint(before):
        return ir.Operation.create(
            name,
            results=list(types),
            operands=list(operands),
            attributes=dict(attributes or {}),
            loc=before.location,
            regions=regions,
        ).operation


def constant(attribute: Attribute, *, before: Operation) -> Value:
    """An `arith.constant` with an attribute that has a type, in front of `before`."""
    return create("arith.constant", [], [attribute.type], {"value": attribute}, before=before).result


def splice(text: str, operands: Sequence[Value], *, before: Operation) -> list[Value]:
    """Put the body of the function that `text` is, of one block, in front of `before`; what it returns for operands."""
    parsed = ir.Module.parse(text, before.context)
    (block,) = parsed.body.operations[0].regions[0].blocks
    for argument, operand in zip(block.arguments, operands, strict=True):
        argument.replace_all_uses_with(operand)
    *body, last = [op.operation for op in block.operations]
    for op in body:
        op.move_before(before)
    return list(last.operands)


def clone_with(
    op: Operation, operands: Sequence[Value], types: Sequence[Type], changes: Mapping[str, Attribute]
) -> Operation:
    """A copy of `op` in front of it with other operands and result types and some attributes changed.

    Regions are moved, not copied: `op` is to be erased by the caller.
    """
    attributes = {name: op.attributes[name] for name in attribute_names(op)} | dict(changes)
    copy = create(op.name, operands, types, attributes, before=op, regions=len(op.regions))
    for old, new in zip(op.regions, copy.regions, strict=True):
        for block in list(old.blocks):
            block.append_to(new)
    return copy


def replace(op: Operation, values: Sequence[Value]) -> None:
    """Let `values` stand for the results of `op`, and erase it."""
    for old, new in zip(op.results, values, strict=True):
        old.replace_all_uses_with(new)
    op.erase()


def replace_chain(op: Operation, values: Sequence[Value]) -> None:
    """Let `values` stand for the results of `op`; erase it and the producers that nothing uses any more."""
    for old, new in zip(op.results, values, strict=True):
        old.replace_all_uses_with(new)
    erase_with_producers(op)


def erase_with_producers(op: Operation) -> None:
    """Erase an unused operation, then whatever it alone used, as far as these are plain computations."""
    operands = [owner(value) for value in op.operands]
    op.erase()
    for producer in dict.fromkeys(each for each in operands if each is not None):
        is_plain = producer.name.startswith("stablehlo.") and not len(producer.regions)
        if is_plain and producer.name != "stablehlo.custom_call" and not any(users(each) for each in producer.results):
            erase_with_producers(producer)


def attribute_names(op: Operation) -> list[str]:
    """The names of an operation's attributes."""
    return [each if isinstance(each, str) else each.name for each in op.attributes]


def comparable(op: Operation, name: str) -> Attribute | str:
    """An attribute as something that can be compared and hashed: itself, or the operation's text.

    The bindings cannot wrap dense attributes of complex numbers.
    """
    try:
        return op.attributes[name]
    except TypeError:
        return str(op.get_asm(large_elements_limit=None)).partition(" = ")[2]


def integers(op: Operation, name: str, default: Iterable[int] = ()) -> tuple[int, ...]:
    """An attribute that is a list of integers (`array<i64: ...>`), or `default` if it is absent."""
    return tuple(op.attributes[name]) if name in op.attributes else tuple(default)


def integer(op: Operation, name: str, default: int) -> int:
    """An integer attribute, or `default` if it is absent."""
    return int(op.attributes[name].value) if name in op.attributes else default


def integer_array(values: Iterable[int], context: Any) -> Attribute:
    """`array<i64: ...>`."""
    return ir.DenseI64ArrayAttr.get(list(values), context)


def elements(attribute: Attribute) -> Array | None:
    """The numbers of a dense attribute in broadcast form (a splat has every extent 1); None if they cannot be read."""
    try:
        kind = attribute.type
        dtype = _DTYPES[str(kind.element_type)]
        if attribute.is_splat:
            return np.full([1] * len(kind.shape), attribute.get_splat_value().value, dtype)
        return np.array(attribute).astype(dtype, copy=False)
    except (AttributeError, KeyError, TypeError):  # resources; complex, bf16 and smaller have no accessor
        return None


def dense(array: Array, context: Any) -> Attribute:
    """A `dense<...>` attribute holding `array`."""
    with context, ir.Location.unknown():
        kind = ir.Type.parse(_ELEMENT_TYPES[array.dtype])
        if array.dtype == np.bool_:  # packed bits would be taken for a splat below nine elements
            bits = [ir.BoolAttr.get(bool(bit)) for bit in array.reshape(-1)]
            return ir.DenseElementsAttr.get(bits, ir.RankedTensorType.get(list(array.shape), kind))
        storage = np.ascontiguousarray(array).reshape(array.shape)
        if array.dtype.kind not in "iuc":
            storage = storage.view(f"u{array.dtype.itemsize}")
        return ir.DenseElementsAttr.get(storage, type=kind, shape=array.shape)


def integer_attribute(value: int, context: Any) -> Attribute:
    """`value : i64`."""
    return ir.IntegerAttr.get(ir.IntegerType.get_signless(64, context), value)
