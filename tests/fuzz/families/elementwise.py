"""Elementwise operators with broadcasting, on special values too: NaN, infinities, signed zeros, ends of ranges."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import onnx
from fuzzing.case import Case
from fuzzing.draw import (
    Drawer,
    array,
    broadcastable,
    case,
    dtype,
    family,
    flag,
    integer,
    is_float,
    pick,
    shape,
)

EXACT = {"rtol": 2e-6, "scaled": False}


def existing(opset: int, *operators: str) -> list[str]:
    """Those that the opset has."""
    return [each for each in operators if onnx.defs.has(each, opset, "")]


UNARY = (
    "Abs", "Neg", "Sign", "Floor", "Ceil", "Round", "Sqrt", "Reciprocal", "Exp", "Log", "Erf", "Sin", "Cos", "Tan",
    "Asin", "Acos", "Atan", "Sinh", "Cosh", "Tanh", "Asinh", "Acosh", "Atanh", "IsNaN", "IsInf", "Not", "BitwiseNot",
    "Identity",
)  # fmt: skip


@family()
def unary(draw: Drawer, opset: int) -> Case:
    operator = pick(draw, *existing(opset, *UNARY))
    x = array(draw, dtype(draw, operator, opset), shape(draw), special=flag(draw), wild=operator not in ("Exp",))
    options = {}
    if operator == "IsInf":
        options = {name: pick(draw, None, 0, 1) for name in ("detect_negative", "detect_positive")}
    return case(draw, opset, operator, [x], how={"rtol": 1e-5, "scaled": False}, **options)


ACTIVATIONS = (
    "Relu", "LeakyRelu", "Sigmoid", "HardSigmoid", "HardSwish", "Elu", "Selu", "Celu", "Gelu", "Softplus", "Softsign",
    "Mish", "Swish", "ThresholdedRelu", "Shrink",
)  # fmt: skip


@family()
def activation(draw: Drawer, opset: int) -> Case:
    operator = pick(draw, *existing(opset, *ACTIVATIONS))
    x = array(draw, dtype(draw, operator, opset), shape(draw, 1), special=flag(draw))
    schema = onnx.defs.get_schema(operator, opset)
    options = {
        name: pick(draw, None, 0.25, 1.5)
        for name in ("alpha", "beta", "gamma", "bias", "lambd")
        if name in schema.attributes
    }
    if operator == "Gelu":
        options["approximate"] = pick(draw, None, "none", "tanh")
    return case(draw, opset, operator, [x], how={"rtol": 2e-5, "scaled": False}, **options)


BINARY = (
    "Add", "Sub", "Mul", "Div", "Pow", "Mod", "Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual", "And", "Or",
    "Xor", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitShift", "PRelu",
)  # fmt: skip


@family()
def binary(draw: Drawer, opset: int) -> Case:
    operator = pick(draw, *existing(opset, *BINARY))
    kind = dtype(draw, operator, opset)
    whole = shape(draw)
    first = whole if operator == "PRelu" else broadcastable(draw, whole)
    a = array(draw, kind, first, special=flag(draw), wild=flag(draw))
    b = array(draw, kind, broadcastable(draw, whole), special=flag(draw), wild=flag(draw))
    options: dict[str, object] = {}
    if operator == "Mod":
        options["fmod"] = 1 if is_float(kind) else pick(draw, None, 0, 1)
    if operator == "BitShift":
        options["direction"] = pick(draw, "LEFT", "RIGHT")
        b = (np.abs(b.astype(np.int64)) % (8 * kind.itemsize)).astype(kind)
    if operator in ("Div", "Mod") and not is_float(kind):
        b = np.where(b == 0, np.asarray(1, kind), b)
        if np.issubdtype(kind, np.signedinteger):
            b = np.where(b == -1, np.asarray(3, kind), b) if flag(draw) else b
    if operator == "Pow":
        a, b = array(draw, kind, first), array(draw, kind, broadcastable(draw, whole))
        if opset >= 12 and flag(draw):
            b = array(draw, dtype(draw, operator, opset, constraint="T1"), b.shape)
        if not is_float(a.dtype):
            b = np.abs(b)
    how: dict[str, object] = {"rtol": 1e-5, "scaled": False}
    if operator == "PRelu":
        how["oracle"] = "onnxruntime"  # the evaluator multiplies zeros, ONNX's definition does not
    return case(draw, opset, operator, [a, b], how=how, **options)


@family()
def variadic(draw: Drawer, opset: int) -> Case:
    operator = pick(draw, "Max", "Min", "Sum", "Mean")
    kind = dtype(draw, operator, opset)
    whole = shape(draw, 0, 3) if opset >= 8 else (2, 3)
    shapes = [broadcastable(draw, whole) if opset >= 8 else whole for _ in range(integer(draw, 1, 4))]
    parts = [array(draw, kind, each, special=operator in ("Max", "Min")) for each in shapes]
    # The evaluator's Mean does not broadcast.
    oracle = "onnxruntime" if operator == "Mean" else "onnx"
    return case(draw, opset, operator, parts, how={**EXACT, "oracle": oracle})


@family(since=9)
def where(draw: Drawer, opset: int) -> Case:
    whole = shape(draw)
    kind = dtype(draw, "Where", opset, constraint="T")
    parts = [array(draw, each, broadcastable(draw, whole), special=True) for each in (bool, kind, kind)]
    return case(draw, opset, "Where", parts, how=EXACT)


@family()
def clip(draw: Drawer, opset: int) -> Case:
    kind = dtype(draw, "Clip", opset)
    x = array(draw, kind, shape(draw), special=flag(draw))
    if opset < 11:
        return case(draw, opset, "Clip", [x], min=pick(draw, None, -1.0), max=pick(draw, None, 2.0), how=EXACT)
    bounds = [np.asarray(pick(draw, *each), kind) if flag(draw) else None for each in ((0, 2), (3, 4, 1))]
    return case(draw, opset, "Clip", [x, *bounds], how=EXACT)


NARROW = ("float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu", "float4_e2m1fn")


@family()
def cast(draw: Drawer, opset: int) -> Case:
    source, target = (dtype(draw, "Cast", opset, constraint=name) for name in ("T1", "T2"))
    x = array(draw, source, shape(draw, 0, 3), special=is_float(source), wild=True)
    if is_float(source) and not is_float(target) and target != np.bool_:
        # What becomes of numbers that the integer type cannot hold is not said.
        info = ml_dtypes.iinfo(target)
        with np.errstate(all="ignore"):
            wide = np.nan_to_num(x.astype(np.float32))
        x = np.clip(wide, max(info.min, -8), min(info.max, 7)).astype(source)
    to = onnx.helper.np_dtype_to_tensor_dtype(target)
    options: dict[str, object] = {"to": to}
    if opset >= 19 and target.name in NARROW:
        options["saturate"] = pick(draw, None, 0, 1)
    if opset >= 24 and target.name == "float8_e8m0fnu":
        options["round_mode"] = pick(draw, None, "up", "down", "nearest")
    return case(draw, opset, "Cast", [x], how=EXACT, **options)
