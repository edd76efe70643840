"""Nodes and files that contradict themselves: element types, attributes, structure; each with what else is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import webtensorc
from webtensorc.errors import InvalidFileError
from webtensorc.frontends.onnx import check
from webtensorc.frontends.onnx.load import load

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


def info(name: str, element: int, *sizes: int) -> Any:
    return helper.make_tensor_value_info(name, element, sizes)


def model(nodes: list[Any], outputs: list[Any], inputs: dict[str, tuple[int, ...]], inner: tuple[Any, ...] = ()) -> Any:
    given = [info(name, FLOAT if name != "labels" else INT64, *sizes) for name, sizes in inputs.items()]
    graph = helper.make_graph(nodes, "g", given, outputs, value_info=inner)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)


@pytest.mark.parametrize("is_output", [True, False])
def test_a_value_of_another_element_type_than_declared(is_output: bool) -> None:
    nodes = [helper.make_node("Relu", ["x"], ["h"], name="first"), helper.make_node("Neg", ["h"], ["y"], name="second")]
    outputs = [info("y", INT64 if is_output else FLOAT, 2, 3)]
    proto = model(nodes, outputs, {"x": (2, 3)}, () if is_output else (info("h", INT64, 2, 3),))
    says = f'value "{"y" if is_output else "h"}" is declared as tensor(int64), but it is tensor(float)'
    with pytest.raises(InvalidFileError, match="declared as tensor") as raised:
        load(proto)
    assert raised.value.message == says
    assert ("second" if is_output else "first") in (raised.value.place or "")
    assert [item.reason for item in check(proto)] == [says]


@pytest.mark.parametrize("sizes", [(2, 4), (2, 3, 1)])
def test_a_declared_shape_gives_way(sizes: tuple[int, ...]) -> None:
    proto = model([helper.make_node("Relu", ["x"], ["y"])], [info("y", FLOAT, *sizes)], {"x": (2, 3)})
    warnings: list[str] = []
    assert check(proto, warnings=warnings) == ()
    found = load(proto)
    assert found.outputs[0].sizes == (2, 3)
    shown = ", ".join(map(str, sizes))
    says = f'node "Relu_0" (Relu, opset 22): value "y" is declared with the shape [{shown}], but it has [2, 3]'
    assert found.warnings == tuple(warnings) == (says,)


def test_shapes_that_contradict_nothing_are_not_warned_of() -> None:
    nodes = [helper.make_node("Relu", ["x"], ["h"]), helper.make_node("Neg", ["h"], ["i"])]
    nodes.append(helper.make_node("Abs", ["i"], ["y"]))
    named = helper.make_tensor_value_info("h", FLOAT, ["rows", None])
    shapeless = helper.make_tensor_value_info("i", FLOAT, None)
    proto = model(nodes, [info("y", FLOAT, 2, 3)], {"x": (2, 3)}, (named, shapeless))
    assert load(proto).warnings == ()
    open_input = helper.make_tensor_value_info("x", FLOAT, ["rows", 3])
    proto.graph.input[0].CopyFrom(open_input)
    assert load(proto).warnings == ()


def test_a_value_inside_a_loop_is_warned_of_once() -> None:
    body = helper.make_graph(
        [helper.make_node("Relu", ["c"], ["d"], name="inside"), helper.make_node("Identity", ["go"], ["on"])],
        "body",
        [info("i", INT64), info("go", TensorProto.BOOL), info("c", FLOAT, 2, 3)],
        [info("on", TensorProto.BOOL), info("d", FLOAT, 9, 3)],
    )
    trips = helper.make_tensor("trips", INT64, [], [3])
    loop = helper.make_node("Loop", ["trips", "", "x"], ["y"], body=body, name="again")
    proto = model([loop], [info("y", FLOAT, 2, 3)], {"x": (2, 3)})
    proto.graph.initializer.append(trips)
    (found,) = load(proto).warnings
    assert 'node "again/body/inside"' in found
    assert "[9, 3]" in found


def test_the_api_warns_of_a_wrong_shape_from_the_cache_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBTENSORC_CACHE_DIR", str(tmp_path / "cache"))
    onnx.save(
        model([helper.make_node("Relu", ["x"], ["y"])], [info("y", FLOAT, 2, 4)], {"x": (2, 3)}), tmp_path / "m.onnx"
    )
    for _ in range(2):
        with pytest.warns(webtensorc.ModelWarning, match=r'm\.onnx: .*value "y" .*\[2, 4\], but it has \[2, 3\]'):
            webtensorc.compile(tmp_path / "m.onnx")


SCORES = {"x": (3, 5), "labels": (3,)}
WEIGHTS = {"x": (2, 1, 4), "w": (1, 12, 4), "r": (1, 12, 3)}
NODES = {
    "no such reduction": (("SoftmaxCrossEntropyLoss", {"reduction": "average"}, SCORES), "no `reduction`"),
    "no such reduction of likelihoods": (
        ("NegativeLogLikelihoodLoss", {"reduction": "average"}, SCORES),
        "no `reduction`",
    ),
    "no such activation": (
        ("LSTM", {"hidden_size": 3, "activations": ["Sigmoid", "Gelu", "Tanh"]}, WEIGHTS),
        "no activation that is called `gelu`",
    ),
    "too few activations": (
        ("LSTM", {"hidden_size": 3, "activations": ["Tanh"]}, WEIGHTS),
        "it needs 3 activations, 1 are given",
    ),
    "no such element type": (("Cast", {"to": 97}, {"x": (2,)}), "element type 97 does not exist"),
    "no such axis": (("Flatten", {"axis": 9}, {"x": (2, 3)}), "`Flatten` is not valid: invalid value(9)"),
    "a kernel of another rank": (
        ("Conv", {"kernel_shape": [97]}, {"x": (1, 2, 4, 4), "w": (3, 2, 2, 2)}),
        "`Conv` is not valid: attribute kernel_shape has incorrect size",
    ),
    "batch dimensions that are none": (("GatherND", {"batch_dims": -97}, {"x": (2, 2), "labels": (2, 1)}), "GatherND"),
}


@pytest.mark.parametrize("name", NODES)
def test_attributes_that_their_operators_do_not_have(name: str) -> None:
    (operator, attributes, inputs), says = NODES[name]
    made = helper.make_node(operator, list(inputs), ["y"], **attributes)
    (found,) = check(model([made], [helper.make_tensor_value_info("y", FLOAT, None)], inputs))
    assert says in found.reason
    assert "failed:" not in found.reason


def test_a_broken_structure_does_not_hide_what_is_unsupported() -> None:
    nodes = [helper.make_node("Add", ["x", "gone"], ["h"]), helper.make_node("NoSuch", ["h"], ["y"], name="odd")]
    with pytest.raises(InvalidFileError, match="nothing defines it") as raised:
        check(model(nodes, [info("y", FLOAT, 2)], {"x": (2,)}))
    assert any("NoSuch" in note and "odd" in note for note in raised.value.notes)


def test_a_function_that_reads_what_nothing_defines() -> None:
    body = [helper.make_node("Add", ["a", "gone"], ["b"], name="inside")]
    proto = model([helper.make_node("Mine", ["x"], ["y"], domain="own")], [info("y", FLOAT, 2)], {"x": (2,)})
    proto.opset_import.append(helper.make_opsetid("own", 1))
    proto.functions.append(helper.make_function("own", "Mine", ["a"], ["b"], body, [helper.make_opsetid("", 22)]))
    with pytest.raises(InvalidFileError, match='"gone" is used but nothing before it defines it') as raised:
        load(proto)
    assert 'function "Mine", node "inside"' in (raised.value.place or "")


def test_a_state_bias_that_is_absent() -> None:
    gru = helper.make_node("GRU", list(WEIGHTS), ["y"], hidden_size=3, linear_before_reset=1)
    found = load(
        model([gru], [helper.make_tensor_value_info("y", FLOAT, None)], {**WEIGHTS, "w": (1, 9, 4), "r": (1, 9, 3)})
    )
    assert np.prod(found.outputs[0].sizes) == 6
