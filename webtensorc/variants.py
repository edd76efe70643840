"""Variants of a model of dynamic shape for particular sizes: what they share with the general one, and their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from webtensorc_runtime.container import open_container
from webtensorc_runtime.dims import Bounds

from webtensorc.frontends.detect import Format, detect
from webtensorc.model import Model


@dataclass(frozen=True)
class Special:
    """A model for particular sizes.

    Attributes:
        sizes: by dimension.
        model: the model, its weights under the names that they have in the bundle.
        own: the names of those that the general model does not have.
    """

    sizes: Mapping[str, int]
    model: Model
    own: tuple[str, ...]

    @classmethod
    def of(
        cls, sizes: Mapping[str, int], model: Model, general: Mapping[str, np.ndarray], others: Mapping[str, np.ndarray]
    ) -> Special:
        """`model` beside the weights of the general one and of other variants: equal weights are stored once."""
        shared, own = beside(model, general, others, written(sizes))
        return cls(sizes, shared, own)

    def label(self, target: str) -> str:
        """The label of this variant for a target: `x86-64-v3@batch=8`."""
        return f"{target}@{written(self.sizes)}"


def beside(
    model: Model, general: Mapping[str, np.ndarray], others: Mapping[str, np.ndarray], mark: str
) -> tuple[Model, tuple[str, ...]]:
    """`model` with its weights under the names that they have in a bundle, and which of them the general one lacks.

    Equal weights are stored once; one that is stored nowhere yet gets the name `name@mark`.
    """
    weights: dict[str, np.ndarray] = {}
    stored = {**general, **others}
    for name, array in model.weights.items():
        alike = [name, *(each for each in others if each.rpartition("@")[0] == name)]
        same = (each for each in alike if each in stored and _same(stored[each], array))
        weights[next(same, f"{name}@{mark}")] = array
    return replace(model, weights=weights), tuple(name for name in weights if name not in general)


def kept_sizes(source: Any, dims: Sequence[Bounds]) -> list[dict[str, int]]:
    """The sizes that a bundle, or its file, has variants for, within bounds; of other sources none."""
    bounds = {each.name: each for each in dims}
    every = {tuple(sorted(each.sizes.items())): dict(each.sizes) for each in compiled(source) if each.sizes}
    return [sizes for sizes in every.values() if all(n in bounds and size in bounds[n] for n, size in sizes.items())]


def compiled(source: Any) -> Sequence[Any]:
    """What a bundle, or its file, holds already: variants or artifacts, which are alike here; of others none."""
    if isinstance(source, str | Path):
        is_bundle = Path(source).is_file() and detect(Path(source)) is Format.BUNDLE
        return open_container(source).manifest.variants if is_bundle else ()
    return getattr(source, "artifacts", ())


def written(sizes: Mapping[str, int]) -> str:
    """Sizes as text: `batch=8,seq=128`."""
    return ",".join(f"{name}={size}" for name, size in sizes.items())


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and (a is b or a.tobytes() == b.tobytes())
