"""Linear models and support vectors of ai.onnx.ml, and what becomes of scores."""

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


def _kernel(x: Value, vectors: np.ndarray, kind: str, gamma: float, coef0: float, degree: float) -> Value:
    """The kernel of every row with every support vector: [rows, vectors]."""
    if kind == "RBF":
        gaps = x[:, None] - vectors
        return jnp.exp(np.float32(-gamma) * jnp.sum(gaps * gaps, -1))
    product = x @ vectors.T
    if kind == "LINEAR":
        return product
    inner = np.float32(gamma) * product + np.float32(coef0)
    return jnp.tanh(inner) if kind == "SIGMOID" else inner ** np.float32(degree)


@op("SVMRegressor", domain=_DOMAIN)
def svm_regressor(
    x: Value,
    *,
    coefficients: tuple[float, ...],
    kernel_params: tuple[float, ...] = (0.0, 0.0, 0.0),
    kernel_type: str = "LINEAR",
    n_supports: int = 0,
    one_class: int = 0,
    post_transform: str = "NONE",
    rho: tuple[float, ...] = (0.0,),
    support_vectors: tuple[float, ...] = (),
) -> Value:
    """The kernels with the support vectors, weighted, + rho; with `one_class` 1 above zero and -1 below."""
    wide = x.astype(np.float32)
    weights = np.asarray(coefficients, np.float32)
    if n_supports:
        vectors = np.asarray(support_vectors, np.float32).reshape(n_supports, -1)
        score = _kernel(wide, vectors, kernel_type, *kernel_params[:3]) @ weights
    else:
        score = wide @ weights
    score = (score + np.float32(rho[0]))[:, None]
    if one_class:
        return jnp.where(score > 0, np.float32(1), np.float32(-1))
    return transformed(score, post_transform)
