"""The public function of a module and what its arguments and results are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jaxlib.mlir import ir

from webtensorc.errors import InvalidFileError, Unsupported, UnsupportedError
from webtensorc.frontends.stablehlo import names
from webtensorc.frontends.stablehlo.tensor_types import DYNAMIC, dtype_and_shape

PLATFORM_INDEX = "_platform_index"


@dataclass(frozen=True)
class Argument:
    """Name, dtype and shape (`DYNAMIC` where open) of an argument of `main`."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        dims = ", ".join("?" if size == DYNAMIC else str(size) for size in self.shape)
        return f"{self.name}: {self.dtype}[{dims}]"


@dataclass(frozen=True)
class Signature:
    """What `main` takes and gives.

    Attributes:
        leading: how many arguments come before the inputs: 1 if the first is jax.export's platform index, else 0.
        inputs: the arguments after those.
        outputs: names of the results.
    """

    leading: int
    inputs: tuple[Argument, ...]
    outputs: tuple[str, ...]


def public_function(module: Any, file: str | None) -> Any:
    """The entry function: `main`, else the only public one.

    Raises:
        InvalidFileError: there is none, it has no body, or there are several and none is `main`.
    """
    functions = [op for op in module.body if op.operation.name == "func.func"]
    public = [function for function in functions if _is_public(function)]
    chosen = [function for function in public if function.name.value == "main"] or public
    if not chosen:
        raise InvalidFileError("the module has no public function", file=file, hint="name the entry function @main")
    if len(chosen) > 1:
        listed = ", ".join(f"@{function.name.value}" for function in chosen)
        raise InvalidFileError(
            f"the module has several public functions and none is @main: {listed}",
            file=file,
            hint="rename the entry function to @main or make the others private",
        )
    if len(chosen[0].regions[0].blocks) != 1:
        raise InvalidFileError(f"@{chosen[0].name.value} must have a body of one block", file=file)
    return chosen[0]


def _is_public(function: Any) -> bool:
    attributes = function.operation.attributes
    return "sym_visibility" not in attributes or attributes["sym_visibility"].value == "public"


def read(function: Any, file: str | None) -> Signature:
    """The signature of the entry function, with names as `names` finds them.

    Raises:
        UnsupportedError: an argument or result is no plain tensor (token, tuple, quantised, bounded dimension).
    """
    leading = 1 if _takes_platform_index(function) else 0
    found = names.argument_names(function, leading)
    outputs = names.result_names(function)
    odd: list[Unsupported] = []
    inputs = []
    for name, argument in zip(found, list(function.arguments)[leading:], strict=True):
        known = dtype_and_shape(argument.type)
        if known is None:
            odd.append(Unsupported(str(argument.type), "inputs must be plain tensors", (name,)))
        else:
            inputs.append(Argument(name, *known))
    for name, kind in zip(outputs, function.type.results, strict=True):
        if dtype_and_shape(kind) is None:
            odd.append(Unsupported(str(kind), "outputs must be plain tensors", (name,)))
    if odd:
        raise UnsupportedError("the signature of the model has types that are not supported", tuple(odd), file=file)
    return Signature(leading, tuple(inputs), tuple(outputs))


def _takes_platform_index(function: Any) -> bool:
    attributes = function.operation.attributes
    if "arg_attrs" not in attributes or not len(attributes["arg_attrs"]):
        return False
    first = attributes["arg_attrs"][0]
    key = "jax.global_constant"
    return key in first and isinstance(first[key], ir.StringAttr) and first[key].value == PLATFORM_INDEX
