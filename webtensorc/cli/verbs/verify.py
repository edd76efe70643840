"""`webtensorc verify`: the same inputs through the compiled model and through a reference."""

from __future__ import annotations

from typing import Any

import click

from webtensorc.cli import options
from webtensorc.cli.console import Console, short
from webtensorc.cli.options import verb


@verb("""
    $ webtensorc verify model.onnx
    $ webtensorc verify model.onnx --against interpreter --seed 7
    $ webtensorc verify model.wtb
    $ webtensorc verify model.onnx -O1 --disable-pass fold-constants
""")
@click.argument("model", metavar="MODEL|BUNDLE", type=click.Path())
@options.targets(default=(), several=False)
@click.option(
    "--against",
    type=click.Choice(("onnxruntime", "interpreter")),
    help="The reference. Default: onnxruntime for an ONNX file, else StableHLO's interpreter.",
)
@click.option("--input", "inputs", multiple=True, metavar="NAME=VALUE", help="As for `run`. Repeatable.")
@options.tolerance
@options.seed
@options.execution
@options.shapes
@options.optimization
def command(
    console: Console,
    model: str,
    targets: tuple[str, ...],
    against: str | None,
    inputs: tuple[str, ...],
    rtol: float | None,
    atol: float | None,
    seed: int,
    device: str | None,
    threads: int | None,
    dims: dict[str, int],
    input_shapes: dict[str, tuple[int, ...]],
    optimization_level: int,
    passes: tuple[str, ...],
    disabled_passes: tuple[str, ...],
) -> int:
    """Compare MODEL, compiled for this machine, or BUNDLE with a reference on the same inputs; exit 1 if they differ.

    Inputs not given are random from the seed.
    """
    from webtensorc.cli import building, tensors
    from webtensorc.compare import compare
    from webtensorc.plan import Options

    if against == "onnxruntime":
        building.require_onnx(model, "--against onnxruntime")
    chosen = Options(optimization_level, passes, disabled_passes)
    source = building.loadable(
        console,
        model,
        targets=targets,
        dims=dims,
        input_shapes=input_shapes,
        options=None if chosen == Options() else chosen,
    )
    module = building.load(console, source, device, threads)
    values = tensors.complete(console, tensors.bind(inputs, module.inputs, "--input"), module.inputs, seed)
    reference = against or _default_reference(model)
    expected = _expected(reference, model, values, dims=dims, input_shapes=input_shapes)
    errors = compare(module.run(values), expected, rtol, atol)
    passed = all(each.passed for each in errors)
    data = {
        "variant": module.variant,
        "against": reference,
        "outputs": [each.as_dict() for each in errors],
        "passed": passed,
    }
    verdict = f"{short(module.variant)} {'agrees' if passed else 'does NOT agree'} with {reference}"
    console.result(data, f"{tensors.error_table(errors)}\n\n{verdict}")
    return 0 if passed else 1


def _default_reference(path: str) -> str:
    from pathlib import Path

    from webtensorc.frontends.detect import Format, detect

    return "onnxruntime" if detect(Path(path)) is Format.ONNX else "interpreter"


def _expected(reference: str, path: str, values: dict[str, Any], **pinned: Any) -> dict[str, Any]:
    """What the reference computes."""
    from webtensorc import reference as references

    if reference == "onnxruntime":
        return references.run_onnxruntime(path, values)
    from webtensorc.frontends import load_model

    return references.run_interpreter(load_model(path, **pinned), values)
