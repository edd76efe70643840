"""Tensors that are affine in small integers: what DequantizeLinear leaves in a graph, found and taken apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.evaluate import Evaluator, Known, materialise, rearranged
from webtensorc.iree.graph import Graph
from webtensorc.iree.mlir import Array, Operation, Value

_MOVEMENTS = ("stablehlo.reshape", "stablehlo.transpose", "stablehlo.broadcast_in_dim")
_NARROW = (np.dtype(np.int8), np.dtype(np.uint8))


@dataclass(frozen=True)
class Quantised:
    """A tensor that equals `scale * (integers - zero)`: of floats, or of int32 with a scale of 1.

    Attributes:
        source: the int8 or uint8 tensor that the integers come from.
        movements: reshapes, transpositions and broadcasts that take `source` to the shape of the whole.
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
            arrays = [rearranged(movement, array) for array in arrays]
        return cls(source, tuple(movements), Known(arrays[0], scale.weights), arrays[1])

    @property
    def int8_zero(self) -> Array:
        """The zero point that goes with `int8`."""
        return self.zero - 128 if mlir.dtype_of(self.source) == np.uint8 else self.zero

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
                mask = stablehlo.broadcast(sign, mlir.shape_of(value), [], before)
                value = stablehlo.binary("stablehlo.xor", value, mask, before)
        for op in self.movements:
            kind = stablehlo.typed(value, mlir.shape_of(op.results[0]))
            attributes = {name: op.attributes[name] for name in mlir.attribute_names(op)}
            value = mlir.create(op.name, [value], [kind], attributes, before=before).result
        return value


def _is_float_conversion(op: Operation) -> bool:
    """Whether `op` only changes the width of floats: the scale of a float16 model is applied in float32."""
    if op.name != "stablehlo.convert" or not all(map(mlir.is_static_tensor, (*op.operands, *op.results))):
        return False
    return all(mlir.dtype_of(value).kind not in "iubc" for value in (*op.operands, *op.results))


def _scaled(evaluator: Evaluator, value: Value) -> tuple[Value, Array, Known] | None:
    """`q`, `z` and `s` if `value` is s * (q - z), or q - z in int32."""
    op = mlir.owner(value)
    if op is None or not mlir.is_static_tensor(value):
        return None
    if op.name != "stablehlo.multiply":
        is_int32 = mlir.dtype_of(value) == np.int32
        centred = _centred(evaluator, value) if is_int32 else None
        return centred and (*centred, Known(np.ones((1,) * len(mlir.shape_of(value)), np.float32), ()))
    for integers, factor in (tuple(op.operands), tuple(op.operands)[::-1]):
        centred, scale = _centred(evaluator, integers), evaluator.known(factor)
        if centred is not None and scale is not None:
            return (*centred, scale)
    return None


def _centred(evaluator: Evaluator, value: Value) -> tuple[Value, Array] | None:
    """`q` and `z` if `value` is q - z as a float, q being of 8 bits and z known, computed in whichever type."""
    zero: Array = np.zeros((1,) * len(mlir.shape_of(value)), np.int32)
    while (op := mlir.owner(value)) is not None:
        if op.name == "stablehlo.subtract":
            known = evaluator.known(op.operands[1])
            if known is None or (known.array != np.rint(known.array)).any():
                return None
            zero = zero + known.array.astype(np.int32)
        elif op.name != "stablehlo.convert" or not mlir.is_static_tensor(op.operands[0]):
            return None
        value = op.operands[0]
        if mlir.dtype_of(value) in _NARROW:
            return value, zero
    return None
