"""MLIR tensor types and numpy, both ways."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Mapping
from typing import Any

import ml_dtypes
import numpy as np
from jaxlib.mlir import ir

Array = np.ndarray[Any, Any]

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


def constant_array(operation: Any, limit: int, resources: Mapping[str, bytes]) -> Array | None:
    """The value of a `stablehlo.constant` if it takes more than `limit` bytes and is not a splat; else None.

    Args:
        operation: the constant.
        limit: in bytes; not for constants that are resources, which no portable artifact can hold.
        resources: what `resource_blobs` found.
    """
    found = dtype_and_shape(operation.results[0].type)
    if found is None:
        return None
    dtype, shape = numpy_dtype(found[0]), found[1]
    attribute = _value(operation)
    is_resource = attribute is not None and not isinstance(attribute, ir.DenseElementsAttr)
    if is_resource and (key := re.match(r"dense_resource<([^>]+)>", str(attribute))):
        return _array(resources.get(key[1], b""), dtype, shape)
    if math.prod(shape) * dtype.itemsize <= limit:
        return None
    if isinstance(attribute, ir.DenseElementsAttr):
        if attribute.is_splat:
            return None
        with contextlib.suppress(TypeError):  # the bindings cannot read every element type (bfloat16, float8, int4)
            return np.asarray(attribute).reshape(shape)
    # The printed form of a big attribute is its raw bytes in hexadecimal.
    text = operation.operation.get_asm(large_elements_limit=None)
    match = re.search(r'dense<"0x([0-9A-Fa-f]+)">', text)
    return _array(bytes.fromhex(match[1]), dtype, shape) if match else None


def _value(operation: Any) -> Any | None:
    try:
        return operation.attributes["value"]
    except TypeError:  # the bindings cannot wrap every dense attribute (complex numbers)
        return None


def resource_blobs(module: Any) -> dict[str, bytes]:
    """The bytes behind `dense_resource` attributes by key; no binding gives them, so they are read off the text."""
    if "dense_resource<" not in module.operation.get_asm(large_elements_limit=16, large_resource_limit=16):
        return {}
    text = module.operation.get_asm(large_elements_limit=16, large_resource_limit=None)
    section = text[text.rfind("{-#") :]
    # A blob begins with its alignment, 32 bits.
    return {key: bytes.fromhex(data)[4:] for key, data in re.findall(r'([\w.$-]+)"?: "0x([0-9A-Fa-f]+)"', section)}


def _array(raw: bytes, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Array | None:
    if len(raw) != math.prod(shape) * dtype.itemsize:
        return None
    return np.frombuffer(raw, dtype=dtype).reshape(shape)
