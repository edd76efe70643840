"""What the driver keeps in the compile cache: which graph a source file gave, optimised graphs, and modules.

A key holds everything that the value depends on, so that equal keys mean equal values.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from webtensorc import sources
from webtensorc import weights as weights_file
from webtensorc.artifact import Artifact
from webtensorc.cache import Cache
from webtensorc.model import Bounds, Constraint, Model, TensorSpec
from webtensorc.plan import Plan
from webtensorc.sizes import Sizes

Key = dict[str, Any]

_FORMAT = 7
"""Version of what entries hold, in every key: entries of another one are not found. 7 has the passes that changed a
graph."""


def _made_by() -> Key:
    return {"format": _FORMAT, "code": sources.digest()}


def source_key(path: Path, dims: Mapping[str, Sizes], shapes: Mapping[str, tuple[int, ...]], graph_plan: Plan) -> Key:
    """Key of what a model file gives when read with these sizes and optimised by this plan."""
    return {
        "kind": "source",
        **_made_by(),
        "name": path.name,
        "file": _file_digest(path),
        "dims": {name: str(sizes) for name, sizes in sorted(dims.items())},
        "input_shapes": {name: list(shape) for name, shape in sorted(shapes.items())},
        "plan": graph_plan.as_dict(),
    }


def graph_key(model: Model, graph_plan: Plan) -> Key:
    """Key of a model's graph and weights once optimised by a plan's GRAPH passes."""
    weights = [
        [name, str(array.dtype), list(array.shape), _array_digest(array)] for name, array in model.weights.items()
    ]
    return {
        "kind": "graph",
        **_made_by(),
        "graph": hashlib.sha256(model.graph).hexdigest(),
        "weights": weights,
        "signature": _signature(model),
        "plan": graph_plan.as_dict(),
    }


def module_key(model: Model, plan: Plan) -> Key:
    """Key of one target's module. Modules hold weights' names and types, not their values."""
    weights = [[name, str(array.dtype), list(array.shape)] for name, array in model.weights.items()]
    graph = hashlib.sha256(model.graph).hexdigest()
    shapes = [list(each.shape) for each in model.inputs]  # open sizes of one name are one
    made = {"kind": "module", **_made_by(), "graph": graph, "weights": weights}
    return {**made, "shapes": shapes, "plan": plan.as_dict()}


def find_source(cache: Cache, key: Key) -> Model | None:
    """The optimised model that a source file gave, if neither it nor its external data has changed since."""
    entry = cache.get(key)
    if entry is None:
        return None
    found = json.loads(entry.read("source.json"))
    for file, digest in found["files"]:
        if not Path(file).is_file() or _file_digest(Path(file)) != digest:
            return None
    graph = find_graph(cache, found["graph"])
    changed_by = None if found["changed_by"] is None else tuple(found["changed_by"])
    return graph and dataclasses.replace(graph, warnings=tuple(found["warnings"]), changed_by=changed_by)


def save_source(cache: Cache, key: Key, model: Model, graph: Key, changed_by: tuple[str, ...] | None) -> None:
    """Remember that the source of `key` gave the graph entry `graph`, and by which passes."""
    files = [[str(file.resolve()), _file_digest(file)] for file in model.files]
    about = {"graph": graph, "files": files, "warnings": model.warnings, "changed_by": changed_by}
    cache.put(key, {"source.json": json.dumps(about).encode()})


def find_graph(cache: Cache, key: Key) -> Model | None:
    """An optimised model by its key, its weights mapped from the cache; `changed_by` is of the key's plan alone."""
    entry = cache.get(key)
    if entry is None:
        return None
    about = json.loads(entry.read("model.json"))
    stored = weights_file.read(entry.path("weights.safetensors"))
    inputs, outputs = (
        tuple(
            TensorSpec(name, dtype, tuple(shape), declared and tuple(declared))
            for name, dtype, shape, declared in about[side]
        )
        for side in ("inputs", "outputs")
    )
    weights = {name: stored[name] for name in about["weights"]}
    dims = tuple(Bounds(*each) for each in about["dims"])
    constraints = tuple(Constraint(*each) for each in about["constraints"])
    graph = entry.read("graph.mlirbc")
    changed_by = tuple(about["changed_by"])
    return Model(
        about["name"], graph, weights, inputs, outputs, dims=dims, constraints=constraints, changed_by=changed_by
    )


def save_graph(cache: Cache, key: Key, model: Model, weights: Path) -> None:
    """Keep an optimised model whose weights are in the file `weights`."""
    about = {**_signature(model), "weights": list(model.weights), "changed_by": model.changed_by}
    files: dict[str, bytes | Path] = {
        "model.json": json.dumps(about).encode(),
        "graph.mlirbc": model.graph,
        "weights.safetensors": weights,
    }
    cache.put(key, files)


def find_module(cache: Cache, key: Key, plan: Plan) -> Artifact | None:
    """One target's module by its key."""
    entry = cache.get(key)
    return read_artifact(plan, entry.read("module.vmfb"), json.loads(entry.read("module.json"))) if entry else None


def save_module(cache: Cache, key: Key, module: Path, facts: Path) -> None:
    """Keep the module and the facts that a worker left in these files."""
    cache.put(key, {"module.vmfb": module, "module.json": facts})


def read_artifact(plan: Plan, module: bytes, facts: Mapping[str, Any]) -> Artifact:
    """An artifact from what a worker wrote."""
    return Artifact(
        label=plan.target,
        device=plan.device,
        features=tuple(sorted({*plan.features, *facts["features"]})),
        module=module,
        plan=str(plan),
        flags=plan.flags,
        mode=facts["mode"],
        report=facts["report"],
        architecture=plan.architecture,
    )


def _signature(model: Model) -> dict[str, Any]:
    return {
        "name": model.name,
        "inputs": [[spec.name, spec.dtype, list(spec.shape), spec.declared] for spec in model.inputs],
        "outputs": [[spec.name, spec.dtype, list(spec.shape), spec.declared] for spec in model.outputs],
        "dims": [[each.name, each.least, each.most, each.step] for each in model.dims],
        "constraints": [[each.expression, each.relation] for each in model.constraints],
    }


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _array_digest(array: np.ndarray) -> str:
    flat = np.ascontiguousarray(array).reshape(-1)
    return hashlib.sha256(flat.view(np.uint8).data if flat.size else b"").hexdigest()
