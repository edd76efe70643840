"""`webtensorc targets`: what can be compiled for, and what this machine has."""

from __future__ import annotations

from typing import Any

from webtensorc.cli.console import Console, table
from webtensorc.cli.options import verb
from webtensorc.cli.verbs.passes import describe_options, documentation


@verb("""
    $ webtensorc targets
    $ webtensorc targets --format json
""")
def command(console: Console) -> None:
    """List every target with its levels and options, and the features detected on this machine."""
    from webtensorc import registry

    found = [describe(cls) for _, cls in sorted(registry.target_classes().items())]
    host = registry.make_target("host")
    machine = {"target": host.label, "device": host.device(), "features": sorted(host.features())}
    rows = [_row(each) for each in found]
    text = [
        table(("name", "instructions", "maturity", "tested by", "names to use", "options"), rows),
        "",
        *(_notes(each) for each in found if each["options"]),
        f"host is {machine['target']}",
        f"  features: {' '.join(machine['features'])}",
    ]
    console.result({"targets": found, "host": machine}, "\n".join(text))


def describe(cls: type[Any]) -> dict[str, Any]:
    """A target class as JSON-ready data; an option that may be anything has no `values`."""
    values = cls.values()
    return {
        "name": cls.name,
        "instruction_set": cls.instruction_set,
        "maturity": cls.maturity,
        "tested_by": cls.tested_by,
        "names": list(cls.names()),
        "options": [{**option, "values": list(values.get(option["name"], ()))} for option in describe_options(cls)],
        "doc": " ".join(documentation(cls)),
    }


def _notes(each: dict[str, Any]) -> str:
    lists = [f"  {option['name']}: {', '.join(option['values'])}\n" for option in each["options"] if option["values"]]
    return "".join([each["doc"], "\n", *lists])


def _row(each: dict[str, Any]) -> tuple[str, ...]:
    options = " ".join(option["name"] for option in each["options"])
    isa = each["instruction_set"] or "-"
    return each["name"], isa, each["maturity"], each["tested_by"], " ".join(each["names"]), options or "-"
