"""A variant's schedule as tables for people: what runs when, with which kernel, how long that should take and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from webtensorc.cli.console import size, table


def commands(report: Mapping[str, Any]) -> str:
    """Every command of one call, in order, and the memory that it uses."""
    from webtensorc import predictions
    from webtensorc.schedule import Schedule

    schedule = Schedule.from_json(report["schedule"])
    rows = [
        (
            each.step.time,
            each.step.kind,
            each.step.name or "-",
            "x".join(map(str, each.step.workgroups)) if each.step.workgroups else "-",
            round(each.predicted, 2),
            round(each.bound, 2),
            each.bound_by,
            each.step.flops,
            " ".join(f"{a.mode[0]}{a.resource}+{a.offset}:{a.length}" for a in each.step.accesses),
            " ".join(each.step.locations) or "-",
        )
        for each in predictions.of_steps(report)
    ]
    header = ("time", "kind", "what", "grid", "predicted us", "bound us", "bound by", "flops")
    resources = [(i, r.kind, r.name, amount(r.size)) for i, r in enumerate(schedule.resources)]
    return "\n\n".join(
        [
            table(("resource", "kind", "name", "size"), resources),
            table((*header, "bytes (mode, resource, offset, length)", "from"), rows),
            kernels(report),
        ]
    )


def kernels(report: Mapping[str, Any]) -> str:
    """Every kernel once, the one that takes longest in all first: its time by number of cores, its bounds, and why."""
    from webtensorc import predictions

    steps = predictions.of_steps(report)
    uses = Counter(each.step.executable for each in steps)
    found = {each.step.executable: each for each in steps if each.step.kind == "dispatch"}
    cores = sorted({int(n) for each in found.values() for n in each.by_cores})
    rows = [
        (
            name,
            uses[name],
            each.family,
            *(round(each.by_cores.get(str(n), each.predicted), 2) for n in cores or [1]),
            round(each.bound, 2),
            each.bound_by,
            each.why or "-",
        )
        for name, each in sorted(found.items(), key=lambda pair: -pair[1].predicted * uses[pair[0]])
    ]
    times = [f"us, {n} core{'s' if n > 1 else ''}" for n in cores or [1]]
    total = sum(each.predicted for each in steps)
    lines = [
        table(("kernel", "uses", "family", *times, "bound us", "bound by", "why"), rows),
        f"predicted for one core: {total / 1e3:.3f} ms; lower bound {sum(each.bound for each in steps) / 1e3:.3f} ms",
    ]
    return "\n\n".join(lines)


def amount(count: int | None) -> str:
    """A number of bytes that may be known to the running program only."""
    return "not static" if count is None else size(count)
