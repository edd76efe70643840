"""The plan: everything that will happen to a model for one target, as data, before anything happens."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

from webtensorc import registry, tools
from webtensorc._version import __version__
from webtensorc.errors import UsageError
from webtensorc.phase import Phase
from webtensorc.spec import Spec, did_you_mean
from webtensorc.target_api import Target

VERSIONED = ("iree-base-compiler", "iree-base-runtime", "jax", "jaxlib", "onnx", "numpy")
"""The packages whose version may change what is compiled."""

LEVEL = 3
"""The optimisation level where none is asked for."""


@dataclass(frozen=True)
class Options:
    """What the user may choose about a compilation; `-O`, `--pass` and `--disable-pass` of the command line.

    Attributes:
        optimization_level: 0 (only what correctness needs) to 3; None, where nobody asks for one, means `LEVEL`.
        passes: pass specifications; one that is on by default has its options replaced, any other is added.
        disabled_passes: names of passes to leave out.
        precise: leave the algebra of the model as it is (`Pass.precise`); passes named in `passes` are as asked.
        prepack: store weights a second time for targets that read them in another form (`webtensorc.prepack`).
    """

    optimization_level: int | None = None
    passes: tuple[str, ...] = ()
    disabled_passes: tuple[str, ...] = ()
    precise: bool = False
    prepack: bool = False

    def __post_init__(self) -> None:
        if self.level not in range(4):
            raise UsageError(f"there is no optimization level {self.level}", hint="levels are 0, 1, 2, 3")

    @property
    def level(self) -> int:
        """The optimisation level, also where nobody asks for one."""
        return LEVEL if self.optimization_level is None else self.optimization_level


@dataclass(frozen=True)
class Step:
    """One pass of a plan: the phase it follows and its specification."""

    phase: str
    family: str
    spec: str


@dataclass(frozen=True)
class Plan:
    """All decisions for one target: what `webtensorc plan` prints, the cache keys on and the manifest records."""

    target: str
    device: str
    architecture: str
    features: tuple[str, ...]
    flags: tuple[str, ...]
    optimization_level: int
    steps: tuple[Step, ...]
    versions: tuple[tuple[str, str], ...]

    @classmethod
    def make(cls, target: str | Target, options: Options = Options()) -> Plan:
        """Decide everything for one target.

        Raises:
            UsageError: an unknown target, pass or option, a required pass disabled, or a program that
                makes a part of the target's modules not there.
        """
        resolved = registry.make_target(target) if isinstance(target, str) else target
        return cls(
            target=resolved.label,
            device=resolved.device(),
            architecture=resolved.architecture(),
            features=tuple(sorted(resolved.features())),
            flags=resolved.flags(options.level),
            optimization_level=options.level,
            steps=cls.steps_of(options),
            versions=tuple({**versions(), **tools.versions(resolved.tools)}.items()),
        )

    @staticmethod
    def steps_of(options: Options) -> tuple[Step, ...]:
        """The passes of every target's plan, in order.

        Raises:
            UsageError: an unknown pass or option, or a required pass disabled.
        """
        return tuple(_steps(options))

    @classmethod
    def of_passes(cls, steps: tuple[Step, ...]) -> Plan:
        """A plan for no target: these passes and nothing else."""
        return cls("", "", "", (), (), 0, steps, tuple(versions().items()))

    def at(self, phase: Phase) -> tuple[Step, ...]:
        """The steps that follow `phase`, in order."""
        return tuple(step for step in self.steps if step.phase == phase.value)

    def as_dict(self) -> dict[str, Any]:
        """The plan as JSON-ready data."""
        return {**asdict(self), "versions": dict(self.versions)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Plan:
        """Inverse of `as_dict`."""
        return cls(
            target=data["target"],
            device=data["device"],
            architecture=data["architecture"],
            features=tuple(data["features"]),
            flags=tuple(data["flags"]),
            optimization_level=data["optimization_level"],
            steps=tuple(Step(**step) for step in data["steps"]),
            versions=tuple(data["versions"].items()),
        )

    @property
    def digest(self) -> str:
        """SHA-256 of the plan, in hexadecimal."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()

    def __str__(self) -> str:
        lines = [f"target   {self.target}   (-O{self.optimization_level})"]
        lines += [f"device   {' '.join(filter(None, (self.device, self.architecture)))}"]
        lines += [f"needs    {', '.join(self.features) or 'nothing beyond the baseline'}"]
        lines += ["flags    " + "\n         ".join(self.flags or ("none",))]
        lines += ["phases"]
        for phase in Phase:
            lines += [f"  {phase.value}"]
            lines += [f"    - {step.spec}   [{step.family}]" for step in self.at(phase)]
        lines += ["versions " + ", ".join(f"{name} {number}" for name, number in self.versions)]
        return "\n".join(lines)


def passes_after(phase: Phase, text: str) -> tuple[str, ...]:
    """The specifications of the passes that follow `phase` in a plan as text, as a manifest has it."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in text.splitlines():
        if step := re.fullmatch(r"    - (.*)   \[\w+\]", line):
            found.setdefault(section, []).append(step[1])
        else:
            section = line.strip()
    return tuple(found.get(phase.value, ()))


def options_of(text: str) -> Options:
    """Options whose plan has the level and steps of this one, as a manifest has it; none said, those by default.

    What `--precise` made of passes comes out as options of theirs.

    Raises:
        UsageError: one of the passes is not installed.
    """
    said = re.search(r"\(-O(\d)\)$", text, re.MULTILINE)
    if said is None:
        return Options()
    level, known = int(said[1]), registry.passes()
    steps = {Spec.parse(each).name: each for phase in Phase for each in passes_after(phase, text)}
    for name in steps:
        if name not in known:
            raise UsageError(
                f"the bundle was compiled with pass `{name}`, which is not installed",
                hint=f"install the package that has it, or compile without it: -O{level}",
            )
    usual = {Spec.parse(step.spec).name: step.spec for step in _steps(Options(level))}
    return Options(
        level,
        passes=tuple(each for name, each in steps.items() if each != usual.get(name)),
        disabled_passes=tuple(name for name in usual if name not in steps and known[name].level),
    )


def versions() -> dict[str, str]:
    """Version of webtensorc and of every package that may change what is compiled."""
    return {"webtensorc": __version__, **dict(_installed())}


@functools.cache  # reading a package's metadata takes milliseconds
def _installed() -> tuple[tuple[str, str], ...]:
    return tuple((name, version(name)) for name in VERSIONED)


def _steps(options: Options) -> Iterable[Step]:
    known = registry.passes()
    for name in options.disabled_passes:
        if name not in known:
            raise UsageError(f"there is no pass `{name}` to disable", hint=did_you_mean(name, known))
        if known[name].level == 0:
            raise UsageError(f"pass `{name}` is needed for correctness and cannot be disabled")
    asked = {Spec.parse(text).name: registry.make_pass(text) for text in options.passes}
    default = (
        cls()
        for name, cls in known.items()
        if name not in asked and cls.level is not None and cls.level <= options.level
    )
    kept = (each.precise() for each in default) if options.precise else default
    chosen = [each for each in (*asked.values(), *kept) if each and each.name not in options.disabled_passes]
    for each in sorted(chosen, key=lambda p: (p.after.order, p.order, p.name)):
        yield Step(each.after.value, each.family.value, str(Spec.of(each.name, each)))
