"""`webtensorc verify`: the same inputs through the compiled model and through a reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from webtensorc.cli import options
from webtensorc.cli.console import Console, short
from webtensorc.cli.options import verb

if TYPE_CHECKING:
    from webtensorc.compare import OutputError
    from webtensorc.sizes import Sizes

SLOW = 0.5
"""Minutes from which on the interpreter is not the default."""

ATTEMPTS = 3
"""How many sets of sizes are tried where dimensions are open: random ones, the least, and large ones."""


@verb("""
    $ webtensorc verify model.onnx
    $ webtensorc verify model.onnx --against interpreter --seed 7
    $ webtensorc verify model.jax --against xla
    $ webtensorc verify model.wtb
    $ webtensorc verify model.onnx -O1 --disable-pass fold-constants
""")
@click.argument("model", metavar="MODEL|BUNDLE", type=click.Path())
@options.targets(default=(), several=False)
@click.option(
    "--against",
    type=click.Choice(("onnxruntime", "interpreter", "xla")),
    help="The reference. Default: onnxruntime for an ONNX file, else StableHLO's interpreter, or XLA if that is slow.",
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
    dims: dict[str, Sizes],
    input_shapes: dict[str, tuple[int, ...]],
    optimization_level: int | None,
    passes: tuple[str, ...],
    disabled_passes: tuple[str, ...],
    precise: bool,
) -> int:
    """Compare MODEL, compiled for this machine, or BUNDLE with a reference on the same inputs; exit 1 if they differ.

    Inputs not given are random from the seed. Where dimensions are open, several sizes are tried.
    """
    from webtensorc.cli import building, tensors
    from webtensorc.compare import compare
    from webtensorc.plan import Options

    if against == "onnxruntime":
        building.require_onnx(model, "--against onnxruntime")
    chosen = Options(optimization_level, passes, disabled_passes, precise)
    source = building.loadable(
        console,
        model,
        targets=targets,
        dims=dims,
        input_shapes=input_shapes,
        options=None if chosen == Options() else chosen,
    )
    module = building.load(console, source, device, threads)
    given = tensors.bind(inputs, module.inputs, "--input")
    asked = dims if building.is_bundle(model) else {}
    errors: list[OutputError] = []
    for attempt in range(ATTEMPTS if module.dims else 1):
        values = tensors.complete(console, given, module, seed, asked, attempt)
        pinned = {"dims": dims, "input_shapes": {name: array.shape for name, array in values.items()}}
        reference, expected = _expected(console, against, model, values, **pinned)
        errors += compare(module.run(values), expected, rtol, atol)
        if given.keys() >= {spec.name for spec in module.inputs}:
            break
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


def _expected(
    console: Console, against: str | None, path: str, values: dict[str, Any], **pinned: Any
) -> tuple[str, dict[str, Any]]:
    """The name of the reference, and what it computes."""
    from pathlib import Path

    from webtensorc import reference as references
    from webtensorc.frontends import load_model
    from webtensorc.frontends.detect import Format, detect

    if against == "onnxruntime" or (against is None and detect(Path(path)) is Format.ONNX):
        return "onnxruntime", references.run_onnxruntime(path, values)
    model = load_model(path, **pinned)
    minutes = references.interpreter_work(model) / references.INTERPRETER_SPEED / 60
    if minutes > SLOW and against is None:
        console.say("the model is too large for the interpreter: the reference is XLA")
        against = "xla"
    if against == "xla":
        from webtensorc.reference_xla import run_xla

        return "xla", run_xla(model, values)
    if minutes > SLOW:
        console.say(f"the interpreter may need {minutes:.0f} minutes; `--against xla` is quicker")
    return "interpreter", references.run_interpreter(model, values)
