"""From a source to a bundle: ingest, look in the cache, have the worker do the rest, assemble."""

from __future__ import annotations

import dataclasses
import itertools
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from webtensorc import extend, history, portable, prepack, registry, scratch, store, workers
from webtensorc import weights as weights_file
from webtensorc.artifact import Artifact, Bundle
from webtensorc.cache import Cache
from webtensorc.errors import CompilationError, UsageError
from webtensorc.job import Job, Kind
from webtensorc.missing_types import explained
from webtensorc.model import Model
from webtensorc.phase import Phase
from webtensorc.plan import Options, Plan, versions
from webtensorc.sizes import Sizes, combinations
from webtensorc.variants import Special, beside, kept_sizes, pinned_source, stored_specials

Listener = Callable[[int, int, str], None]
"""Told `(step, of, label)` as each step of a stage begins; steps count from 1."""


def silent(step: int, of: int, label: str) -> None:
    """A listener that nobody hears."""


@dataclass(frozen=True)
class Request:
    """What to compile and how.

    Attributes:
        source: a file's path, an `onnx.ModelProto`, a `jax.export.Exported`, a `Bundle` or a `Model`.
        targets: target specifications, one module each.
        dims: sizes, bounds or sizes for variants of named dimensions (see `webtensorc.sizes`).
        input_shapes: whole shapes for inputs.
        options: optimisation level and passes; where none are asked for, a bundle's own stay.
        cache: where compiled parts are kept, or None for nowhere.
        dump_dir: folder for IR dumps after every step; every step is then run, whatever the cache holds.
        strict: check every pass's number of changes against the module.
        timeout: seconds for all of it, or None; what is read in this process ends before it is looked at.
    """

    source: Any
    targets: Sequence[str] = ("host",)
    dims: Mapping[str, Sizes] = field(default_factory=dict)
    input_shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    options: Options = field(default_factory=Options)
    cache: Cache | None = None
    dump_dir: Path | None = None
    strict: bool = False
    timeout: float | None = None

    @cached_property
    def chosen(self) -> Options:
        """The options, with those of a bundle where none are asked for."""
        return extend.chosen(self.source, self.options)

    def plans(self) -> tuple[Plan, ...]:
        """One plan per target, in the order asked, repeated targets once.

        Raises:
            UsageError: an unknown target, pass or option, or no target at all.
        """
        if not self.targets:
            raise UsageError("no target is given", hint="the default is `host`")
        plans = (Plan.make(target, self.chosen) for target in self.targets)
        return tuple({plan.target: plan for plan in plans}.values())


@dataclass(frozen=True)
class Compilation:
    """A bundle and how it came about.

    Attributes:
        bundle: the result.
        records: the steps that were run, as `Record.as_dict`, by target label; the shared graph's under `graph`.
        cached: which parts came from the cache: `graph`, or a target's label.
        warnings: what the source says of itself that is not so, and that did not matter.
    """

    bundle: Bundle
    records: Mapping[str, list[dict[str, Any]]]
    cached: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def compile_source(request: Request, listener: Listener | None = None) -> Compilation:
    """Compile a source for every target asked.

    Raises:
        DiagnosticError: anything that is wrong with the request, the source or the compilation.
    """
    plans = request.plans()
    with scratch.folder() as folder:
        compiler = Compiler(request, listener or silent, folder / "general")
        shared = compiler.graph(plans[0])
        model = dataclasses.replace(shared, done=tuple(step.spec for step in plans[0].at(Phase.GRAPH)))
        own: dict[str, np.ndarray] = {}
        artifacts = compiler.artifacts(model, plans, own)
        records, cached = dict(compiler.records), list(compiler.cached)
        known, specials = stored_specials(request.source), []
        for number, sizes in enumerate(
            combinations(request.dims) or kept_sizes(request.source, model.dims, request.dims)
        ):
            source, dims = pinned_source(request.source, request.dims, sizes, known)
            asked = dataclasses.replace(request, source=source, dims=dims, options=request.chosen)
            each = Compiler(asked, compiler.listener, folder / str(number))
            each.deadline = compiler.deadline
            specials.append(special := Special.of(sizes, each.graph(plans[0]), model.weights, own))
            own |= {name: special.model.weights[name] for name in special.own}
            artifacts += [_specialised(artifact, special) for artifact in each.artifacts(special.model, plans, own)]
            records |= {special.label(name): some for name, some in each.records.items()}
            cached += [special.label(name) for name in each.cached]
        bundle = Bundle(model, tuple(artifacts), versions(), own, tuple(specials), request.chosen.prepack)
    return Compilation(bundle, records, tuple(cached), shared.warnings)


