"""What the answer of a case is, and whether another one is near enough."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import ml_dtypes
import numpy as np
from onnx.reference import ReferenceEvaluator

from fuzzing.case import Array, Case, given, model
from fuzzing.draw import is_float
from webtensorc.errors import UnsupportedError
from webtensorc.reference import run_onnxruntime

SINGLE = np.dtype(np.float32)


def expected(case: Case) -> list[Any]:
    """The outputs of a case, by its oracle."""
    return ORACLES[case.oracle](case)


def _by_onnx(case: Case) -> list[Any]:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return ReferenceEvaluator(model([case])).run(None, given([case]))  # type: ignore[no-any-return]


def _by_onnxruntime(case: Case) -> list[Any]:
    """ONNX Runtime's answer; where it lacks an operator for a type of floats, that of float32."""
    try:
        return list(run_onnxruntime(model([case]), given([case])).values())
    except UnsupportedError:
        arrays = [*case.inputs.values(), *case.constants.values()]
        others = {array.dtype for array in arrays if is_float(array.dtype)} - {SINGLE}
        if len(others) != 1:
            raise
        found = run_onnxruntime(model([single := _in_float32(case)]), given([single])).values()
        return [each.astype(*others) if each.dtype == SINGLE else each for each in found]


def _in_float32(case: Case) -> Case:
    def single(arrays: Mapping[str, Array]) -> dict[str, Array]:
        return {name: each.astype(SINGLE) if is_float(each.dtype) else each for name, each in arrays.items()}

    return replace(case, inputs=single(case.inputs), constants=single(case.constants))


def _has_digits_of_float32(array: Array) -> bool:
    """Whether an answer was computed in float32, as nothing in it needs more."""
    with np.errstate(all="ignore"):
        return np.array_equal(array, array.astype(SINGLE), equal_nan=True)


ORACLES = {"onnx": _by_onnx, "onnxruntime": _by_onnxruntime}


def difference(case: Case, got: Any, wanted: Any) -> str:
    """How one output differs from what is expected of it; empty if it does not."""
    if isinstance(wanted, list):
        if not isinstance(got, list) or len(got) != len(wanted):
            return f"a sequence of {len(wanted)} is expected"
        return next(filter(None, (difference(case, *each) for each in zip(got, wanted, strict=True))), "")
    got, wanted = np.asarray(got), np.asarray(wanted)
    if got.dtype != wanted.dtype:
        return f"element type {got.dtype}, not {wanted.dtype}"
    if got.shape != wanted.shape:
        return f"shape {got.shape}, not {wanted.shape}"
    wrong = ~close(case, got, wanted)
    if not wrong.any():
        return ""
    first = tuple(int(each) for each in np.argwhere(wrong)[0])
    return f"{int(wrong.sum())} of {wrong.size} elements differ, at {first}: {got[first]}, not {wanted[first]}"


def close(case: Case, got: Array, wanted: Array) -> Array:
    """Which elements are near enough: integers equal, floats within a tolerance, NaN and infinities alike."""
    name = wanted.dtype.name
    if not name.startswith(("float", "bfloat", "complex")):
        return np.asarray(got == wanted)
    if wanted.dtype.itemsize == 1:
        a, b = got.astype(np.float32), wanted.astype(np.float32)
        return np.asarray((a == b) | (np.isnan(a) & np.isnan(b)))
    eps = float(ml_dtypes.finfo(wanted.dtype).eps) if not name.startswith("complex") else 1e-7
    if name == "float64" and case.oracle == "onnxruntime" and _has_digits_of_float32(wanted):
        eps = 1.2e-7
    rtol = case.rtol * max(eps / 1.2e-7, 1e-6)
    wide = np.complex128 if name.startswith("complex") else np.float64
    with np.errstate(all="ignore"):
        a, b = got.astype(wide), wanted.astype(wide)
        finite = np.isfinite(b)
        scale = np.abs(b[finite]).max(initial=0) if case.scaled else 0
        near = np.abs(a - b) <= rtol * np.maximum(np.abs(b), scale) + rtol / 10
        return np.where(finite, near, (a == b) | (np.isnan(a) & np.isnan(b)))
