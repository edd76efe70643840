"""Operations that no native compiler has, and library calls, written as tensor operations: JAX traces them in place.

An expansion is one function of arrays, in the file of its family. Adding one means adding one decorated function:

    @expands("lapack_spotrf_ffi")
    def cholesky(call, a):
        return factor(a), info

It is found because it is in the package `expansions`, there is no table to extend. It gets the operands, and returns
the results with the shapes and dtypes that the call has.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from jaxlib.mlir import ir
from jaxlib.mlir._mlir_libs import _jax_mlir_ext

from webtensorc.frontends.stablehlo import dynamism, inline
from webtensorc.frontends.stablehlo.tensor_types import DYNAMIC, dtype_and_shape, numpy_dtype

F = TypeVar("F", bound=Callable[..., Any])

_MARK = "__expands__"
_FIXED = "__fixed__"
_SHAPED = "__shaped__"

_WHOLE = {
    "stablehlo.atan2",
    "stablehlo.batch_norm_grad",
    "stablehlo.cbrt",
    "stablehlo.cholesky",
    "stablehlo.cosine",
    "stablehlo.custom_call",
    "stablehlo.fft",
    "stablehlo.reduce_precision",
    "stablehlo.sine",
    "stablehlo.tan",
    "stablehlo.triangular_solve",
    "stablehlo.unary_einsum",
}
_WIDE = {"float64", "complex64", "complex128"}
"""What is worth looking up: these operations, and those on these dtypes."""


@dataclass(frozen=True)
class Call:
    """What is expanded.

    Attributes:
        name: of the operation, or the target of a `custom_call`.
        attributes: by name; of a custom call, `rng_algorithm`, those of its `backend_config` (under `options` if it is
            bytes, a character each), and `called`, the names of the functions it refers to. Integers, booleans, lists
            of integers, or MLIR's text.
        results: dtype and shape of every result; an open size is DYNAMIC.
    """

    name: str
    attributes: Mapping[str, Any]
    results: tuple[tuple[np.dtype[Any], tuple[int, ...]], ...]

    @property
    def is_lower(self) -> bool:
        """Which triangle is meant: LAPACK's `uplo`, the `lower` of the libraries for GPUs."""
        return bool(self.attributes.get("lower", self.attributes.get("uplo") == ord("L")))


def expands(
    *names: str, dtypes: tuple[str, ...] = ("",), fixed: int | None = None, shaped: int | None = None
) -> Callable[[F], F]:
    """Declare what the decorated function expands.

    Args:
        names: operations by name, custom calls by target.
        dtypes: the dtypes of the first operand for which it does; any if not given.
        fixed: how many of the first operand's last dimensions need sizes; whatever else is open may stay so, and open
            dimensions at the same axis are the same. None if nothing may be open.
        shaped: the number of the operand that is the shape of the last result, or how many elements it picks along
            `reduction_dim` or the last dimension; the function gets an array of that shape in its place.
    """

    def mark(function: F) -> F:
        setattr(function, _MARK, tuple((name, dtype) for name in names for dtype in dtypes))
        setattr(function, _FIXED, fixed)
        setattr(function, _SHAPED, shaped)
        return function

    return mark


def lapack(routine: str, letters: str = "sdcz") -> tuple[str, ...]:
    """The targets of a LAPACK routine for float32, float64, complex64 and complex128 (jaxlib/cpu/lapack.h)."""
    return tuple(f"lapack_{letter}{routine}_ffi" for letter in letters)


def gpu(*routines: str) -> tuple[str, ...]:
    """The targets of routines of NVIDIA's (cuSOLVER, cuSPARSE) and AMD's libraries, whose dtype is the operands'."""
    return tuple(f"{vendor}{routine}_ffi" for routine in routines for vendor in ("cu", "hip"))


