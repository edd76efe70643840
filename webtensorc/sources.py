"""The compiler's own code as one number: what the cache holds was made by the code that asks for it."""

from __future__ import annotations

import hashlib
import importlib.util
import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

GROUPS = ("webtensorc.passes", "webtensorc.targets")


@cache
def digest() -> str:
    """SHA-256 of the Python files of all packages called `webtensorc` or `webtensorc_*` and of every plug-in.

    Versions would not do: while passes are written their code changes and the version does not, and a plug-in may be
    replaced by another one of the same version.
    """
    found = hashlib.sha256()
    for name in sorted(packages()):
        for folder in _folders(name):
            for file in sorted(folder.rglob("*.py")):
                found.update(f"{name}/{file.relative_to(folder)}\0".encode())
                found.update(hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()


def packages() -> Iterator[str]:
    """The top-level packages whose code counts, once each."""
    ours = {each.name for each in pkgutil.iter_modules() if each.ispkg and each.name.startswith("webtensorc_")}
    plug_ins = {point.value.partition(".")[0] for group in GROUPS for point in entry_points(group=group)}
    yield from {"webtensorc"} | ours | plug_ins


def _folders(name: str) -> Iterator[Path]:
    spec = importlib.util.find_spec(name)
    yield from map(Path, (spec.submodule_search_locations or ()) if spec else ())
