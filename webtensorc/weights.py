"""Weights on disk, outside a bundle: the safetensors file that a worker and the cache pass around."""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from webtensorc_runtime import safetensors


def write(path: Path, weights: Mapping[str, np.ndarray]) -> None:
    """Write the tensors in the mapping's order, one by one."""
    with path.open("wb") as file:
        for piece in safetensors.encode(weights):
            file.write(piece)


def read(path: Path) -> dict[str, np.ndarray]:
    """Read-only views of the file's tensors, mapped; they outlive the file's name.

    Raises:
        InvalidFileError: the file is damaged.
    """
    with path.open("rb") as file:
        return safetensors.arrays(memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)), str(path))
