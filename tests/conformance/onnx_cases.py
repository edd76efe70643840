"""The cases of ONNX's own backend suite, run as `onnx.backend.test.BackendTest` does: its data, its tolerances."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache

from onnx.backend.test import BackendTest
from outcome import Outcome, attempt

from webtensorc import onnx_backend

KINDS = {
    "NodeModel": "node",
    "SimpleModel": "simple",
    "PyTorchConvertedModel": "pytorch-converted",
    "PyTorchOperatorModel": "pytorch-operator",
}
"""Our names for the suite's categories; `RealModel` is left out: whole models, which other tests are about."""


@cache
def functions() -> dict[str, Callable[[object], None]]:
    """The suite's test functions by `kind/name`."""
    with warnings.catch_warnings():  # the suite computes its expected values when it is made, overflows included
        warnings.simplefilter("ignore")
        suite = BackendTest(onnx_backend, __name__)
    return {
        f"{KINDS[kind]}/{name.removesuffix('_cpu')}": item.func
        for kind, items in suite._test_items.items()
        if kind in KINDS
        for name, item in sorted(items.items())
        if name.endswith("_cpu")
    }


def cases() -> list[str]:
    """The names of all cases."""
    return list(functions())


def run(case: str) -> Outcome:
    """Run one case to its end."""
    return attempt(case, lambda: functions()[case](None))
