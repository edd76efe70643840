"""Classic machine learning (ai.onnx.ml), as far as it is numeric."""

from __future__ import annotations

from typing import Any, Literal

import jax.numpy as jnp
import numpy as np

from webtensorc.frontends.onnx import extents
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import NotSupportedError, Value, known

_DOMAIN = "ai.onnx.ml"


@op("Binarizer", domain=_DOMAIN)
def binarizer(x: Value, *, threshold: float = 0.0) -> Value:
    """1 above the threshold, else 0."""
    limit = np.floor(threshold) if jnp.issubdtype(x.dtype, jnp.integer) else threshold
    return (x > np.asarray(limit, x.dtype)).astype(x.dtype)


@op("Scaler", domain=_DOMAIN)
def scaler(x: Value, *, offset: tuple[float, ...] = (0.0,), scale: tuple[float, ...] = (1.0,)) -> Value:
    """(x - offset) * scale, as float32."""
    return (x.astype(np.float32) - _of_features(x, offset, np.float32)) * _of_features(x, scale, np.float32)


def _of_features(x: Value, values: tuple[float, ...], dtype: Any) -> np.ndarray[Any, Any]:
    """One number for all features, or one for each, of which x has as many then."""
    if len(values) > 1:
        extents.check_equal(x.shape[-1], len(values))
    return np.asarray(values, dtype)


@op("Normalizer", domain=_DOMAIN)
def normalizer(x: Value, *, norm: Literal["MAX", "L1", "L2"] = "MAX") -> Value:
    """Rows divided by their largest element, or L1 or L2 norm."""
    wide = x.astype(np.float32)
    if norm == "MAX":
        size = jnp.max(jnp.abs(wide), -1, keepdims=True)
    elif norm == "L1":
        size = jnp.sum(jnp.abs(wide), -1, keepdims=True)
    else:
        size = jnp.sqrt(jnp.sum(wide * wide, -1, keepdims=True))
    return wide / jnp.where(size == 0, 1, size)


@op("Imputer", domain=_DOMAIN)
def imputer(
    x: Value,
    *,
    imputed_value_floats: tuple[float, ...] = (),
    imputed_value_int64s: tuple[int, ...] = (),
    replaced_value_float: float = 0.0,
    replaced_value_int64: int = 0,
) -> Value:
    """Elements equal to a value (which may be NaN) replaced, by one value or one for each feature."""
    is_float = jnp.issubdtype(x.dtype, jnp.floating)
    old = replaced_value_float if is_float else replaced_value_int64
    new = _of_features(x, imputed_value_floats if is_float else imputed_value_int64s, x.dtype)
    missing = jnp.isnan(x) if old != old else x == np.asarray(old, x.dtype)
    return jnp.where(missing, new, x)


@op("OneHotEncoder", domain=_DOMAIN)
def one_hot_encoder(
    x: Value, *, cats_int64s: tuple[int, ...] = (), cats_strings: tuple[str, ...] = (), zeros: int = 1
) -> Value:
    """1 where an element is a category, 0 elsewhere, along a new last axis; numbers are cut to integers.

    An element of no category gives zeros, which `zeros = 0` makes an error where ONNX Runtime runs the model.
    """
    if cats_strings or not zeros:
        raise NotSupportedError("categories that are strings, and failing at others, are not implemented")
    same = jnp.expand_dims(x.astype(np.int64), -1) == np.asarray(cats_int64s, np.int64)
    return same.astype(np.float32)


@op("FeatureVectorizer", domain=_DOMAIN)
def feature_vectorizer(*parts: Value, inputdimensions: tuple[int, ...]) -> Value:
    """Rows joined, each input padded with zeros or cut to its number of features, as float32."""
    found = []
    for part, size in zip(parts, inputdimensions, strict=True):
        rows = jnp.asarray(part.reshape(part.shape[0] if part.ndim > 1 else 1, -1)).astype(np.float32)[:, :size]
        found.append(jnp.pad(rows, [(0, 0), (0, size - rows.shape[1])]))
    return jnp.concatenate(found, 1)


@op("LabelEncoder", since=2, domain=_DOMAIN)
def label_encoder(
    x: Value,
    *,
    default_float: float = -0.0,
    default_int64: int = -1,
    default_string: str = "_Unused",
    default_tensor: Value = None,
    keys_floats: tuple[float, ...] | None = None,
    keys_int64s: tuple[int, ...] | None = None,
    keys_strings: tuple[str, ...] | None = None,
    keys_tensor: Value = None,
    values_floats: tuple[float, ...] | None = None,
    values_int64s: tuple[int, ...] | None = None,
    values_strings: tuple[str, ...] | None = None,
    values_tensor: Value = None,
) -> Value:
    """The value of the key that equals each element, else the default; strings must be known."""
    keys = keys_tensor if keys_tensor is not None else np.asarray(keys_floats or keys_int64s or keys_strings, x.dtype)
    if values_tensor is not None:
        values, default = values_tensor, default_tensor
    elif values_floats:
        values, default = np.asarray(values_floats, np.float32), np.float32(default_float)
    elif values_strings:
        values, default = np.asarray(values_strings, object), np.asarray(default_string, object)
    else:
        values, default = np.asarray(values_int64s, np.int64), np.int64(default_int64)
    if object in (values.dtype, keys.dtype):
        return _encode_strings(known(x, "input"), keys, values, np.asarray(default, values.dtype))
    same = jnp.expand_dims(x, -1) == keys
    if jnp.issubdtype(keys.dtype, jnp.floating):
        same = same | (jnp.isnan(jnp.expand_dims(x, -1)) & np.isnan(keys))
    chosen = jnp.take(jnp.asarray(values), jnp.argmax(same, -1))
    return jnp.where(jnp.any(same, -1), chosen, np.asarray(default, values.dtype).reshape(()))


