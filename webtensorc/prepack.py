"""Weights stored the way a target's kernels read them, beside the way all targets share: `compile --prepack`.

A bundle stores matrices in panels (pass `pack-weights`). Kernels for targets with vector registers read those; GPUs'
read matrices, which are made of the panels when the module is loaded, by the device itself. Ahead of time, what the
graph does with weights alone is evaluated once more, and its results are stored as weights of these variants' own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from webtensorc_runtime.container import open_container

from webtensorc import registry
from webtensorc.phase import Phase
from webtensorc.plan import Plan, Step
from webtensorc.spec import Spec
from webtensorc.variants import compiled

_RATIO = 1.5
"""How many times as large as what is stored a packed weight may be: float32 is 4/3 of three bytes (pass
`fixed-point-weights`), and larger by a step a column. What is quantised, of two bytes or less, stays so."""

MARK = "prepacked"
"""What distinguishes the name of such a weight, `name@prepacked`."""


def evaluation() -> Plan:
    """The plan that evaluates what is left of a graph's operations on weights."""
    folding = registry.make_pass(f"fold-constants{{ratio={_RATIO}}}")
    return Plan.of_passes((Step(Phase.GRAPH.value, folding.family.value, str(Spec.of(folding.name, folding))),))


def of_bundle(source: Any) -> bool:
    """Whether a bundle, or its file, was compiled so; what earlier versions wrote shows it in weights' names.

    Raises:
        InvalidFileError: no bundle, or a damaged one.
    """
    about = open_container(source).manifest if isinstance(source, str | Path) else source
    return about.prepack or any(is_packed(name) for each in compiled(source) for name in each.weights)


def is_packed(name: str) -> bool:
    """Whether a weight of this name was packed ahead of time."""
    return name.endswith(f"@{MARK}")


def is_for(plan: Plan) -> bool:
    """Whether a plan's target reads matrices rather than the panels that they are stored in."""
    return registry.make_target(plan.target).vector_bytes == 0
