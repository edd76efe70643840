"""What the author of a pass imports. A pass is one file with one dataclass; its fields are its options."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar, Protocol, Self

import numpy as np

from webtensorc.phase import Phase
from webtensorc.speeds import Speeds

__all__ = ["Family", "Pass", "PassContext", "Phase", "Speeds"]


class Family(Enum):
    """The four kinds of work the pipeline does, in the order it does them."""

    DATAFLOW = "dataflow"
    FUSION = "fusion"
    TILING = "tiling"
    ALLOCATION = "allocation"


class TargetView(Protocol):
    """What a pass may ask of the target it compiles for. Never its name."""

    @property
    def vector_bytes(self) -> int: ...
    @property
    def vector_registers(self) -> int: ...
    @property
    def buffer_alignment(self) -> int: ...
    @property
    def fused_multiply_add(self) -> bool: ...
    @property
    def cache_bytes(self) -> tuple[int, int]: ...
    @property
    def speeds(self) -> Speeds: ...
    @property
    def integer_product_flags(self) -> tuple[str, ...]: ...
    @property
    def compute_capability(self) -> int: ...
    @property
    def exact_capability(self) -> bool: ...
    @property
    def matrix_types(self) -> frozenset[str]: ...
    @property
    def workgroup_memory(self) -> int: ...
    @property
    def missing_types(self) -> frozenset[str]: ...
    def features(self) -> frozenset[str]: ...


@dataclass
class PassContext:
    """What a pass is given besides the module.

    Attributes:
        weights: the model's weights by name. In the `GRAPH` phase a pass may add, replace and remove entries as long as
            the arguments of `main` follow (`webtensorc.iree.mlir` has the helpers); later the mapping is read-only.
        target: the target's description; `None` in the `GRAPH` phase, whose result all targets share.
        report: facts for the user, by name (`{"arena-bytes": 123}`); shown by `--time`, `plan` and `inspect`.
    """

    weights: MutableMapping[str, np.ndarray] | Mapping[str, np.ndarray]
    target: TargetView | None
    report: dict[str, Any]


@dataclass(frozen=True)
class Pass:
    """Base of all passes: a frozen dataclass whose fields are the options of `name{field=value}`.

    A pass says where it runs (`after`), which family it belongs to, from which `-O` level on it is on by default
    (`level`; 0 means it is needed for correctness and cannot be disabled, None means only on request), and does its
    work in `run`, which returns how many changes it made: 0 exactly when the module is as it was.
    """

    name: ClassVar[str]
    family: ClassVar[Family]
    after: ClassVar[Phase]
    level: ClassVar[int | None] = 1
    order: ClassVar[int] = 50
    """Among the passes after the same phase, lower runs first; ties by name."""

    def precise(self) -> Self | None:
        """This pass as `--precise` wants it: without what changes the algebra of a model; None to leave it out.

        Algebra is what is computed in exact arithmetic the same and in floating point not: factors taken out of sums,
        fewer products than the definition has, operands rounded before they are multiplied. The order of the terms of
        one sum is left open by ONNX and StableHLO and does not count.
        """
        return self

    def run(self, module: Any, context: PassContext) -> int:
        """Rewrite `module`, the `builtin.module` operation, in place and return the number of changes."""
        raise NotImplementedError
