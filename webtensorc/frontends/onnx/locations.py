"""From ONNX nodes to MLIR locations.

While a node is traced, a token names it in JAX's name stack; afterwards the location of every operation whose name
stack holds a token becomes that node's name, and all others, which tell of files on this machine, become unknown.
Tokens are used because node names may hold `/`, which separates name stacks.
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from typing import Any

import jax
from jaxlib.mlir import ir

_TOKEN = re.compile(r"__onnx_node_(\d+)__")


class Locations:
    """The names of the nodes traced so far."""

    def __init__(self) -> None:
        self._index: dict[str, int] = {}

    def scope(self, name: str) -> AbstractContextManager[Any]:
        """A context in which traced operations belong to the node `name`."""
        index = self._index.setdefault(name, len(self._index))
        return jax.named_scope(f"__onnx_node_{index}__")

    def write(self, module: Any) -> None:
        """Give every operation and block argument of a lowered module the location of its node."""
        names = list(self._index)
        with module.context:
            nowhere = ir.Location.unknown()

            def place(location: Any) -> Any:
                tokens = _TOKEN.findall(str(location))
                return ir.Location.name(names[int(tokens[-1])]) if tokens else nowhere

            def visit(operation: Any) -> Any:
                operation.location = place(operation.location)
                for region in operation.regions:
                    for block in region:
                        for argument in block.arguments:
                            argument.set_location(nowhere)
                return ir.WalkResult.ADVANCE

            module.operation.walk(visit)
