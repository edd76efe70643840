"""The cases of ONNX's own backend suite, run as `onnx.backend.test.BackendTest` does: its data, its tolerances."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any
from unittest.mock import patch

import batch
import webtensorc_runtime
from onnx.backend.test import BackendTest
from outcome import Outcome, attempt

import webtensorc
from webtensorc import onnx_backend
from webtensorc.errors import DiagnosticError
from webtensorc.onnx_backend import Specialised, WebtensorcRep

KINDS = {
    "NodeModel": "node",
    "SimpleModel": "simple",
    "PyTorchConvertedModel": "pytorch-converted",
    "PyTorchOperatorModel": "pytorch-operator",
}
"""Our names for the suite's categories; `RealModel` is left out: whole models, which other tests are about."""
TOGETHER = 40
"""Cases that are compiled as one model."""


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


def run_together(cases: Sequence[str]) -> list[Outcome]:
    """Run cases compiled as one model, which takes a third of the time; if it cannot be compiled, each by itself."""
    try:
        known = _results({case: model for case in cases if (model := specialised(case)) and model.model})
    except DiagnosticError:
        known = {}
    return [replayed(case, known[case]) if case in known else run(case) for case in cases]


class _PostponedError(Exception):
    """Instead of compiling."""


def specialised(case: str) -> Specialised | None:
    """What the case would compile first; None if it does not come so far."""
    found = []

    def note(rep: WebtensorcRep, inputs: Any) -> None:
        found.append(rep.specialised(inputs))
        raise _PostponedError

    # Whatever it raises, it raises again when it is run by itself.
    with patch.object(WebtensorcRep, "run", note), suppress(Exception):
        functions()[case](None)
    return found[0] if found else None


def _results(models: Mapping[str, Specialised]) -> dict[str, tuple[Any, ...]]:
    """The results of models that are compiled and run as one."""
    whole = batch.merged({case: each.model for case, each in models.items() if each.model})
    bundle = webtensorc.compile(whole, cache=False)
    results = iter(webtensorc_runtime.load(bundle)(*(array for each in models.values() for array in each.inputs)))
    return {
        case: each.assembled([next(results) for _ in each.model.outputs]) for case, each in models.items() if each.model
    }


def replayed(case: str, results: tuple[Any, ...]) -> Outcome:
    """The suite's own comparison with these results of the first run; further data sets are compiled."""
    known = iter([results])
    original = WebtensorcRep.run

    def replay(rep: WebtensorcRep, inputs: Any) -> tuple[Any, ...]:
        return next(known, None) or original(rep, inputs)

    with patch.object(WebtensorcRep, "run", replay):
        return run(case)
