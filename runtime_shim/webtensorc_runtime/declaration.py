"""What a module says of its own `main`, compared with the signature in the manifest.

Buffers are made by the manifest's shapes and filled by the module: were they to disagree, the engine would find out in
the middle of a call at best.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from webtensorc_runtime.dims import UNKNOWN
from webtensorc_runtime.errors import InvalidFileError
from webtensorc_runtime.manifest import TensorSpec

_ARGUMENT = re.compile(r"%(input|output)\d+: tensor<((?:[\d?]+x)*)")


def check(
    declaration: str, inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec], destinations: bool, file: str
) -> None:
    """Compare numbers and shapes of arguments and results; a size known only at run time agrees with any.

    Args:
        declaration: IREE's reflection attribute `iree.abi.declaration`; empty where a module has none.
        inputs, outputs: the manifest's.
        destinations: whether `main` takes storage for its outputs after its inputs.
        file: the bundle's name for messages.

    Raises:
        InvalidFileError: they disagree.
    """
    found: dict[str, list[list[str]]] = {"input": [], "output": []}
    for side, sizes in _ARGUMENT.findall(declaration):
        found[side].append(sizes.split("x")[:-1])
    arguments = [*inputs, *(outputs if destinations else ())]
    if declaration and not (_agree(found["input"], arguments) and _agree(found["output"], outputs)):
        raise InvalidFileError(
            "the manifest's signature is not that of the module",
            file=file,
            place="member manifest.json",
            doing="loading the module",
            notes=(f"the module has {declaration}", *map(str, (*inputs, *outputs))),
            hint="build the bundle again",
        )


def completed(declaration: str, outputs: Sequence[TensorSpec]) -> tuple[TensorSpec, ...]:
    """The outputs, with the module's own sizes where the manifest leaves them to it."""
    if not declaration:
        return tuple(outputs)
    found = [sizes.split("x")[:-1] for side, sizes in _ARGUMENT.findall(declaration) if side == "output"]
    return tuple(
        TensorSpec(
            spec.name,
            spec.dtype,
            tuple(int(n) if dim == UNKNOWN and n != "?" else dim for n, dim in zip(sizes, spec.shape, strict=True)),
        )
        for sizes, spec in zip(found, outputs, strict=True)
    )


def _agree(shapes: Sequence[Sequence[str]], specs: Sequence[TensorSpec]) -> bool:
    return len(shapes) == len(specs) and all(
        len(shape) == len(spec.shape)
        and all(size in ("?", str(extent)) or extent == UNKNOWN for size, extent in zip(shape, spec.shape, strict=True))
        for shape, spec in zip(shapes, specs, strict=True)
    )
