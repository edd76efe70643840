"""A drawn graph in another dress: what ONNX allows around the nodes must change nothing of what they compute.

Graphs are evaluated by XLA, which takes a tenth of the time of a compilation: what is at stake is how a file is read.
As in `test_fuzz`, the suite draws a few, always the same; WEBTENSORC_FUZZ says how many times as many others.
"""

from __future__ import annotations

import os
import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from families import graphs
from fuzzing.case import Array, Case, given, model
from fuzzing.oracle import difference, expected
from hypothesis import HealthCheck, Phase, settings
from hypothesis import given as drawn
from hypothesis import strategies as st
from onnx import helper

from webtensorc.frontends.onnx import check
from webtensorc.frontends.onnx.load import load
from webtensorc.reference_xla import run_xla

GRAPHS = int(os.environ.get("WEBTENSORC_FUZZ", "1"))
NAMES = ("a b", "größe", "张量", "0", "%x", "main", 'say "x"', "a\\b", "x:0", "/l.1/w", "n" * 600, "a\nb", "@f", "x#1")
DRESSES: dict[str, Callable[[Any, random.Random, dict[str, Array], dict[str, Array]], None]] = {}
"""Changes of a model, of what it is given, and of what it must give."""


def dress(function: Callable[..., None]) -> Callable[..., None]:
    DRESSES[function.__name__] = function
    return function


@dress
def odd_names(proto: Any, pick: random.Random, inputs: dict[str, Array], wanted: dict[str, Array]) -> None:
    """Every value has another name, each a text that means something elsewhere."""
    names: dict[str, str] = {}

    def renamed(name: str) -> str:
        return names.setdefault(name, f"{pick.choice(NAMES)}{len(names) or ''}") if name else ""

    _rename(proto.graph, renamed)
    for values in (inputs, wanted):
        renewed = {renamed(name): each for name, each in values.items()}
        values.clear()
        values.update(renewed)


def _rename(graph: Any, renamed: Callable[[str], str]) -> None:
    for each in (*graph.input, *graph.output, *graph.initializer, *graph.value_info):
        each.name = renamed(each.name)
    for node in graph.node:
        node.input[:] = map(renamed, node.input)
        node.output[:] = map(renamed, node.output)
        for attribute in node.attribute:
            if attribute.type == attribute.GRAPH:
                _rename(attribute.g, renamed)


@dress
def nodes_without_names(proto: Any, pick: random.Random, inputs: dict[str, Array], wanted: dict[str, Array]) -> None:
    """Names of nodes are optional, and several may have one."""
    name = pick.choice(("", "same"))
    for node in proto.graph.node:
        node.name = name


@dress
def what_nobody_reads(proto: Any, pick: random.Random, inputs: dict[str, Array], wanted: dict[str, Array]) -> None:
    """An input, an initialiser, and a node that computes something of them."""
    proto.graph.input.append(helper.make_tensor_value_info("idle", onnx.TensorProto.DOUBLE, (0, 2)))
    inputs["idle"] = np.zeros((0, 2))
    proto.graph.initializer.append(helper.make_tensor("spare", onnx.TensorProto.INT8, (2,), [1, 2]))
    proto.graph.node.insert(0, helper.make_node("Cast", ["spare"], ["lost"], to=onnx.TensorProto.STRING))
    proto.graph.node.append(helper.make_node("Add", ["idle", "idle"], ["thrown away"]))


@dress
def initialisers_as_inputs(proto: Any, pick: random.Random, inputs: dict[str, Array], wanted: dict[str, Array]) -> None:
    """As every file did until IR version 3; a later one says so that they may be replaced."""
    for each in proto.graph.initializer:
        proto.graph.input.append(helper.make_tensor_value_info(each.name, each.data_type, each.dims))


@dress
def inputs_as_outputs(proto: Any, pick: random.Random, inputs: dict[str, Array], wanted: dict[str, Array]) -> None:
    """Outputs that no node makes."""
    each = pick.choice(list(inputs) or [""])
    if each:
        proto.graph.output.append(onnx.ValueInfoProto(name=each))
        wanted[each] = inputs[each]
    for tensor in list(proto.graph.initializer)[:1]:
        proto.graph.output.append(onnx.ValueInfoProto(name=tensor.name))
        wanted[tensor.name] = onnx.numpy_helper.to_array(tensor)


@dress
def one_value_under_two_names(
    proto: Any, pick: random.Random, inputs: dict[str, Array], wanted: dict[str, Array]
) -> None:
    """Two outputs that are one tensor."""
    each = pick.choice(list(wanted))
    for name in ("again", "and again"):
        proto.graph.node.append(helper.make_node("Identity", [each], [name]))
        proto.graph.output.append(onnx.ValueInfoProto(name=name))
        wanted[name] = wanted[each]


@dress
def constants_as_nodes(proto: Any, pick: random.Random, inputs: dict[str, Array], wanted: dict[str, Array]) -> None:
    """Initialisers that `Constant` makes."""
    kept = {each.name for each in (*proto.graph.input, *proto.graph.output)}
    for tensor in list(proto.graph.initializer):
        if tensor.name not in kept:
            proto.graph.node.insert(0, helper.make_node("Constant", [], [tensor.name], value=tensor))
            proto.graph.initializer.remove(tensor)


@dress
def numbers_in_fields(proto: Any, pick: random.Random, inputs: dict[str, Array], wanted: dict[str, Array]) -> None:
    """Initialisers whose numbers are in a field of their type, not in bytes."""
    for tensor in proto.graph.initializer:
        array = onnx.numpy_helper.to_array(tensor)
        tensor.CopyFrom(helper.make_tensor(tensor.name, tensor.data_type, array.shape, array.flatten().tolist()))


@dress
def words(proto: Any, pick: random.Random, inputs: dict[str, Array], wanted: dict[str, Array]) -> None:
    """Documentation and metadata."""
    proto.producer_name, proto.doc_string, proto.graph.doc_string = "\u2603", "a\0b", "x" * 5000
    helper.set_model_props(proto, {"": "", "k y": "\n"})
    proto.opset_import.append(helper.make_opsetid("not.used", 3))
    for node in proto.graph.node:
        node.doc_string = "%"


@pytest.mark.slow
@settings(
    max_examples=25 * GRAPHS,
    derandomize=GRAPHS == 1,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)
@drawn(
    st.one_of(graphs.plain.cases(1), graphs.nested.cases(1)),
    st.lists(st.sampled_from(sorted(DRESSES)), min_size=1, max_size=4, unique=True),
    st.integers(0, 2**32),
)
def test_a_graph_in_another_dress(cases: list[Case], dresses: list[str], seed: int) -> None:
    proto, inputs = model(cases), given(cases)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy's, about overflows
        wanted = dict(zip((each.name for each in proto.graph.output), expected(cases[0]), strict=True))
    pick = random.Random(seed)
    for each in dresses:
        DRESSES[each](proto, pick, inputs, wanted)
    assert not check(proto), dresses
    loaded = load(proto)
    assert [spec.name for spec in loaded.outputs] == [each.name for each in proto.graph.output], dresses
    found = run_xla(loaded, inputs)
    for name, right in wanted.items():
        wrong = difference(cases[0], found[name], right)
        assert not wrong, f"{dresses}: {name}: {wrong}\n{cases[0]!r}"
