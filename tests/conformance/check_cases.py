"""What `check` accepts compiles, for every kind of target: ONNX's cases, compiled for each and not run.

A case is `target/first`: the 25 of ONNX's cases from that one on, compiled as one model, and each alone if that fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

import batch
import onnx_cases
from outcome import Outcome, attempt

import webtensorc
from webtensorc import registry
from webtensorc.errors import DiagnosticError
from webtensorc.missing_types import missing_types
from webtensorc.model import Model

TARGETS = ("x86-64-v3", "aarch64", "spirv", "cuda{arch=sm_80}")
GROUP = 25


@cache
def _firsts() -> dict[str, list[str]]:
    """The cases that are compiled together, by the first of them."""
    every = onnx_cases.cases()
    return {every[start]: every[start : start + GROUP] for start in range(0, len(every), GROUP)}


def cases() -> list[str]:
    """The names of all groups."""
    return [f"{target}/{first}" for first in _firsts() for target in TARGETS]


def run(case: str) -> Outcome:
    """Compile what is accepted; `wrong` names what is not compiled."""
    target, _, first = case.partition("/")
    wrong: dict[str, str] = {}

    def compiled() -> None:
        models = dict(_accepted(first, target))
        if models and _refusal(target, models):
            wrong.update((name, why) for name, model in models.items() if (why := _refusal(target, {name: model})))
        assert not wrong, wrong

    outcome = attempt(case, compiled)
    return Outcome(case, outcome.status, outcome.reason, outcome.seconds, wrong)


def _accepted(first: str, target: str) -> Iterator[tuple[str, Model]]:
    """The models of a group with which `check` finds nothing wrong."""
    for name in _firsts()[first]:
        found = onnx_cases.specialised(name)
        if found and found.model and not missing_types(found.model, [registry.make_target(target)]):
            yield name, found.model


def _refusal(target: str, models: Mapping[str, Model]) -> str:
    """Why some models cannot be compiled; empty if they can."""
    try:
        webtensorc.compile(batch.merged(models), targets=(target,), cache=False)
    except DiagnosticError as error:
        return str(error)
    return ""
