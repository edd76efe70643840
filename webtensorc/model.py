"""The high-level expression of a model: one StableHLO graph, named weights, and a signature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from webtensorc_runtime.constraints import Constraint
from webtensorc_runtime.dims import Bounds
from webtensorc_runtime.manifest import TensorSpec

__all__ = ["Bounds", "Constraint", "Model", "TensorSpec"]


@dataclass(frozen=True)
class Model:
    """A model as every front end produces it and every later stage reads it.

    `graph` is a StableHLO portable artifact (StableHLO compatibility.md) whose module has one public function `main`.
    Its arguments are first the weights, in the order of `weights`, then the inputs, in the order of `inputs`;
    its results are the outputs, in the order of `outputs`. No tensor constant of weight size is in the graph.

    Weights may be memory-mapped and read-only; nothing copies them until a pass or the bundle writer needs the bytes.
    `dims` are the named dimensions in the shapes of the inputs, which may have any sizes within their bounds that keep
    the `constraints`; what is named in the shapes of the outputs follows from them.

    `done` are the specifications of the GRAPH-phase passes that made the graph what it is, in order; empty for one that
    comes from a front end. They need not leave alone what they have made, and are not run on it again.

    `changed_by` are those of them, and of passes before them, that changed the graph; None where that is not known.

    `warnings` are sentences on what the file says of itself that is not so, and that did not matter.

    `files` are the paths that were read besides the model's own (external data), for whoever must notice a change.
    """

    name: str
    graph: bytes
    weights: Mapping[str, np.ndarray]
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    files: tuple[Path, ...] = ()
    dims: tuple[Bounds, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    done: tuple[str, ...] = field(default=(), compare=False)
    changed_by: tuple[str, ...] | None = field(default=(), compare=False)
    warnings: tuple[str, ...] = field(default=(), compare=False)
