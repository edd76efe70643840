"""Trees that give weights to one of two classes only: both scores and the label are those of ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import onnx
import pytest
import webtensorc_runtime
from onnx import TensorProto, helper

import webtensorc
from webtensorc.frontends.onnx.check import check
from webtensorc.reference import run_onnxruntime

LEAVES = [(0, 1), (0, 2), (1, 1), (1, 2)]
ROWS = np.float32([[-1], [0.5], [2]])
SHARES, MIXED = [0.25, 0.5, 0.125, 0.375], [0.75, -0.5, -0.25, 0.375]
BASES: list[list[float]] = [[], [0.125], [0.25, 0.0625]]
TRANSFORMS = ["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO", "PROBIT"]
# ONNX Runtime leaves one score unset, or ignores the weights.
REFUSED = {(0, 0, "PROBIT"), (0, 1, "PROBIT"), *((1, 2, transform) for transform in TRANSFORMS)}


def classifier(
    name: str, which: int, weights: Sequence[float], base: list[float], transform: str, leaves: list[tuple[int, int]]
) -> onnx.NodeProto:
    """Two trees of one split each."""
    return helper.make_node(
        "TreeEnsembleClassifier",
        ["x"],
        [f"label_{name}", f"scores_{name}"],
        domain="ai.onnx.ml",
        nodes_treeids=[0, 0, 0, 1, 1, 1],
        nodes_nodeids=[0, 1, 2] * 2,
        nodes_featureids=[0] * 6,
        nodes_values=[0.0, 0.0, 0.0, 1.0, 0.0, 0.0],
        nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"] * 2,
        nodes_truenodeids=[1, 0, 0] * 2,
        nodes_falsenodeids=[2, 0, 0] * 2,
        class_treeids=[tree for tree, _ in leaves],
        class_nodeids=[number for _, number in leaves],
        class_ids=[which] * len(leaves),
        class_weights=list(weights),
        classlabels_int64s=[4, 2],
        post_transform=transform,
        base_values=base or None,
    )


def model(nodes: list[onnx.NodeProto], version: int = 3) -> onnx.ModelProto:
    outputs = [
        helper.make_tensor_value_info(name, kind, None)
        for node in nodes
        for name, kind in zip(node.output, (TensorProto.INT64, TensorProto.FLOAT), strict=True)
    ]
    graph = helper.make_graph(
        nodes, "two", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ROWS.shape)], outputs
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", version)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


@pytest.mark.parametrize("version", [1, 3])
@pytest.mark.parametrize("which", [0, 1])
def test_agrees_with_onnxruntime(which: int, version: int) -> None:
    nodes = [
        classifier(f"{kind}_{len(base)}_{transform}", which, weights, base, transform, LEAVES)
        for (kind, weights), base, transform in product({"shares": SHARES, "mixed": MIXED}.items(), BASES, TRANSFORMS)
        if (which, len(base), transform) not in REFUSED
    ]
    proto = model(nodes, version)
    found = webtensorc_runtime.load(webtensorc.compile(proto, cache=False)).run({"x": ROWS})
    wanted = run_onnxruntime(proto, {"x": ROWS})
    assert set(found) == set(wanted)
    for name, array in wanted.items():
        # ONNX Runtime's inverse of the error function is Winitzki's approximation, good to three digits.
        near = {"rtol": 2e-3, "atol": 1e-3} if "PROBIT" in name else {"rtol": 1e-6, "atol": 1e-6}
        np.testing.assert_allclose(found[name], array, **near, err_msg=name)


@pytest.mark.parametrize(("which", "bases", "transform"), sorted(REFUSED))
def test_what_onnxruntime_leaves_open_is_refused(which: int, bases: int, transform: str) -> None:
    (found,) = check(model([classifier("it", which, SHARES, BASES[bases], transform, LEAVES)]))
    assert "not implemented" in str(found)


def test_a_row_may_reach_no_weight() -> None:
    """ONNX Runtime then takes the row for one of a single score; a whole tree of weights rules that out."""
    sparse, whole = [LEAVES[0], LEAVES[2]], LEAVES[:3]
    (found,) = check(model([classifier("it", 1, SHARES[:2], [], "NONE", sparse)]))
    assert "some leaves lack" in str(found)
    assert check(model([classifier("it", 1, SHARES[:3], [], "NONE", whole)])) == ()
