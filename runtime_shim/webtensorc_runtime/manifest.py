"""The bundle's manifest: what a loader must know, in standard-library types only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TensorSpec:
    """Name, element type (numpy or ml_dtypes name, e.g. `float32`, `bfloat16`) and shape of one input or output."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.name}: {self.dtype}[{', '.join(map(str, self.shape))}]"
