"""`webtensorc bench`: latency, against ONNX Runtime or against itself without a family of passes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from webtensorc.cli import options
from webtensorc.cli.console import Console, short, size, table
from webtensorc.cli.options import verb
from webtensorc.cli.schedules import amount

if TYPE_CHECKING:
    from webtensorc_runtime import Module

    from webtensorc.cli.measure import Timing
    from webtensorc.sizes import Sizes


@verb("""
    $ webtensorc bench model.wtb
    $ webtensorc bench model.onnx --against onnxruntime --threads 2 --duration 5
    $ webtensorc bench model.onnx --ablate
""")
@click.argument("model", metavar="MODEL|BUNDLE", type=click.Path())
@options.targets(default=(), several=False)
@click.option("--against", type=click.Choice(("onnxruntime",)), help="Measure this too, in turns; MODEL must be ONNX.")
@click.option("--ablate", is_flag=True, help="Measure MODEL compiled without each family of passes too.")
@click.option("--warmup", type=click.IntRange(0), default=5, show_default=True, help="Calls not counted.")
@click.option("--duration", type=options.Number(0), default=3.0, show_default=True, help="Seconds to measure for.")
@click.option("--iterations", type=click.IntRange(1), help="Calls to measure, instead of a duration.")
@options.seed
@options.execution
@options.shapes
def command(
    console: Console,
    model: str,
    targets: tuple[str, ...],
    against: str | None,
    ablate: bool,
    warmup: int,
    duration: float,
    iterations: int | None,
    seed: int,
    device: str | None,
    threads: int | None,
    dims: dict[str, Sizes],
    input_shapes: dict[str, tuple[int, ...]],
) -> None:
    """Measure the latency of MODEL or BUNDLE on random inputs: median, 90th and 99th percentile.

    What is compared is called in turns, so that ratios hold even where the machine is not quiet. `allocated` is the
    memory that a call takes for buffers once others have gone before it: nothing, where shapes are static.
    """
    from webtensorc.cli import building, measure, tensors

    if ablate and building.is_bundle(model):
        raise click.UsageError("--ablate compiles again: give the model, not a bundle")
    if against:
        building.require_onnx(model, "--against onnxruntime")
    pinned: dict[str, Any] = {"dims": dims, "input_shapes": input_shapes}
    if ablate:
        modules, facts = _ablated(console, model, targets or ("host",), pinned, device, threads)
    else:
        source = building.loadable(console, model, targets=targets, **pinned)
        modules, facts = {"webtensorc": building.load(console, source, device, threads)}, {}
    first = next(iter(modules.values()))
    values = tensors.complete(console, {}, first, seed, dims if building.is_bundle(model) else {})
    calls: dict[str, Callable[[], Any]] = {
        name: lambda module=module: module(*values.values())  # type: ignore[misc]
        for name, module in modules.items()
    }
    if against:
        session = measure.onnxruntime_session(model, threads)
        calls["onnxruntime"] = lambda: session.run(None, values)
    timings = measure.interleaved(calls, warmup=warmup, duration=duration, iterations=iterations)
    for name, module in modules.items():
        before = module.allocated_bytes
        calls[name]()
        facts[name] = {"allocated_per_call": module.allocated_bytes - before, **facts.get(name, {})}
    data = {
        "variant": first.variant,
        "mode": first.mode,
        "workers": first.workers,
        "unit": "ms",
        "results": {name: {**asdict(timing), **facts.get(name, {})} for name, timing in timings.items()},
    }
    console.result(
        data, f"variant {short(first.variant)}, {first.mode}, {first.workers} workers\n\n{_table(timings, facts)}"
    )


def _ablated(
    console: Console,
    model: str,
    targets: tuple[str, ...],
    pinned: dict[str, Any],
    device: str | None,
    threads: int | None,
) -> tuple[dict[str, Module], dict[str, dict[str, Any]]]:
    """The model compiled with all passes, and without those of each family that may be left out."""
    from webtensorc import registry
    from webtensorc.cache import Cache
    from webtensorc.cli import building
    from webtensorc.driver import Request
    from webtensorc.pass_api import Family
    from webtensorc.plan import Options

    modules: dict[str, Module] = {}
    facts: dict[str, dict[str, Any]] = {}
    passes = registry.passes().values()
    without: dict[str, tuple[str, ...]] = {"all passes": ()}
    for family in Family:
        without[f"no {family.value}"] = tuple(each.name for each in passes if each.family is family and each.level != 0)
    for name, disabled in without.items():
        request = Request(
            model, targets, **pinned, options=Options(disabled_passes=disabled), cache=Cache(warn=console.say)
        )
        console.say(f"compiling: {name}")
        bundle = building.compile_request(console, request).bundle
        modules[name] = building.load(console, bundle, device, threads)
        facts[name] = _program_facts(bundle.artifacts[0].report, len(bundle.artifacts[0].module))
    return modules, facts


def _program_facts(report: dict[str, Any], module_bytes: int) -> dict[str, Any]:
    from webtensorc.schedule import Schedule

    schedule = Schedule.from_json(report["schedule"])
    return {
        "dispatches": sum(step.kind == "dispatch" for step in schedule.steps),
        "arena_bytes": schedule.arena_bytes,
        "max_live_bytes": schedule.max_live(),
        "module_bytes": module_bytes,
    }


_COLUMNS: dict[str, tuple[str, Callable[[Any], object]]] = {
    "allocated_per_call": ("allocated", size),
    "dispatches": ("dispatches", int),
    "arena_bytes": ("arena", amount),
    "max_live_bytes": ("max live", amount),
}
"""What is told of a module besides its times: the column's head, and how a value is printed."""


def _table(timings: dict[str, Timing], facts: dict[str, dict[str, Any]]) -> str:
    base = next(iter(timings.values())).median
    told = [name for name in _COLUMNS if any(name in each for each in facts.values())]
    rows: list[Sequence[object]] = []
    for name, timing in timings.items():
        row = [name, *(f"{each:.4g}" for each in (timing.median, timing.p90, timing.p99, timing.best)), timing.calls]
        known = facts.get(name, {})
        more = [_COLUMNS[each][1](known[each]) if each in known else "-" for each in told]
        rows.append([*row, f"{timing.median / base:.2f}", *more])
    header = ("", "median ms", "p90", "p99", "best", "calls", "ratio", *(_COLUMNS[name][0] for name in told))
    return table(header, rows)
