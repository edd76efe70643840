"""Classifiers that end in maps from labels to scores, as CatBoost and scikit-learn's converter write them."""

from __future__ import annotations

import numpy as np
import onnx.parser
import pytest
import webtensorc_runtime
from onnx import helper
from onnxruntime import InferenceSession

import webtensorc
from webtensorc.errors import InvalidFileError
from webtensorc.frontends.onnx import check


def classifier(**labels: list[int] | list[str]) -> onnx.ModelProto:
    proto = onnx.parser.parse_model("""
        <ir_version: 8, opset_import: ["" : 18, "ai.onnx.ml" : 3]>
        classifier (float[rows, 3] x) => (int64[rows] label, seq(map(int64, float)) maps)
        { scores = Softmax (x)  label = ArgMax <axis = 1, keepdims = 0> (x) }
    """)
    proto.graph.node.append(helper.make_node("ZipMap", ["scores"], ["maps"], domain="ai.onnx.ml", **labels))
    kind = onnx.TypeProto()
    entry = kind.sequence_type.elem_type.map_type
    entry.key_type = onnx.TensorProto.STRING if "classlabels_strings" in labels else onnx.TensorProto.INT64
    entry.value_type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    proto.graph.output[1].type.CopyFrom(kind)
    return proto


@pytest.mark.parametrize(
    "labels",
    [{"classlabels_int64s": [7, 0, 9]}, {"classlabels_strings": ["red", "green", "blue"]}],
    ids=["numbers", "strings"],
)
def test_maps_are_given_as_their_scores(labels: dict[str, list[int] | list[str]]) -> None:
    proto = classifier(**labels)
    assert check(proto) == ()
    (names,) = labels.values()
    with pytest.warns(webtensorc.ModelWarning, match=", ".join(map(repr, names))):
        bundle = webtensorc.compile(proto, cache=False)
    x = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
    found = webtensorc_runtime.load(bundle).run({"x": x})
    label, maps = InferenceSession(proto.SerializeToString()).run(None, {"x": x})
    np.testing.assert_array_equal(found["label"], label)
    np.testing.assert_allclose(found["maps"], [[each[name] for name in names] for each in maps], rtol=1e-6)


def test_as_many_labels_as_columns() -> None:
    with pytest.raises(InvalidFileError, match="ZipMap"):
        webtensorc.compile(classifier(classlabels_int64s=[1, 2]), cache=False)
