"""A fixed sample of JAX's harnesses; `make conformance` runs all of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from expected import Expected
from runner import run_all

EVERY = {"jax_cases": 120, "jax64_cases": 80}
"""One case in so many: some seventy of the 7526, a minute or two on one core."""


@pytest.mark.slow
@pytest.mark.parametrize("suite", EVERY)
def test_a_sample_does_as_expected(suite: str, tmp_path: Path) -> None:
    cases = names(suite)
    expected = Expected.read(suite)
    outcomes = list(run_all(suite, cases[:: EVERY[suite]], 1, 300.0, tmp_path))
    assert len(outcomes) > 20
    assert not expected.problems(outcomes, len(cases))


@pytest.mark.parametrize("suite", EVERY)
def test_every_exception_has_a_reason_and_exists(suite: str) -> None:
    expected = Expected.read(suite)
    listed = [case for cases in expected.exceptions.values() for case in cases]
    assert len(listed) == len(set(listed))
    for key in expected.exceptions:
        status, _, reason = key.partition(": ")
        assert status in ("unsupported", "not-run", "fail")
        assert len(reason) > 10


def names(suite: str) -> list[str]:
    """The cases, listed by another process: JAX's mode, 32 or 64 bit, is that of the process."""
    command = [sys.executable, "-c", f"import json, {suite}; print(json.dumps(list({suite}.cases())))"]
    listed = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, check=True, text=True)
    return list(json.loads(listed.stdout))
