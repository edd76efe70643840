"""Operators by domain, name and opset, gathered from the family modules in `operators/`.

An operator is one function of arrays. Adding one means adding one decorated function to the family file where it
belongs (or a new file there: every module of the package is scanned, there is no table to extend):

    @op("Softmax", since=13)
    def softmax(x, *, axis=-1):
        return jax.nn.softmax(x, axis)

Inputs come by position, absent optional ones as None; attributes come by keyword under their ONNX names, strings
decoded, tensors as numpy arrays, graphs as callables. A function that has a parameter `node` is told which node it
computes; one with a parameter `recompute` gets `(name, values by name) -> value`, which computes a value of the graph
around the node again from other values. An attribute that is annotated as `Literal[...]` has no other
values; it is refused with one.

What ONNX defines as a function of other operators needs none here. Where its attributes have a few values, which no
schema tells, a function that does nothing says them:

    @definition("SoftmaxCrossEntropyLoss")
    def softmax_cross_entropy_loss(*, reduction: Literal["mean", "sum", "none"] = "mean"):
        ...
"""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
import typing
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np

F = TypeVar("F", bound=Callable[..., Any])

_MARK = "__onnx_operators__"
_DEFINITION = "__onnx_definition__"


@dataclass(frozen=True)
class Operator:
    """One implementation and the opset versions of its domain for which it holds, `until` included.

    `folds` is whether a node with known inputs only is computed during the trace. `bounded` tells whether it takes
    tensors whose size depends on data; others get arrays in their stead (`slices`), with `neutral` of the element type
    in all slices that mean nothing if there is such a value. `truths` tells whether it takes truth values that are
    expressions of open dimensions (`Extents`); others get computed ones.
    """

    domain: str
    name: str
    since: int
    until: int | None
    function: Callable[..., Any]
    folds: bool = True
    bounded: bool = False
    neutral: Callable[[Any], Any] | None = None
    truths: bool = False

    @functools.cached_property
    def wants_node(self) -> bool:
        """Whether the function has a parameter `node`."""
        return "node" in inspect.signature(self.function).parameters

    @functools.cached_property
    def wants_recompute(self) -> bool:
        """Whether the function has a parameter `recompute`."""
        return "recompute" in inspect.signature(self.function).parameters

    @functools.cached_property
    def wants_note(self) -> bool:
        """Whether the function has a parameter `note`: it is called with what the user should know, one sentence."""
        return "note" in inspect.signature(self.function).parameters

    def lacks(self, attributes: Iterable[str]) -> list[str]:
        """Those of the attributes that the function does not take."""
        parameters = inspect.signature(self.function).parameters
        if any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters.values()):
            return []
        return [name for name in attributes if name not in parameters]

    @functools.cached_property
    def defaults(self) -> dict[str, float]:
        """The defaults of attributes that are floats, which have the precision that an attribute has: float32's."""
        parameters = inspect.signature(self.function).parameters.values()
        return {each.name: float(np.float32(each.default)) for each in parameters if isinstance(each.default, float)}

    @functools.cached_property
    def choices(self) -> dict[str, tuple[str, ...]]:
        """The values of attributes that have a few: of parameters that are annotated as `Literal`."""
        return _choices(self.function)

    def covers(self, version: int) -> bool:
        """Whether a model that imports `version` of the domain means this implementation."""
        return self.since <= version and (self.until is None or version <= self.until)

    @property
    def versions(self) -> str:
        """The opset range as a reader writes it: `7..12` or `13..`."""
        return f"{self.since}..{self.until or ''}"


def op(
    name: str,
    *,
    since: int = 1,
    until: int | None = None,
    domain: str = "",
    folds: bool = True,
    bounded: bool = False,
    neutral: Callable[[Any], Any] | None = None,
    truths: bool = False,
) -> Callable[[F], F]:
    """Declare that the decorated function computes operator `name` for opsets `since` to `until`.

    With `folds=False` it leaves its operations in the graph even if all inputs are known: for what must not be computed
    ahead because its result is larger than its inputs. With `bounded` it takes tensors whose size depends on data
    (`values.Bounded`) as well as others. `neutral` gives the value, by the element type of the first input, which
    changes no result however often it comes after the other elements. With `truths` it takes truth values that are
    expressions of open dimensions (`extents.Extents`).
    """

    def mark(function: F) -> F:
        made = Operator(domain, name, since, until, function, folds, bounded, neutral, truths)
        setattr(function, _MARK, (*getattr(function, _MARK, ()), made))
        return function

    return mark


def definition(name: str, *, domain: str = "") -> Callable[[F], F]:
    """Declare the values of the attributes of an operator that ONNX's definition computes.

    The decorated function is never called: its parameters are the attributes, annotated as `Literal[...]`.
    """

    def mark(function: F) -> F:
        setattr(function, _DEFINITION, (domain, name))
        return function

    return mark


@functools.cache
def operators() -> dict[tuple[str, str], tuple[Operator, ...]]:
    """Every implemented operator by (domain, name).

    Raises:
        ValueError: two implementations of one operator cover the same opset.
    """
    found: dict[tuple[str, str], tuple[Operator, ...]] = {}
    for function in _functions():
        for each in getattr(function, _MARK, ()):
            key = (each.domain, each.name)
            _refuse_overlap(each, found.get(key, ()))
            found[key] = (*found.get(key, ()), each)
    return found


def find(domain: str, name: str, version: int) -> Operator | None:
    """The implementation of an operator at one opset version, or None."""
    return next((each for each in operators().get((domain, name), ()) if each.covers(version)), None)


def choices(domain: str, name: str, version: int) -> dict[str, tuple[str, ...]]:
    """The values of those attributes of an operator that have a few."""
    operator = find(domain, name, version)
    return operator.choices if operator else _definitions().get((domain, name), {})


@functools.cache
def _definitions() -> dict[tuple[str, str], dict[str, tuple[str, ...]]]:
    declared = (each for each in _functions() if hasattr(each, _DEFINITION))
    return {getattr(function, _DEFINITION): _choices(function) for function in declared}


def _functions() -> Iterator[Callable[..., Any]]:
    """The functions of all modules of operators."""
    package = importlib.import_module("webtensorc.frontends.onnx.operators")
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda each: each.name):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        yield from (each for each in vars(module).values() if getattr(each, "__module__", None) == module.__name__)


def _choices(function: Callable[..., Any]) -> dict[str, tuple[str, ...]]:
    hints = typing.get_type_hints(function)
    return {name: typing.get_args(hint) for name, hint in hints.items() if typing.get_origin(hint) is Literal}


def _refuse_overlap(new: Operator, old: tuple[Operator, ...]) -> None:
    for each in old:
        if max(each.since, new.since) <= min(each.until or 10**6, new.until or 10**6):
            raise ValueError(f"{new.name} {new.versions} is implemented twice (also {each.versions})")
