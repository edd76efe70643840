"""Support vector machines of ai.onnx.ml."""

from __future__ import annotations

import itertools
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np

from webtensorc.frontends.onnx.extents import check_equal
from webtensorc.frontends.onnx.operators.control import counted
from webtensorc.frontends.onnx.operators.ml_scores import labelled, transformed
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import NotSupportedError, Value

_DOMAIN = "ai.onnx.ml"
_MOST_ROUNDS = 100
Kernel = Literal["LINEAR", "POLY", "RBF", "SIGMOID"]


def _kernel(x: Value, vectors: np.ndarray, kind: str, gamma: float, coef0: float, degree: float) -> Value:
    """The kernel of every row with every support vector: [rows, vectors]."""
    check_equal(x.shape[-1], vectors.shape[-1])  # a difference would broadcast
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
    kernel_type: Kernel = "LINEAR",
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


@op("SVMClassifier", domain=_DOMAIN)
def svm_classifier(
    x: Value,
    *,
    classlabels_ints: tuple[int, ...] = (),
    classlabels_strings: tuple[str, ...] = (),
    coefficients: tuple[float, ...],
    kernel_params: tuple[float, ...] = (0.0, 0.0, 0.0),
    kernel_type: Kernel = "LINEAR",
    post_transform: str = "NONE",
    prob_a: tuple[float, ...] = (),
    prob_b: tuple[float, ...] = (),
    rho: tuple[float, ...],
    support_vectors: tuple[float, ...] = (),
    vectors_per_class: tuple[int, ...] = (),
) -> Value:
    """The label that most pairs of classes vote for, and the pairs' scores, or with `prob_a` probabilities of classes.

    Of two classes without probabilities the score is given for both, negated for the first.
    """
    if classlabels_strings or not vectors_per_class:
        raise NotSupportedError("labels that are strings, and models without support vectors, are not implemented")
    scores = _pairs(
        x.astype(np.float32), coefficients, kernel_params, kernel_type, rho, support_vectors, vectors_per_class
    )
    pairs = list(itertools.combinations(range(len(vectors_per_class)), 2))
    wins = [(i, scores[:, n] > 0) for n, (i, _) in enumerate(pairs)]
    wins += [(j, scores[:, n] <= 0) for n, (_, j) in enumerate(pairs)]
    votes = [sum(won.astype(np.int32) for each, won in wins if each == c) for c in range(len(vectors_per_class))]
    labels = labelled(jnp.stack(votes, -1), classlabels_ints)
    if prob_a:
        sides = jax.nn.sigmoid(-(scores * np.asarray(prob_a, np.float32) + np.asarray(prob_b, np.float32)))
        scores = _coupled(jnp.clip(sides, 1e-7, 1 - 1e-7), pairs)
    elif scores.shape[-1] == 1:
        scores = jnp.concatenate([-scores, scores], -1)
    return labels, transformed(scores, post_transform)


def _pairs(
    x: Value,
    coefficients: tuple[float, ...],
    kernel_params: tuple[float, ...],
    kernel_type: str,
    rho: tuple[float, ...],
    support_vectors: tuple[float, ...],
    counts: tuple[int, ...],
) -> Value:
    """The score of every pair of classes [rows, pairs]: above zero for the first of both.

    The coefficients of a class's vectors against the other classes are rows of a matrix [classes - 1, vectors].
    """
    total = sum(counts)
    ends = np.cumsum([0, *counts])
    given = np.asarray(coefficients, np.float32).reshape(-1, total)
    weights = np.zeros((total, len(counts) * (len(counts) - 1) // 2), np.float32)
    for n, (i, j) in enumerate(itertools.combinations(range(len(counts)), 2)):
        for mine, row in ((i, j - 1), (j, i)):
            part = slice(ends[mine], ends[mine + 1])
            weights[part, n] = given[row, part]
    vectors = np.asarray(support_vectors, np.float32).reshape(total, -1)
    return _kernel(x, vectors, kernel_type, *kernel_params[:3]) @ weights + np.asarray(rho, np.float32)


def _coupled(sides: Value, pairs: list[tuple[int, int]]) -> Value:
    """Probabilities of classes [rows, classes] from those [rows, pairs] of the first of each pair.

    Source: Wu, Lin, Weng, "Probability Estimates for Multi-class Classification by Pairwise Coupling" (JMLR 2004),
    algorithm 2, as far as LIBSVM takes it.
    """
    k = max(j for _, j in pairs) + 1
    r: dict[tuple[int, int], Value] = {}
    for n, (i, j) in enumerate(pairs):
        r[i, j], r[j, i] = sides[:, n], 1 - sides[:, n]
    q = [
        [sum(r[o, t] ** 2 for o in range(k) if o != t) if s == t else -r[s, t] * r[t, s] for s in range(k)]
        for t in range(k)
    ]
    matrix = jnp.stack([jnp.stack(row, -1) for row in q], 1)

    def advance(_: Value, p: Value) -> Value:
        qp = jnp.einsum("nts,ns->nt", matrix, p)
        quadratic = jnp.sum(p * qp, -1)
        is_done = jnp.max(jnp.abs(qp - quadratic[:, None]), -1, keepdims=True) < np.float32(0.005 / k)
        new = p
        for t in range(k):
            change = (quadratic - qp[:, t]) / matrix[:, t, t]
            grown = 1 + change
            quadratic = (quadratic + change * (change * matrix[:, t, t] + 2 * qp[:, t])) / grown**2
            qp = (qp + change[:, None] * matrix[:, t]) / grown[:, None]
            new = new.at[:, t].add(change) / grown[:, None]
        return jnp.where(is_done, p, new)

    return counted(_MOST_ROUNDS, advance, jnp.full((sides.shape[0], k), np.float32(1 / k)))
