"""webtensorc: an ahead-of-time compiler for machine-learning models.

bundle = webtensorc.compile("model.onnx", targets=["x86-64-v3", "x86-64-v4"])
bundle.save("model.wtb")
"""

from __future__ import annotations

import operator
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from webtensorc._version import __version__

if TYPE_CHECKING:
    from webtensorc.artifact import Bundle

__all__ = ["Bundle", "ModelWarning", "__version__", "compile"]


class ModelWarning(UserWarning):
    """What a model's file says of itself that is not so and does not matter, or a result that is given otherwise."""


def compile(
    model: Any,
    targets: Sequence[str] = ("host",),
    *,
    dims: Mapping[str, Any] | None = None,
    input_shapes: Mapping[str, tuple[int, ...]] | None = None,
    optimization_level: int = 3,
    passes: Sequence[str] = (),
    disabled_passes: Sequence[str] = (),
    precise: bool = False,
    prepack: bool = False,
    cache: bool = True,
) -> Bundle:
    """Compile a model for one or more targets into one bundle.

    Args:
        model: a path (`.onnx`, StableHLO text, bytecode or portable artifact, a `jax.export` file, a `.wtb` bundle), an
            `onnx.ModelProto`, a `jax.export.Exported` or a `Bundle`.
        targets: target specifications; `webtensorc targets` lists them.
        dims: what named dimensions may be: a size, bounds (the second may be None), or sizes to have variants for, e.g.
            `{"batch": 1, "seq": (1, 512), "n": [1, 8, 32]}`. One that is not mentioned may have any size from 1 on.
        input_shapes: whole shapes for inputs, e.g. `{"x": (1, 3, 224, 224)}`.
        optimization_level: 0 to 3. A bundle keeps the level, passes and packing that it was compiled with where this is
            3 and none of `passes`, `disabled_passes` and `precise` is given.
        passes: pass specifications to add, or to replace the options of.
        disabled_passes: names of passes to leave out.
        precise: leave the model's algebra as it is: no Winograd, no scales folded into weights, no TF32.
        prepack: store weights a second time, as GPUs read them: a larger bundle that is loaded faster there.
        cache: use the compile cache.

    Warns:
        ModelWarning: a shape that the file declares of a value is not the one that it has; the labels of maps
            (`ZipMap`), which are given as the scores that they are made of.

    Raises:
        webtensorc.errors.DiagnosticError: of the kind that says whose fault it is; see its subclasses.
    """
    from webtensorc import sizes
    from webtensorc.cache import Cache
    from webtensorc.driver import Request, compile_source
    from webtensorc.plan import LEVEL, Options

    level = None if optimization_level == LEVEL else optimization_level
    options = Options(level, _several(passes), _several(disabled_passes), precise, prepack)
    asked = {name: sizes.read(size, name) for name, size in (dims or {}).items()}
    shapes = {
        name: tuple(_size(size, f"the shape of input {name!r}") for size in shape)
        for name, shape in (input_shapes or {}).items()
    }
    request = Request(model, _several(targets), asked, shapes, options, Cache() if cache else None)
    compilation = compile_source(request)
    for each in compilation.warnings:
        warnings.warn(each, ModelWarning, stacklevel=2)
    return compilation.bundle


def _several(given: Sequence[str]) -> tuple[str, ...]:
    """One word alone is meant as itself, not as its letters."""
    return (given,) if isinstance(given, str) else tuple(given)


def _size(given: Any, what: str) -> int:
    """A whole number of any kind, numpy's too, as Python's."""
    from webtensorc.errors import UsageError

    try:
        return operator.index(given)
    except TypeError:
        raise UsageError(f"{what} is a whole number, not {given!r}") from None


def __getattr__(name: str) -> Any:
    if name == "Bundle":  # imported on use: `webtensorc --help` needs neither numpy nor the runtime
        from webtensorc.artifact import Bundle

        return Bundle
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
