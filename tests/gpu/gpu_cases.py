"""A sample of the cases of ONNX's own node suite whose inputs and outputs are arrays."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import numpy as np
from onnx.backend.test.case.node import collect_testcases

STEP = 6
"""One case of so many is in the sample."""


@cache
def sample() -> dict[str, Any]:
    """Test cases by name."""
    with warnings.catch_warnings():  # expected values are computed here, overflows included
        warnings.simplefilter("ignore")
        cases = sorted(collect_testcases(None), key=lambda case: case.name)
    return {case.name: case for case in cases[::STEP] if _plain(case)}


def _plain(case: Any) -> bool:
    arrays = [each for side in case.data_sets[0] for each in side] if case.data_sets else [None]
    return all(isinstance(each, np.ndarray) and each.dtype.kind in "biufV" for each in arrays)


def agree(found: list[np.ndarray], expected: list[np.ndarray], case: Any) -> None:
    """Assert what ONNX's runner asserts: equal types and shapes, values within the case's tolerances."""
    assert len(found) >= len(expected)
    for ours, theirs in zip(found, expected, strict=False):
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
        wide = [each.astype(np.float64) if each.dtype.kind in "fV" else each for each in (ours, theirs)]
        np.testing.assert_allclose(*wide, rtol=case.rtol, atol=case.atol)
