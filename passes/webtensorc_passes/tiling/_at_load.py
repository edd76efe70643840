"""Weights in another form, which a kernel makes once, when the module is loaded."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from iree.compiler import ir
from webtensorc_kernels.executable import Kernel

from webtensorc.iree import mlir
from webtensorc_passes.tiling import _results
from webtensorc_passes.tiling._library import Library

__all__ = ["AtLoad", "define", "loaded"]


class AtLoad:
    """Adds globals to a module and the initializers that fill them, one for each pair of weights and kernel."""

    def __init__(self, module: Any, library: Library[Kernel]) -> None:
        self._module, self._library = module, library
        self._made: dict[tuple[str, Kernel], str] = {}
        operations = [op.operation for op in module.regions[0].blocks[0].operations]
        self._constant = {mlir.symbol(op): op for op in operations if _is_constant(op)}

    @property
    def stored_bytes(self) -> int:
        """All weights that are stored outside of the module."""
        stored = (op for op in self._constant.values() if "initial_value" in op.attributes)
        kinds = (op.attributes["type"].value for op in stored)
        return sum(math.prod(kind.shape) * _element_bytes(kind) for kind in kinds)

    def is_stored(self, value: Any) -> bool:
        """Whether a value is weights that are stored outside of the module, or made of them, and never change."""
        load = mlir.owner(value)
        known = {*self._constant, *self._made.values()}
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
            self._made[source, kernel] = made = f"{source}.{symbol}"

            def call(value: Any, before: Any) -> Any:
                return self._library.call(symbol, [value], [kind], {}, before=before).result

            define(self._module, load, made, kind, call)
        return loaded(load, self._made[source, kernel], kind)


def loaded(load: Any, symbol: str, kind: Any) -> Any:
    """Another global, loaded where `load` is."""
    attributes = {"global": ir.FlatSymbolRefAttr.get(symbol, load.context)}
    return mlir.create("util.global.load", [], [kind], attributes, before=load).result


def define(module: Any, load: Any, symbol: str, kind: Any, make: Callable[[Any, Any], Any]) -> None:
    """Add the global `symbol`, of type `kind`, which is what `make` makes, at load, of the weights that `load` loads.

    `make` takes the weights and the operation in front of which it is to compute.
    """
    source, given = load.attributes["global"].value, load.results[0].type
    text = f"""
        util.global private @"{source}" : {given}
        util.global private @"{symbol}" : {kind}
        util.initializer {{
          %weights = util.global.load @"{source}" : {given}
          %made = tensor.empty() : {kind}
          util.global.store %made, @"{symbol}" : {kind}
          util.return
        }}"""
    parsed = ir.Module.parse(text, module.context)
    _, made, initializer = (op.operation for op in parsed.body.operations)
    function = _function(load)
    for op in (made, initializer):
        op.move_before(function)  # the native compiler wants to see globals first
    weights, empty, store, _ = (op.operation for op in initializer.regions[0].blocks[0].operations)
    store.operands[0] = make(weights.result, store)
    empty.erase()


def _function(op: Any) -> Any:
    """The operation of the module's own block that `op` is in."""
    while op.parent.name != "builtin.module":
        op = op.parent
    return op


def _is_constant(op: Any) -> bool:
    if op.name != "util.global" or "is_mutable" in op.attributes:
        return False
    return isinstance(op.attributes["type"].value, ir.RankedTensorType)


def _element_bytes(kind: Any) -> int:
    return max(1, getattr(kind.element_type, "width", 64) // 8)
