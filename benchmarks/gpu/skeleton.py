"""Bundles without their weights: what is left is small, and the weights are made again from a seed.

    python benchmarks/gpu/skeleton.py strip model.wtb model.bare
    python benchmarks/gpu/skeleton.py fill model.bare model.wtb

`strip` replaces the large float weights of a bundle by normally distributed numbers of the same mean and deviation, and
leaves out what `fill` can make: afterwards both bundles have the same bytes, digests included. For models whose speed
matters and whose answers are only compared with those of another compiler for the same weights.
"""

from __future__ import annotations

import json
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np

_LARGE = 1 << 14
"""Elements from which on a weight is made from a seed."""


def made(name: str, shape: list[int], mean: float, deviation: float) -> np.ndarray:
    """The numbers for a weight: a function of its name and these few numbers."""
    generator = np.random.default_rng(zlib.crc32(name.encode()))
    return generator.standard_normal(shape, np.float32) * np.float32(deviation) + np.float32(mean)


def strip(source: Path, target: Path) -> None:
    """Write the bundle's bytes without large weights to `target`, and change `source` to have the numbers that fit."""
    from webtensorc_runtime import safetensors
    from webtensorc_runtime.container import open_container

    from webtensorc.artifact import Bundle

    bundle = Bundle.load(source)
    recipes = {}
    weights = dict(bundle.model.weights)
    for name, array in weights.items():
        if array.dtype == np.float32 and array.size >= _LARGE:
            recipes[name] = [name, list(array.shape), float(array.mean()), float(array.std())]
            weights[name] = made(*recipes[name])
    bundle = Bundle(replace(bundle.model, weights=weights), bundle.artifacts, bundle.versions, bundle.own_weights)
    bundle.save(source)
    data = source.read_bytes()
    member = open_container(data).members[safetensors.MEMBER]
    start = data.index(bytes(member[:4096]))
    holes = [
        (start + slot.offset, recipes[name]) for name, slot in safetensors.parse(member, "").items() if name in recipes
    ]
    kept, at = [], 0
    for offset, recipe in sorted(holes):
        kept.append(data[at:offset])
        at = offset + 4 * int(np.prod(recipe[1]))
    kept.append(data[at:])
    header = json.dumps([sorted(holes), [len(part) for part in kept]]).encode()
    target.write_bytes(len(header).to_bytes(8, "little") + header + zlib.compress(b"".join(kept)))


def fill(source: Path, target: Path) -> None:
    """Inverse of `strip`; needs numpy alone."""
    data = source.read_bytes()
    size = int.from_bytes(data[:8], "little")
    holes, lengths = json.loads(data[8 : 8 + size])
    kept = zlib.decompress(data[8 + size :])
    with target.open("wb") as file:
        at = 0
        for (_, recipe), length in zip([*holes, (0, None)], lengths, strict=True):
            file.write(kept[at : at + length])
            at += length
            if recipe is not None:
                file.write(made(*recipe))


if __name__ == "__main__":
    {"strip": strip, "fill": fill}[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
