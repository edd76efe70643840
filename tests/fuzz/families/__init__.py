"""Strategies for single nodes, one file a family of operators; every `Declared` in them is run."""

from __future__ import annotations

import importlib
import pkgutil

from fuzzing.draw import Declared


def declared() -> dict[str, Declared]:
    """All families by `file/operator`."""
    found = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        found |= {f"{info.name}/{name}": each for name, each in vars(module).items() if isinstance(each, Declared)}
    return found
