"""One order to the compilation worker, as a folder: easy to hand over, to keep when it crashes, and to run again.

job.json               what to do
graph.mlir             the module, as generic MLIR text with locations
weights.safetensors    the weights, where passes will read them
result/                what the worker made:
    graph.mlir, weights.safetensors, graph.json     by a job that runs passes on the graph
    N.vmfb, N.json                                  by a job that makes modules, for the N-th plan
    N.mlir                                          by one that is to stop after a phase
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np

from webtensorc import weights as weights_file
from webtensorc.phase import Phase
from webtensorc.plan import Plan

READING = "reading the graph"
"""What the worker was doing when `graph.mlir` turned out not to be valid MLIR."""


class Kind(Enum):
    """What a job makes."""

    GRAPH = "graph"
    """The module after all passes of its one plan, and the weights they leave."""
    MODULES = "modules"
    """One binary module per plan."""


@dataclass(frozen=True)
class Job:
    """What the worker is asked.

    Attributes:
        folder: where everything lies.
        kind: what to make.
        plans: what to do; exactly one for `Kind.GRAPH`.
        weight_names: names of `main`'s leading arguments, in order.
        dump_dir: folder for IR dumps, or None.
        strict: check every pass's number of changes against the module.
        stop_after: name of the phase whose module is wanted as text instead of a binary, or None.
        shapes: those of the inputs, an open size being text; not needed for `Kind.GRAPH`.
    """

    folder: Path
    kind: Kind
    plans: tuple[Plan, ...]
    weight_names: tuple[str, ...]
    dump_dir: str | None = None
    strict: bool = False
    stop_after: str | None = None
    shapes: tuple[tuple[int | str, ...], ...] = ()

    def write(self, text: str, weights: Mapping[str, np.ndarray]) -> None:
        """Lay the order out in its folder."""
        self.result.mkdir(parents=True)
        (self.folder / "graph.mlir").write_text(text)
        if self.kind is Kind.GRAPH:
            weights_file.write(self.folder / "weights.safetensors", weights)
        data = {
            "kind": self.kind.value,
            "plans": [plan.as_dict() for plan in self.plans],
            "weight_names": self.weight_names,
            "dump_dir": self.dump_dir,
            "strict": self.strict,
            "stop_after": self.stop_after,
            "shapes": self.shapes,
        }
        (self.folder / "job.json").write_text(json.dumps(data, indent=1))

    @classmethod
    def read(cls, folder: Path) -> Job:
        """The order in `folder`."""
        data: dict[str, Any] = json.loads((folder / "job.json").read_text())
        return cls(
            folder=folder,
            kind=Kind(data.pop("kind")),
            plans=tuple(map(Plan.from_dict, data.pop("plans"))),
            weight_names=tuple(data.pop("weight_names")),
            **data,
        )

    @property
    def result(self) -> Path:
        """Where the worker writes."""
        return self.folder / "result"

    def text(self) -> str:
        """The module to start from."""
        return (self.folder / "graph.mlir").read_text()

    def weights(self) -> dict[str, np.ndarray]:
        """The weights by name in `main`'s order, mapped; without data where no pass will read them."""
        if self.kind is not Kind.GRAPH:
            return dict.fromkeys(self.weight_names, np.empty(0))
        stored = weights_file.read(self.folder / "weights.safetensors")
        return {name: stored[name] for name in self.weight_names}

    def steps(self) -> int:
        """How many steps the worker will announce."""
        if self.kind is Kind.GRAPH:
            return len(self.plans[0].steps)
        last = Phase(self.stop_after) if self.stop_after else Phase.VM
        passes = (Phase(step.phase).order for plan in self.plans for step in plan.steps)
        return len(self.plans) * last.order + sum(Phase.GRAPH.order < at <= last.order for at in passes)
