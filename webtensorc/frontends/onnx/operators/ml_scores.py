"""Linear models of ai.onnx.ml, and what becomes of scores."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import erfinv

from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import NotSupportedError, Value

_DOMAIN = "ai.onnx.ml"


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
    raise NotSupportedError(f"post_transform {post_transform} is not implemented")


def labelled(scores: Value, labels: tuple[int, ...]) -> Value:
    """The label of the largest score of every row."""
    return jnp.take(np.asarray(labels, np.int64), jnp.argmax(scores, -1))


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
