"""What `--device` takes on this machine, and why the rest is not there."""

from __future__ import annotations

from typing import Any

from webtensorc.cli.console import Console, table


def show(console: Console) -> None:
    """Print every kind of device that the loader knows, with the devices found or the reason why there is none."""
    rows = [*_processor(), *_accelerators()]
    cells = [
        (each["device"], "yes" if each["available"] else "no", _memory(each["memory_bytes"]), each["what"])
        for each in rows
    ]
    console.result({"devices": rows}, table(("device", "here", "memory", "what it is, or why it is not there"), cells))


def _memory(size: int) -> str:
    return f"{size / 2**30:.1f} GiB" if size else "-"


def _processor() -> list[dict[str, Any]]:
    from webtensorc_runtime import cpu

    cores = f"{cpu.architecture()}, {cpu.usable_cores()} cores"
    meanings = {
        "cpu": f"{cores}; one thread or several, as the bundle advises",
        "local-sync": f"{cores}; the calling thread",
        "local-task": f"{cores}; a pool of worker threads",
    }
    return [_row(device, True, what, features=cpu.features()) for device, what in meanings.items()]


def _accelerators() -> list[dict[str, Any]]:
    from webtensorc_runtime import accelerators, engine

    rows: list[dict[str, Any]] = []
    for kind in accelerators.KINDS:
        try:
            for found in accelerators.devices(engine.native(), kind):
                what = f"{found.name}{', which computes on the processor' * found.is_software}"
                rows.append(_row(found.uri, True, what, found.memory_bytes, found.features))
        except accelerators.UnavailableError as error:
            rows.append(_row(kind, False, str(error)))
    return rows


def _row(
    device: str, available: bool, what: str, memory_bytes: int = 0, features: frozenset[str] = frozenset()
) -> dict[str, Any]:
    return {
        "device": device,
        "available": available,
        "what": what,
        "memory_bytes": memory_bytes,
        "features": sorted(features),
    }
