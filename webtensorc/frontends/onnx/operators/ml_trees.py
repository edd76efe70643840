"""Tree ensembles of ai.onnx.ml up to version 3: all trees descend together, one level a step.

Nodes of all trees are numbered one after the other; a leaf leads to itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import jax.numpy as jnp
import numpy as np

from webtensorc.frontends.onnx.operators.ml_scores import labelled, of_one_class, transformed
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import NotSupportedError, Value

_DOMAIN = "ai.onnx.ml"

_COMPARISONS = {
    "BRANCH_LEQ": jnp.less_equal,
    "BRANCH_LT": jnp.less,
    "BRANCH_GTE": jnp.greater_equal,
    "BRANCH_GT": jnp.greater,
    "BRANCH_EQ": jnp.equal,
    "BRANCH_NEQ": jnp.not_equal,
}


@dataclass(frozen=True)
class _Forest:
    """Nodes as tables: what they test, where they lead; `places` finds a node by its tree and its number there."""

    roots: np.ndarray
    modes: np.ndarray
    features: np.ndarray
    values: np.ndarray
    yes: np.ndarray
    no: np.ndarray
    missing: np.ndarray
    places: dict[tuple[int, int], int]

    @classmethod
    def of(cls, nodes: dict[str, Any]) -> _Forest:
        """From the `nodes_` attributes."""
        trees, numbers, modes = nodes["nodes_treeids"], nodes["nodes_nodeids"], np.asarray(nodes["nodes_modes"])
        unknown = set(modes) - {*_COMPARISONS, "LEAF"}
        if unknown:
            raise NotSupportedError(f"nodes of mode {', '.join(sorted(unknown))} are not implemented")
        places = {pair: index for index, pair in enumerate(zip(trees, numbers, strict=True))}
        is_leaf = modes == "LEAF"
        own = np.arange(len(modes))
        yes, no = (
            np.where(is_leaf, own, [places.get(pair, 0) for pair in zip(trees, nodes[name], strict=True)])
            for name in ("nodes_truenodeids", "nodes_falsenodeids")
        )
        firsts = np.unique(np.asarray(trees), return_index=True)[1]
        given = nodes.get("nodes_values_as_tensor")
        values = np.asarray(nodes["nodes_values"], np.float32) if given is None else given
        missing = np.asarray(nodes.get("nodes_missing_value_tracks_true") or np.zeros(len(modes)), bool)
        return cls(np.sort(firsts), modes, np.asarray(nodes["nodes_featureids"]), values, yes, no, missing, places)

    def depth(self) -> int:
        """The most steps from a root to a leaf."""
        reached, steps = self.roots, 0
        while (self.modes[reached] != "LEAF").any():
            reached, steps = np.unique(np.concatenate([self.yes[reached], self.no[reached]])), steps + 1
            if steps > len(self.modes):
                raise ValueError("its nodes go in circles")
        return steps

    def leaves(self, x: Value) -> Value:
        """The leaf of every tree that each row of x [rows, features] reaches: [rows, trees]."""
        at = jnp.broadcast_to(jnp.asarray(self.roots), (x.shape[0], len(self.roots)))
        for _ in range(self.depth()):
            feature = jnp.take_along_axis(jnp.asarray(x), jnp.asarray(self.features)[at], 1)
            value = jnp.asarray(self.values.astype(x.dtype if x.dtype == np.float64 else np.float32))[at]
            holds = jnp.isnan(feature) & jnp.asarray(self.missing)[at]
            for mode in sorted(set(self.modes) - {"LEAF"}):
                tested = jnp.asarray(self.modes == mode)[at]
                holds = holds | (tested & _COMPARISONS[mode](feature, value))
            at = jnp.where(holds, jnp.asarray(self.yes)[at], jnp.asarray(self.no)[at])
        return at

    def table(self, trees: Any, numbers: Any, columns: Any, weights: Any, count: int) -> tuple[np.ndarray, np.ndarray]:
        """What each node adds to each of `count` scores, and which scores it has a word on: [nodes, count] both."""
        found = np.zeros((len(self.modes), count), np.asarray(weights).dtype)
        speaks = np.zeros(found.shape, bool)
        for tree, number, column, weight in zip(trees, numbers, columns, weights, strict=True):
            found[self.places[tree, number], column] += weight
            speaks[self.places[tree, number], column] = True
        return found, speaks

    def always_says(self, speaks: np.ndarray) -> bool:
        """Whether every row reaches a leaf that has a word: one tree whose leaves all have one suffices."""
        trees = np.asarray([tree for tree, _ in self.places])
        silent = (self.modes == "LEAF") & ~speaks
        return bool(set(trees) - set(trees[silent]))


def _floats(x: Value) -> Value:
    return x if x.dtype == np.float64 else x.astype(np.float32)


@op("TreeEnsembleRegressor", domain=_DOMAIN, until=4)
def tree_ensemble_regressor(
    x: Value,
    *,
    aggregate_function: Literal["AVERAGE", "SUM", "MIN", "MAX"] = "SUM",
    base_values: tuple[float, ...] = (),
    base_values_as_tensor: Value = None,
    n_targets: int = 1,
    post_transform: str = "NONE",
    target_ids: tuple[int, ...],
    target_nodeids: tuple[int, ...],
    target_treeids: tuple[int, ...],
    target_weights: tuple[float, ...] = (),
    target_weights_as_tensor: Value = None,
    **nodes: Any,
) -> Value:
    """The sum (or mean, minimum, maximum) over trees of the weights at the leaves, + base values, as float32."""
    forest = _Forest.of(nodes)
    weights = np.asarray(target_weights, np.float32) if target_weights_as_tensor is None else target_weights_as_tensor
    table, speaks = forest.table(target_treeids, target_nodeids, target_ids, weights, n_targets)
    at = forest.leaves(_floats(x))
    found = jnp.asarray(table)[at]
    if aggregate_function in ("MIN", "MAX"):
        worst = np.asarray(np.inf if aggregate_function == "MIN" else -np.inf, table.dtype)
        held = jnp.where(jnp.asarray(speaks)[at], found, worst)
        best = (jnp.min if aggregate_function == "MIN" else jnp.max)(held, 1)
        scores = jnp.where(jnp.isinf(best), np.zeros((), table.dtype), best)
    else:
        scores = jnp.sum(found, 1)
        scores = scores / len(forest.roots) if aggregate_function == "AVERAGE" else scores
    base = base_values or (() if base_values_as_tensor is None else base_values_as_tensor)
    return transformed(
        (scores + np.asarray(base, scores.dtype) if len(base) else scores).astype(np.float32), post_transform
    )


@op("TreeEnsembleClassifier", domain=_DOMAIN, until=4)
def tree_ensemble_classifier(
    x: Value,
    *,
    base_values: tuple[float, ...] = (),
    base_values_as_tensor: Value = None,
    class_ids: tuple[int, ...],
    class_nodeids: tuple[int, ...],
    class_treeids: tuple[int, ...],
    class_weights: tuple[float, ...] = (),
    class_weights_as_tensor: Value = None,
    classlabels_int64s: tuple[int, ...] = (),
    classlabels_strings: tuple[str, ...] = (),
    post_transform: str = "NONE",
    **nodes: Any,
) -> Value:
    """The label of the largest sum of leaf weights, and the sums; of two classes one may have all the weights."""
    forest = _Forest.of(nodes)
    if classlabels_strings:
        raise NotSupportedError("labels that are strings cannot be computed")
    weights = np.asarray(class_weights, np.float32) if class_weights_as_tensor is None else class_weights_as_tensor
    count = len(classlabels_int64s)
    table, speaks = forest.table(class_treeids, class_nodeids, class_ids, weights, count)
    scores = jnp.sum(jnp.asarray(table)[forest.leaves(_floats(x))], 1).astype(np.float32)
    base = np.asarray(base_values or (() if base_values_as_tensor is None else base_values_as_tensor), np.float32)
    if count == 2 and len(set(class_ids)) == 1:
        (only,) = set(class_ids)
        if (only == 1 or len(base) == 2) and not forest.always_says(speaks[:, only]):
            raise NotSupportedError("weights of one of two classes that some leaves lack are not implemented")
        is_share = bool((weights >= 0).all())
        wins, found = of_one_class(scores[:, only], only, base, is_share, post_transform)
        return jnp.where(wins, classlabels_int64s[1], classlabels_int64s[0]).astype(np.int64), found
    scores = scores + base if len(base) else scores
    return labelled(scores, classlabels_int64s), transformed(scores, post_transform)
