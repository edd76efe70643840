"""The machine that compiles, resolved to a plain target with explicit features when the plan is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from webtensorc_runtime import cpu

from webtensorc.errors import UnsupportedError
from webtensorc.target_api import Spec, Target
from webtensorc_targets.aarch64 import Aarch64Target
from webtensorc_targets.x86_64 import X86Target

__all__ = ["HostTarget"]


@dataclass(frozen=True)
class HostTarget(Target):
    """`host`: this machine's processor, by its features; the plan and the bundle name the level and the extra ones.

    Features are read by the loader's own detection, so a bundle for `host` runs where it was built. Two machines with
    equal features make equal bundles. The tuning model of the exact processor is left out for that reason.
    """

    name: ClassVar[str] = "host"
    maturity: ClassVar[str] = "tested"
    tested_by: ClassVar[str] = "all tests, on the machine they run on"
    instruction_set: ClassVar[str] = "this machine's"

    @classmethod
    def from_spec(cls, spec: Spec) -> Target:
        """Detect the processor and return the target that describes it.

        Raises:
            UsageError: `host` has no options.
            UnsupportedError: code generation for this processor is not there yet.
        """
        spec.build(cls)
        for family in (X86Target, Aarch64Target):
            if family().architecture() == cpu.architecture():
                return family.best_for(cpu.features())
        raise UnsupportedError(
            f"target `host`: no code generation for {cpu.architecture()} yet",
            hint="name a target that is listed by `webtensorc targets`",
        )

    def describe(self) -> str:
        """What was detected."""
        return f"this machine: {HostTarget.from_spec(Spec(self.name)).label}"
