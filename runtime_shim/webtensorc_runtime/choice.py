"""Which devices to try for a bundle, in which order: what the user asked for, or what the machine has.

`auto` goes by preference: GPUs in the order of `accelerators.KINDS`, then the processor; drivers that only emulate a
GPU on the processor are left out. `fastest` measures. A device that was asked for by name is the only one, unless the
user allows falling back to the processor.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from webtensorc_runtime import accelerators
from webtensorc_runtime.device import kind_of
from webtensorc_runtime.errors import UsageError
from webtensorc_runtime.manifest import Variant

if TYPE_CHECKING:
    from webtensorc_runtime.module import Module

MEASURED_CALLS = 3
"""Calls that count, after one that does not; the quickest of them is compared."""


def candidates(device: str | None, variants: Sequence[Variant], fallback: bool) -> tuple[str | None, ...]:
    """The values of `device=` to try, the best first."""
    if device not in ("auto", "fastest"):
        return (device, "cpu") if fallback and kind_of(device) != "cpu" else (device,)
    present = {variant.device for variant in variants}
    found = [each for kind in accelerators.KINDS if kind in present for each in _devices(kind)[0]]
    return (*(each.uri for each in found if device == "fastest" or not each.is_software), "cpu")


def passed_over(device: str | None, variants: Sequence[Variant]) -> tuple[str, ...]:
    """Why devices that the bundle has variants for are no candidates of `auto` and `fastest`, a line each."""
    present = {variant.device for variant in variants} if device in ("auto", "fastest") else set()
    return tuple(line for kind in accelerators.KINDS if kind in present for line in _not_tried(kind, device == "auto"))


def _not_tried(kind: str, leaves_out_software: bool) -> Iterable[str]:
    found, reason = _devices(kind)
    if reason:
        yield f"device `{kind}` is not available: {reason}"
    for each in found:
        if each.is_software and leaves_out_software:
            yield f"device `{each.uri}` computes on the processor, so that `auto` leaves it out; it can be named"


def _devices(kind: str) -> tuple[list[accelerators.Found], str]:
    """What a driver finds, and why there is nothing."""
    from webtensorc_runtime.engine import native

    try:
        return accelerators.devices(native(), kind), ""
    except accelerators.UnavailableError as error:
        return [], str(error)


def fastest(modules: Sequence[Module], clock: Callable[[], float] = time.perf_counter) -> Module:
    """The module whose quickest call, on inputs of zeros, takes least time.

    Raises:
        UsageError: the inputs have open dimensions, so there is nothing to call it with.
    """
    import numpy as np

    from webtensorc_runtime.dtypes import numpy_dtype

    if modules[0].dims:
        raise UsageError(
            "device `fastest` cannot measure a model with open dimensions",
            doing="choosing a device",
            hint="name a device, or use `auto`",
        )
    arrays = [np.zeros(spec.sizes, numpy_dtype(spec.dtype)) for spec in modules[0].inputs]
    taken = []
    for module in modules:
        module(*arrays)
        times = []
        for _ in range(MEASURED_CALLS):
            started = clock()
            module(*arrays)
            times.append(clock() - started)
        taken.append(min(times))
    return modules[taken.index(min(taken))]
