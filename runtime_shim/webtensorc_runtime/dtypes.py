"""Element types: their names in a manifest, their codes in a safetensors header, their numpy types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class DType:
    """One element type.

    Attributes:
        name: numpy's or ml_dtypes' name.
        size: bytes per element as numpy stores it (4-bit integers take a byte each).
        code: the code in a safetensors header; None where the format has none.
        element: name of the member of IREE's HalElementType as which it crosses the module's border, narrow integers as
            bytes; None where it cannot.
    """

    name: str
    size: int
    code: str | None
    element: str | None


DTYPES = {
    each.name: each
    for each in (
        DType("bool", 1, "BOOL", "BOOL_8"),
        DType("int8", 1, "I8", "SINT_8"),
        DType("uint8", 1, "U8", "UINT_8"),
        DType("int16", 2, "I16", "SINT_16"),
        DType("uint16", 2, "U16", "UINT_16"),
        DType("int32", 4, "I32", "SINT_32"),
        DType("uint32", 4, "U32", "UINT_32"),
        DType("int64", 8, "I64", "SINT_64"),
        DType("uint64", 8, "U64", "UINT_64"),
        DType("float16", 2, "F16", "FLOAT_16"),
        DType("bfloat16", 2, "BF16", "BFLOAT_16"),
        DType("float32", 4, "F32", "FLOAT_32"),
        DType("float64", 8, "F64", "FLOAT_64"),
        DType("complex64", 8, "C64", "COMPLEX_64"),
        DType("complex128", 16, None, "COMPLEX_128"),
        DType("float8_e4m3fn", 1, "F8_E4M3", "FLOAT_8_E4M3_FN"),
        DType("float8_e5m2", 1, "F8_E5M2", "FLOAT_8_E5M2"),
        DType("float8_e8m0fnu", 1, "F8_E8M0", "UINT_8"),
        DType("float8_e4m3fnuz", 1, None, "FLOAT_8_E4M3_FNUZ"),
        DType("float8_e5m2fnuz", 1, None, "FLOAT_8_E5M2_FNUZ"),
        DType("float8_e3m4", 1, None, None),
        DType("float8_e4m3", 1, None, None),
        DType("float8_e4m3b11fnuz", 1, None, None),
        DType("float4_e2m1fn", 1, None, "UINT_8"),
        DType("float6_e2m3fn", 1, None, None),
        DType("float6_e3m2fn", 1, None, None),
        DType("int2", 1, None, "SINT_8"),
        DType("uint2", 1, None, "UINT_8"),
        DType("int4", 1, None, "SINT_8"),
        DType("uint4", 1, None, "UINT_8"),
    )
}
"""By name."""

BY_CODE = {each.code: each for each in DTYPES.values() if each.code}
"""By safetensors code."""


def numpy_dtype(name: str) -> np.dtype:
    """The numpy type of that name; imports ml_dtypes only for a type that numpy lacks.

    Raises:
        KeyError: no such type.
    """
    import numpy as np

    kind = DTYPES[name].name
    try:
        return np.dtype(kind)
    except TypeError:
        import ml_dtypes

        found: np.dtype = np.dtype(getattr(ml_dtypes, kind))
        return found
