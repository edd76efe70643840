"""Where a walk over a graph is: the node it computes, and the values by name around it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from webtensorc.frontends.onnx.declarations import Type
from webtensorc.frontends.onnx.values import Value


@dataclass(frozen=True)
class Node:
    """What an operator may ask about the node it computes.

    Attributes:
        name: the node's name, made up for unnamed nodes.
        operator: ONNX operator name.
        opset: imported version of its domain.
        outputs: output names; "" for one that nobody wants.
        read: names that the graph or function body around it reads.
        shared: what operators of the same graph leave for each other, so that equal sizes are one value.
    """

    name: str
    operator: str
    opset: int
    outputs: tuple[str, ...]
    read: frozenset[str] = field(repr=False, compare=False)
    shared: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    def wants(self, index: int) -> bool:
        """Whether output `index` has a name."""
        return index < len(self.outputs) and bool(self.outputs[index])

    def is_read(self, index: int) -> bool:
        """Whether anything reads output `index`."""
        return index < len(self.outputs) and self.outputs[index] in self.read


@dataclass
class Scope:
    """The values by name in one graph or function body; graphs inside it see through to it.

    `declared` has the types that the graph declares; `read` has the names that its nodes and outputs read; `sized` has
    the inputs and results of nodes whose results have sizes that depend on data, by what such nodes have in common;
    `shared` is for its nodes.
    """

    path: str
    opsets: Mapping[str, int]
    outer: Scope | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    graph: Any = None
    declared: Mapping[str, Type] = field(default_factory=dict)
    read: frozenset[str] = frozenset()
    values: dict[str, Value] = field(default_factory=dict)
    sized: dict[Any, tuple[tuple[Value, ...], tuple[Value, ...]]] = field(default_factory=dict)
    shared: dict[Any, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Value:
        if name not in self.values and self.outer:
            return self.outer[name]
        return self.values[name]

    def names(self) -> Iterable[str]:
        """Every name that can be read here."""
        return {*self.values, *(self.outer.names() if self.outer else ())}
