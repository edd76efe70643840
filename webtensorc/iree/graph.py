"""The `main` function of a GRAPH-phase module and the weights that are its first arguments, edited in step."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import Any, cast

import numpy as np
from iree.compiler import ir

from webtensorc.errors import InvalidFileError
from webtensorc.iree.mlir import Array, Operation, Value, dtype_of, shape_of, symbol, tensor_type

Weights = MutableMapping[str, np.ndarray]


class Graph:
    """An editing session on `main`, to be used in a `with` statement.

    While it is open, new weights may be added, changed and removed; `main`'s argument list is put in order (weights in
    the order of the mapping, then inputs) when it is left. Weights that lost their last use in the session are dropped.
    """

    def __init__(self, module: Operation, weights: Mapping[str, np.ndarray]) -> None:
        self.function = main_function(module)
        self.block = self.function.regions[0].blocks[0]
        self.context = module.context
        self.weights = cast(Weights, weights)
        arguments = list(self.block.arguments)
        self._inputs: list[Value] = arguments[len(weights) :]
        self._values: dict[str, Value] = dict(zip(weights, arguments, strict=False))
        self._names: dict[Value, str] = {value: name for name, value in self._values.items()}
        self._used = {name for name, value in self._values.items() if _is_used(value)}
        self._added: set[str] = set()

    def __enter__(self) -> Graph:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            for name in [name for name in self._used if not _is_used(self._values[name])]:
                self.remove_weight(name)
            self._put_inputs_last()
            self._set_type()

    def operations(self) -> list[Operation]:
        """The operations of `main`, in order; its nested regions are not entered."""
        return [op.operation for op in self.block.operations]

    def weight_name(self, value: Value) -> str | None:
        """The name of the weight that a value is, or None."""
        return self._names.get(value) if isinstance(value, ir.BlockArgument) else None

    def weight_value(self, name: str) -> Value:
        """The argument of `main` that holds a weight."""
        return self._values[name]

    def add_weight(self, name: str, array: Array) -> Value:
        """A new weight, called `name` or, if that is taken, `name.2`, `name.3`, ..."""
        unique, number = name, 2
        while unique in self._values:
            unique, number = f"{name}.{number}", number + 1
        kind = tensor_type(array.shape, array.dtype, self.context)
        value = self.block.add_argument(kind, self.function.location)
        self.weights[unique] = array
        self._values[unique] = value
        self._names[value] = unique
        self._used.add(unique)
        self._added.add(unique)
        return value

    def change_weight(self, value: Value, array: Array) -> None:
        """Give a weight other contents, perhaps another shape, under its old name; its users must cope."""
        self.weights[self._names[value]] = array
        if shape_of(value) != array.shape or dtype_of(value) != array.dtype:
            value.set_type(tensor_type(array.shape, array.dtype, self.context))

    def remove_weight(self, name: str) -> None:
        """Drop an unused weight and its argument."""
        value = self._values.pop(name)
        del self._names[value]
        del self.weights[name]
        self._used.discard(name)
        self._added.discard(name)
        self._edit_attributes(drop=value.arg_number)
        self.block.erase_argument(value.arg_number)

    def _put_inputs_last(self) -> None:
        if not self._added:
            return
        first = len(self.weights) - len(self._added)
        for old in self._inputs:
            new = self.block.add_argument(old.type, self.function.location)
            old.replace_all_uses_with(new)
            self.block.erase_argument(first)
        self._edit_attributes(insert=(first, len(self._added)))

    def _edit_attributes(self, *, drop: int | None = None, insert: tuple[int, int] | None = None) -> None:
        """Keep the attributes of the arguments (`arg_attrs`), if there are any, in step with the arguments."""
        if "arg_attrs" not in self.function.attributes:
            return
        each = list(self.function.attributes["arg_attrs"])
        if drop is not None and drop < len(each):
            del each[drop]
        if insert is not None:
            empty = ir.DictAttr.get({}, self.context)
            each[insert[0] : insert[0]] = [empty] * insert[1]
        self.function.attributes["arg_attrs"] = ir.ArrayAttr.get(each, self.context)

    def _set_type(self) -> None:
        old = self.function.attributes["function_type"].value
        inputs = [argument.type for argument in self.block.arguments]
        if inputs != list(old.inputs):
            kind = ir.FunctionType.get(inputs, list(old.results), self.context)
            self.function.attributes["function_type"] = ir.TypeAttr.get(kind, self.context)


def main_function(module: Operation) -> Operation:
    """The function `main` of a module.

    Raises:
        InvalidFileError: there is none.
    """
    for op in module.regions[0].blocks[0].operations:
        if op.operation.name == "func.func" and symbol(op.operation) == "main":
            return op.operation
    raise InvalidFileError(
        "the module has no function `main`",
        hint="passes of the graph phase take StableHLO as `webtensorc compile MODEL --stop-after graph` prints it",
    )


def _is_used(value: Any) -> bool:
    return next(iter(value.uses), None) is not None
