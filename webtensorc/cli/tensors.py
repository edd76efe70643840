"""Tensors between the command line and a module: binding, checking, making up, writing, printing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from webtensorc_runtime.dtypes import numpy_dtype
from webtensorc_runtime.errors import UsageError
from webtensorc_runtime.manifest import TensorSpec

from webtensorc import scratch
from webtensorc.cli import values
from webtensorc.cli.console import Console, table

if TYPE_CHECKING:
    from webtensorc_runtime import Module

    from webtensorc.compare import OutputError
    from webtensorc.sizes import Sizes


def bind(arguments: Sequence[str], specs: Sequence[TensorSpec], option: str) -> dict[str, np.ndarray]:
    """The tensors that `--input` or `--expected` arguments give, by name; unnamed ones take the first free places.

    Raises:
        UsageError: an unknown name, a name given twice, more values than places, a wrong dtype or shape.
        InvalidFileError: a file that cannot be read.
    """
    parsed = [values.parse_binding(argument) for argument in arguments]
    named = [name for name, _ in parsed if name]
    free = iter([spec for spec in specs if spec.name not in named])
    bound: dict[str, np.ndarray] = {}
    for name, value in parsed:
        spec = next((s for s in specs if s.name == name), None) if name else next(free, None)
        if spec is None:
            problem = (
                f"there is no {_kind(option)} `{name}`" if name else f"there are more {option} than {_kind(option)}s"
            )
            raise UsageError(problem, notes=signature_notes(specs), hint=_closest(name, specs))
        if spec.name in bound:
            raise UsageError(f"{option} gives `{spec.name}` twice")
        array = value.read() if isinstance(value, values.FileValue) else value
        bound[spec.name] = _checked(array, spec, specs)
    return bound


def bind_files(arguments: Sequence[str], specs: Sequence[TensorSpec], option: str) -> dict[str, Path]:
    """The files that `--output NAME=@file.npy` arguments name.

    Raises:
        UsageError: an unknown name, one given twice, or not of that form.
        click.UsageError: a file that cannot be written.
    """
    from webtensorc.cli.options import output_file

    found: dict[str, Path] = {}
    for argument in arguments:
        name, mark, path = argument.rpartition("=@")
        if not (mark and path):
            raise UsageError(f"cannot read `{argument}`", hint=f"write {option} NAME=@file.npy")
        if name not in [spec.name for spec in specs]:
            raise UsageError(f"there is no output `{name}`", notes=signature_notes(specs), hint=_closest(name, specs))
        if name in found:
            raise UsageError(f"{option} gives `{name}` twice")
        found[name] = output_file(Path(path))
    return found


def signature_notes(specs: Sequence[TensorSpec]) -> tuple[str, ...]:
    """One line for each name, with dtype and shape."""
    return tuple(f"expected: {spec}" for spec in specs)


def complete(
    console: Console,
    given: Mapping[str, np.ndarray],
    module: Module,
    seed: int,
    asked: Mapping[str, Sizes] | None = None,
    attempt: int = 0,
) -> dict[str, np.ndarray]:
    """The inputs given, and random ones for the rest, saying so.

    Open dimensions have the sizes of the inputs given, the sizes asked for, or random sizes within bounds.

    Raises:
        UsageError: a size is out of bounds, or there is no such dimension.
    """
    from webtensorc import sizes
    from webtensorc.compare import make_inputs

    missing = [spec for spec in module.inputs if spec.name not in given]
    known = _sizes_of(module, given)
    for name, each in (asked or {}).items():
        if name not in [bounds.name for bounds in module.dims]:
            listed = ", ".join(map(str, module.dims)) or "none"
            raise UsageError(f"there is no open dimension `{name}`", hint=f"open dimensions: {listed}")
        if each.fixed is None:
            raise UsageError(f"dimension `{name}` of a bundle has bounds already", hint=f"give it a size: {name}=4")
        known.setdefault(name, each.fixed)
    constraints = [each.at(known) for each in module.constraints if all(known.get(name, 1) for name in each.names())]
    drawn = sizes.draw((each for each in module.dims if each.name not in known), seed, attempt, constraints)
    if drawn and missing:
        console.say(f"sizes not given are random: {', '.join(f'{name}={size}' for name, size in drawn.items())}")
    fixed = [spec.at({**drawn, **known}) for spec in missing]
    for spec in fixed:
        console.say(f"input {spec} is random (seed {seed})")
    return {**make_inputs(fixed, seed), **given}


def _sizes_of(module: Module, given: Mapping[str, np.ndarray]) -> dict[str, int]:
    """The sizes of open dimensions that arrays tell; the module itself will check them."""
    known: dict[str, int] = {}
    for spec in module.inputs:
        if spec.name in given:
            pairs = zip(spec.shape, given[spec.name].shape, strict=True)
            known.update({dim: size for dim, size in pairs if isinstance(dim, str) and dim.isidentifier()})
    return known


def save(path: Path, array: np.ndarray) -> None:
    """Write a .npy file, whole or not at all.

    Raises:
        OSError: the file cannot be written.
    """
    with scratch.replacing(path) as partial, partial.open("xb") as file:
        np.save(file, array, allow_pickle=False)


def as_data(arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Arrays as JSON-ready data: dtype, shape and nested lists; complex numbers are pairs."""
    return {
        name: {"dtype": array.dtype.name, "shape": list(array.shape), "data": array.astype(object).tolist()}
        for name, array in arrays.items()
    }


def as_text(arrays: Mapping[str, np.ndarray], limit: int = 16) -> str:
    """One line an array, in the form that `--input` reads while it has at most `limit` elements."""
    return "\n".join(f"{name}={values.format_value(array, limit)}" for name, array in arrays.items())


def error_table(errors: Sequence[OutputError]) -> str:
    """One line an output: how far it is from what was expected. Empty where nothing was compared."""
    rows = [
        (
            each.name,
            f"{each.max_abs:.2e}",
            f"{each.max_rel:.2e}",
            f"{each.mean_abs:.2e}",
            "-" if each.worst is None else str(list(each.worst)),
            f"{'ok' if each.passed else 'FAILED'}{': ' if each.reason else ''}{each.reason}",
        )
        for each in errors
    ]
    return table(("output", "max abs", "max rel", "mean abs", "worst at", "verdict"), rows) if rows else ""


def _kind(option: str) -> str:
    return "input" if option == "--input" else "output"


def _closest(name: str, specs: Sequence[TensorSpec]) -> str | None:
    from webtensorc.spec import did_you_mean

    return did_you_mean(name, [spec.name for spec in specs])


def _checked(array: np.ndarray, spec: TensorSpec, specs: Sequence[TensorSpec]) -> np.ndarray:
    dtype = numpy_dtype(spec.dtype)
    if array.dtype.kind == "V" and array.dtype.itemsize == dtype.itemsize:
        array = array.view(dtype)  # .npy files store bfloat16 as two nameless bytes
    fits = len(array.shape) == len(spec.shape) and all(
        isinstance(dim, str) or dim == size for dim, size in zip(spec.shape, array.shape, strict=True)
    )
    if array.dtype != dtype or not fits:
        given = f"{array.dtype.name}[{', '.join(map(str, array.shape))}]"
        raise UsageError(f"`{spec.name}` is {str(spec).partition(': ')[2]}, not {given}", notes=signature_notes(specs))
    return array
