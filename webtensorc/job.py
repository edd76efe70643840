"""One order to the compilation worker, as a folder: easy to hand over, to keep when it crashes, and to run again.

    job.json               what to do: a plan's GRAPH passes, or one module per plan
    graph.mlirbc           the model's graph
    weights.safetensors    the weights, for GRAPH passes only
    result/                what the worker made: graph.mlirbc, weights.safetensors, graph.json | N.vmfb, N.json | N.mlir
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from webtensorc_runtime import safetensors

from webtensorc.model import Model
from webtensorc.phase import Phase
from webtensorc.plan import Plan


@dataclass(frozen=True)
class Job:
    """What the worker is asked.

    Attributes:
        folder: where everything lies.
        weight_names: names of `main`'s leading arguments, in order.
        plans: one per module to make; for a graph job, the one whose GRAPH passes are to run.
        is_graph: whether the optimised graph and weights are wanted instead of modules.
        dump_dir: folder for IR dumps, or None.
        strict: check every pass's number of changes against the module.
        stop_after: name of the phase whose module is wanted as text instead of a binary, or None.
    """

    folder: Path
    weight_names: tuple[str, ...]
    plans: tuple[Plan, ...]
    is_graph: bool = False
    dump_dir: str | None = None
    strict: bool = False
    stop_after: str | None = None

    def write(self, model: Model) -> None:
        """Lay the order out in its folder; the weights are written only if passes will read them."""
        self.result.mkdir(parents=True)
        (self.folder / "graph.mlirbc").write_bytes(model.graph)
        if self.is_graph:
            safetensors.write(self.folder / "weights.safetensors", model.weights)
        data = {
            "weight_names": self.weight_names,
            "plans": [plan.as_dict() for plan in self.plans],
            "is_graph": self.is_graph,
            "dump_dir": self.dump_dir,
            "strict": self.strict,
            "stop_after": self.stop_after,
        }
        (self.folder / "job.json").write_text(json.dumps(data, indent=1))

    @classmethod
    def read(cls, folder: Path) -> Job:
        """The order in `folder`."""
        data: dict[str, Any] = json.loads((folder / "job.json").read_text())
        plans = tuple(map(Plan.from_dict, data.pop("plans")))
        return cls(folder=folder, weight_names=tuple(data.pop("weight_names")), plans=plans, **data)

    @property
    def result(self) -> Path:
        """Where the worker writes."""
        return self.folder / "result"

    def weights(self) -> Mapping[str, np.ndarray]:
        """The weights of a graph job, mapped, in `main`'s order."""
        stored = safetensors.read(self.folder / "weights.safetensors")
        return {name: stored[name] for name in self.weight_names}

    def steps(self) -> int:
        """How many steps the worker will announce."""
        if self.is_graph:
            return len(self.plans[0].at(Phase.GRAPH))
        last = Phase(self.stop_after) if self.stop_after else Phase.VM
        passes = (Phase(step.phase).order for plan in self.plans for step in plan.steps)
        return len(self.plans) * last.order + sum(Phase.GRAPH.order < at <= last.order for at in passes)
