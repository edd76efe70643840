"""The engines that are compared, one file each, with a function `prepare(model, inputs, threads)`.

    model     path of an ONNX file
    inputs    an array per input, by name
    threads   how many the engine may use; the process already has as many processors
    returns   `Prepared`: a call without arguments, which returns the outputs in the model's order, and the version

It raises whatever its engine raises when that cannot run the model, and ImportError when it is not installed.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Inputs = Mapping[str, Any]


@dataclass(frozen=True)
class Prepared:
    """A model ready to be called by one engine."""

    call: Callable[[], Sequence[Any]]
    version: str


def names() -> list[str]:
    """Every engine, ours first."""
    return sorted((each.name for each in pkgutil.iter_modules(__path__)), key=lambda name: (name != OURS, name))


OURS = "webtensorc"
