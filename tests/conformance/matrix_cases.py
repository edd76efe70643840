"""The differential matrix: ONNX's operators and real models x every target that can be run x optimisation on and off.

A case is `target-O3/operator/name` or `target-O0/model/name`. Expected results are ONNX's own data, ONNX Runtime's or
JAX's. A target that this machine cannot run is `absent`, never passed over in silence; PTX is at least assembled,
SPIR-V validated; where the environment names a folder they are kept for a machine that can (see `matrix_away`).

Since what takes time is a compilation, a case may be of several problems, `target-O3/operator/abs,operator/acos`: they
are compiled as one model. If that is refused or dies, nothing is known of any; if it runs, all of each.
"""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path

import batch
import jax
import matrix_away
import numpy as np
import onnx
from outcome import AbsentError, BuiltError, Outcome, attempt
from webtensorc_runtime import IncompatibleMachineError

import webtensorc
import webtensorc.frontends
from fixtures import jax_models
from webtensorc import onnx_backend
from webtensorc.errors import UnsupportedError
from webtensorc.model import Model
from webtensorc.registry import make_target

sys.path.append(str(Path(__file__).resolve().parents[1] / "targets"))
import kernels
import lanes
import target_models
from inspection import complaints as inspect

jax.config.update("jax_platforms", "cpu")  # the reference: on a GPU it would round to tf32, and take the memory

KEPT = "WEBTENSORC_MATRIX_KEPT"
"""The environment's name of a folder for what compiles but cannot be run here."""
LEVELS = (3, 0)
OPERATORS = 300


@dataclass(frozen=True)
class Problem:
    """A model with inputs and the outputs that it should give, by name."""

    source: Model
    feed: Mapping[str, np.ndarray]
    expected: Mapping[str, np.ndarray]


@cache
def _suite() -> dict[str, onnx.backend.test.case.test_case.TestCase]:
    """ONNX's single-operator cases on plain tensors, in an order whose every prefix has as many operators as it can."""
    from onnx.backend.test.loader import load_model_tests

    with warnings.catch_warnings():  # the suite computes its expected values when it is made, overflows included
        warnings.simplefilter("ignore")
        found = [each for each in load_model_tests(kind="node") if _is_plain(each)]
    seen: Counter[str] = Counter()
    ranked = []
    for each in sorted(found, key=lambda each: each.name):
        operator = each.model.graph.node[0].op_type
        ranked.append((seen[operator], each.name, each))
        seen[operator] += 1
    return {name.removeprefix("test_"): each for _, name, each in sorted(ranked, key=lambda each: each[:2])}


def _is_plain(case: onnx.backend.test.case.test_case.TestCase) -> bool:
    """One node on tensors of numbers, whose result is neither random nor out of a compressed image."""
    arrays = [value for side in case.data_sets[0] for value in side]
    return (
        len(case.model.graph.node) == 1
        and case.model.graph.node[0].op_type not in ("Bernoulli", "ImageDecoder")
        and all(isinstance(each, np.ndarray | np.generic) and each.dtype.kind not in "OSUT" for each in arrays)
    )


def _operator(name: str) -> Callable[[], Problem]:
    def problem() -> Problem:
        case = _suite()[name]
        given, wanted = case.data_sets[0]
        names = [each.name for each in case.model.graph.input]
        made = onnx_backend.specialise(case.model, dict(zip(names, given, strict=True)))
        assert made.model is not None
        outputs = dict(zip((each.name for each in made.declared), map(np.asarray, wanted), strict=True))
        return Problem(made.model, dict(zip((s.name for s in made.model.inputs), made.inputs, strict=True)), outputs)

    return problem


def _onnx_model(name: str) -> Callable[[], Problem]:
    def problem() -> Problem:
        with tempfile.TemporaryDirectory() as folder:
            path, shapes = target_models.MODELS[name](Path(folder))
            model = webtensorc.frontends.load_model(path, input_shapes=shapes)
            feed = target_models.feed(model)
            return Problem(model, feed, target_models.reference(path, feed))

    return problem