def _specialised(artifact: Artifact, special: Special) -> Artifact:
    label = special.label(artifact.label)
    weights = tuple(dict.fromkeys((*special.own, *artifact.weights)))
    return dataclasses.replace(
        artifact, label=label, general=artifact.label, sizes=dict(special.sizes), weights=weights
    )


def lower(request: Request, stop_after: Phase) -> str:
    """The first target's module as MLIR text, once it has passed `stop_after` and the passes there.

    Raises:
        DiagnosticError: as `compile_source`.
    """
    plan = request.plans()[0]
    with scratch.folder() as folder:
        compiler = Compiler(request, silent, folder)
        model = compiler.graph(plan)
        text = portable.to_text(model.graph)
        if stop_after is Phase.GRAPH:
            return text
        job = compiler.run(Kind.MODULES, (plan,), text, model.weights, _shapes(model), stop_after.value)
        return (job.result / "0.mlir").read_text()


def forecast(request: Request) -> dict[str, dict[str, Any]]:
    """What each target's schedule will be, and what its passes report, by target; no machine code is made.

    Raises:
        DiagnosticError: as `compile_source`.
    """
    plans = request.plans()
    with scratch.folder() as folder:
        compiler = Compiler(request, silent, folder)
        model = compiler.graph(plans[0])
        text = portable.to_text(model.graph)
        job = compiler.run(Kind.MODULES, plans, text, model.weights, _shapes(model), Phase.STREAM.value)
        facts = [json.loads((job.result / f"{index}.json").read_text()) for index in range(len(plans))]
        return {plan.target: about["report"] for plan, about in zip(plans, facts, strict=True)}


