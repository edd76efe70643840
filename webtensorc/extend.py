"""Adding targets to a bundle: what it was compiled for already, so that all of it is compiled from its own graph.

A bundle's bytes follow from graph, targets, sizes and options. Compiling its graph for its own targets and the new ones
therefore gives the very file that compiling the original for all of them gives; old modules come from the cache.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from webtensorc_runtime.container import open_container
from webtensorc_runtime.manifest import Manifest

from webtensorc.plan import Options, options_of
from webtensorc.sizes import Sizes


def extended(
    path: str | Path, targets: Sequence[str], dims: Mapping[str, Sizes], options: Options
) -> tuple[tuple[str, ...], dict[str, Sizes], Options]:
    """The targets, dimensions and options to compile the bundle at `path` with.

    Args:
        path: the bundle.
        targets: specifications of what is to be added.
        dims: what is asked of open dimensions; where nothing is, the bundle's own variants for sizes stay.
        options: where they are the usual ones, the bundle's own level and passes stay: precise results stay precise.

    Raises:
        InvalidFileError: no bundle, or a damaged one.
    """
    manifest = open_container(path).manifest
    own = [variant.label for variant in manifest.variants if not variant.general]
    if replace(options, prepack=False) == Options():
        options = replace(own_options(manifest), prepack=options.prepack)
    return tuple(dict.fromkeys((*own, *targets))), dict(dims) or _sizes(manifest), options


def own_options(manifest: Manifest) -> Options:
    """The level and passes that a bundle was compiled with, which are the same for all of its variants."""
    return options_of(manifest.variants[0].plan) if manifest.variants else Options()


def _sizes(manifest: Manifest) -> dict[str, Sizes]:
    """The open dimensions with the sizes that the bundle has variants for; nothing where it has none."""
    special: dict[str, list[int]] = {each.name: [] for each in manifest.dims}
    for variant in manifest.variants:
        for name, size in variant.sizes.items():
            if size not in special[name]:
                special[name].append(size)
    if not any(special.values()):
        return {}
    return {
        each.name: Sizes(least=each.least, most=each.most, special=tuple(special[each.name])) for each in manifest.dims
    }
