"""What this machine can run modules of, for real: a lane for each target, natively, emulated or on a device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import emulated
import kernels
import numpy as np
import webtensorc_runtime
from webtensorc_runtime import accelerators, cpu, engine

from webtensorc.artifact import Bundle
from webtensorc.registry import make_target
from webtensorc.target_api import Target

ON_A_GPU = "@gpu"
"""At the end of a lane's name: the devices that are hardware, where the lane without it is a driver's that computes on
the processor (Mesa's lavapipe)."""


@dataclass(frozen=True)
class Lane:
    """One target on one kind of device.

    Attributes:
        name: the target's specification, with `@gpu` behind it where it is one of two lanes.
        missing: what keeps this machine from running it (None: nothing).
    """

    name: str
    missing: str | None

    @property
    def target(self) -> str:
        """The specification of the target."""
        return self.name.removesuffix(ON_A_GPU)

    def run(self, bundle: Bundle, feed: Mapping[str, np.ndarray], folder: Path) -> dict[str, np.ndarray]:
        """The outputs by name of the bundle's variant for this lane; `folder` is for files."""
        if make_target(self.target).architecture() == "aarch64" != cpu.architecture():
            return emulated.run(bundle, self.target, feed, folder)
        device = _device(self.name, make_target(self.target))
        return webtensorc_runtime.load(bundle, device=device, variant=self.target).run(feed)

    def can_accept(self) -> bool:
        """Whether there is an assembler or validator here for what cannot be run."""
        return kernels.can_check(self.target)

    def accept(self, bundle: Bundle, folder: Path) -> None:
        """Raise AssertionError unless that tool accepts every kernel of the bundle; `folder` is for files."""
        kernels.check_all(bundle, folder)


NAMES = (
    *("x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4"),
    *("aarch64", "aarch64-v8.2", "aarch64-v9"),
    *("spirv", "cuda", f"spirv{ON_A_GPU}", "cuda{arch=sm_80}", "cuda{arch=sm_90}", "cuda{arch=sm_90a}"),
)


def _device(name: str, target: Target) -> str:
    """The `device=` of a lane on this machine.

    Raises:
        accelerators.UnavailableError: there is none.
    """
    if target.device() == "cpu":
        return "cpu"
    found = accelerators.devices(engine.native(), target.device())
    software = target.device() == "vulkan" and not name.endswith(ON_A_GPU)
    fitting = [each for each in found if each.is_software == software]
    if not fitting:
        kind = "computes on the processor" if software else "is a GPU"
        raise accelerators.UnavailableError(f"none of {len(found)} devices {kind}")
    lacking = sorted(target.features() - fitting[0].features)
    if lacking:
        raise accelerators.UnavailableError(f"{fitting[0].name} lacks {', '.join(lacking)}")
    return fitting[0].uri


def missing(name: str) -> str | None:
    """Why the modules of a lane cannot be run here, and where that can be changed; None where they can."""
    target = make_target(name.removesuffix(ON_A_GPU))
    if target.device() != "cpu":
        try:
            _device(name, target)
        except accelerators.UnavailableError as error:
            return f"no device for {name}: {error}"
        return None
    if target.architecture() == cpu.architecture():
        lacking = sorted(target.features() - cpu.features())
        return f"this processor lacks {', '.join(lacking)}" if lacking else None
    return emulated.missing() if target.architecture() == "aarch64" else f"cannot run {target.architecture()}"


def lanes() -> tuple[Lane, ...]:
    """Every lane, those that are missing here with the reason."""
    return tuple(Lane(name, missing(name)) for name in NAMES)
