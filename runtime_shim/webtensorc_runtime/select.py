"""Which of a bundle's variants this machine runs: the one that uses most of what it has, and nothing that it lacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from webtensorc_runtime.errors import IncompatibleMachineError, UsageError
from webtensorc_runtime.manifest import Variant


@dataclass(frozen=True)
class Machine:
    """What variants are matched against.

    Attributes:
        architecture: of the processor, as `uname -m` names it.
        features: what the device has: LLVM's names for a processor's, those of `accelerators.Abilities` for others.
        device: kind of device: `cpu`, `vulkan`, `cuda`.
        memory_bytes: the device's own memory; 0 where it is not known, or is the processor's.
    """

    architecture: str
    features: frozenset[str]
    device: str = "cpu"
    memory_bytes: int = 0


@dataclass(frozen=True)
class Selection:
    """The variant to run, and every other one with the reason why not."""

    variant: Variant
    rejected: tuple[tuple[str, str], ...]


_NOUNS = {"cpu": "CPU", "vulkan": "GPU", "cuda": "GPU"}


def why_not(variant: Variant, machine: Machine) -> str | None:
    """Why `machine` cannot run `variant`; None where it can."""
    if variant.device != machine.device:
        return f"is for device {variant.device}, not {machine.device}"
    if variant.architecture and variant.architecture != machine.architecture:
        return f"is for {variant.architecture}, not {machine.architecture}"
    if missing := sorted(set(variant.features) - machine.features):
        return f"needs {', '.join(missing)} which this {_NOUNS.get(machine.device, 'device')} lacks"
    if machine.memory_bytes and (needed := memory_needed(variant)) > machine.memory_bytes:
        return f"needs {_gibibytes(needed)} of device memory, of which this GPU has {_gibibytes(machine.memory_bytes)}"
    return None


def memory_needed(variant: Variant) -> int:
    """Bytes that weights, inputs, outputs and everything between them take, as far as the compiler knew."""
    schedule = variant.report.get("schedule")
    resources = schedule.get("resources", ()) if isinstance(schedule, dict) else ()
    return sum(size for each in resources if isinstance(size := each.get("size"), int))


def _gibibytes(size: int) -> str:
    return f"{size / 2**30:.2f} GiB"


def select(variants: Sequence[Variant], machine: Machine, file: str, wanted: str | None = None) -> Selection:
    """The fitting variant with most features (ties: the first label in order), or the one with label `wanted`.

    Raises:
        IncompatibleMachineError: none fits; the notes give the reason for each.
        UsageError: no variant is called `wanted`.
    """
    labels = [variant.label for variant in variants]
    if wanted is not None and wanted not in labels:
        raise UsageError(f"the bundle has no variant `{wanted}`", file=file, hint=f"variants: {', '.join(labels)}")
    reasons = {variant.label: why_not(variant, machine) for variant in variants}
    fitting = [v for v in variants if reasons[v.label] is None and wanted in (None, v.label)]
    if not fitting:
        raise _none_fits([v for v in variants if wanted in (None, v.label)], reasons, machine, file)
    best = min(fitting, key=lambda v: (-len(v.features), v.label))
    passed = "was not asked for" if wanted is not None else f"uses less of this machine than {best.label}"
    rejected = tuple((v.label, reasons[v.label] or passed) for v in variants if v is not best)
    return Selection(best, rejected)


def _none_fits(
    variants: Sequence[Variant], reasons: dict[str, str | None], machine: Machine, file: str
) -> IncompatibleMachineError:
    return IncompatibleMachineError(
        f"no variant of the bundle runs on this machine ({machine.architecture}, device {machine.device})",
        file=file,
        doing="choosing a variant",
        notes=tuple(f"{variant.label} {reasons[variant.label]}" for variant in variants),
        hint=_remedy(machine, {variant.device for variant in variants}),
    )


def _remedy(machine: Machine, targeted: set[str]) -> str:
    if machine.device == "cpu":
        return "compile the bundle for this machine as well: webtensorc compile BUNDLE -o NEW.wtb --target host"
    if {"cpu", machine.device} <= targeted:
        return "allow falling back to the processor, or name no device"
    plainer = "a target of device" if machine.device not in targeted else "a target without options of device"
    return f"compile the bundle for {plainer} {machine.device} as well; `webtensorc targets` lists them"
