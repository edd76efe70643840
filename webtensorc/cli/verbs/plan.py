"""`webtensorc plan`: everything that would be done, as data, before anything is done."""

from __future__ import annotations

from webtensorc.cli import options
from webtensorc.cli.console import Console
from webtensorc.cli.options import verb


@verb("""
    $ webtensorc plan
    $ webtensorc plan --target x86-64-v3 -O1 --format json
""")
@options.targets()
@options.optimization
def command(
    console: Console,
    targets: tuple[str, ...],
    optimization_level: int,
    passes: tuple[str, ...],
    disabled_passes: tuple[str, ...],
) -> None:
    """Print the plan for each target: compiler flags, phases, and the passes between them."""
    from webtensorc.plan import Options, Plan

    chosen = Options(optimization_level, passes, disabled_passes)
    plans = [Plan.make(target, chosen) for target in targets]
    data = [{**plan.as_dict(), "digest": plan.digest} for plan in plans]
    console.result(data, "\n\n".join(map(str, plans)))
