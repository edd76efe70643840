"""Drawn nodes whose inputs have open sizes, at other sizes than those that they were drawn with.

What `check` accepts compiles, and where both the loader and the oracle take some sizes, they give the same. The loader
may refuse more sizes than the oracle: what a graph demands of them is found out by trying. The suite draws a batch of
some families; `make fuzz` draws from all.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import webtensorc_runtime
from families import declared
from fuzzing.batches import BATCHES, drawing
from fuzzing.case import Case
from fuzzing.opened import Opened, opened_cases, opened_model
from fuzzing.oracle import difference, expected
from hypothesis import given as drawn
from webtensorc_runtime.errors import UsageError

import webtensorc
from webtensorc.frontends.onnx import check

CASES_A_BATCH = 8
PASSED_OVER = {"movement/reverse_sequence", "indexing/data_dependent"}
"""Lengths that are longer than there are steps, and results that are as large as they can be, are not compared."""
FAMILIES = {name: each for name, each in declared().items() if name not in PASSED_OVER}
SAMPLE = ("movement/slice_", "movement/reshape", "elementwise/binary", "reductions/reduce", "signal/stft")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
@pytest.mark.parametrize("name", SAMPLE if BATCHES == 1 else FAMILIES)
def test_family(name: str) -> None:
    @drawing(BATCHES + 1)  # the first is the simplest that there is: nothing is open in it
    @drawn(opened_cases(FAMILIES[name], CASES_A_BATCH))
    def agree(opened: list[Opened]) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert_agree([each for each in accepted(opened) if answer(each.case)])

    agree()


def accepted(opened: Sequence[Opened]) -> list[Opened]:
    """What can be compiled with sizes as open as they are."""
    if not opened:
        return []
    refused = {name.split("/")[0] for item in check(opened_model(opened)) for name in item.nodes}
    return [each for index, each in enumerate(opened) if str(index) not in refused]


def assert_agree(opened: Sequence[Opened]) -> None:
    """All of them compiled as one model, each run at other sizes while the others stay at their own.

    Cases whose own sizes the loader refuses are run by themselves, and so are those that do not compile together.
    """
    if not opened:
        return
    try:
        module = webtensorc_runtime.load(webtensorc.compile(opened_model(opened), cache=False))
    except Exception:
        for each in opened if len(opened) > 1 else ():
            assert_agree([each])
        raise
    if len(opened) > 1 and run(module, opened, 0, opened[0].others[0]) is None:
        for each in opened:
            assert_agree([each])
        return
    for index, each in enumerate(opened):
        for sizes in each.others:
            case = each.at(sizes)
            found, wanted = run(module, opened, index, sizes), answer(case)
            for name, array in zip(case.outputs, wanted, strict=True) if wanted and found else ():
                wrong = difference(case, single(found[f"{index}/{name}"]), single(array))
                assert not wrong, f"{name} at {sizes}: {wrong} ({case.oracle})\n{each!r}"


def answer(case: Case) -> list[Any] | None:
    """The oracle's results, None where it refuses the sizes."""
    try:
        return expected(case)
    except Exception:  # each oracle has its own
        return None


def run(module: Any, opened: Sequence[Opened], index: int, sizes: Mapping[str, int]) -> dict[str, Any] | None:
    """The results with other sizes of one case, None where the loader refuses them."""
    cases = [each.at(sizes if place == index else each.others[0]) for place, each in enumerate(opened)]
    given = {f"{place}/{name}": array for place, case in enumerate(cases) for name, array in case.inputs.items()}
    try:
        return module.run(given)  # type: ignore[no-any-return]
    except UsageError:
        return None


def single(array: Any) -> Any:
    """Float64 as float32: the last digits are test_fuzz's, whose evaluator computes some functions in 32 bits."""
    return array.astype(np.float32) if getattr(array, "dtype", None) == np.float64 else array