@op("CategoryMapper", since=1, domain=_DOMAIN)
def category_mapper(
    x: Value,
    *,
    cats_int64s: tuple[int, ...] = (),
    cats_strings: tuple[str, ...] = (),
    default_int64: int = -1,
    default_string: str = "_Unused",
) -> Value:
    """The number of each string, or the string of each number; strings must be known."""
    if x.dtype == object:
        return label_encoder(x, keys_strings=cats_strings, values_int64s=cats_int64s, default_int64=default_int64)
    return label_encoder(x, keys_int64s=cats_int64s, values_strings=cats_strings, default_string=default_string)


def _encode_strings(x: np.ndarray, keys: np.ndarray, values: np.ndarray, default: np.ndarray) -> np.ndarray:
    table = dict(zip(keys.tolist(), values.tolist(), strict=True))
    found = [table.get(each, default.item()) for each in x.ravel().tolist()]
    return np.asarray(found, values.dtype).reshape(x.shape)


_LEQ, _LT, _GTE, _GT, _EQ, _NEQ, _MEMBER = range(7)


@op("TreeEnsemble", since=5, domain=_DOMAIN)
def tree_ensemble(
    x: Value,
    *,
    aggregate_function: int = 1,
    leaf_targetids: tuple[int, ...],
    leaf_weights: Value,
    membership_values: Value = None,
    n_targets: int = 1,
    nodes_falseleafs: tuple[int, ...],
    nodes_falsenodeids: tuple[int, ...],
    nodes_featureids: tuple[int, ...],
    nodes_hitrates: Value = None,
    nodes_missing_value_tracks_true: tuple[int, ...] | None = None,
    nodes_modes: Value,
    nodes_splits: Value,
    nodes_trueleafs: tuple[int, ...],
    nodes_truenodeids: tuple[int, ...],
    post_transform: int = 0,
    tree_roots: tuple[int, ...],
) -> Value:
    """Sums (or means, minima, maxima) of the leaves that each row reaches; every leaf's path is evaluated at once."""
    if post_transform:
        raise NotImplementedError(f"post_transform {post_transform} is not implemented")
    tracks = nodes_missing_value_tracks_true or (0,) * len(nodes_modes)
    members = _member_sets(nodes_modes, membership_values)
    tests = [
        _test(x[:, nodes_featureids[n]], int(nodes_modes[n]), nodes_splits[n], members[n], bool(tracks[n]))
        for n in range(len(nodes_modes))
    ]
    true_side = (nodes_truenodeids, nodes_trueleafs)
    false_side = (nodes_falsenodeids, nodes_falseleafs)
    scores: list[list[Value]] = [[] for _ in range(n_targets)]

    if aggregate_function not in range(4):
        raise ValueError(f"it has no aggregate_function {aggregate_function}")

    def descend(node: int, is_leaf: int, reached: Value, above: frozenset[int] = frozenset()) -> None:
        if node in above and not is_leaf:
            raise ValueError("its nodes go in circles")
        if is_leaf:
            weight = leaf_weights[node]
            scores[leaf_targetids[node]].append((reached, weight))
            return
        for (ids, leaves), taken in ((true_side, tests[node]), (false_side, ~tests[node])):
            descend(ids[node], leaves[node], taken if reached is None else reached & taken, above | {node})

    for root in tree_roots:
        alone = nodes_trueleafs[root] and nodes_falseleafs[root] and nodes_truenodeids[root] == nodes_falsenodeids[root]
        if alone:
            descend(nodes_truenodeids[root], 1, jnp.ones(x.shape[0], bool))
        else:
            descend(root, 0, None)
    return jnp.stack([_aggregated(each, aggregate_function, len(tree_roots), x) for each in scores], 1)


def _member_sets(modes: Value, values: Value) -> list[np.ndarray]:
    """The set that each membership node tests; the sets follow each other, separated by NaN."""
    sets: list[np.ndarray] = []
    rest = [] if values is None else [float(each) for each in values]
    for mode in modes:
        chosen: list[float] = []
        if mode == _MEMBER:
            while rest and not np.isnan(rest[0]):
                chosen.append(rest.pop(0))
            rest = rest[1:]
        sets.append(np.asarray(chosen))
    return sets


def _test(feature: Value, mode: int, split: Value, members: np.ndarray, missing_is_true: bool) -> Value:
    if mode == _MEMBER:
        held = jnp.any(feature[:, None] == members.astype(feature.dtype), 1)
    else:
        compare = {
            _LEQ: jnp.less_equal,
            _LT: jnp.less,
            _GTE: jnp.greater_equal,
            _GT: jnp.greater,
            _EQ: jnp.equal,
            _NEQ: jnp.not_equal,
        }.get(mode)
        if compare is None:
            raise ValueError(f"it has no nodes of mode {mode}")
        held = compare(feature, split.astype(feature.dtype))
    return held | jnp.isnan(feature) if missing_is_true else held


def _aggregated(leaves: list[tuple[Value, Value]], function: int, trees: int, x: Value) -> Value:
    """Over the leaves reached: 0 mean over trees, 1 sum, 2 minimum, 3 maximum."""
    zero = jnp.zeros(x.shape[0], x.dtype)
    if function in (2, 3):
        worst = np.asarray(np.inf if function == 2 else -np.inf, x.dtype)
        pick = jnp.minimum if function == 2 else jnp.maximum
        best = zero + worst
        for reached, weight in leaves:
            best = pick(best, jnp.where(reached, weight, worst))
        return jnp.where(jnp.isinf(best), zero, best)
    total = zero
    for reached, weight in leaves:
        total = total + jnp.where(reached, weight, np.zeros((), weight.dtype)).astype(x.dtype)
    return total / trees if function == 0 else total
