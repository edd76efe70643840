"""Drawn nodes against ONNX's reference evaluator or ONNX Runtime, through `check`, the compiler and the loader.

A batch of cases is one model, since what takes time is a compilation. The suite draws one batch a family, always the
same; `make fuzz` draws as many as WEBTENSORC_FUZZ says, each time others.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import pytest
from families import declared
from fuzzing.batches import check_batches
from fuzzing.case import Case, given, model
from fuzzing.oracle import difference, expected

from webtensorc import onnx_backend
from webtensorc.frontends.onnx import check

CASES_A_BATCH = 12
FAMILIES = declared()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")  # about how long a failing batch is
@pytest.mark.parametrize("name", FAMILIES)
def test_family(name: str) -> None:
    check_batches(FAMILIES[name].cases(CASES_A_BATCH), assert_agree)


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
