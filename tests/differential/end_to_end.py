"""One model the whole way: compile, write the bundle's bytes, read them with the loader, run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import webtensorc_runtime

import webtensorc
from webtensorc.compare import compare


def through_a_file(source: Any, folder: Path, **options: Any) -> webtensorc_runtime.Module:
    """The loaded module of a model that was compiled and saved; the file's bytes are the bundle's."""
    bundle = webtensorc.compile(source, cache=False, **options)
    path = folder / "model.wtb"
    bundle.save(path)
    assert path.stat().st_size == len(bundle.to_buffer())
    return webtensorc_runtime.load(path)


def assert_agrees(got: Mapping[str, np.ndarray], wanted: Mapping[str, np.ndarray]) -> None:
    """Every output within 1e-4 of its scale, and worth comparing: finite, neither constant nor one-hot."""
    for error in compare(got, wanted, rtol=1e-4, atol=0.0):
        assert error.passed, f"{error.name}: {error.reason}"
    for name, array in wanted.items():
        if array.dtype.kind == "f" and array.size > 1:
            assert np.isfinite(array).all(), name
            assert array.std() > 1e-3 * np.abs(array).max(), f"{name} is all but constant"


def is_saturated(probabilities: np.ndarray) -> bool:
    """Whether a softmax put all but everything on one class, so that no error could show."""
    sums_to_one = np.allclose(probabilities.sum(), 1, atol=1e-3) and probabilities.min() >= 0
    return bool(sums_to_one and probabilities.max() > 0.5)
