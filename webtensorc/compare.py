"""Same inputs, two results: how far apart are they, and is that too far? Pure numpy."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from webtensorc_runtime.manifest import TensorSpec

from webtensorc.errors import UsageError

__all__ = ["OutputError", "Tolerance", "compare", "cut_to_size", "default_tolerance", "make_inputs"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Tolerance:
    """An output passes if `max_abs <= atol + rtol * scale`, scale being the largest finite `|expected|` of the output.

    The error is measured against the output's scale, not element by element: compilers reorder sums, and the rounding
    error of a sum is relative to its terms, so that an element near zero carries the error of its large neighbours.
    """

    rtol: float
    atol: float


@dataclass(frozen=True)
class OutputError:
    """How one output differs from what was expected.

    Attributes:
        name: the output.
        dtype: its dtype name.
        shape: its shape.
        max_abs: largest |got - expected| over elements finite on both sides.
        max_rel: `max_abs` divided by the largest finite |expected|; 0 if both are 0, inf if only the latter is.
        mean_abs: mean of |got - expected| over the same elements.
        worst: index of the largest difference, or of the first element not finite on one side alone; None if equal.
        mismatched: elements that are NaN or infinite on one side and not the same on the other.
        tolerance: what was allowed.
        passed: whether the difference is allowed: nothing mismatched and `max_abs` within the tolerance.
        reason: why it did not pass; where it passed, "" or why that means little (nothing finite was compared).
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    max_abs: float
    max_rel: float
    mean_abs: float
    worst: tuple[int, ...] | None
    mismatched: int
    tolerance: Tolerance
    passed: bool
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON-ready data; numbers that JSON lacks are given as text ("inf")."""
        found = asdict(self)
        return {
            key: str(value) if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in found.items()
        }


def default_tolerance(dtype: str) -> Tolerance:
    """The tolerance for an output of this dtype name.

    float64 and complex128: 1e-9. float32: 1e-4, the accumulated rounding (eps 1.2e-7) of networks of some hundred
    layers whose sums are ordered differently. float16 (eps 9.8e-4): 1e-2, bfloat16 (eps 7.8e-3): 5e-2, for the same and
    because one side may keep intermediate values in float32. float8 (eps 6e-2 to 0.25): 0.3, one step. Integers and
    booleans are exact. The absolute part lets an output pass that is all but zero.
    """
    if dtype in ("float64", "complex128"):
        return Tolerance(1e-9, 1e-12)
    if dtype in ("float32", "complex64"):
        return Tolerance(1e-4, 1e-6)
    if dtype == "float16":
        return Tolerance(1e-2, 1e-3)
    if dtype == "bfloat16":
        return Tolerance(5e-2, 1e-2)
    if dtype.startswith("float"):
        return Tolerance(0.3, 0.05)
    return Tolerance(0.0, 0.0)


def make_inputs(specs: Iterable[TensorSpec], seed: int = 0) -> dict[str, Array]:
    """Seeded values for inputs, by name; the same on every platform and whatever other inputs there are.

    Floating-point: standard normal. Complex: both parts so. Integers: 0 to 9, small enough to be indices, classes or
    token ids of almost any model, within the dtype's range. Booleans: fair coin.

    Args:
        specs: names, dtypes and static shapes.
        seed: any integer >= 0.
    """
    return {spec.name: np.asarray(_draw(spec, spec.sizes, seed)) for spec in specs}


def _draw(spec: TensorSpec, shape: tuple[int, ...], seed: int) -> Array:
    # One PCG64 stream per input, seeded by its name. numpy guarantees the bits; `random` maps them to [0, 1).
    raw = np.random.Generator(np.random.PCG64([seed, *spec.name.encode()]))
    dtype = _dtype(spec.dtype)
    if spec.dtype == "bool":
        return np.asarray(raw.random(shape) < 0.5)
    if spec.dtype.startswith("complex"):
        return np.asarray(_normal(raw, shape) + 1j * _normal(raw, shape)).astype(dtype)
    if spec.dtype.startswith(("int", "uint")):
        bits = int(spec.dtype.lstrip("uint"))
        top = min(10, 2 ** (bits - (1 if spec.dtype.startswith("int") else 0)))
        drawn: Array = np.floor(raw.random(shape) * top).astype(np.int8).astype(dtype)
        return drawn
    return np.asarray(_normal(raw, shape)).astype(dtype)


def _normal(raw: np.random.Generator, shape: Sequence[int]) -> Array:
    """Standard normal by Box and Muller (1958), so that it rests on `random` alone; float64 of `shape`."""
    radius = np.sqrt(-2.0 * np.log1p(-raw.random(shape)))
    # Rounded, because the last bit of log and cos differs between maths libraries.
    values: Array = np.round(radius * np.cos(2.0 * np.pi * raw.random(shape)), 6)
    return values


def _dtype(name: str) -> np.dtype[Any]:
    try:
        return np.dtype(name)
    except TypeError:
        import ml_dtypes

        found: np.dtype[Any] = np.dtype(getattr(ml_dtypes, name))
        return found


def compare(
    outputs: Mapping[str, Array],
    expected: Mapping[str, Array],
    rtol: float | None = None,
    atol: float | None = None,
) -> tuple[OutputError, ...]:
    """Compare outputs by name, in the order of `expected`.

    Args:
        outputs: what was computed. Further outputs that `expected` lacks are not looked at.
        expected: what it should be.
        rtol: largest error relative to the output's largest |expected|; by dtype if None.
        atol: absolute error allowed beside that; by dtype if None.

    Raises:
        UsageError: an expected output is missing in `outputs`.
    """
    found = []
    for name, wanted in expected.items():
        if name not in outputs:
            raise UsageError(f"there is no output named {name!r}", hint=f"outputs: {', '.join(outputs) or 'none'}")
        got, wanted = np.asarray(outputs[name]), np.asarray(wanted)
        default = default_tolerance(str(wanted.dtype))
        tolerance = Tolerance(default.rtol if rtol is None else rtol, default.atol if atol is None else atol)
        found.append(_compare_one(name, got, wanted, tolerance))
    return tuple(found)


def cut_to_size(results: Mapping[str, Array], name: str) -> Array:
    """One result of a compiled model, less what is beyond the sizes in its outputs `name.size<axis>`."""
    array = results[name]
    for axis in range(array.ndim):
        if f"{name}.size{axis}" in results:
            array = array.take(range(int(results[f"{name}.size{axis}"])), axis)
    return array


def _compare_one(name: str, got: Array, wanted: Array, tolerance: Tolerance) -> OutputError:
    dtype, shape = str(wanted.dtype), tuple(wanted.shape)
    if got.shape != wanted.shape or got.dtype != wanted.dtype:
        reason = f"is {got.dtype}{list(got.shape)}, expected {dtype}{list(shape)}"
        return OutputError(
            name, dtype, shape, math.inf, math.inf, math.inf, None, wanted.size, tolerance, False, reason
        )
    left, right = _wide(got), _wide(wanted)
    both = np.isfinite(left) & np.isfinite(right)
    same = both | (np.isnan(left) & np.isnan(right)) | (left == right)
    mismatched = int(np.count_nonzero(~same))
    with np.errstate(invalid="ignore", over="ignore"):
        # Not finite on either side: no distance. Where both are the same infinity, subtraction would give NaN.
        difference = np.where(both, np.abs(np.where(both, left, 0) - np.where(both, right, 0)), 0.0)
    max_abs = float(difference.max(initial=0.0))
    scale = float(np.abs(np.where(np.isfinite(right), right, 0)).max(initial=0.0))
    max_rel = max_abs / scale if scale else (0.0 if max_abs == 0 else math.inf)
    mean = float(difference.sum() / np.count_nonzero(both)) if both.any() else 0.0
    flat = int(np.argmax(~same)) if mismatched else int(np.argmax(difference)) if max_abs else None
    worst = None if flat is None else tuple(map(int, np.unravel_index(flat, shape)))
    reason = _reason(max_abs, scale, mismatched, tolerance)
    passed = not reason
    if passed and wanted.size and not both.any():
        reason = "every element is NaN or infinite on both sides"
    return OutputError(name, dtype, shape, max_abs, max_rel, mean, worst, mismatched, tolerance, passed, reason)


def _reason(max_abs: float, scale: float, mismatched: int, tolerance: Tolerance) -> str:
    if mismatched:
        return f"{mismatched} element(s) are NaN or infinite on one side only"
    allowed = tolerance.atol + tolerance.rtol * scale
    if max_abs > allowed:
        return f"the largest difference is {max_abs:.3g}, allowed is {allowed:.3g}"
    return ""


def _wide(array: Array) -> Array:
    """The values in a type whose differences do not overflow: complex, long double for 64-bit integers, else double."""
    if array.dtype.kind == "c":
        return array.astype(np.complex128)
    if array.dtype.kind in "iu" and array.dtype.itemsize == 8:
        return array.astype(np.longdouble)
    return array.astype(np.float64)
