"""A fixed part of the differential matrix: every target that can be run here, with passes and without."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import matrix
import matrix_away
import matrix_cases
import pytest
from outcome import Outcome

from webtensorc.artifact import Bundle

PROBLEMS = ("operator/basic_conv_with_padding", "operator/matmul_1d_3d", "operator/matmulinteger")


def recorded() -> matrix.Matrix:
    return matrix.Matrix.read(matrix_cases.columns(), matrix_cases.problems())


@pytest.mark.parametrize("lane", matrix_cases.lanes.lanes(), ids=lambda lane: lane.name)
def test_which_targets_can_be_run_here(lane: matrix_cases.lanes.Lane) -> None:
    if lane.missing:
        pytest.skip(lane.missing)


@pytest.mark.slow
def test_every_target_agrees_with_the_reference() -> None:
    """With passes and without, in one model. Targets that cannot be run are skipped by name in the test above."""
    cases = [f"{column}/{','.join(PROBLEMS)}" for column in matrix_cases.columns()]
    outcomes = [matrix_cases.run(case) for case in cases if matrix_cases.runs_here(case) or case.startswith("cuda-")]
    assert {each.status for each in outcomes} <= {"pass", "absent", "built"}, [each for each in outcomes if each.reason]
    assert any(each.status == "pass" for each in outcomes)


@pytest.mark.slow
def test_a_batch_tells_which_of_its_problems_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["operator/abs", "operator/add"]
    solved = {name: matrix_cases.problems()[name]() for name in names}
    wrong = replace(solved[names[1]], expected={"sum": solved[names[1]].expected["sum"] + 1})
    monkeypatch.setattr(matrix_cases, "_solved", {**solved, names[1]: wrong}.__getitem__)
    column = next(each for each in matrix_cases.columns() if matrix_cases.runs_here(each))
    outcome = matrix_cases.run(f"{column}/{','.join(names)}")
    assert {each.case: each.status for each in matrix.settled(outcome)} == {
        f"{column}/operator/abs": "pass",
        f"{column}/operator/add": "fail",
    }


@pytest.mark.slow
def test_what_is_compiled_here_is_run_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """For a driver that computes on the processor, as if it were of another machine."""
    lane = next(each for each in matrix_cases.lanes.lanes() if each.name == "spirv")
    if lane.missing:
        pytest.skip(lane.missing)
    monkeypatch.setattr(matrix_cases, "_available", lambda: {"spirv": replace(lane, missing="elsewhere")})
    monkeypatch.setenv(matrix_cases.KEPT, str(tmp_path))
    case = "spirv-O3/operator/abs,operator/add"
    assert matrix_cases.run(case).status == "built"
    (bundle,) = tmp_path.glob("*.wtb")
    outcome = matrix_away.run(bundle, software=True)
    assert (outcome.case, outcome.status) == (case, "pass")
    packed = matrix_away.Packed.read(bundle)
    wrong = {name: each + 1 if name.endswith(":sum") else each for name, each in packed.expected.items()}
    replace(packed, expected=wrong).write(tmp_path, Bundle.load(bundle))
    assert set(matrix_away.run(bundle, software=True).wrong) == {"operator/add"}


def test_a_batch_of_which_nothing_is_known_is_halved() -> None:
    case = "x86-64-O0/operator/a,operator/b,operator/c"
    assert matrix.settled(Outcome(case, "crash", "the process died", 0.0)) == []
    assert matrix.halves(case) == ["x86-64-O0/operator/a", "x86-64-O0/operator/b,operator/c"]
    (alone,) = matrix.settled(Outcome("x86-64-O0/operator/a", "crash", "the process died", 0.0))
    assert alone.status == "crash"


def test_what_has_failed_is_tried_alone() -> None:
    cases = [f"spirv-O0/{name}" for name in ("model/m", "operator/a", "operator/b", "operator/c")]
    known = matrix.Matrix(("spirv-O3", "spirv-O0"), {case.partition("/")[2]: "P." for case in cases})
    known.rows["operator/b"] = "F."
    expected = ["spirv-O0/operator/a,operator/c", "spirv-O0/operator/b", "spirv-O0/model/m"]
    assert matrix.batches(cases, known.is_doubtful) == expected


def test_the_sample_is_what_it_says() -> None:
    problems = list(matrix_cases.problems())
    assert set(PROBLEMS) <= set(problems)
    assert sum(name.startswith("operator/") for name in problems) == matrix_cases.OPERATORS == 300


def test_the_page_is_made_from_the_results() -> None:
    assert matrix.PAGE.read_text() == recorded().page(), "run `make matrix`"


def test_what_did_not_pass_has_a_reason_and_nothing_else_does() -> None:
    found = recorded()
    failed = {case for case in matrix_cases.cases() if found.letter(case) in "FUC"}
    assert failed == set(found.reasons)
