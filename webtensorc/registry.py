"""Passes and targets by name, found through entry points and imported only when used.

An entry point of the group `webtensorc.passes` or `webtensorc.targets` names a package. Every module in it whose file
name has no leading underscore is one pass or one target, called like the file with `-` for `_`; folders may group them.
The built-in ones come in by the same door.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from webtensorc.errors import InternalError, UnsupportedError, UsageError
from webtensorc.pass_api import Pass
from webtensorc.spec import Spec, did_you_mean
from webtensorc.target_api import Target

T = TypeVar("T", Pass, Target)


@dataclass(frozen=True)
class Entry:
    """One extension: its name and the module that defines it."""

    name: str
    module: str

    def load(self, base: type[T]) -> type[T]:
        """Import the module and return its one subclass of `base` called `name`.

        Raises:
            InternalError: the module does not keep the rule "one file, one extension, one name".
        """
        module = importlib.import_module(self.module)
        found = [
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, base) and value.__module__ == self.module
        ]
        if len(found) != 1 or found[0].name != self.name:
            named = ", ".join(getattr(cls, "name", cls.__name__) for cls in found) or "nothing"
            raise InternalError(
                f"{self.module} must define exactly the {base.__name__.lower()} `{self.name}`; it defines {named}"
            )
        return found[0]


@cache
def entries(group: str) -> Mapping[str, Entry]:
    """All extensions of an entry point group, by name, without importing them.

    Raises:
        UsageError: two installed packages offer the same name.
    """
    found: dict[str, Entry] = {}
    for point in sorted(entry_points(group=group), key=lambda p: (p.value, p.name)):
        spec = importlib.util.find_spec(point.value)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            for file in sorted(Path(folder).rglob("*.py")):
                if file.stem.startswith("_"):
                    continue
                name = file.stem.replace("_", "-")
                module = ".".join((point.value, *file.relative_to(folder).with_suffix("").parts))
                other = found.setdefault(name, Entry(name, module))
                if other.module != module:
                    raise UsageError(f"`{name}` is defined by both {other.module} and {module}", hint="uninstall one")
    return MappingProxyType(found)


@cache
def passes() -> Mapping[str, type[Pass]]:
    """Every installed pass class by name."""
    return {name: entry.load(Pass) for name, entry in entries("webtensorc.passes").items()}


def make_pass(text: str) -> Pass:
    """The pass that a specification describes.

    Raises:
        UsageError: no such pass or option; the hint names the closest.
    """
    spec = Spec.parse(text)
    known = entries("webtensorc.passes")
    if spec.name not in known:
        raise UsageError(
            f"there is no pass `{spec.name}`", hint=did_you_mean(spec.name, known) or "`webtensorc passes` lists them"
        )
    return spec.build(known[spec.name].load(Pass))


def target_classes() -> Mapping[str, type[Target]]:
    """Every installed target class by name."""
    return {name: entry.load(Target) for name, entry in entries("webtensorc.targets").items()}


def make_target(text: str) -> Target:
    """The target that a specification describes; a name may carry a level (`x86-64-v3` is level `v3` of `x86-64`).

    Raises:
        UsageError: no such target, level or option; the hint names the closest.
    """
    spec = Spec.parse(text)
    known = entries("webtensorc.targets")
    for name in sorted(known, key=len, reverse=True):
        if spec.name == name or spec.name.startswith(f"{name}-"):
            loaded = known[name].load(Target)
            if spec.name in loaded.names():
                return loaded.from_spec(spec)
    names = [each for cls in target_classes().values() for each in cls.names()]
    raise UsageError(
        f"there is no target `{spec.name}`",
        notes=(f"the targets are: {', '.join(names)}",),
        hint=_for_device(spec.name.lower())
        or did_you_mean(spec.name, names)
        or "`webtensorc targets` says what each is for",
    )


def targets_for(device: str) -> list[str]:
    """Names of the targets whose modules run on this kind of device, as they are without options."""
    found = []
    for name, cls in target_classes().items():
        with contextlib.suppress(UnsupportedError):  # there is no code generation for this processor
            if cls.from_spec(Spec(name)).device() == device:
                found.append(name)
    return found


def _for_device(name: str) -> str | None:
    """A hint that names the targets for a device, where the name of a target is expected."""
    found = targets_for(name)
    return f"for device {name} there is {' or '.join(f'`{each}`' for each in found)}" if found else None
