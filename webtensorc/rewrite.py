"""Running passes on a module and nothing else, which is how they are tried and tested."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from webtensorc import portable, registry, scratch
from webtensorc import weights as weights_file
from webtensorc.driver import Compiler, Request, silent
from webtensorc.errors import CompilationError, InvalidFileError
from webtensorc.job import READING, Kind
from webtensorc.plan import Plan, Step
from webtensorc.spec import Spec


@dataclass(frozen=True)
class Rewritten:
    """What passes made of a module.

    Attributes:
        ir: the module as generic MLIR text.
        weights: the weights that are its `main`'s first arguments, by name.
        changes: the number of changes of all passes together.
    """

    ir: str
    weights: Mapping[str, np.ndarray]
    changes: int


def run_passes(
    source: Any,
    specs: Sequence[str],
    target: str | None = None,
    *,
    weights: Mapping[str, np.ndarray] | None = None,
    strict: bool = True,
) -> Rewritten:
    """Run passes on a module and nothing else; what `webtensorc opt` does.

    Args:
        source: MLIR text of any phase (a `str` that is not a path), or anything that `Request.source` takes.
        specs: the passes, in order, whatever phase they are for.
        target: the target that the passes may ask, or None.
        weights: where `source` is text, the weights that are the first arguments of its `main`.
        strict: check every pass's number of changes against the module.

    Raises:
        DiagnosticError: as `compile_source`.
    """
    text, given = _module_and_weights(source, weights or {})
    passes = [registry.make_pass(spec) for spec in specs]
    steps = tuple(Step(each.after.value, each.family.value, str(Spec.of(each.name, each))) for each in passes)
    plan = Plan.make(target) if target else Plan.of_passes(steps)
    with scratch.folder() as folder:
        compiler = Compiler(Request(source, strict=strict), silent, folder)
        with _blaming_the_text(source):
            job = compiler.run(Kind.GRAPH, (dataclasses.replace(plan, steps=steps),), text, given)
        facts = json.loads((job.result / "graph.json").read_text())
        stored = weights_file.read(job.result / "weights.safetensors")
        kept = {name: stored[name] for name in facts["names"]}
        changes = sum(record["changes"] for record in facts["records"])
        return Rewritten((job.result / "graph.mlir").read_text(), kept, changes)


@contextlib.contextmanager
def _blaming_the_text(source: Any) -> Iterator[None]:
    """Text that the user wrote and that is no MLIR is an invalid file, not a failure of the compiler."""
    try:
        yield
    except CompilationError as error:
        if error.doing != READING or not isinstance(source, str):
            raise
        if error.reproducer:
            shutil.rmtree(error.reproducer, ignore_errors=True)
        raise InvalidFileError(f"the text is not valid MLIR: {error.message}", notes=error.notes) from None


def _module_and_weights(source: Any, weights: Mapping[str, np.ndarray]) -> tuple[str, Mapping[str, np.ndarray]]:
    if isinstance(source, str) and "\n" in source:
        return source, weights
    from webtensorc.frontends import load_model

    model = load_model(source)
    return portable.to_text(model.graph), model.weights
