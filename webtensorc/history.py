"""Which passes have changed a graph, so that nobody asks of it what they have taken away.

A pass that found nothing to do has left no trace. What one did is not undone by compiling the graph without it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from webtensorc_runtime.container import open_container

from webtensorc.phase import Phase
from webtensorc.plan import Plan, passes_after
from webtensorc.spec import Spec

Passes = tuple[str, ...] | None
"""Their specifications, in order; None where that is not known."""


def changing(plan: Plan, records: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Those of a plan's passes that changed something, by the records of the steps that were run."""
    names = {each["step"] for each in records if each["changes"]}
    return tuple(step.spec for step in plan.steps if Spec.parse(step.spec).name in names)


def joined(before: Passes, now: Passes) -> Passes:
    """Those that changed a graph and those that did so after them."""
    return None if before is None or now is None else tuple(dict.fromkeys((*before, *now)))


def of_bundle(source: Any, plan: str) -> tuple[str, ...]:
    """Those that changed a graph of a bundle, or its file; those of its plan, where nobody wrote them down.

    Raises:
        InvalidFileError: no bundle, or a damaged one.
    """
    if isinstance(source, str | Path):
        manifest = open_container(source).manifest
        written: list[Passes] = [manifest.changed_by, *(each.changed_by for each in manifest.sized_graphs)]
    else:
        written = [source.model.changed_by, *(each.model.changed_by for each in source.specials)]
    found = functools.reduce(joined, written)
    return passes_after(Phase.GRAPH, plan) if found is None else found
