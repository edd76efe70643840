"""From what the user named to something that runs: a bundle is taken as it is, a model is compiled first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from webtensorc.cli.console import Console, short

if TYPE_CHECKING:
    from webtensorc_runtime import Module

    from webtensorc.driver import Compilation, Request
    from webtensorc.plan import Options
    from webtensorc.sizes import Sizes


def is_bundle(path: str) -> bool:
    """Whether the file is a bundle rather than a model.

    Raises:
        InvalidFileError: it is neither, or cannot be read.
    """
    from webtensorc.frontends.detect import Format, detect

    return detect(Path(path)) is Format.BUNDLE


def check_shapes(
    bundle: str, dims: Mapping[str, Sizes] | None, input_shapes: Mapping[str, tuple[int, ...]] | None
) -> None:
    """Refuse sizes that a bundle cannot have.

    Raises:
        UsageError: they disagree with the bundle.
    """
    if dims or input_shapes:
        from webtensorc.frontends import load_model

        open_ones = {name: size for name, size in (dims or {}).items() if size.fixed != 0}  # a variant may take none
        load_model(bundle, dims=open_ones, input_shapes=input_shapes)


def require_onnx(path: str, option: str) -> None:
    """Refuse an option that only an ONNX file has a meaning for.

    Raises:
        UsageError: the file is of another kind.
        InvalidFileError: it is no model, or cannot be read.
    """
    from webtensorc.errors import UsageError
    from webtensorc.frontends.detect import Format, detect

    if detect(Path(path)) is not Format.ONNX:
        raise UsageError(f"{option} needs the ONNX file that the model came from", file=path)


def compile_request(console: Console, request: Request) -> Compilation:
    """Compile, showing the steps."""
    from webtensorc.driver import compile_source

    stages = ["reading the model", "graph", *(plan.target for plan in request.plans())]
    with console.steps(stages) as steps:
        compilation = compile_source(request, steps.step)
    console.warn(compilation.warnings)
    if compilation.cached:
        console.say(f"from the cache: {', '.join(map(short, compilation.cached))}")
    return compilation


def loadable(
    console: Console,
    path: str,
    *,
    targets: Sequence[str] = (),
    dims: Mapping[str, Sizes] | None = None,
    input_shapes: Mapping[str, tuple[int, ...]] | None = None,
    options: Options | None = None,
) -> Any:
    """What `webtensorc_runtime.load` takes: the path of a bundle, or the bundle that a model was compiled into.

    A bundle is compiled again only where `targets` or `options` are given; sizes for its open dimensions are then left
    to the call.
    """
    if is_bundle(path) and not targets and not options:
        check_shapes(path, dims, input_shapes)
        return path
    from webtensorc.cache import Cache
    from webtensorc.driver import Request
    from webtensorc.plan import Options

    request = Request(
        path,
        tuple(targets) or ("host",),
        dims or {},
        input_shapes or {},
        options or Options(),
        cache=Cache(warn=console.say),
    )
    return compile_request(console, request).bundle


def load(
    console: Console, source: Any, device: str | None = None, threads: int | None = None, *, fallback: bool = False
) -> Module:
    """Load a bundle and say which variant was chosen, and with `-v` why not the others."""
    import warnings

    import webtensorc_runtime

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", webtensorc_runtime.FallbackWarning)  # said below, in our words
        module = webtensorc_runtime.load(source, device=device, threads=threads, fallback=fallback)
    if module.fallback:
        _say_why(console, device, module)
    console.detail(f"variant {module.variant} on {module.device}, {module.mode}, {module.workers} workers")
    for label, reason in module.rejected:
        console.detail(f"  not {label}: {reason}")
    return module


def run(
    console: Console, source: Any, module: Module, inputs: Mapping[str, Any], *, fallback: bool
) -> tuple[Module, dict[str, Any]]:
    """The outputs, and the module that made them: with `fallback` the processor's, if the device has too little memory.

    Raises:
        IncompatibleMachineError: the device has too little memory for these sizes.
    """
    from webtensorc_runtime import IncompatibleMachineError

    try:
        return module, module.run(inputs)
    except IncompatibleMachineError as error:
        if not fallback:
            raise
        instead = load(console, source, "cpu")
        instead.fallback = error.message
        _say_why(console, module.device, instead)
        return instead, instead.run(inputs)


def _say_why(console: Console, device: str | None, module: Module) -> None:
    console.say(f"running on the processor instead of `{device}`: {module.fallback}")
