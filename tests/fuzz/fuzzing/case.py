"""One drawn node with its inputs, and a model of many of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Known:
    """An input that must be an initialiser, because shapes depend on it."""

    array: Array


@dataclass(frozen=True)
class Case:
    """Nodes, what they are given, and how exact the answer is.

    Attributes:
        opset: of ONNX's own domain; other domains are at their newest.
        nodes: in order.
        inputs: what the model is given when it runs.
        constants: its initialisers.
        sequences: which outputs are sequences of this element type, by name.
        oracle: `onnx` (ONNX's reference evaluator) or `onnxruntime`.
        rtol: relative tolerance for float32; other widths have theirs in proportion.
        wanted: the values that are compared; none of them means all outputs of the last node.
        scaled: whether an element may be off in proportion to the largest one, as sums of many terms are.
    """

    opset: int
    nodes: tuple[Any, ...]
    inputs: Mapping[str, Array]
    constants: Mapping[str, Array]
    sequences: Mapping[str, int] = field(default_factory=dict)
    oracle: str = "onnx"
    rtol: float = 1e-5
    scaled: bool = True
    wanted: tuple[str, ...] = ()

    @property
    def outputs(self) -> tuple[str, ...]:
        """What is compared: the values that are wanted, or the outputs of the last node."""
        return self.wanted or tuple(filter(None, self.nodes[-1].output))

    def __repr__(self) -> str:
        given = "".join(f"\n  {name} = {array!r}" for name, array in {**self.inputs, **self.constants}.items())
        nodes = "".join(f"\n  {onnx.printer.to_text(node).strip()}" for node in self.nodes)
        return f"opset {self.opset}{nodes}{given}\n  at run time: {', '.join(self.inputs) or 'nothing'}"


def model(cases: Sequence[Case]) -> Any:
    """A model that computes all the cases, which are of one opset: `0/x` is the value `x` of the first one."""
    nodes, inputs, outputs, constants = [], [], [], []
    domains = {node.domain for case in cases for node in case.nodes} - {""}
    for index, case in enumerate(cases):
        nodes += [_renamed(node, f"{index}/") for node in case.nodes]
        inputs += [_declared(f"{index}/{name}", array) for name, array in case.inputs.items()]
        constants += [numpy_helper.from_array(array, f"{index}/{name}") for name, array in case.constants.items()]
        outputs += [_output(f"{index}/{name}", case.sequences.get(name)) for name in case.outputs]
    graph = helper.make_graph(nodes, "fuzzed", inputs, outputs, constants)
    opsets = [helper.make_opsetid("", cases[0].opset)]
    opsets += [helper.make_opsetid(name, 1 if name == "com.microsoft" else 3) for name in sorted(domains)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10 if cases[0].opset < 25 else 13)


def given(cases: Sequence[Case]) -> dict[str, Array]:
    """The inputs of `model(cases)`."""
    return {f"{index}/{name}": array for index, case in enumerate(cases) for name, array in case.inputs.items()}


def _declared(name: str, array: Array) -> Any:
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)


def _output(name: str, sequence: int | None) -> Any:
    if sequence is None:
        return onnx.ValueInfoProto(name=name)
    return helper.make_tensor_sequence_value_info(name, sequence, None)


def _renamed(node: Any, prefix: str) -> Any:
    """A copy of the node with a prefix on all names, those in its subgraphs included."""
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    copy.name = f"{prefix}{next(filter(None, node.output))}"
    for names in (copy.input, copy.output):
        names[:] = [name and prefix + name for name in names]
    for attribute in copy.attribute:
        if attribute.type == onnx.AttributeProto.GRAPH:
            graph = attribute.g
            inner = [_renamed(each, prefix) for each in graph.node]
            del graph.node[:]
            graph.node.extend(inner)
            for each in (*graph.input, *graph.output, *graph.initializer):
                each.name = prefix + each.name
    return copy
