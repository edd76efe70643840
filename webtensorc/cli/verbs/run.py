"""`webtensorc run`: run a bundle, or a model after compiling it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from webtensorc.cli import options
from webtensorc.cli.console import Console, table
from webtensorc.cli.options import verb

if TYPE_CHECKING:
    import numpy as np
    from webtensorc_runtime import Module

VALUE = "NAME=VALUE"


@verb("""
    $ webtensorc run model.wtb
    $ webtensorc run model.wtb --input x=@x.npy --output y=@y.npy
    $ webtensorc run model.onnx --input x=2x3xf32=0.5
    $ webtensorc run model.wtb --input "x=2x3xf32=[1 2 3 4 5 6]" --expected y=@y.npy --rtol 1e-3
""")
@click.argument("model", metavar="MODEL|BUNDLE", type=click.Path())
@click.option(
    "--input", "inputs", multiple=True, metavar=VALUE, help="@f.npy, 2x3xf32=0.5 or 4xi32=[1 2 3 4]. Repeatable."
)
@click.option("--output", "outputs", multiple=True, metavar="NAME=@f.npy", help="Write an output. Repeatable.")
@click.option("--expected", multiple=True, metavar=VALUE, help="What an output must be, else exit 1. Repeatable.")
@click.option("--rtol", type=click.FloatRange(0), default=1e-4, show_default=True, help="Relative tolerance.")
@click.option("--atol", type=click.FloatRange(0), default=1e-6, show_default=True, help="Absolute tolerance.")
@options.seed
@options.execution
@options.shapes
def command(
    console: Console,
    model: str,
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    expected: tuple[str, ...],
    rtol: float,
    atol: float,
    seed: int,
    device: str | None,
    threads: int | None,
    dims: dict[str, int],
    input_shapes: dict[str, tuple[int, ...]],
) -> int:
    """Run MODEL or BUNDLE once and print the outputs.

    Inputs not given are random from the seed. A model is compiled for this machine first.
    """
    from webtensorc.cli import building, tensors

    source = building.loadable(console, model, dims=dims, input_shapes=input_shapes)
    module = building.load(console, source, device, threads)
    given = tensors.bind(inputs, module.inputs, "--input")
    files = tensors.bind_files(outputs, module.outputs, "--output")
    wanted = tensors.bind(expected, module.outputs, "--expected")
    results = module.run(_complete(console, module, given, seed))
    for name, path in files.items():
        tensors.save(path, results[name])
        console.say(f"wrote {path}")
    errors = _compare(results, wanted, rtol, atol)
    passed = all(each["passed"] for each in errors)
    data = {"variant": str(module.variant), "outputs": tensors.as_data(results), "expected": errors, "passed": passed}
    text = [tensors.as_text({name: array for name, array in results.items() if name not in files})]
    if errors:
        text.append(_error_table(errors))
    console.result(data, "\n\n".join(filter(None, text)))
    return 0 if passed else 1
