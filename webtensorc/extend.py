"""Compiling a bundle again: what it was compiled for already and how, so that all of it comes from its own graph.

A bundle's bytes follow from graph, targets, sizes and options. Compiling its graph for its own targets and the new ones
therefore gives the very file that compiling the original for all of them gives; old modules come from the cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from webtensorc_runtime.container import open_container

from webtensorc import history, prepack, registry
from webtensorc.errors import UsageError
from webtensorc.plan import Options, Plan, options_of
from webtensorc.spec import Spec
from webtensorc.variants import compiled


def extended(path: str | Path, targets: Sequence[str]) -> tuple[str, ...]:
    """The targets to compile the bundle at `path` for: its own, and those to be added.

    Raises:
        InvalidFileError: no bundle, or a damaged one.
    """
    own = [variant.label for variant in open_container(path).manifest.variants if not variant.general]
    return tuple(dict.fromkeys((*own, *targets)))


def chosen(source: Any, asked: Options) -> Options:
    """The options to compile a source with: a bundle's own, or its file's, where no level and no pass is asked for.

    So what was precise stays precise. They are the same for all variants of a bundle.

    Raises:
        UsageError: precise results are asked of a graph that is not as precise as its model any more.
    """
    variants = compiled(source)
    if not variants:
        return asked
    plan = variants[0].plan
    if asked.precise:
        _refuse_imprecise(history.of_bundle(source, plan), asked)
    if replace(asked, prepack=False) != Options():
        return asked
    return replace(options_of(plan), prepack=asked.prepack or prepack.of_bundle(source))


def _refuse_imprecise(changed_by: Sequence[str], asked: Options) -> None:
    """Passes have changed a bundle's graph; what `--precise` forbids cannot be taken back."""
    wanted = {step.spec for step in Plan.steps_of(asked)}
    known = registry.passes()
    for spec in changed_by:
        name = Spec.parse(spec).name
        if spec in wanted or (name in known and registry.make_pass(spec).precise() == registry.make_pass(spec)):
            continue
        why = "precise results must not have" if name in known else "is not installed and may be imprecise"
        raise UsageError(
            f"the graph of this bundle was changed by pass `{name}`, which {why}",
            hint="compile the original model with --precise",
        )
