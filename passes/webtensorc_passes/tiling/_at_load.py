"""Weights in another form, which a kernel makes once, when the module is loaded."""

from __future__ import annotations

import math
from typing import Any

from iree.compiler import ir
from webtensorc_kernels.executable import Kernel

from webtensorc.iree import mlir
from webtensorc_passes.tiling import _results
from webtensorc_passes.tiling._library import Library

__all__ = ["AtLoad"]


class AtLoad:
    """Adds globals to a module and the initializers that fill them, one for each pair of weights and kernel."""

    def __init__(self, module: Any, library: Library[Kernel]) -> None:
        self._module, self._library = module, library
        self._made: dict[tuple[str, Kernel], str] = {}
        operations = [op.operation for op in module.regions[0].blocks[0].operations]
        self._stored = {mlir.symbol(op): op.attributes["type"].value for op in operations if _is_stored(op)}

    @property
    def stored_bytes(self) -> int:
        """All weights that are stored outside of the module."""
        return sum(math.prod(kind.shape) * _element_bytes(kind) for kind in self._stored.values())

    def is_stored(self, value: Any) -> bool:
        """Whether a value is weights that are stored outside of the module, or made of them here, and never change."""
        load = mlir.owner(value)
        known = {*self._stored, *self._made.values()}
        return load is not None and load.name == "util.global.load" and load.attributes["global"].value in known

    def made(self, name: str, kernel: Kernel, weights: Any, *, before: Any) -> Any:
        """What `kernel`, called `name`, makes of weights: where these are loaded, or else in each call."""
        if self.is_stored(weights):
            return self.value(weights, name, kernel)
        return _results.made(self._library, name, kernel, weights, before=before)

    def value(self, weights: Any, name: str, kernel: Kernel) -> Any:
        """What `kernel`, called `name`, makes of stored `weights`, where these are loaded."""
        load = mlir.owner(weights)
        assert load is not None
        source, (kind,) = str(load.attributes["global"].value), _results.types(kernel, load.context)
        if (source, kernel) not in self._made:
            symbol = self._library.define(name, kernel)
            self._made[source, kernel] = self._define(source, symbol, weights.type, kind, before=_function(load))
        attributes = {"global": ir.FlatSymbolRefAttr.get(self._made[source, kernel], load.context)}
        return mlir.create("util.global.load", [], [kind], attributes, before=load).result

    def _define(self, source: str, kernel: str, given: Any, kind: Any, *, before: Any) -> str:
        symbol = f"{source}.{kernel}"
        text = f"""
            util.global private @"{source}" : {given}
            util.global private @"{symbol}" : {kind}
            util.initializer {{
              %weights = util.global.load @"{source}" : {given}
              %made = tensor.empty() : {kind}
              util.global.store %made, @"{symbol}" : {kind}
              util.return
            }}"""
        parsed = ir.Module.parse(text, self._module.context)
        _, made, initializer = (op.operation for op in parsed.body.operations)
        for op in (made, initializer):
            op.move_before(before)  # the native compiler wants to see globals first
        load, empty, store, _ = (op.operation for op in initializer.regions[0].blocks[0].operations)
        store.operands[0] = self._library.call(kernel, [load.result], [kind], {}, before=store).result
        empty.erase()
        return symbol


def _function(op: Any) -> Any:
    """The operation of the module's own block that `op` is in."""
    while op.parent.name != "builtin.module":
        op = op.parent
    return op


def _is_stored(op: Any) -> bool:
    if op.name != "util.global" or "initial_value" not in op.attributes or "is_mutable" in op.attributes:
        return False
    return isinstance(op.attributes["type"].value, ir.RankedTensorType)


def _element_bytes(kind: Any) -> int:
    return max(1, getattr(kind.element_type, "width", 64) // 8)
