"""Variants of a model of dynamic shape for particular sizes: what they share with the general one, and their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from webtensorc_runtime.container import open_container
from webtensorc_runtime.dims import Bounds
from webtensorc_runtime.manifest import SizedGraph

from webtensorc.errors import InvalidFileError
from webtensorc.frontends.detect import Format, detect
from webtensorc.model import Model
from webtensorc.sizes import Sizes


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


def sized_graph(special: Special, member: str) -> SizedGraph:
    """What a manifest says of a special's graph, which is in `member`."""
    model = special.model
    about = (model.inputs, model.outputs, model.dims, model.constraints, model.changed_by)
    return SizedGraph(special.sizes, member, tuple(model.weights), *about)


def read_special(
    about: SizedGraph, general: Model, graph: bytes, stored: Mapping[str, np.ndarray], file: str
) -> Special:
    """Inverse of `sized_graph`; `stored` are all weights of the bundle `file`.

    Raises:
        InvalidFileError: weights of the graph are missing.
    """
    if missing := [name for name in about.weights if name not in stored]:
        raise InvalidFileError(
            f"weight {missing[0]!r} of the graph for {written(about.sizes)} is missing",
            file=file,
            place=f"member {about.graph}",
            doing="reading the bundle",
        )
    model = replace(
        general,
        graph=graph,
        weights={name: stored[name] for name in about.weights},
        inputs=about.inputs,
        outputs=about.outputs,
        dims=about.dims,
        constraints=about.constraints,
        changed_by=about.changed_by,
    )
    return Special(about.sizes, model, tuple(name for name in about.weights if name not in general.weights))


def stored_specials(source: Any) -> Sequence[Special]:
    """The graphs for particular sizes that a bundle, or its file, holds; of other sources none.

    Raises:
        InvalidFileError: a damaged bundle.
    """
    if isinstance(source, str | Path):
        from webtensorc.artifact import Bundle  # which has specials itself

        is_bundle = Path(source).is_file() and detect(Path(source)) is Format.BUNDLE
        return Bundle.load(source).specials if is_bundle and open_container(source).manifest.sized_graphs else ()
    return getattr(source, "specials", ())


def pinned_source(
    source: Any, dims: Mapping[str, Sizes], sizes: Mapping[str, int], known: Sequence[Special]
) -> tuple[Any, dict[str, Sizes]]:
    """What a variant for particular sizes is read from, and what is asked of its dimensions.

    A bundle's own graph for these sizes is what its front end made of them, and has had passes that look for sizes;
    pinned from the general graph, a variant would be another one than that of the original.
    """
    for special in known:
        if special.sizes == sizes:
            return _original(special), {name: asked for name, asked in dims.items() if name not in sizes}
    return source, {**dims, **{name: Sizes(fixed=size) for name, size in sizes.items()}}


def kept_sizes(source: Any, dims: Sequence[Bounds], asked: Mapping[str, Sizes]) -> list[dict[str, int]]:
    """The sizes that a bundle, or its file, has variants for, as far as they agree with what is asked; of others none.

    Args:
        source: a bundle, or its file; of other sources nothing is kept.
        dims: the dimensions that are still open.
        asked: what was asked of dimensions.
    """
    bounds = {each.name: each for each in dims}

    def is_kept(name: str, size: int) -> bool:
        return name in bounds and (name not in asked or size in bounds[name])

    every = {tuple(sorted(each.sizes.items())): dict(each.sizes) for each in compiled(source) if each.sizes}
    return [sizes for sizes in every.values() if all(is_kept(name, size) for name, size in sizes.items())]


def compiled(source: Any) -> Sequence[Any]:
    """What a bundle, or its file, holds already: variants or artifacts, which are alike here; of others none."""
    if isinstance(source, str | Path):
        is_bundle = Path(source).is_file() and detect(Path(source)) is Format.BUNDLE
        return open_container(source).manifest.variants if is_bundle else ()
    return getattr(source, "artifacts", ())


def written(sizes: Mapping[str, int]) -> str:
    """Sizes as text: `batch=8,seq=128`."""
    return ",".join(f"{name}={size}" for name, size in sizes.items())


def _original(special: Special) -> Model:
    """The model of a special, its weights under the names that they had before it came into a bundle."""
    weights = special.model.weights
    bare = {(name.rpartition("@")[0] if name in special.own else name): array for name, array in weights.items()}
    return replace(special.model, weights=bare)


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and (a is b or a.tobytes() == b.tobytes())
