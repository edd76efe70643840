"""Inputs whose open sizes broadcast: what becomes equal, of several dimensions at once."""

from __future__ import annotations

import onnx
import pytest

from webtensorc.errors import InvalidFileError
from webtensorc.frontends.onnx import check
from webtensorc.frontends.onnx.load import load

CASES = {
    "three names": ("bool[a] c, float[b] x, float[d] y", "z = Where (c, x, y)", ["a", "a", "a"]),
    "two axes": ("float[a, b] x, float[c, d] y", "z = Add (x, y)", ["a, b", "a, b"]),
    "a number among them": ("float[a, b] x, float[c, 4] y", "z = Mul (x, y)", ["a, 4", "a, 4"]),
    "ones among them": (
        "float[a, b, c] x, float[d, 1, e] y, float[f, e] v", "z = Sum (x, y, v)", ["a, b, c", "a, 1, c", "b, c"]
    ),
    "an expression": (
        "bool[a] c, float[b] x, float[d] y", "t = Concat <axis = 0> (x, x) z = Where (c, t, y)", ["2*b", "b", "2*b"]
    ),
}  # fmt: skip


def model(inputs: str, nodes: str) -> onnx.ModelProto:
    header = '<ir_version: 9, opset_import: ["": 17]>'
    return onnx.parser.parse_model(f"{header} g ({inputs}) => (float[m] z) {{ {nodes} }}")


@pytest.mark.parametrize("case", CASES)
def test_what_broadcasts_is_equal(case: str) -> None:
    inputs, nodes, wanted = CASES[case]
    proto = model(inputs, nodes)
    del proto.graph.output[0].type.tensor_type.shape.dim[:]
    assert not check(proto)
    assert [", ".join(map(str, each.shape)) for each in load(proto).inputs] == wanted


def test_two_numbers_are_not_equal() -> None:
    proto = model("float[a, 3] x, float[b, 4] y", "z = Add (x, y)")
    assert check(proto)
    with pytest.raises(InvalidFileError):
        load(proto)


def test_what_a_later_node_demands_makes_an_earlier_one_fit() -> None:
    """Neither one row nor four columns is enough for the first node, and the second one demands the row."""
    proto = onnx.parser.parse_model("""
        <ir_version: 9, opset_import: ["": 17]>
        g (float[n, 2, m] x, float[n, 3] y) => (float[a, b, c] v, float[d, e] w) {
            three = Constant <value_ints = [1, 3, 4]> ()
            two = Constant <value_ints = [1, 3]> ()
            rows = ConstantOfShape (three)
            row = ConstantOfShape (two)
            v = Concat <axis = 1> (rows, x)
            w = Concat <axis = 1> (row, y)
        }""")
    assert not check(proto)
    assert [each.shape for each in load(proto).inputs] == [(1, 2, 4), (1, 3)]
