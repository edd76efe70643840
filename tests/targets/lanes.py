"""What this machine can run modules of, for real: a lane for each target, natively, emulated or on a device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import emulated
import numpy as np
import webtensorc_runtime
from webtensorc_runtime import accelerators, cpu, engine

from webtensorc.artifact import Bundle
from webtensorc.registry import make_target


@dataclass(frozen=True)
class Lane:
    """One target, and what keeps this machine from running it (None: nothing)."""

    target: str
    missing: str | None

    def run(self, bundle: Bundle, feed: Mapping[str, np.ndarray], folder: Path) -> dict[str, np.ndarray]:
        """The outputs by name of the bundle's variant for this lane; `folder` is for files."""
        if make_target(self.target).architecture() == "aarch64" != cpu.architecture():
            return emulated.run(bundle, self.target, feed, folder)
        module = webtensorc_runtime.load(bundle, device=make_target(self.target).device(), variant=self.target)
        return module.run(feed)


TARGETS = (
    *("x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4"),
    *("aarch64", "aarch64-v8.2", "aarch64-v9"),
    *("spirv", "cuda"),
)


def missing(name: str) -> str | None:
    """Why the modules of a target cannot be run here, and where that can be changed; None where they can."""
    target = make_target(name)
    if target.device() != "cpu":
        try:
            accelerators.devices(engine.native(), target.device())
        except accelerators.UnavailableError as error:
            return f"no device for {name}: {error}"
        return None
    if target.architecture() == cpu.architecture():
        lacking = sorted(target.features() - cpu.features())
        return f"this processor lacks {', '.join(lacking)}" if lacking else None
    return emulated.missing() if target.architecture() == "aarch64" else f"cannot run {target.architecture()}"


def lanes() -> tuple[Lane, ...]:
    """Every lane, those that are missing here with the reason."""
    return tuple(Lane(name, missing(name)) for name in TARGETS)
