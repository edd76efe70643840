"""The constants that become arguments of the traced function, found before and during the trace."""

from __future__ import annotations

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np

from webtensorc.frontends.onnx.values import Value, is_weight_sized


class Weights:
    """Named arrays and, during a trace, the tracers that stand for them.

    A trace may discover weights that it has no argument for (in subgraphs, or computed from constants), and may not use
    some that it has. It then runs to its end on stand-ins, and is run again with exactly the weights that it used.

    Args:
        arrays: the weights known so far, in the order of their arguments.
    """

    def __init__(self, arrays: Mapping[str, np.ndarray]) -> None:
        self.arrays = dict(arrays)
        self.arguments: dict[str, jax.Array] = {}
        self.used: set[str] = set()
        self._origins: dict[int, tuple[str, np.ndarray]] = {}

    def has(self, name: str) -> bool:
        """Whether there is a weight of this name."""
        return name in self.arrays

    def add(self, name: str, array: np.ndarray) -> None:
        """Record a weight found during the trace."""
        self.arrays[name] = array

    def __getitem__(self, name: str) -> jax.Array:
        self.used.add(name)
        if name in self.arguments:
            return self.arguments[name]
        array = self.arrays[name]
        return jnp.zeros(array.shape, array.dtype)

    def remember(self, name: str, value: Value) -> None:
        """Note the name of a large known value, in case it becomes a weight."""
        if isinstance(value, np.ndarray) and value.dtype != object and is_weight_sized(value):
            self._origins.setdefault(id(value), (name, value))

    def lift(self, array: np.ndarray) -> jax.Array:
        """The argument for a large known value, under the name of the ONNX value that it is."""
        name, _ = self._origins.get(id(array), ("constant", array))
        unique, count = name, 1
        while unique in self.arrays and not _same(self.arrays[unique], array):
            count += 1
            unique = f"{name}.{count}"
        if unique not in self.arrays:
            self.add(unique, array)
        return self[unique]

    def settled(self) -> bool:
        """Whether the trace used exactly the weights it had arguments for."""
        return self.used == set(self.arguments)

    def kept(self) -> dict[str, np.ndarray]:
        """The weights that the trace used."""
        return {name: array for name, array in self.arrays.items() if name in self.used}


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return a is b or (a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes())
