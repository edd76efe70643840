"""How the results of JAX's harnesses are compared: as JAX compares them, with exceptions that have a reason each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jax._src import public_test_util

Arrays = Sequence[np.ndarray]


def check(harness: Any, arguments: Arrays, found: Arrays, wanted: Arrays) -> None:
    """Raise AssertionError unless `found` agrees with JAX's results `wanted`."""
    assert len(found) == len(wanted), f"{len(found)} results instead of {len(wanted)}"
    for index, (got, right) in enumerate(zip(found, wanted, strict=True)):
        assert got.dtype == right.dtype and got.shape == right.shape, (
            f"result {index} is {got.dtype}{list(got.shape)}, expected {right.dtype}{list(right.shape)}"
        )
    for got, right in zip(found, wanted, strict=True):
        tolerance = tolerance_of(harness, right.dtype)
        public_test_util._assert_numpy_allclose(got, right, atol=tolerance, rtol=tolerance)


def tolerance_of(harness: Any, dtype: np.dtype[Any]) -> float:
    """Relative and absolute tolerance: JAX's own for the dtype (`jax._src.public_test_util`)."""
    if harness.group_name == "conv_general_dilated" and harness.dtype == np.float32:
        return 1e-4  # as JAX's export test
    return public_test_util.default_tolerance()[np.dtype(dtype)]
