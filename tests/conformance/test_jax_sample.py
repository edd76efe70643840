"""A fixed sample of JAX's harnesses, of every other group some; `make conformance` runs all of them."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path

import pytest
from expected import Expected
from runner import run_all

SUITES = {"jax_cases": 2, "jax64_cases": 2}
"""By suite: a sample has every so many-th group. What differs between 32 and 64 bits is rarely the operation."""
TOGETHER = 16
"""Cases that are compiled as one model."""
STEP = 100
"""One case of a group of harnesses, and of large groups one in so many: some hundred and fifty of the 7526."""


@pytest.mark.slow
@pytest.mark.parametrize("suite", SUITES)
def test_a_sample_does_as_expected(suite: str, tmp_path: Path) -> None:
    cases = names(suite)
    expected = Expected.read(suite)
    outcomes = list(run_all(suite, sample(cases, expected, SUITES[suite]), 1, 300.0, tmp_path, TOGETHER))
    assert len(outcomes) > 50
    assert not expected.problems(outcomes, len(cases))


@pytest.mark.parametrize("suite", SUITES)
def test_every_exception_has_a_reason_and_exists(suite: str) -> None:
    expected = Expected.read(suite)
    listed = [case for cases in expected.exceptions.values() for case in cases]
    assert len(listed) == len(set(listed))
    assert set(listed) <= set(names(suite))
    for key in expected.exceptions:
        status, _, reason = key.partition(": ")
        assert status in ("unsupported", "not-run", "fail")
        assert len(reason) > 10


def sample(cases: list[str], expected: Expected, every: int) -> list[str]:
    """Cases from the middle of every so many-th group, but for those that JAX does not run."""
    idle = {case for key, listed in expected.exceptions.items() if key.startswith("not-run") for case in listed}
    runnable = (case for case in cases if case not in idle)
    groups = [list(group) for _, group in itertools.groupby(runnable, lambda case: case.split("/")[0])]
    return [case for members in groups[::every] for case in members[len(members) % STEP // 2 :: STEP]]


def names(suite: str) -> list[str]:
    """The cases, listed by another process: JAX's mode, 32 or 64 bit, is that of the process."""
    command = [sys.executable, "-c", f"import json, {suite}; print(json.dumps(list({suite}.cases())))"]
    listed = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, check=True, text=True)
    return list(json.loads(listed.stdout))
