"""`webtensorc passes`: what can be done to a program, in the order it is done."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

from webtensorc.cli.console import Console, table
from webtensorc.cli.options import verb


@verb("""
    $ webtensorc passes
    $ webtensorc passes --format json
""")
def command(console: Console) -> None:
    """List every pass: where it runs, its family, from which -O level on, and its options."""
    from webtensorc import registry

    found = sorted(registry.passes().values(), key=lambda each: (each.after.order, each.order, each.name))
    described = [describe(each) for each in found]
    rows = [
        (each["name"], each["family"], each["phase"], _level(each["level"]), _options(each["options"]), each["doc"])
        for each in described
    ]
    console.result(described, table(("name", "family", "after", "on from", "options", "what it does"), rows))


def describe(cls: type[Any]) -> dict[str, Any]:
    """A pass class as JSON-ready data."""
    return {
        "name": cls.name,
        "family": cls.family.value,
        "phase": cls.after.value,
        "level": cls.level,
        "options": describe_options(cls),
        "doc": documentation(cls)[0],
    }


def describe_options(cls: type[Any]) -> list[dict[str, Any]]:
    """The options of a pass or target class: its dataclass fields."""
    return [
        {
            "name": field.name.replace("_", "-"),
            "type": str(field.type),
            "default": None if field.default is dataclasses.MISSING else field.default,
        }
        for field in dataclasses.fields(cls)
        if field.init
    ]


def documentation(cls: type[Any]) -> list[str]:
    """The paragraphs of the class's documentation, or of its module's."""
    own = vars(cls).get("__doc__") or ""
    generated = own.startswith(f"{cls.__name__}(")  # what dataclass writes where there is none
    module = inspect.getmodule(cls)
    text = inspect.cleandoc((module.__doc__ if generated or not own else own) or "")
    return [paragraph.replace("\n", " ") for paragraph in text.split("\n\n")]


def _level(level: int | None) -> str:
    return "request" if level is None else "always" if level == 0 else f"-O{level}"


def _options(options: list[dict[str, Any]]) -> str:
    from webtensorc.spec import Spec

    return str(Spec("", tuple((each["name"], each["default"]) for each in options))) or "-"
