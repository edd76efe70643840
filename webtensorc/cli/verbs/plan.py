"""`webtensorc plan`: everything that would be done, as data, before anything is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from webtensorc.cli import options, schedules
from webtensorc.cli.console import Console
from webtensorc.cli.options import verb

if TYPE_CHECKING:
    from webtensorc.sizes import Sizes


@verb("""
    $ webtensorc plan
    $ webtensorc plan --target x86-64-v3 -O1 --format json
    $ webtensorc plan model.onnx --target x86-64-v4
""")
@click.argument("model", required=False, type=click.Path())
@options.targets()
@options.shapes
@options.optimization
def command(
    console: Console,
    model: str | None,
    targets: tuple[str, ...],
    dims: dict[str, Sizes],
    input_shapes: dict[str, tuple[int, ...]],
    optimization_level: int | None,
    passes: tuple[str, ...],
    disabled_passes: tuple[str, ...],
    precise: bool,
) -> None:
    """Print the plan for each target: compiler flags, phases, and the passes between them.

    With MODEL, also the kernel that each part of it gets, the time that is predicted for it, what bounds that time, and
    why the kernel was chosen. No machine code is made.
    """
    from webtensorc.driver import Request, forecast
    from webtensorc.plan import Options

    request = Request(model, targets, dims, input_shapes, Options(optimization_level, passes, disabled_passes, precise))
    plans = request.plans()
    data: list[dict[str, Any]] = [{**plan.as_dict(), "digest": plan.digest} for plan in plans]
    text = list(map(str, plans))
    if model is not None:
        reports = forecast(request)
        for number, plan in enumerate(plans):
            report = reports[plan.target]
            data[number]["report"] = report
            text[number] += f"\n\n{schedules.kernels(report)}"
    console.result(data, "\n\n".join(text))
