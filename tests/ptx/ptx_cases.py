"""Problems for the PTX kernels with their answers in float64, and the check of a kernel against them."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import ptx_machine
from webtensorc_kernels.convolution import Convolution
from webtensorc_kernels.epilogue import Apply, Constant, Epilogue, Load
from webtensorc_kernels.windows import Fold
from webtensorc_ptx.executable import Kernel

TYPES = {"f16": np.float16, "bf16": ml_dtypes.bfloat16}
TOLERANCES = {"f32": 1e-6, "tf32": 1e-3, "f16": 1e-3, "bf16": 8e-3}
"""Of the largest result: tf32 rounds operands to 10 bits of mantissa; f16 and bf16 results to 10 and 7 bits."""
_F32 = ("f32", "f32", "f32")

RESIDUAL = Epilogue(
    (
        Load(0, "channel"),
        Apply("arith.addf", (-1, 0), "", _F32),
        Load(1, "result"),
        Apply("arith.addf", (1, 2), "", _F32),
        Constant("0.0 : f32"),
        Apply("arith.maximumf", (3, 4), "", _F32),
    ),
    ("channel", "result"),
    (0, 0),
)
"""max(0, result + bias + residual)."""


def array(shape: tuple[int, ...], precision: str = "f32", seed: int = 0) -> np.ndarray:
    values = np.random.default_rng(seed).standard_normal(shape, np.float32)
    return values.astype(TYPES.get(precision, np.float32))


def convolution(x: np.ndarray, w: np.ndarray, problem: Convolution) -> np.ndarray:
    """[batch, oh, ow, outputs] in float64, from the definition."""
    p, (oh, ow) = problem, problem.out
    padded = np.zeros((p.batch, p.image[0] + 40, p.image[1] + 40, p.channels))
    top, left = p.padding
    padded[:, top : top + p.image[0], left : left + p.image[1]] = x
    y = np.zeros((p.batch, oh, ow, p.outputs))
    for i, j in np.ndindex(*p.kernel):
        shifted = padded[:, i * p.dilations[0] :, j * p.dilations[1] :]
        y += shifted[:, : oh * p.strides[0] : p.strides[0], : ow * p.strides[1] : p.strides[1]] @ w[i, j].astype(float)
    return y


def folded(x: np.ndarray, w: np.ndarray | None, problem: Convolution, fold: Fold) -> np.ndarray:
    """[batch, oh, ow, channels] in float64: every window that keeps channels apart, one element after the other."""
    p, (oh, ow) = problem, problem.out
    y = np.full((p.batch, oh, ow, p.groups), float(fold.initial.split(" :")[0].replace("0xFF800000", "-inf")))
    step = {"arith.maximumf": np.maximum, "arith.minimumf": np.minimum}.get(fold.operation or "", np.add)
    for n, r, c, i, j in np.ndindex(p.batch, oh, ow, *p.kernel):
        row, column = (
            at * s + k * d - z for at, s, k, d, z in zip((r, c), p.strides, (i, j), p.dilations, p.padding, strict=True)
        )
        if 0 <= row < p.image[0] and 0 <= column < p.image[1]:
            element = x[n, row, column].astype(float)
            y[n, r, c] = step(y[n, r, c], element if w is None else element * w[i, j])
    return y


def run(kernel: Kernel, arrays: list[np.ndarray], shape: tuple[int, ...], precision: str = "f32") -> np.ndarray:
    result = np.zeros(shape, TYPES.get(precision, np.float32))
    ptx_machine.run(kernel.ptx("kernel"), kernel.grid, kernel.shared_bytes, arrays, result)
    return result.astype(np.float64)


def check(found: np.ndarray, expected: np.ndarray, precision: str = "f32") -> None:
    assert np.isfinite(found).all(), "something was not written"
    assert np.abs(found - expected).max() <= TOLERANCES[precision] * np.abs(expected).max()
