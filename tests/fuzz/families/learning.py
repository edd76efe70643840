"""Classic machine learning (ai.onnx.ml), compared with ONNX Runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
from fuzzing.case import Case, Known
from fuzzing.draw import Drawer, array, case, family, flag, integer, pick, shape

LOOSE = {"oracle": "onnxruntime", "rtol": 5e-5}
FLOAT = np.float32


def learnt(draw: Drawer, operator: str, inputs: list[Any], **options: Any) -> Case:
    return case(draw, 17, operator, inputs, **{"how": LOOSE, "domain": "ai.onnx.ml", **options})


def numbers(draw: Drawer, count: int) -> list[float]:
    return [float(each) for each in array(draw, FLOAT, (count,))]


@family()
def scaling(draw: Drawer, opset: int) -> Case:
    operator = pick(draw, "Scaler", "Normalizer", "Binarizer", "Imputer")
    rows, width = integer(draw, 1, 3), integer(draw, 1, 4)
    x = array(draw, FLOAT, (rows, width))
    if operator == "Scaler":
        count = pick(draw, 1, width)
        return learnt(draw, operator, [x], offset=numbers(draw, count), scale=numbers(draw, count))
    if operator == "Normalizer":
        return learnt(draw, operator, [np.abs(x)], norm=pick(draw, "MAX", "L1", "L2"))
    if operator == "Binarizer":
        return learnt(draw, operator, [x], threshold=pick(draw, None, 0.5))
    old = pick(draw, 0.25, float("nan"))
    x[0, 0] = old
    values = numbers(draw, pick(draw, 1, width))
    return learnt(draw, operator, [x], imputed_value_floats=values, replaced_value_float=old)


@family()
def features(draw: Drawer, opset: int) -> Case:
    operator = pick(draw, "ArrayFeatureExtractor", "OneHotEncoder", "FeatureVectorizer", "LabelEncoder")
    rows, width = integer(draw, 1, 3), integer(draw, 1, 4)
    x = array(draw, FLOAT, (rows, width))
    if operator == "ArrayFeatureExtractor":
        at = [integer(draw, 0, width - 1) for _ in range(integer(draw, 1, 3))]
        return learnt(draw, operator, [x, Known(np.asarray([at], np.int64))])
    if operator == "OneHotEncoder":
        x = array(draw, pick(draw, np.int64, FLOAT), shape(draw, 1, 2, smallest=1))
        return learnt(draw, operator, [np.round(x).astype(x.dtype)], cats_int64s=[0, 1, -2, 5])
    if operator == "FeatureVectorizer":
        parts = [array(draw, FLOAT, (rows, integer(draw, 1, 3))) for _ in range(integer(draw, 1, 3))]
        sizes = [part.shape[1] for part in parts]
        return learnt(draw, operator, parts, inputdimensions=sizes)
    keys = [0, 1, 3, -2]
    if flag(draw):
        options = {"keys_int64s": keys, "values_floats": [0.5, 1.5, 2.5, 3.5], "default_float": pick(draw, None, 9.0)}
        return learnt(draw, operator, [array(draw, np.int64, (rows, width))], **options)
    options = {"keys_floats": [float(key) for key in keys], "values_int64s": [5, 6, 7, 8]}
    return learnt(draw, operator, [np.round(x)], default_int64=pick(draw, None, 9), **options)


@family()
def linear(draw: Drawer, opset: int) -> Case:
    rows, width, count = integer(draw, 1, 3), integer(draw, 1, 4), integer(draw, 2, 3)
    x = array(draw, FLOAT, (rows, width))
    options: dict[str, Any] = {"coefficients": numbers(draw, count * width), "intercepts": numbers(draw, count)}
    if flag(draw):
        return learnt(draw, "LinearRegressor", [x], targets=count, **options)
    options["post_transform"] = pick(draw, None, "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO")
    options["classlabels_ints"] = [3, 1, 7][:count]
    return learnt(draw, "LinearClassifier", [x], outputs=2, **options)


@family()
def svm_regressor(draw: Drawer, opset: int) -> Case:
    rows, width, count = integer(draw, 1, 3), integer(draw, 1, 4), integer(draw, 1, 3)
    x = array(draw, FLOAT, (rows, width)) / FLOAT(4)
    kind = pick(draw, "LINEAR", "RBF", "POLY", "SIGMOID")
    return learnt(
        draw,
        "SVMRegressor",
        [x],
        coefficients=numbers(draw, count),
        kernel_params=[0.5, 0.25, 2.0],
        kernel_type=kind,
        n_supports=count,
        rho=[0.125],
        support_vectors=numbers(draw, count * width),
        one_class=pick(draw, None, 1),
    )


@family()
def support_vector_classifier(draw: Drawer, opset: int) -> Case:
    """Not with weights that are all positive: ONNX Runtime then always gives the second label."""
    width = integer(draw, 1, 3)
    counts = [integer(draw, 1, 3) for _ in range(integer(draw, 2, 4))]
    pairs = len(counts) * (len(counts) - 1) // 2
    weights = [-0.5, *numbers(draw, sum(counts) * (len(counts) - 1))[1:]]
    sure = {"prob_a": [-1.5] * pairs, "prob_b": [0.125] * pairs} if flag(draw) else {}
    return learnt(
        draw,
        "SVMClassifier",
        [array(draw, FLOAT, (integer(draw, 1, 3), width))],
        outputs=2,
        classlabels_ints=list(range(3, 3 + len(counts))),
        coefficients=weights,
        kernel_params=[0.5, 0.25, 2.0],
        kernel_type=pick(draw, "LINEAR", "RBF", "POLY", "SIGMOID"),
        rho=numbers(draw, pairs),
        support_vectors=numbers(draw, sum(counts) * width),
        vectors_per_class=counts,
        **sure,
    )


def forest(draw: Drawer, width: int, depth: int) -> tuple[dict[str, Any], list[tuple[int, int]]]:
    """The `nodes_` attributes of complete trees, and their leaves as (tree, number)."""
    nodes: dict[str, list[Any]] = {
        f"nodes_{name}": []
        for name in ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids")
    }
    nodes["nodes_missing_value_tracks_true"] = []
    leaves = []
    mode = pick(draw, "BRANCH_LEQ", "BRANCH_LT", "BRANCH_GT", "BRANCH_GTE")
    for tree in range(integer(draw, 1, 3)):
        for number in range(2 ** (depth + 1) - 1):
            is_leaf = number >= 2**depth - 1
            if is_leaf:
                leaves.append((tree, number))
            row = (tree, number, integer(draw, 0, width - 1), numbers(draw, 1)[0], "LEAF" if is_leaf else mode)
            follow = (0, 0) if is_leaf else (2 * number + 1, 2 * number + 2)
            for values, each in zip(nodes.values(), (*row, *follow, int(flag(draw))), strict=True):
                values.append(each)
    return nodes, leaves


@family()
def trees(draw: Drawer, opset: int) -> Case:
    rows, width, depth = integer(draw, 1, 4), integer(draw, 1, 3), integer(draw, 1, 3)
    nodes, leaves = forest(draw, width, depth)
    x = array(draw, FLOAT, (rows, width))
    if flag(draw):
        x[0, 0] = np.nan
    base = flag(draw)
    if flag(draw):
        count = integer(draw, 1, 2)
        chosen = [(*leaf, target) for leaf in leaves for target in range(count)]
        options: dict[str, Any] = {
            "target_treeids": [each[0] for each in chosen],
            "target_nodeids": [each[1] for each in chosen],
            "target_ids": [each[2] for each in chosen],
            "target_weights": numbers(draw, len(chosen)),
            "n_targets": count,
            "aggregate_function": pick(draw, None, "SUM", "AVERAGE", "MIN", "MAX"),
            "base_values": numbers(draw, count) if base else None,
        }
        return learnt(draw, "TreeEnsembleRegressor", [x], **nodes, **options)
    count = integer(draw, 2, 3)
    single = count == 2 and flag(draw)
    only = integer(draw, 0, 1) if single else None
    chosen = [(*leaf, target) for leaf in leaves for target in (range(count) if only is None else (only,))]
    weights = np.abs(numbers(draw, len(chosen))).tolist() if flag(draw) else numbers(draw, len(chosen))
    options = {
        "class_treeids": [each[0] for each in chosen],
        "class_nodeids": [each[1] for each in chosen],
        "class_ids": [each[2] for each in chosen],
        "class_weights": weights,
        "classlabels_int64s": [4, 2, 9][:count],
        "post_transform": pick(draw, None, "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"),
        "base_values": numbers(draw, 1 if single else count) if base else None,
    }
    # With a sum for each of two classes, ONNX Runtime gives 0 or 1 whatever the labels are.
    how = LOOSE if single or count > 2 else {**LOOSE, "oracle": "onnx"}
    return learnt(draw, "TreeEnsembleClassifier", [x], outputs=2, how=how, **nodes, **options)
