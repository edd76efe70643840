"""MLIR tensor types and numpy, both ways."""

from __future__ import annotations

import re
from typing import Any

import ml_dtypes
import numpy as np
from jaxlib.mlir import ir

_DTYPES = {
    "i1": "bool",
    "f16": "float16",
    "bf16": "bfloat16",
    "f32": "float32",
    "f64": "float64",
    "complex<f32>": "complex64",
    "complex<f64>": "complex128",
    **{f"i{bits}": f"int{bits}" for bits in (2, 4, 8, 16, 32, 64)},
    **{f"ui{bits}": f"uint{bits}" for bits in (2, 4, 8, 16, 32, 64)},
    "f8E3M4": "float8_e3m4",
    "f8E4M3": "float8_e4m3",
    "f8E4M3B11FNUZ": "float8_e4m3b11fnuz",
    "f8E4M3FN": "float8_e4m3fn",
    "f8E4M3FNUZ": "float8_e4m3fnuz",
    "f8E5M2": "float8_e5m2",
    "f8E5M2FNUZ": "float8_e5m2fnuz",
    "f8E8M0FNU": "float8_e8m0fnu",
    "f4E2M1FN": "float4_e2m1fn",
}

DYNAMIC = -1
"""Stands for an open dimension in a shape."""


def numpy_dtype(name: str) -> np.dtype[Any]:
    """The dtype of that name, numpy's or ml_dtypes'."""
    return np.dtype(getattr(ml_dtypes, name, None) or name)


def mlir_element(dtype: str) -> str:
    """The MLIR element type of a dtype name."""
    return next(element for element, name in _DTYPES.items() if name == dtype)


def dtype_and_shape(kind: Any) -> tuple[str, tuple[int, ...]] | None:
    """Dtype name and shape (`DYNAMIC` where open) of a plain ranked tensor type; None for anything else."""
    if not isinstance(kind, ir.RankedTensorType) or kind.encoding is not None:
        return None
    dtype = _DTYPES.get(str(kind.element_type))
    if dtype is None:
        return None
    return dtype, tuple(DYNAMIC if kind.is_dynamic_dim(axis) else kind.get_dim_size(axis) for axis in range(kind.rank))


def constant_array(operation: Any, limit: int) -> np.ndarray[Any, Any] | None:
    """The value of a `stablehlo.constant` if it takes more than `limit` bytes and is not a splat; else None."""
    found = dtype_and_shape(operation.results[0].type)
    if found is None:
        return None
    dtype, shape = numpy_dtype(found[0]), found[1]
    if int(np.prod(shape, dtype=np.int64)) * dtype.itemsize <= limit:
        return None
    try:
        attribute = operation.attributes["value"]
    except TypeError:  # the bindings cannot wrap every dense attribute (complex numbers)
        return _array_from_text(operation, dtype, shape)
    if isinstance(attribute, ir.DenseElementsAttr):
        if attribute.is_splat:
            return None
        try:
            return np.asarray(attribute).reshape(shape)
        except TypeError:  # nor read every element type (bfloat16, float8, int4)
            return _array_from_text(operation, dtype, shape)
    return _array_from_text(operation, dtype, shape)


def _array_from_text(operation: Any, dtype: np.dtype[Any], shape: tuple[int, ...]) -> np.ndarray[Any, Any] | None:
    """Read a big dense attribute from its printed form, which is the raw bytes in hexadecimal."""
    text = operation.operation.get_asm(large_elements_limit=None, large_resource_limit=None)
    match = re.search(r'dense<"0x([0-9A-Fa-f]+)">', text)
    skip = 0
    if match is None:
        key = re.search(r"dense_resource<([^>]+)>", text)
        match = key and re.search(rf'\b{re.escape(key[1])}"?: "0x([0-9A-Fa-f]+)"', text)
        skip = 4  # a resource begins with its alignment, 32 bits
    if not match:
        return None
    raw = bytes.fromhex(match[1])[skip:]
    count = int(np.prod(shape, dtype=np.int64))
    return np.frombuffer(raw, dtype=dtype, count=count).reshape(shape) if len(raw) == count * dtype.itemsize else None
