"""Tensors that are affine in small integers: what DequantizeLinear leaves in a graph, found and taken apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from iree.compiler import ir

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.evaluate import Evaluator, Known, materialise, rearranged
from webtensorc.iree.graph import Graph
from webtensorc.iree.mlir import Array, Operation, Value

_MOVEMENTS = (
    *("stablehlo.reshape", "stablehlo.transpose", "stablehlo.reverse", "stablehlo.broadcast_in_dim"),
    *("stablehlo.dynamic_reshape", "stablehlo.dynamic_broadcast_in_dim"),
)
_NARROW = (np.dtype(np.int8), np.dtype(np.uint8))
_WIDE = (np.dtype(np.int16), np.dtype(np.uint16))
_NARROWER = ("i4", "ui4", "i2", "ui2")


@dataclass(frozen=True)
class Quantised:
    """A tensor that equals `scale * (integers - zero)`: of floats, or of int32 with a scale of 1.

    Attributes:
        source: the tensor of 2, 4, 8 or 16 bits, signed or not, that the integers come from.
        movements: reshapes, transpositions, reversals and broadcasts that take `source` to the shape of the whole.
        scale: in broadcast form, in the shape of the whole.
        zero: int32, likewise; of `source`.
    """

    source: Value
    movements: tuple[Operation, ...]
    scale: Known
    zero: Array

    @classmethod
    def of(cls, evaluator: Evaluator, value: Value) -> Quantised | None:
        """The parts of `value`, or None if it is no such tensor."""
        movements: list[Operation] = []
        while (op := mlir.owner(value)) is not None and (op.name in _MOVEMENTS or _is_float_conversion(op)):
            if op.name in _MOVEMENTS:
                movements.insert(0, op)
            value = op.operands[0]
        found = _scaled(evaluator, value)
        if found is None:
            return None
        source, zero, scale = found
        arrays = [scale.array, zero]
        for movement in movements:
            if movement.name == "stablehlo.dynamic_reshape" and max(array.size for array in arrays) > 1:
                return None
            arrays = [rearranged(movement, array) for array in arrays]
        return cls(source, tuple(movements), Known(arrays[0], scale.weights), arrays[1])

    @property
    def is_wide(self) -> bool:
        """Whether the integers have 16 bits."""
        return str(self.source.type.element_type) in ("i16", "ui16")

    def in_bytes(self, graph: Graph, evaluator: Evaluator, before: Operation) -> tuple[Quantised, ...]:
        """Tensors of 8 bits whose sum this one is; for 16 bits 256 times the high bytes, and the low bytes."""
        if is_narrower(self.source):
            return (replace(self, source=_widened(graph, self.source, before)),)
        if not self.is_wide:
            return (self,)
        high, low = _halves(graph, evaluator, self.source, before)
        upper = Known(self.scale.array * 256, self.scale.weights)
        return (
            Quantised(high, self.movements, upper, self.zero >> 8),
            Quantised(low, self.movements, self.scale, self.zero & 255),
        )

    @property
    def int8_zero(self) -> Array:
        """The zero point that goes with `int8`."""
        return self.zero - 128 if str(self.source.type.element_type) == "ui8" else self.zero

    def int8(self, graph: Graph, evaluator: Evaluator, before: Operation) -> Value:
        """The integers as int8 in the shape of the whole.

        int8 is what targets have products for, so uint8 is moved down by 128 and its zero point with it; unless the
        integers are known this is one exclusive or.
        """
        value = self.source
        if mlir.dtype_of(value) == np.uint8:
            known = evaluator.known(value)
            if known is not None:
                moved = Known((known.array ^ np.uint8(128)).view(np.int8), known.weights)
                value = materialise(graph, moved, mlir.shape_of(value), "int8", before)
            else:
                kind = mlir.tensor_type(mlir.shape_of(value), np.dtype(np.int8), before.context)
                value = mlir.create("stablehlo.bitcast_convert", [value], [kind], before=before).result
                sign = stablehlo.constant(np.array(-128, np.int8), before)
                mask = stablehlo.broadcast_like(sign, value, [], before)
                value = stablehlo.binary("stablehlo.xor", value, mask, before)
        return self.moved(value, before)

    def moved(self, value: Value, before: Operation) -> Value:
        """A tensor like `source` in the shape of the whole."""
        for op in self.movements:
            kind = stablehlo.typed(value, mlir.shape_of(op.results[0]))
            attributes = {name: op.attributes[name] for name in mlir.attribute_names(op)}
            value = mlir.create(op.name, [value, *list(op.operands)[1:]], [kind], attributes, before=before).result
        return value


def is_narrower(value: Value) -> bool:
    """Whether a value is a tensor of known shape of integers narrower than a byte."""
    kind = value.type
    return isinstance(kind, ir.RankedTensorType) and kind.has_static_shape and str(kind.element_type) in _NARROWER


def _widened(graph: Graph, source: Value, before: Operation) -> Value:
    """Integers narrower than a byte as int8."""
    shape, name = mlir.shape_of(source), graph.weight_name(source)
    if name is None:
        return _converted(source, np.dtype(np.int8), before)
    return materialise(graph, Known(graph.weights[name].astype(np.int8), (name,)), shape, "int8", before)


def _halves(graph: Graph, evaluator: Evaluator, source: Value, before: Operation) -> list[Value]:
    """The high and the low bytes of a tensor of 16 bits."""
    kind, shape = mlir.dtype_of(source), mlir.shape_of(source)
    high, low = np.dtype(np.int8 if kind == np.int16 else np.uint8), np.dtype(np.uint8)
    known = evaluator.known(source)
    if known is not None:
        parts = {"high": (known.array >> 8).astype(high), "low": (known.array & 255).astype(low)}
        return [materialise(graph, Known(part, known.weights), shape, name, before) for name, part in parts.items()]
    eight, mask = (
        stablehlo.broadcast_like(stablehlo.constant(kind.type(n), before), source, [], before) for n in (8, 255)
    )
    shift = "stablehlo.shift_right_arithmetic" if kind == np.int16 else "stablehlo.shift_right_logical"
    upper = stablehlo.binary(shift, source, eight, before)
    lower = stablehlo.binary("stablehlo.and", source, mask, before)
    return [_converted(upper, high, before), _converted(lower, low, before)]


def _converted(value: Value, dtype: np.dtype[Any], before: Operation) -> Value:
    kind = mlir.tensor_type(mlir.shape_of(value), dtype, before.context)
    return mlir.create("stablehlo.convert", [value], [kind], before=before).result


def _is_float_conversion(op: Operation) -> bool:
    """Whether `op` only changes the width of floats: the scale of a float16 model is applied in float32."""
    if op.name != "stablehlo.convert" or not all(map(mlir.is_tensor, (*op.operands, *op.results))):
        return False
    return all(mlir.dtype_of(value).kind not in "iubc" for value in (*op.operands, *op.results))


def _scaled(evaluator: Evaluator, value: Value) -> tuple[Value, Array, Known] | None:
    """`q`, `z` and `s` if `value` is s * (q - z), or q - z in int32."""
    op = mlir.owner(value)
    if op is None or not mlir.is_tensor(value):
        return None
    if op.name != "stablehlo.multiply":
        is_int32 = mlir.dtype_of(value) == np.int32
        centred = _centred(evaluator, value) if is_int32 else None
        return centred and (*centred, Known(np.ones((1,) * len(mlir.shape_of(value)), np.float32), ()))
    for integers, factor in (tuple(op.operands), tuple(op.operands)[::-1]):
        centred, scale = _centred(evaluator, integers), _known(evaluator, factor)
        if centred is not None and scale is not None:
            return (*centred, scale)
    return None


def _centred(evaluator: Evaluator, value: Value) -> tuple[Value, Array] | None:
    """`q` and `z` if `value` is q - z as a float in whichever type, q being of at most 16 bits and z known."""
    zero: Array = np.zeros((1,) * len(mlir.shape_of(value)), np.int32)
    while (op := mlir.owner(value)) is not None:
        if op.name == "stablehlo.subtract":
            known = _known(evaluator, op.operands[1])
            if known is None or (known.array != np.rint(known.array)).any():
                return None
            zero = zero + known.array.astype(np.int32)
        elif op.name != "stablehlo.convert":
            return None
        value = op.operands[0]
        if is_narrower(value):
            return value, zero
        if not mlir.is_tensor(value):
            return None
        if mlir.dtype_of(value) in (*_NARROW, *_WIDE):
            return value, zero
    return None


def _known(evaluator: Evaluator, value: Value) -> Known | None:
    """The known form of a value, of one that is broadcast to open sizes too."""
    op = mlir.owner(value)
    if op is None or op.name != "stablehlo.dynamic_broadcast_in_dim":
        return evaluator.known(value)
    known = evaluator.known(op.operands[0])
    return known and Known(rearranged(op, known.array), known.weights)
