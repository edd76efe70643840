"""The harnesses of `jax_cases` that exist in JAX's 64-bit mode only."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import jax
import jax_cases
from outcome import Outcome

jax.config.update("jax_enable_x64", True)

TOGETHER = jax_cases.TOGETHER


@cache
def cases() -> list[str]:
    """The names of all cases, in alphabetical order."""
    command = [sys.executable, "-c", "import json, jax_cases; print(json.dumps(jax_cases.cases()))"]
    narrow = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, check=True, text=True)
    return sorted(set(jax_cases.cases()) - set(json.loads(narrow.stdout)))


def run(case: str) -> Outcome:
    """Run one case to its end."""
    return jax_cases.run(case)


def run_together(cases: Sequence[str]) -> list[Outcome]:
    """Run cases compiled as one model."""
    return jax_cases.run_together(cases)
