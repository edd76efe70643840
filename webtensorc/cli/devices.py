"""What `--device` takes on this machine, and why the rest is not there."""

from __future__ import annotations

from typing import Any

from webtensorc.cli.console import Console, table


def show(console: Console) -> None:
    """Print every kind of device that the loader knows, with the devices found or the reason why there is none."""
    rows = [*_processor(), *_accelerators()]
    cells = [(each["device"], "yes" if each["available"] else "no", each["what"]) for each in rows]
    console.result({"devices": rows}, table(("device", "here", "what it is, or why it is not there"), cells))


def _processor() -> list[dict[str, Any]]:
    from webtensorc_runtime import cpu

    cores = f"{cpu.architecture()}, {cpu.usable_cores()} cores"
    meanings = {
        "cpu": f"{cores}; one thread or several, as the bundle advises",
        "local-sync": f"{cores}; the calling thread",
        "local-task": f"{cores}; a pool of worker threads",
    }
    return [{"device": device, "available": True, "what": what} for device, what in meanings.items()]


def _accelerators() -> list[dict[str, Any]]:
    from webtensorc_runtime import accelerators, engine

    rows: list[dict[str, Any]] = []
    for kind in accelerators.KINDS:
        try:
            for found in accelerators.devices(engine.native(), kind):
                rows.append({"device": found.uri, "available": True, "what": found.name})
        except accelerators.UnavailableError as error:
            rows.append({"device": kind, "available": False, "what": str(error)})
    return rows
