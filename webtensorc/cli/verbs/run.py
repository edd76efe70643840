"""`webtensorc run`: run a bundle, or a model after compiling it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from webtensorc.cli import options
from webtensorc.cli.console import Console
from webtensorc.cli.options import verb

if TYPE_CHECKING:
    from webtensorc.sizes import Sizes

VALUE = "NAME=VALUE"


@verb("""
    $ webtensorc run model.wtb
    $ webtensorc run model.wtb --input x=@x.npy --output y=@y.npy
    $ webtensorc run --list-devices
    $ webtensorc run model.wtb --device vulkan --fallback
    $ webtensorc run model.onnx --input x=2x3xf32=0.5
    $ webtensorc run model.wtb --input "x=2x3xf32=[1 2 3 4 5 6]" --expected y=@y.npy --rtol 1e-3
""")
@click.argument("model", metavar="MODEL|BUNDLE", type=click.Path(), required=False)
@click.option("--list-devices", is_flag=True, help="Print what --device takes on this machine, and run nothing.")
@click.option(
    "--input", "inputs", multiple=True, metavar=VALUE, help="@f.npy, 2x3xf32=0.5 or 4xi32=[1 2 3 4]. Repeatable."
)
@click.option("--output", "outputs", multiple=True, metavar="NAME=@f.npy", help="Write an output. Repeatable.")
@click.option("--expected", multiple=True, metavar=VALUE, help="What an output must be, else exit 1. Repeatable.")
@options.tolerance
@options.seed
@options.execution
@click.option(
    "--fallback/--no-fallback",
    default=False,
    show_default=True,
    help="Run on the processor where the bundle cannot run on --device, and say why.",
)
@options.shapes
def command(
    console: Console,
    model: str | None,
    list_devices: bool,
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    expected: tuple[str, ...],
    rtol: float | None,
    atol: float | None,
    seed: int,
    device: str | None,
    threads: int | None,
    fallback: bool,
    dims: dict[str, Sizes],
    input_shapes: dict[str, tuple[int, ...]],
) -> int:
    """Run MODEL or BUNDLE once and print the outputs.

    Inputs not given are random from the seed, and so are their open dimensions unless --dim gives a size. A model is
    compiled for this machine first.
    """
    from webtensorc.cli import building, devices, tensors
    from webtensorc.compare import compare

    if list_devices:
        devices.show(console)
        return 0
    if model is None:
        raise click.UsageError("Missing argument 'MODEL|BUNDLE'.")
    source = building.loadable(console, model, dims=dims, input_shapes=input_shapes)
    module = building.load(console, source, device, threads, fallback=fallback)
    given = tensors.bind(inputs, module.inputs, "--input")
    files = tensors.bind_files(outputs, module.outputs, "--output")
    wanted = tensors.bind(expected, module.outputs, "--expected")
    asked = dims if building.is_bundle(model) else {}
    feed = tensors.complete(console, given, module, seed, asked)
    module, results = building.run(console, source, module, feed, fallback=fallback)
    for name, path in files.items():
        tensors.save(path, results[name])
        console.say(f"wrote {path}")
    errors = compare(results, wanted, rtol, atol)
    passed = all(each.passed for each in errors)
    data = {
        "variant": module.variant,
        "device": module.device,
        "fallback": module.fallback,
        "outputs": tensors.as_data(results),
        "expected": [each.as_dict() for each in errors],
        "passed": passed,
    }
    printed = tensors.as_text({name: array for name, array in results.items() if name not in files})
    console.result(data, "\n\n".join(filter(None, (printed, tensors.error_table(errors)))))
    return 0 if passed else 1
