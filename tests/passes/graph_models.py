"""Small models for the passes of the GRAPH phase, and what the StableHLO interpreter says before and after a pass."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np
from jax import export

from webtensorc import portable
from webtensorc.frontends import load_model
from webtensorc.model import Model
from webtensorc.reference import run_interpreter
from webtensorc.rewrite import run_passes

Arrays = Mapping[str, np.ndarray]


def traced(function: Callable[..., Any], weights: Arrays, inputs: Arrays) -> Model:
    """`function(*weights, *inputs)` as a model in which the first are weights, however small they are."""
    with jax.enable_x64(True):
        exported = export.export(jax.jit(function, keep_unused=True))(*weights.values(), *inputs.values())
        model = load_model(exported)
    specs = [dataclasses.replace(s, name=n) for s, n in zip(model.inputs[len(weights) :], inputs, strict=True)]
    return dataclasses.replace(model, weights=dict(weights), inputs=tuple(specs))


def rewritten(model: Model, *specs: str) -> tuple[Model, int]:
    """The model after passes, whose word on what they changed is checked, and the number of changes."""
    found = run_passes(model, specs)
    return dataclasses.replace(model, graph=portable.from_text(found.ir), weights=found.weights), found.changes


def same_results(model: Model, inputs: Arrays, *specs: str, rtol: float = 0.0) -> int:
    """Check that passes keep the results, to the bit for `rtol` 0 (signs of zeros and NaNs included).

    Returns:
        The number of changes.
    """
    after, changes = rewritten(model, *specs)
    with np.errstate(all="ignore"):
        before, now = run_interpreter(model, inputs), run_interpreter(after, inputs)
    for name, wanted in before.items():
        got = now[name]
        assert got.dtype == wanted.dtype and got.shape == wanted.shape
        if rtol:
            assert_close(got, wanted, rtol)
        else:
            np.testing.assert_array_equal(got, wanted)
            if wanted.dtype.kind == "f":
                known = ~np.isnan(wanted)
                np.testing.assert_array_equal(np.signbit(got)[known], np.signbit(wanted)[known])
    return changes


def assert_close(got: np.ndarray, wanted: np.ndarray, rtol: float) -> None:
    """Equal where `wanted` is not finite, elsewhere within `rtol` of the largest finite element."""
    got, wanted = got.astype(np.float64), wanted.astype(np.float64)
    finite = np.isfinite(wanted)
    np.testing.assert_array_equal(got[~finite], wanted[~finite])
    allowed = rtol * np.abs(wanted[finite]).max(initial=0)
    np.testing.assert_allclose(got[finite], wanted[finite], rtol=0, atol=allowed)
