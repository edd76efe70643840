"""`check` names everything that cannot be compiled, whatever else is in the model, and nothing else."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from webtensorc.errors import InvalidFileError, UnsupportedError
from webtensorc.frontends.onnx import check
from webtensorc.frontends.onnx.load import load

GOOD = {
    "Relu": {},
    "Softmax": {"axis": -1},
    "LeakyRelu": {"alpha": 0.5},
}
BAD = {
    ("ImageDecoder", ""): {},
    ("NoSuchOperator", ""): {},
    ("NoSuchOperator", "com.microsoft"): {},
    ("Gelu", "com.microsoft"): {"no_such_attribute": 1},
    ("Binarizer", "not.imported"): {},
    ("LinearClassifier", "ai.onnx.ml"): {"coefficients": [1.0, 2.0, 3.0, 4.0], "classlabels_strings": ["a", "b"]},
}

nodes = st.lists(st.one_of(st.sampled_from(sorted(GOOD)), st.sampled_from(sorted(BAD))), min_size=1, max_size=6)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(nodes, st.booleans())
def test_check_names_what_cannot_be_compiled(chosen: list, chained: bool) -> None:
    made, bad, last = [], set(), "x"
    for index, each in enumerate(chosen):
        operator, domain = (each, "") if isinstance(each, str) else each
        options = GOOD[operator] if isinstance(each, str) else BAD[each]
        name = f"{operator}_{index}"
        made.append(helper.make_node(operator, [last], [name], name=name, domain=domain, **options))
        bad |= set() if isinstance(each, str) else {name}
        last = name if chained and isinstance(each, str) else last
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, (3, 2))
    outputs = [helper.make_tensor_value_info(node.output[0], TensorProto.FLOAT, None) for node in made]
    opsets = [
        helper.make_opsetid("", 20),
        helper.make_opsetid("com.microsoft", 1),
        helper.make_opsetid("ai.onnx.ml", 3),
    ]
    graph = helper.make_graph(made, "g", [value], outputs)
    proto = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    assert {name for item in check(proto) for name in item.nodes} == bad
    if bad:
        with pytest.raises(UnsupportedError):
            load(proto)
    else:
        assert np.prod(load(proto).outputs[0].sizes) == 6


@pytest.mark.parametrize("opset", [10, 11])
def test_a_value_that_must_be_known_is_named(opset: int) -> None:
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, (3, 4))]
    inputs.append(helper.make_tensor_value_info("k", TensorProto.INT64, (1,)))
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    graph = helper.make_graph([helper.make_node("TopK", ["x", "k"], ["y", "i"])], "g", inputs, outputs)
    (found,) = check(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8))
    assert found.reason == "its k must be known when the model is compiled, but it depends on the model's inputs"


def either(then_branch: str, else_branch: str) -> onnx.ModelProto:
    """A model whose condition is an input; x has 3 rows of 4."""
    return onnx.parser.parse_model(f"""
        <ir_version: 8, opset_import: ["": 17]>
        g (float[3, 4] x, bool c) => (float[n, m] y) <int64[2] five = {{5, 5}}> {{
            y = If (c) <
                then_branch = t () => (float[a, b] p) {{ {then_branch} }},
                else_branch = e () => (float[d, e] q) {{ {else_branch} }}
            >
        }}""")


def test_a_branch_that_does_not_fit_is_neither_refused_nor_warned_of() -> None:
    proto = either("[wrong] h = Relu (x)  [cut] p = Reshape (h, five)", "q = Abs (x)")
    declared = proto.graph.node[0].attribute[0].g
    declared.value_info.append(helper.make_tensor_value_info("h", TensorProto.FLOAT, (3, 5)))
    warnings: list[str] = []
    assert not check(proto, warnings=warnings)
    assert not warnings
    assert load(proto).outputs[0].sizes == (3, 4)


def test_nodes_of_two_branches_that_do_not_fit_are_named() -> None:
    proto = either("[one] p = Reshape (x, five)", "[other] q = MatMul (x, x)")
    assert [item.nodes for item in check(proto)] == [("If_0/then_branch/one",), ("If_0/else_branch/other",)]
    with pytest.raises(InvalidFileError):
        load(proto)