class Compiler:
    """One compilation: its request, its scratch folder, and what it has done so far."""

    def __init__(self, request: Request, listener: Listener, folder: Path) -> None:
        self.request = request
        self.listener = listener
        self.deadline = None if request.timeout is None else time.monotonic() + request.timeout
        self.scratch = folder
        self.numbers = itertools.count()
        self.cache = request.cache if request.dump_dir is None else None
        self.records: dict[str, list[dict[str, Any]]] = {}
        self.cached: list[str] = []

    def graph(self, plan: Plan) -> Model:
        """The model with the plan's GRAPH passes done, which all targets share."""
        plan = Plan.of_passes(plan.at(Phase.GRAPH))
        self.listener(1, 1, "reading the model")
        source_key = self._source_key(plan)
        if self.cache and source_key and (found := store.find_source(self.cache, source_key)):
            self.cached.append("graph")
            return found
        from webtensorc.frontends import load_model

        model = load_model(self.request.source, dims=self.request.dims, input_shapes=self.request.input_shapes)
        done = tuple(step.spec for step in plan.steps)
        if model.done == done:
            return model
        key = store.graph_key(model, plan) if self.cache else {}
        optimised = store.find_graph(self.cache, key) if self.cache else None
        if optimised:
            self.cached.append("graph")
        else:
            optimised = self._optimise(model, plan, key)
        changed_by = history.joined(model.changed_by, optimised.changed_by)
        if self.cache and source_key:
            store.save_source(self.cache, source_key, model, key, changed_by)
        return dataclasses.replace(optimised, warnings=model.warnings, changed_by=changed_by)

    def artifacts(self, model: Model, plans: tuple[Plan, ...], own: dict[str, np.ndarray]) -> list[Artifact]:
        """One artifact per plan, in order; weights that are packed for some of them are added to `own`."""
        apart = tuple(plan for plan in plans if self.request.chosen.prepack and prepack.is_for(plan))
        shared = tuple(plan for plan in plans if plan not in apart)
        made = dict(zip(shared, self.modules(model, shared), strict=True))
        if apart:
            packed, names = self._prepacked(model, own)
            own |= {name: packed.weights[name] for name in names}
            some = (dataclasses.replace(each, weights=names) for each in self.modules(packed, apart))
            made |= zip(apart, some, strict=True)
        return [made[plan] for plan in plans]

    def _prepacked(self, model: Model, own: Mapping[str, np.ndarray]) -> tuple[Model, tuple[str, ...]]:
        """The model with what it does with weights alone done, and the names of the weights that it has for that."""
        plan = prepack.evaluation()
        key = store.graph_key(model, plan) if self.cache else {}
        evaluated = store.find_graph(self.cache, key) if self.cache else None
        evaluated = evaluated or self._optimise(model, plan, key, "prepack")
        return beside(evaluated, model.weights, own, prepack.MARK)

    def modules(self, model: Model, plans: tuple[Plan, ...]) -> tuple[Artifact, ...]:
        """One artifact per plan, from the cache or a worker."""
        keys = {plan: store.module_key(model, plan) for plan in plans}
        made: dict[Plan, Artifact] = {}
        for plan in plans if self.cache else ():
            assert self.cache
            if found := store.find_module(self.cache, keys[plan], plan):
                made[plan] = found
                self.cached.append(plan.target)
        if missing := tuple(plan for plan in plans if plan not in made):
            try:
                text = portable.to_text(model.graph)
                job = self.run(Kind.MODULES, missing, text, model.weights, _shapes(model))
            except CompilationError as error:
                raise explained(error, model, map(registry.make_target, (plan.target for plan in missing))) from error
            for index, plan in enumerate(missing):
                module, facts = job.result / f"{index}.vmfb", job.result / f"{index}.json"
                about = json.loads(facts.read_text())
                self.records[plan.target] = about["records"]
                made[plan] = store.read_artifact(plan, module.read_bytes(), about)
                if self.cache:
                    store.save_module(self.cache, keys[plan], module, facts)
        return tuple(made[plan] for plan in plans)

    def run(
        self,
        kind: Kind,
        plans: tuple[Plan, ...],
        text: str,
        weights: Mapping[str, np.ndarray],
        shapes: tuple[tuple[int | str, ...], ...] = (),
        stop_after: str | None = None,
    ) -> Job:
        """Have a worker do one job."""
        dump_dir = str(self.request.dump_dir.resolve()) if self.request.dump_dir else None
        folder = self.scratch / f"{next(self.numbers)}-{kind.value}"
        job = Job(folder, kind, plans, tuple(weights), dump_dir, self.request.strict, stop_after, shapes)
        job.write(text, weights)
        total, done = job.steps(), 0

        def on_step(label: str) -> None:
            nonlocal done
            done += 1
            self.listener(done, total, label)

        workers.run(job, on_step, self.deadline)
        return job

    def _optimise(self, model: Model, plan: Plan, key: store.Key, stage: str = "graph") -> Model:
        if not plan.steps:
            return model
        job = self.run(Kind.GRAPH, (plan,), portable.to_text(model.graph), model.weights)
        facts = json.loads((job.result / "graph.json").read_text())
        self.records[stage] = facts["records"]
        stored = weights_file.read(job.result / "weights.safetensors")
        optimised = dataclasses.replace(
            model,
            graph=portable.from_text((job.result / "graph.mlir").read_text()),
            weights={name: stored[name] for name in facts["names"]},
            changed_by=history.changing(plan, facts["records"]),
        )
        if self.cache:
            store.save_graph(self.cache, key, optimised, job.result / "weights.safetensors")
        return optimised

    def _source_key(self, plan: Plan) -> store.Key | None:
        source = self.request.source
        if not isinstance(source, (str, Path)) or "\0" in str(source) or not Path(source).is_file():
            return None
        return store.source_key(Path(source), self.request.dims, self.request.input_shapes, plan)


def _shapes(model: Model) -> tuple[tuple[int | str, ...], ...]:
    return tuple(each.shape for each in model.inputs)
