"""Linear models of ai.onnx.ml, and what becomes of scores."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import erfinv

from webtensorc.frontends.onnx.extents import check_equal
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import NotSupportedError, Value

_DOMAIN = "ai.onnx.ml"


_MOST_LISTED = 32


@op("ZipMap", domain=_DOMAIN)
def zip_map(
    x: Value,
    *,
    classlabels_int64s: tuple[int, ...] = (),
    classlabels_strings: tuple[str, ...] = (),
    note: Callable[[str], object],
) -> Value:
    """The scores [rows, classes] as they are: a map from labels to scores a row is no tensor (ai.onnx.ml ZipMap).

    It is what exporters leave where they are asked to leave the operator out. A note lists the labels.
    """
    labels = [*classlabels_int64s, *classlabels_strings]
    check_equal(x.shape[-1], len(labels))
    shown = ", ".join(map(repr, labels[:_MOST_LISTED])) + (", ..." if len(labels) > _MOST_LISTED else "")
    note(f"instead of maps its result is the tensor that it reads; the columns are the classes {shown}")
    return x


def transformed(scores: Value, post_transform: str) -> Value:
    """Scores [rows, classes] by `NONE`, `LOGISTIC`, `SOFTMAX`, `SOFTMAX_ZERO` (zeros stay) or `PROBIT`."""
    if post_transform == "NONE":
        return scores
    if post_transform == "LOGISTIC":
        return jax.nn.sigmoid(scores)
    if post_transform == "PROBIT":
        return np.float32(np.sqrt(2)) * erfinv(2 * scores - 1)
    if post_transform == "SOFTMAX":
        return jax.nn.softmax(scores, -1)
    if post_transform == "SOFTMAX_ZERO":
        top = jnp.max(scores, -1, keepdims=True)
        is_zero = jnp.abs(scores) <= np.float32(1e-7)
        parts = jnp.where(is_zero, np.float32(0), jnp.exp(scores - top))
        return jnp.where(is_zero, scores * jnp.exp(-top), parts) / jnp.sum(parts, -1, keepdims=True)
    raise NotSupportedError(f"post_transform {post_transform} is not implemented")


def labelled(scores: Value, labels: tuple[int, ...]) -> Value:
    """The label of the largest score of every row."""
    return jnp.take(np.asarray(labels, np.int64), jnp.argmax(scores, -1))


def of_one_class(
    score: Value, which: int, base: np.ndarray, is_share: bool, post_transform: str
) -> tuple[Value, Value]:
    """Of two classes, whether the second one wins, and both scores, where class `which` alone has weights.

    `score` [rows] is the sum of weights; `is_share` says that none is negative, so that more than a half wins. ONNX
    does not say what the other class gets. As in ONNX Runtime, weights of class 0 with at most one base value stand
    for the second class and the first gets the rest; otherwise the other class gets 0.
    """
    half = np.float32(0.5 if is_share else 0)
    zero = jnp.zeros_like(score)
    if which == 1:
        if len(base) == 2:
            raise NotSupportedError("two base values and weights of the second class only are not implemented")
        return score > half, transformed(jnp.stack([zero, score], 1), post_transform)
    score = score + base[0] if len(base) else score
    if len(base) == 2:
        return score > half, transformed(jnp.stack([score, zero], 1), post_transform)
    if post_transform == "PROBIT":
        raise NotSupportedError("PROBIT of one score for two classes is not implemented")
    if post_transform == "LOGISTIC":
        return score > half, jax.nn.sigmoid(jnp.stack([-score, score], 1))
    return score > half, jnp.stack([1 - score if is_share else -score, score], 1)


@op("LinearRegressor", domain=_DOMAIN)
def linear_regressor(
    x: Value,
    *,
    coefficients: tuple[float, ...],
    intercepts: tuple[float, ...] | None = None,
    post_transform: str = "NONE",
    targets: int = 1,
) -> Value:
    """x @ coefficients + intercepts."""
    weights = np.asarray(coefficients, np.float32).reshape(targets, -1).T
    y = x.astype(np.float32) @ weights
    return transformed(y if intercepts is None else y + np.asarray(intercepts, np.float32), post_transform)


@op("LinearClassifier", domain=_DOMAIN)
def linear_classifier(
    x: Value,
    *,
    classlabels_ints: tuple[int, ...] = (),
    classlabels_strings: tuple[str, ...] = (),
    coefficients: tuple[float, ...],
    intercepts: tuple[float, ...] | None = None,
    multi_class: int = 0,
    post_transform: str = "NONE",
) -> Value:
    """The label of the largest of x @ coefficients + intercepts, and these."""
    if classlabels_strings:
        raise NotSupportedError("labels that are strings cannot be computed")
    weights = np.asarray(coefficients, np.float32).reshape(-1, x.shape[-1]).T
    scores = x.astype(np.float32) @ weights
    scores = scores if intercepts is None else scores + np.asarray(intercepts, np.float32)
    if scores.shape[-1] == 1:
        raise NotSupportedError("one score for two classes is not implemented")
    return labelled(scores, classlabels_ints), transformed(scores, post_transform)
