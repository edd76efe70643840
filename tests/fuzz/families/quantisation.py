"""Quantisation: by tensor, by axis, by block; all the types."""

from __future__ import annotations

import numpy as np
from fuzzing.case import Case
from fuzzing.draw import Drawer, array, axis, case, dtypes, family, flag, integer, is_float, pick, shape
from onnx import helper


def parameters(draw: Drawer, opset: int, sizes: tuple[int, ...]) -> tuple[tuple[int, ...], dict[str, object]]:
    """The shape of the scale, and `axis` and `block_size`."""
    granularity = pick(draw, "tensor", *(("axis",) if opset >= 13 else ()), *(("block",) if opset >= 21 else ()))
    if granularity == "tensor" or not sizes:
        return (), {}
    along = axis(draw, len(sizes))
    if granularity == "axis":
        return (sizes[along],), {"axis": along}
    block = integer(draw, 1, sizes[along])
    whole = list(sizes)
    whole[along] = -(-sizes[along] // block)
    return tuple(whole), {"axis": along, "block_size": block}


def scales(draw: Drawer, kind: object, sizes: tuple[int, ...]) -> np.ndarray:
    rng = np.random.default_rng(integer(draw, 0, 99))
    return rng.choice([0.25, 0.5, 1.0, 2.0], sizes).astype(kind)


@family(since=10)
def quantize(draw: Drawer, opset: int) -> Case:
    schema_target = dtypes("QuantizeLinear", opset, constraint="T3" if opset >= 23 else "T2")
    target = pick(draw, *schema_target)
    float_kinds = [each for each in dtypes("QuantizeLinear", opset) if is_float(each)]
    kind = pick(draw, np.dtype(np.float32), *float_kinds)
    sizes = shape(draw, 1, 3, smallest=1)
    extent, options = parameters(draw, opset, sizes)
    x = array(draw, kind, sizes) * np.asarray(pick(draw, 1, 64), kind)
    zero = None
    if flag(draw):
        zero = np.zeros(extent, target) if is_float(target) or target == np.int32 else array(draw, target, extent)
    elif opset >= 21:
        options["output_dtype"] = helper.np_dtype_to_tensor_dtype(target)
    if is_float(target) and opset >= 19:
        options["saturate"] = pick(draw, None, 0, 1)
    return case(draw, opset, "QuantizeLinear", [x, scales(draw, kind, extent), zero], **options)


@family(since=10)
def dequantize(draw: Drawer, opset: int) -> Case:
    source = pick(draw, *dtypes("DequantizeLinear", opset))
    kinds = (
        [np.dtype(np.float32)]
        if opset < 19
        else dtypes("DequantizeLinear", opset, constraint="T2" if opset >= 19 else "T")
    )
    kind = pick(draw, np.dtype(np.float32), *kinds)
    sizes = shape(draw, 1, 3, smallest=1)
    extent, options = parameters(draw, opset, sizes)
    x = array(draw, source, sizes, wild=source != np.int32)
    zero = None
    if flag(draw):
        zero = np.zeros(extent, source) if is_float(source) or source == np.int32 else array(draw, source, extent)
    if kind.name == "float8_e8m0fnu":
        options["output_dtype"] = 1
    oracle = {"oracle": "onnxruntime" if opset < 19 else "onnx"}  # the evaluator has no older version
    return case(draw, opset, "DequantizeLinear", [x, scales(draw, kind, extent), zero], how=oracle, **options)


@family(since=11)
def dynamic_quantize(draw: Drawer, opset: int) -> Case:
    x = array(draw, np.float32, shape(draw, 1, 3, smallest=1))
    if flag(draw):
        x = np.abs(x) + np.float32(1)
    return case(draw, opset, "DynamicQuantizeLinear", [x], outputs=3)