@functools.cache
def expansions() -> dict[tuple[str, str], Callable[..., Any]]:
    """Every expansion by the name of what it expands and the dtype of the first operand ("" for any)."""
    package = importlib.import_module("webtensorc.frontends.stablehlo.expansions")
    found: dict[tuple[str, str], Callable[..., Any]] = {}
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        for function in vars(module).values():
            found.update(dict.fromkeys(getattr(function, _MARK, ()), function))
    return found


def expand(function: Any) -> bool:
    """Expand, in place, whatever below `function` has an expansion; whether there was anything."""
    found = False
    while candidates := [(op, body) for op in inline.nested(function.operation) if (body := _expansion(op))]:
        for operation, body in candidates:
            call = Call(_name(operation), _attributes(operation), tuple(map(_kind, operation.results)))
            inline.replace(operation, _traced(call, body, operation))
        found = True
    return found


def _expansion(operation: Any) -> Callable[..., Any] | None:
    # Importing the expansions imports JAX: not for models that cannot need it.
    if not operation.name.startswith("stablehlo.") or not len(operation.operands):
        return None
    kind = dtype_and_shape(operation.operands[0].type)
    dtype = kind[0] if kind else ""
    if operation.name not in _WHOLE and not (dtype in _WIDE and operation.name != "stablehlo.custom_call"):
        return None
    name = _name(operation)
    body = expansions().get((name, dtype)) or expansions().get((name, ""))
    return body if body and (_is_static(operation) or _may_be_open(operation, getattr(body, _FIXED))) else None


def _name(operation: Any) -> str:
    if operation.name != "stablehlo.custom_call":
        return str(operation.name)
    return str(operation.attributes["call_target_name"].value)


def _is_static(operation: Any) -> bool:
    kinds = [dtype_and_shape(value.type) for value in (*operation.operands, *operation.results)]
    return all(kind is not None and DYNAMIC not in kind[1] for kind in kinds)


def _may_be_open(operation: Any, fixed: int | None) -> bool:
    kind = dtype_and_shape(operation.operands[0].type)
    return fixed is not None and kind is not None and DYNAMIC not in kind[1][len(kind[1]) - fixed :]


def _kind(value: Any) -> tuple[np.dtype[Any], tuple[int, ...]]:
    found = dtype_and_shape(value.type)
    assert found is not None
    return numpy_dtype(found[0]), found[1]


def _attributes(operation: Any) -> dict[str, Any]:
    attributes = operation.attributes
    if operation.name != "stablehlo.custom_call":
        return {named.name: _plain(named.attr) for named in _named(attributes)}
    found = {key: _plain(attributes[key]) for key in ("rng_algorithm",) if key in attributes}
    for key in ("mhlo.backend_config", "backend_config", "mhlo.attributes"):
        if key in attributes and isinstance(attributes[key], ir.DictAttr):
            found.update({named.name: _plain(named.attr) for named in _named(attributes[key])})
        elif key in attributes and isinstance(attributes[key], ir.StringAttr):
            found["options"] = attributes[key].value_bytes.decode("latin-1")
    if "called_computations" in attributes:
        found["called"] = [str(each).lstrip("@") for each in attributes["called_computations"]]
    return found


def _named(attributes: Any) -> list[Any]:
    return [attributes[index] for index in range(len(attributes))]


def _plain(attribute: Any) -> Any:
    if isinstance(attribute, ir.DenseI64ArrayAttr):
        return list(attribute)
    if isinstance(attribute, ir.IntegerAttr | ir.BoolAttr | ir.FloatAttr | ir.StringAttr):
        return attribute.value
    return str(attribute)


