"""Drawn models of which something is broken: `check` lists what is wrong or names it, and the compiler agrees.

As in `test_fuzz`, the suite breaks a few, always the same; WEBTENSORC_FUZZ says how many times as many others.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

import onnx
import pytest
from families import declared
from fuzzing.case import model
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from onnx import helper

from webtensorc.errors import InvalidFileError, UnsupportedError
from webtensorc.frontends.onnx import check
from webtensorc.frontends.onnx.load import load

MODELS = int(os.environ.get("WEBTENSORC_FUZZ", "1"))
FAMILIES = declared()
BROKEN: dict[str, Callable[[onnx.GraphProto, random.Random], Any]] = {}
"""What breaks a graph: raises IndexError if it lacks what is to be broken."""


def breaks(function: Callable[[onnx.GraphProto, random.Random], Any]) -> Any:
    BROKEN[function.__name__] = function
    return function


@breaks
def attribute_is_missing(graph: onnx.GraphProto, pick: random.Random) -> None:
    node = pick.choice([node for node in graph.node if node.attribute])
    del node.attribute[pick.randrange(len(node.attribute))]


@breaks
def attribute_of_another_type(graph: onnx.GraphProto, pick: random.Random) -> None:
    attribute = pick.choice([each for node in graph.node for each in node.attribute])
    value = pick.choice([1, 1.5, "text", [1, 2], helper.make_tensor("t", onnx.TensorProto.FLOAT, [1], [1.0])])
    attribute.CopyFrom(helper.make_attribute(attribute.name, value))


@breaks
def number_out_of_range(graph: onnx.GraphProto, pick: random.Random) -> None:
    attributes = [each for node in graph.node for each in node.attribute]
    number = pick.choice([-100, -1, 0, 99, 2**40])
    attribute = pick.choice([each for each in attributes if each.type in (each.INT, each.INTS)])
    if attribute.type == attribute.INT:
        attribute.i = number
    else:
        attribute.ints[:] = [number, *attribute.ints[1:]]


@breaks
def input_of_another_type(graph: onnx.GraphProto, pick: random.Random) -> None:
    pick.choice(graph.input).type.tensor_type.elem_type = pick.choice([0, 1, 2, 7, 8, 9, 10, 11, 14, 99])


@breaks
def input_of_another_rank(graph: onnx.GraphProto, pick: random.Random) -> None:
    dims = pick.choice(graph.input).type.tensor_type.shape.dim
    if pick.random() < 0.5:
        dims.add().dim_value = 3
    else:
        del dims[pick.randrange(len(dims))]


@breaks
def size_that_no_tensor_has(graph: onnx.GraphProto, pick: random.Random) -> None:
    pick.choice(pick.choice(graph.input).type.tensor_type.shape.dim).dim_value = pick.choice([-7, -1, 0, 2**40, 2**62])


@breaks
def name_that_nothing_defines(graph: onnx.GraphProto, pick: random.Random) -> None:
    node = pick.choice([node for node in graph.node if node.input])
    node.input[pick.randrange(len(node.input))] = pick.choice(["nowhere", "", *node.output])


@breaks
def too_few_or_too_many(graph: onnx.GraphProto, pick: random.Random) -> None:
    node = pick.choice(graph.node)
    names = pick.choice([each for each in (node.input, node.output) if len(each)])
    if pick.random() < 0.5:
        names.append("another")
    else:
        del names[-1]


@breaks
def another_operator(graph: onnx.GraphProto, pick: random.Random) -> None:
    node = pick.choice(graph.node)
    node.op_type = pick.choice(["NoSuchOperator", "", "Relu", "Conv", "If", "Loop", "Scan", "Resize", "Einsum", "LSTM"])
    node.domain = pick.choice(["", "", "com.microsoft", "not.imported"])


@breaks
def weight_that_contradicts_itself(graph: onnx.GraphProto, pick: random.Random) -> None:
    weight = pick.choice(graph.initializer)
    if pick.random() < 0.5:
        weight.data_type = pick.choice([0, 1, 7, 8, 10, 99])
    else:
        weight.dims.append(pick.choice([-1, 0, 2]))


@breaks
def result_that_is_missing_or_made_twice(graph: onnx.GraphProto, pick: random.Random) -> None:
    if pick.random() < 0.5:
        graph.output[0].name = "nobody"
    else:
        graph.node.append(graph.node[0])


@pytest.mark.slow
@settings(
    max_examples=60 * MODELS,
    derandomize=MODELS == 1,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)
@given(st.data(), st.sampled_from(sorted(FAMILIES)), st.sampled_from(sorted(BROKEN)), st.integers(0, 2**32))
def test_check_and_compiler_agree(data: st.DataObject, family: str, how: str, seed: int) -> None:
    proto = model(data.draw(FAMILIES[family].cases(1)))
    try:
        BROKEN[how](proto.graph, random.Random(seed))
    except IndexError:
        return
    assert refused_by_check(proto) == refused(proto)


def refused_by_check(proto: onnx.ModelProto) -> bool:
    try:
        return bool(check(proto))
    except (InvalidFileError, UnsupportedError):
        return True


def refused(proto: onnx.ModelProto) -> bool:
    try:
        load(proto)
    except (InvalidFileError, UnsupportedError):
        return True
    return False
