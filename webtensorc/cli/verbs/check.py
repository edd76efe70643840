"""`webtensorc check`: everything that this version cannot compile, at once, before compiling."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from webtensorc.cli import options
from webtensorc.cli.console import Console, table
from webtensorc.cli.options import verb

if TYPE_CHECKING:
    from webtensorc.errors import Unsupported
    from webtensorc.sizes import Sizes
    from webtensorc.target_api import Target


@verb("""
    $ webtensorc check model.onnx
    $ webtensorc check model.onnx --target x86-64-v3 --format json
""")
@click.argument("model", type=click.Path())
@options.targets()
@options.shapes
def command(
    console: Console,
    model: str,
    targets: tuple[str, ...],
    dims: dict[str, Sizes],
    input_shapes: dict[str, tuple[int, ...]],
) -> int:
    """List everything in MODEL that is unsupported, with reasons and node names; exit 4 if there is anything."""
    from webtensorc import registry

    wanted = [registry.make_target(target) for target in targets]
    labels = [target.label for target in wanted]
    items, warnings = _unsupported(model, dims=dims, input_shapes=input_shapes)
    if not items:
        items = _missing_types(model, wanted, dims=dims, input_shapes=input_shapes)
    found = [
        {"operator": each.operator, "count": len(each.nodes), "reason": each.reason, "nodes": list(each.nodes)}
        for each in items
    ]
    data = {"file": model, "targets": labels, "supported": not found, "unsupported": found, "warnings": warnings}
    console.warn(warnings)
    rows = [(each.operator, len(each.nodes), each.reason, _some(each.nodes)) for each in items]
    text = f"{model} can be compiled for {', '.join(labels)}"
    console.result(data, table(("operator", "count", "reason", "nodes"), rows) if rows else text)
    return 4 if found else 0


def _unsupported(path: str, **pinned: Any) -> tuple[tuple[Unsupported, ...], list[str]]:
    """What the front end refuses, and what it warns of; any other error of it is raised."""
    from webtensorc.errors import UnsupportedError
    from webtensorc.frontends import load_model
    from webtensorc.frontends.detect import Format, detect

    try:
        if detect(Path(path)) is Format.ONNX:
            from webtensorc.frontends import onnx

            warnings: list[str] = []
            return onnx.check(Path(path), warnings=warnings, **pinned), warnings
        load_model(path, **pinned)
    except UnsupportedError as error:
        if not error.items:
            raise
        return error.items, []
    return (), []


def _missing_types(path: str, targets: Sequence[Target], **pinned: Any) -> tuple[Unsupported, ...]:
    """What the targets have no code generation for; the model is read for those alone that lack something."""
    from webtensorc.frontends import load_model
    from webtensorc.missing_types import missing_types

    if not any(target.missing_types for target in targets):
        return ()
    return missing_types(load_model(path, **pinned), targets)


def _some(nodes: tuple[str, ...]) -> str:
    return ", ".join(nodes[:4]) + (f" and {len(nodes) - 4} more" if len(nodes) > 4 else "")
