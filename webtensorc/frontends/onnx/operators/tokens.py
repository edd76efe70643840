"""Operators on tokens: counts of n-grams, and strings, which exist during the trace only."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

import numpy as np

from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import Value, known, xp


@op("TfIdfVectorizer", since=9)
def tf_idf_vectorizer(
    x: Value,
    *,
    max_gram_length: int,
    max_skip_count: int,
    min_gram_length: int,
    mode: Literal["TF", "IDF", "TFIDF"],
    ngram_counts: tuple[int, ...],
    ngram_indexes: tuple[int, ...],
    pool_int64s: tuple[int, ...] = (),
    pool_strings: tuple[str, ...] = (),
    weights: tuple[float, ...] = (),
) -> Value:
    """How often each n-gram of a pool occurs in a row of tokens, its tokens at most `max_skip_count` apart.

    `IDF` counts presence, `TFIDF` occurrences; both are weighted.
    """
    np_ = xp(x)
    pool = np.asarray(pool_strings, object) if pool_strings else np.asarray(pool_int64s, x.dtype)
    found = [np_.zeros((*x.shape[:-1], max(ngram_indexes) + 1), np.float32)]
    grams = _grams(pool, ngram_counts, max_gram_length)
    if sum(map(len, grams)) > len(ngram_indexes):
        raise ValueError(f"it has {sum(map(len, grams))} n-grams, but {len(ngram_indexes)} indexes")
    place = dict(enumerate(ngram_indexes))
    number = 0
    for length, rows in enumerate(grams, start=1):
        indexes = [place[number + i] for i in range(len(rows))]
        number += len(rows)
        if length < min_gram_length or not len(rows):
            continue
        target = np.zeros((len(rows), max(ngram_indexes) + 1), np.float32)
        target[np.arange(len(rows)), indexes] = 1
        for skip in range(max_skip_count + 1 if length > 1 else 1):
            span = (length - 1) * (skip + 1)
            if x.shape[-1] > span:
                found.append(np_.matmul(_matches(x, rows, skip + 1), target))
    counts = sum(found[1:], found[0])
    if mode == "TF":
        return counts
    if mode == "IDF":
        counts = (counts > 0).astype(np.float32)
    scale = np.ones(max(ngram_indexes) + 1, np.float32)
    if weights:
        scale[list(ngram_indexes)] = weights
    return counts * scale


def _grams(pool: np.ndarray, starts: tuple[int, ...], longest: int) -> list[np.ndarray]:
    """The pool's n-grams [count, n] for n = 1, 2, ...; `starts` says where those of each length begin."""
    ends = [*starts[1:], len(pool)]
    parts = [pool[start:end] for start, end in zip(starts, ends, strict=True)]
    return [part.reshape(-1, length) for length, part in enumerate(parts[:longest], start=1)]


def _matches(x: Value, grams: np.ndarray, step: int) -> Value:
    """How often each n-gram occurs in each row of x with its tokens `step` apart: [..., number of n-grams]."""
    length = grams.shape[1]
    starts = x.shape[-1] - (length - 1) * step
    hits = np.True_
    for position in range(length):
        window = x[..., position * step : position * step + starts]
        hits = hits & (window[..., :, None] == grams[:, position])
    return hits.astype(np.float32).sum(-2)


@op("StringConcat", since=20)
def string_concat(x: Value, y: Value) -> Value:
    """x followed by y, elementwise."""
    return np.asarray(known(x, "input") + known(y, "input"), object)


@op("RegexFullMatch", since=20)
def regex_full_match(x: Value, *, pattern: str) -> Value:
    """Which strings match a regular expression from end to end."""
    compiled = re.compile(pattern)
    found = [compiled.fullmatch(each) is not None for each in known(x, "input").ravel()]
    return np.asarray(found, bool).reshape(x.shape)


@op("StringSplit", since=20)
def string_split(x: Value, *, delimiter: str | None = None, maxsplit: int | None = None) -> Value:
    """The parts of every string along a new axis, filled up with empty strings, and how many there are."""
    parts = [each.split(delimiter or None, -1 if maxsplit is None else maxsplit) for each in known(x, "input").ravel()]
    most = max(map(len, parts), default=0)
    filled = np.full((len(parts), most), "", object)
    for row, each in zip(filled, parts, strict=True):
        row[: len(each)] = each
    counts = np.asarray([len(each) for each in parts], np.int64)
    return filled.reshape(*x.shape, most), counts.reshape(x.shape)


@op("StringNormalizer", since=10)
def string_normalizer(
    x: Value,
    *,
    case_change_action: Literal["LOWER", "UPPER", "NONE"] = "NONE",
    is_case_sensitive: int = 0,
    locale: str | None = None,
    stopwords: tuple[str, ...] = (),
) -> Value:
    """Without the stop words, in upper or lower case if asked; one empty string if nothing is left."""
    changes: dict[str, Callable[[str], str]] = {"NONE": str, "LOWER": str.lower, "UPPER": str.upper}
    change, compared = changes[case_change_action], changes["NONE" if is_case_sensitive else "LOWER"]
    stop = {compared(each) for each in stopwords}
    words = known(x, "input")
    kept = [change(each) for each in words.ravel() if compared(each) not in stop]
    array = np.asarray(kept or [""], object)
    return array if words.ndim == 1 else array.reshape(1, -1)
