"""The compiler's phases, in order. A pass runs after the phase it names."""

from __future__ import annotations

from enum import Enum


class Phase(Enum):
    """Borders at which Python passes run.

    `GRAPH` and `BOUND` are ours. `GRAPH` is StableHLO with weights as arguments, before any lowering; what is left
    there is the graph that the bundle carries. `BOUND` is one target's copy of it, whose weights are parameters;
    besides StableHLO it may hold any dialect that the native input phase takes. The others are the phases of the
    native compiler, under its own names.
    """

    GRAPH = "graph"
    BOUND = "bound"
    INPUT = "input"
    ABI = "abi"
    PREPROCESSING = "preprocessing"
    GLOBAL_OPTIMIZATION = "global-optimization"
    DISPATCH_CREATION = "dispatch-creation"
    FLOW = "flow"
    STREAM = "stream"
    EXECUTABLE_SOURCES = "executable-sources"
    EXECUTABLE_CONFIGURATIONS = "executable-configurations"
    EXECUTABLE_TARGETS = "executable-targets"
    HAL = "hal"
    VM = "vm"

    @property
    def order(self) -> int:
        """Position in the pipeline, from 0."""
        return list(Phase).index(self)
