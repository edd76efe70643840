"""ONNX's whole backend suite: every case does what expected/onnx_cases.json says, and nothing is left out."""

from __future__ import annotations

import warnings

import numpy as np
import onnx_cases
import pytest
from expected import Expected

PARTS = 24
"""Of neighbours: cases that are alike compile in less time together than mixed ones do."""


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_cases_do_as_expected(part: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the suite's own, about overflows in its data
        cases = np.array_split(onnx_cases.cases(), PARTS)[part].tolist()
        outcomes = onnx_cases.run_together(cases)
    assert [each.case for each in outcomes] == cases
    assert len(cases) >= 80
    assert not Expected.read("onnx_cases").problems(outcomes, len(onnx_cases.cases()))


def test_expectations_name_cases_of_the_suite() -> None:
    exceptions = Expected.read("onnx_cases").exceptions
    named = [case for names in exceptions.values() for case in names]
    assert len(named) == len(set(named))
    assert not any(key.startswith("crash") for key in exceptions)


def test_a_wrong_result_is_seen() -> None:
    made = onnx_cases.specialised("node/test_abs")
    assert made
    for result, status in ((np.abs(made.inputs[0]), "pass"), (-np.abs(made.inputs[0]), "fail")):
        assert onnx_cases.replayed("node/test_abs", (result,)).status == status
