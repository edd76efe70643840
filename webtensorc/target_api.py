"""What the author of a target imports. A target is one file with one dataclass; its fields are its options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

__all__ = ["Target"]


@dataclass(frozen=True)
class Target:
    """Base of all targets: a frozen dataclass that answers questions. Nobody branches on a target's name.

    One target name may stand for several levels (`x86-64`, `x86-64-v3`): `names` lists them and `parse` is given the one
    the user wrote.
    """

    name: ClassVar[str]
    maturity: ClassVar[str] = "experimental"
    """`tested` (run in CI), `compiled` (modules are only built there) or `experimental`."""

    @property
    def label(self) -> str:
        """The spec that gives this target again, as the plan and the manifest write it."""
        raise NotImplementedError

    def device(self) -> str:
        """The loader's device kind that runs this target's modules: `cpu`, `vulkan`, `cuda`."""
        raise NotImplementedError

    def features(self) -> frozenset[str]:
        """What a machine must have, in the loader's vocabulary (`cpu:avx2`); an empty set runs anywhere of `device()`."""
        raise NotImplementedError

    def flags(self, optimization_level: int) -> tuple[str, ...]:
        """Session flags of the native compiler, deterministic and free of paths."""
        raise NotImplementedError

    @property
    def vector_bytes(self) -> int:
        """Width of one vector register in bytes."""
        raise NotImplementedError

    @property
    def vector_registers(self) -> int:
        """Number of architectural vector registers."""
        raise NotImplementedError

    def describe(self) -> str:
        """One line for `webtensorc targets`."""
        raise NotImplementedError