def _jax_model(model: jax_models.JaxModel) -> Callable[[], Problem]:
    def problem() -> Problem:
        loaded = webtensorc.frontends.load_model(jax_models.export_closed_over(model))
        feed = dict(zip((spec.name for spec in loaded.inputs), model.inputs, strict=True))
        return Problem(loaded, feed, dict(zip((spec.name for spec in loaded.outputs), model.expected(), strict=True)))

    return problem


@cache
def problems() -> dict[str, Callable[[], Problem]]:
    """Everything that is compiled, by name."""
    jax = {f"model/jax_{model.name}": _jax_model(model) for model in jax_models.all_models()}
    models = {f"model/{name}": _onnx_model(name) for name in target_models.MODELS}
    sample = {f"operator/{name}": _operator(name) for name in list(_suite())[:OPERATORS]}
    return {**jax, **models, **sample}


@cache
def _available() -> dict[str, lanes.Lane]:
    return {lane.name: lane for lane in lanes.lanes()}


def runs_here(case: str) -> bool:
    """Whether this machine can run what is compiled for a case."""
    return _available()[case.partition("/")[0].rpartition("-O")[0]].missing is None


def columns() -> tuple[str, ...]:
    """Lanes and optimisation levels."""
    return tuple(f"{name}-O{level}" for name in lanes.NAMES for level in LEVELS)


def cases() -> list[str]:
    """The names of all cases of one problem, those of a problem together."""
    return [f"{column}/{name}" for name in problems() for column in columns()]


def run(case: str) -> Outcome:
    """Compile one or more problems for one target at one level, and run them."""
    column, _, names = case.partition("/")
    wrong: dict[str, str] = {}
    outcome = attempt(case, lambda: _run(column, names.split(","), wrong))
    return replace(outcome, wrong=wrong)


def _run(column: str, names: Sequence[str], wrong: dict[str, str]) -> None:
    """Raise unless all pass; put what is wrong in `wrong`."""
    name, _, level = column.rpartition("-O")
    lane = _available()[name]
    if lane.missing and not lane.can_accept():
        raise AbsentError(lane.missing)
    problem = _together({name: _solved(name) for name in names})
    bundle = webtensorc.compile(problem.source, targets=(lane.target,), optimization_level=int(level), cache=False)
    if make_target(lane.target).device() == "vulkan":
        complaints = [each for kernel in kernels.spirv(bundle.artifacts[0].module) for each in inspect(kernel)]
        assert not complaints, complaints
    with tempfile.TemporaryDirectory() as folder:
        if lane.can_accept():
            lane.accept(bundle, Path(folder))
        if lane.missing:
            if KEPT in os.environ:
                packed = matrix_away.Packed(f"{column}/{','.join(names)}", problem.feed, problem.expected)
                packed.write(Path(os.environ[KEPT]), bundle)
            raise BuiltError(lane.missing)
        try:
            results = lane.run(bundle, problem.feed, Path(folder))
        except IncompatibleMachineError as error:
            if len(names) > 1:  # it is divided
                raise
            raise UnsupportedError("; ".join(error.notes)) from error
    wrong |= matrix_away.differences(results, problem.expected, names)
    assert not wrong, wrong


def _together(problems: Mapping[str, Problem]) -> Problem:
    """One of all; one alone is left as it is."""
    if len(problems) == 1:
        return next(iter(problems.values()))
    return Problem(
        batch.merged({name: each.source for name, each in problems.items()}),
        batch.joined({name: each.feed for name, each in problems.items()}),
        batch.joined({name: each.expected for name, each in problems.items()}),
    )


@lru_cache(maxsize=64)
def _solved(name: str) -> Problem:
    """The problem, kept while cases of the same one follow."""
    return problems()[name]()
