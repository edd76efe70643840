"""The graph's structure: names defined once, used after definition, in an order that can be executed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import onnx

from webtensorc.errors import InvalidFileError


def label(node: Any, index: int) -> str:
    """The node's name, or `Conv_17` for the unnamed node at index 17."""
    return str(node.name) or f"{node.op_type}_{index}"


def subgraphs(node: Any) -> Iterator[Any]:
    """The graphs among a node's attributes."""
    for attribute in node.attribute:
        if attribute.type == onnx.AttributeProto.GRAPH or attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def tensors(graph: Any) -> Iterator[Any]:
    """Every TensorProto of a graph: initialisers and attributes, those of graphs inside it too."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
        for inner in subgraphs(node):
            yield from tensors(inner)


def free_names(node: Any) -> Iterator[str]:
    """The outer values that a node reads: its inputs and those that its subgraphs take from around them."""
    yield from filter(None, node.input)
    for graph in subgraphs(node):
        yield from outer_names(graph)


def outer_names(graph: Any) -> Iterator[str]:
    """The values that a graph inside another takes from around it."""
    own = _given(graph) | {name for inner in graph.node for name in inner.output}
    for inner in graph.node:
        yield from (name for name in free_names(inner) if name not in own)
    yield from (each.name for each in graph.output if each.name not in own)


def read_names(nodes: Iterable[Any], outputs: Iterable[str]) -> frozenset[str]:
    """The values that some nodes of a graph or function body read, and its outputs."""
    return frozenset(outputs).union(*map(free_names, nodes))


def ordered(graph: Any, outer: Iterable[str], file: str | None) -> list[tuple[int, Any]]:
    """The nodes that the outputs need, with their indices, every one after what it reads.

    Exporters write nodes in that order already, which is kept; a graph written otherwise is sorted.

    Raises:
        InvalidFileError: a name defined twice, a value that nothing defines, or a cycle.
    """
    given = _given(graph) | set(outer)
    producer = _producers(graph, file)
    waiting: dict[int, int] = {}
    readers: dict[int, list[int]] = {}
    _refuse_dangling(graph, given | producer.keys(), file)
    for index, node in enumerate(graph.node):
        names = list(dict.fromkeys(free_names(node)))
        sources = {producer[name] for name in names if name in producer}
        waiting[index] = len(sources)
        for source in sources:
            readers.setdefault(source, []).append(index)
    order = _topological(waiting, readers)
    if len(order) < len(graph.node):
        stuck = [label(graph.node[index], index) for index in sorted(set(waiting) - set(order))]
        message = f"the graph has a cycle through {', '.join(stuck[:8])}"
        raise InvalidFileError(message, file=file, place=f'node "{stuck[0]}"', hint="export the model again")
    live = _live(graph, producer)
    return [(index, graph.node[index]) for index in order if index in live]


def _given(graph: Any) -> set[str]:
    return {each.name for each in (*graph.input, *graph.initializer)} | {
        each.values.name for each in graph.sparse_initializer
    }


def _producers(graph: Any, file: str | None) -> dict[str, int]:
    for kind, names in (("input", graph.input), ("initializer", graph.initializer), ("output", graph.output)):
        seen: set[str] = set()
        for each in names:
            if each.name in seen and kind != "output":
                _refuse_duplicate(each.name, f'{kind} "{each.name}"', file)
            seen.add(each.name)
    given = _given(graph)
    producer: dict[str, int] = {}
    for index, node in enumerate(graph.node):
        for name in filter(None, node.output):
            if name in producer or name in given:
                _refuse_duplicate(name, f'node "{label(node, index)}" ({node.op_type})', file)
            producer[name] = index
    return producer


def _topological(waiting: dict[int, int], readers: dict[int, list[int]]) -> list[int]:
    ready = deque(index for index, count in waiting.items() if count == 0)
    order = []
    while ready:
        index = ready.popleft()
        order.append(index)
        for reader in readers.get(index, ()):
            waiting[reader] -= 1
            if waiting[reader] == 0:
                ready.append(reader)
    return order


def _live(graph: Any, producer: dict[str, int]) -> set[int]:
    pending = [producer[each.name] for each in graph.output if each.name in producer]
    live: set[int] = set()
    while pending:
        index = pending.pop()
        if index not in live:
            live.add(index)
            pending += [producer[name] for name in free_names(graph.node[index]) if name in producer]
    return live


def _refuse_dangling(graph: Any, defined: set[str], file: str | None) -> None:
    """Refuse a graph that uses what nothing defines, with all such values."""
    reads = [
        (name, f'node "{label(node, index)}" ({node.op_type})')
        for index, node in enumerate(graph.node)
        for name in free_names(node)
    ]
    reads += [(each.name, f'graph output "{each.name}"') for each in graph.output]
    places = {name: place for name, place in reversed(reads) if name not in defined}
    found = [f'value "{name}" is used but nothing defines it' for name in reversed(places)]
    if found:
        first, *others = zip(found, reversed(places.values()), strict=True)
        notes = tuple(f"{message}: {place}" for message, place in others)
        raise InvalidFileError(first[0], file=file, place=first[1], hint="export the model again", notes=notes)


def refuse_undefined(function: Any, node: Any, index: int, defined: Iterable[str], file: str | None) -> None:
    """Refuse a node of a function body that reads what no node before it, and no input of the function, defines.

    Raises:
        InvalidFileError: naming the first such value.
    """
    for name in free_names(node):
        if name not in defined:
            place = f'function "{function.name}", node "{label(node, index)}" ({node.op_type})'
            message = f'value "{name}" is used but nothing before it defines it'
            raise InvalidFileError(message, file=file, place=place, hint="export the model again")


def _refuse_duplicate(name: str, place: str, file: str | None) -> None:
    message = f'value "{name}" is defined twice'
    raise InvalidFileError(message, file=file, place=place, hint="ONNX allows one definition per name")
