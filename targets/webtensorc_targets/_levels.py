"""Processors that come in levels, each with all that the ones below it have, and features beyond the levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from webtensorc.errors import UsageError
from webtensorc.spec import did_you_mean
from webtensorc.target_api import Spec, Target

__all__ = ["LevelledProcessor"]


@dataclass(frozen=True)
class LevelledProcessor(Target):
    """Base of the targets of one instruction set. The lowest level is the default and is written without a suffix."""

    maturity: ClassVar[str] = "tested"
    levels: ClassVar[Mapping[str, frozenset[str]]]
    """Features by level, in LLVM's names, lowest level first; the levels' names sort the same way."""
    extras: ClassVar[Mapping[str, frozenset[str]]]
    """Vector features beyond the levels, under the lowest level that has all they build on."""

    level: str
    extra: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.level not in self.levels:
            raise UsageError(f"`{self.name}` has no level `{self.level}`", hint=f"levels are: {', '.join(self.levels)}")
        allowed = {feature for level, some in self.extras.items() if level <= self.level for feature in some}
        for feature in self.extra:
            if feature not in allowed:
                raise UsageError(
                    f"`{self.level_name}` has no extra feature `{feature}`",
                    hint=did_you_mean(feature, allowed) or "`webtensorc targets` lists those of all levels",
                    notes=(f"there are: {', '.join(sorted(allowed)) or 'none'}",),
                )
        object.__setattr__(self, "extra", tuple(sorted(set(self.extra))))

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The lowest level's name, then those of the others."""
        return (cls.name, *(f"{cls.name}-{level}" for level in list(cls.levels)[1:]))

    @classmethod
    def values(cls) -> Mapping[str, tuple[str, ...]]:
        """The levels, and the extra features of all of them."""
        return {"level": tuple(cls.levels), "extra": tuple(sorted(frozenset().union(*cls.extras.values())))}

    @classmethod
    def from_spec(cls, spec: Spec) -> Self:
        """The level is the end of the name.

        Raises:
            UsageError: an option or an extra feature that is unknown.
        """
        level = spec.name.removeprefix(cls.name).removeprefix("-")
        return spec.build(cls) if not level else Spec(spec.name, (*spec.options, ("level", level))).build(cls)

    @classmethod
    def best_for(cls, features: frozenset[str]) -> Self:
        """The highest level that `features` contain, with the extra ones among them that build on it."""
        lowest = next(iter(cls.levels))
        level = max((name for name, needed in cls.levels.items() if needed <= features), default=lowest)
        usable = {feature for least, some in cls.extras.items() if least <= level for feature in some & features}
        return cls(level, tuple(usable))

    @property
    def level_name(self) -> str:
        """The name without the extra features."""
        return self.name if self.level == next(iter(self.levels)) else f"{self.name}-{self.level}"

    @property
    def label(self) -> str:
        """The level's name and the extra features."""
        return str(Spec(self.level_name, (("extra", self.extra),) if self.extra else ()))

    def device(self) -> str:
        """Modules are machine code for the processor."""
        return "cpu"

    def architecture(self) -> str:
        """As `uname -m` has it, which is the instruction set's name."""
        return self.instruction_set

    def features(self) -> frozenset[str]:
        """The level's features and the extra ones."""
        return self.levels[self.level].union(self.extra)
