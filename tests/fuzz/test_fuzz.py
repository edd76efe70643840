"""Drawn nodes against ONNX's reference evaluator or ONNX Runtime, through `check`, the compiler and the loader.

A batch of cases is one model, since what takes time is a compilation. The suite draws one batch a family, always the
same; `make fuzz` draws as many as WEBTENSORC_FUZZ says, each time others.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence

import pytest
from families import declared
from fuzzing.case import Case, given, model
from fuzzing.oracle import difference, expected
from hypothesis import HealthCheck, Phase, settings
from hypothesis import given as drawn

from webtensorc import onnx_backend
from webtensorc.frontends.onnx import check

BATCHES = int(os.environ.get("WEBTENSORC_FUZZ", "1"))
CASES_A_BATCH = 12
FAMILIES = declared()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")  # about how long a failing batch is
@pytest.mark.parametrize("name", FAMILIES)
def test_family(name: str) -> None:
    @settings(
        max_examples=BATCHES,
        derandomize=BATCHES == 1,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],  # to make a failing batch smaller takes minutes, and one of its cases mostly does
    )
    @drawn(FAMILIES[name].cases(CASES_A_BATCH))
    def agree(cases: list[Case]) -> None:
        try:
            assert_agree(cases)
        except Exception:
            for case in cases:
                assert_agree([case])
            raise  # they fail together only

    agree()


def assert_agree(cases: Sequence[Case]) -> None:
    """What `check` accepts compiles, and gives what the oracle gives."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy's, about the overflows that are looked for
        for case in cases:
            refused = check(model([case]))
            assert not refused, f"refused: {refused}\n{case!r}"
        found = iter(onnx_backend.run_model(model(cases), given(cases)))
        for case in cases:
            for name, wanted in zip(case.outputs, expected(case), strict=True):
                wrong = difference(case, next(found), wanted)
                assert not wrong, f"{name}: {wrong} ({case.oracle})\n{case!r}"