def _traced(call: Call, function: Callable[..., Any], operation: Any) -> list[Any]:
    """The results of `function` on the operands of `operation`, as operations in front of it."""
    import jax

    def results(*operands: Any) -> tuple[Any, ...]:
        found: Sequence[Any] = function(call, *operands)
        assert [(each.dtype, _extents(each.shape)) for each in found] == list(call.results), (
            f"{call.name} does not fit its call"
        )
        return tuple(found)

    given = _operands(operation, getattr(function, _SHAPED))
    kinds = list(map(_kind, given))
    names = ["r" if number == getattr(function, _SHAPED) else "d" for number in range(len(given))]
    with jax.enable_x64(True):
        jitted = jax.jit(results, keep_unused=True)
        module = _lowered(jitted, kinds) if _is_static(operation) else _exported(jitted, kinds, names)
    symbols = ir.SymbolTable(module.operation)
    inline.inline_calls(symbols["main"], symbols, None)
    with ir.InsertionPoint(operation), operation.location:
        return list(_jax_mlir_ext.inlined_func_call(symbols["main"].operation, given))


def _operands(operation: Any, shaped: int | None) -> list[Any]:
    """The operands, but for those that are the shapes of results: those follow from the others, or from `shaped`."""
    attributes = operation.attributes
    name = "indices_of_shape_operands"
    shapes = set(np.asarray(attributes[name]).ravel().tolist()) if name in attributes else ()
    given = [each for index, each in enumerate(operation.operands) if index not in shapes]
    if shaped is not None:
        given[shaped] = _of_shape(operation, given[shaped])
    return given


def _of_shape(operation: Any, size: Any) -> Any:
    """An array of the shape of the last result; `size` is that shape, or its extent where elements are picked."""
    result = operation.results[len(operation.results) - 1]
    element = ir.RankedTensorType(size.type).element_type
    with ir.InsertionPoint(operation), operation.location:
        if not ir.RankedTensorType(size.type).rank:
            shape = _kind(result)[1]
            picked = _attributes(operation).get("reduction_dim", len(shape) - 1)
            one = ir.RankedTensorType.get([1], element)
            parts = [size if axis == picked else _extent(operation.operands[0], axis) for axis in range(len(shape))]
            parts = [_create("reshape", [_create("convert", [each], size.type)], one) for each in parts]
            size = _create("concatenate", parts, ir.RankedTensorType.get([len(shape)], element), dimension=_number(0))
        return _create("dynamic_iota", [size], result.type, iota_dimension=_number(0))


def _extent(value: Any, axis: int) -> Any:
    kind = ir.RankedTensorType.get([], ir.IntegerType.get_signless(32))
    return _create("get_dimension_size", [value], kind, dimension=_number(axis))


def _create(name: str, operands: list[Any], kind: Any, **attributes: Any) -> Any:
    made = ir.Operation.create(f"stablehlo.{name}", results=[kind], operands=operands, attributes=attributes)
    return made.results[0]


def _number(value: int) -> Any:
    return ir.IntegerAttr.get(ir.IntegerType.get_signless(64), value)


def _lowered(jitted: Any, kinds: Sequence[tuple[np.dtype[Any], tuple[int, ...]]]) -> Any:
    import jax

    operands = [jax.ShapeDtypeStruct(shape, dtype) for dtype, shape in kinds]  # type: ignore[no-untyped-call]
    lowered = jitted.trace(*operands).lower(lowering_platforms=("cpu",))
    return ir.Module.parse(lowered.compiler_ir("stablehlo").operation.get_asm(print_generic_op_form=True))


def _exported(jitted: Any, kinds: Sequence[tuple[np.dtype[Any], tuple[int, ...]]], names: Sequence[str]) -> Any:
    """The same with open extents; those at the same axis are the same batch, if they are called alike."""
    import jax
    from jax import export

    scope = export.SymbolicScope()
    operands = []
    for (dtype, extents), name in zip(kinds, names, strict=True):
        text = ",".join(f"{name}{axis}" if size == DYNAMIC else str(size) for axis, size in enumerate(extents))
        shape = export.symbolic_shape(text, scope=scope)
        operands.append(jax.ShapeDtypeStruct(shape, dtype))  # type: ignore[no-untyped-call]
    return dynamism.module_of(export.export(jitted, platforms=("cpu",))(*operands))


def _extents(shape: Sequence[Any]) -> tuple[int, ...]:
    return tuple(size if isinstance(size, int) else DYNAMIC for size in shape)
