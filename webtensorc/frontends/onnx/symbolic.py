"""Tracing with dimensions that are variables: JAX's shape polymorphism (jax.export) behind a few functions.

A dimension whose sizes are multiples of 32 is 32 times a variable of its own, `height_by_32`: then JAX knows every
quotient that strides make of it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import jax
import ml_dtypes
import numpy as np
from jax import export as jax_export
from jax import lax
from jax._src.core import canonicalize_slice
from jax._src.export import shape_poly
from jaxlib.mlir import ir
from webtensorc_runtime.dims import Bounds, Dim, evaluate, names

from webtensorc.frontends.onnx import quotients
from webtensorc.frontends.onnx.signature import Signature
from webtensorc.portable import GUARD

_QUOTIENT = re.compile(r"\b(?:floordiv|mod)\([^()]*\)")


def variable(bounds: Bounds) -> str:
    """The name of a dimension's variable."""
    return bounds.name if bounds.step == 1 else f"{bounds.name}_by_{bounds.step}"


def sizes(dims: Sequence[Bounds], identities: Sequence[str] = ()) -> dict[str, Any]:
    """Every dimension's size by its name, in variables of one new scope that know the bounds.

    Of `identities` (see `quotients`) it knows those between these variables.
    """
    variables = {variable(each) for each in dims}
    constraints = [each for each in identities if set(names(each.split(" == "))) <= variables]
    constraints += [f"{variable(each)} >= {each.least // each.step}" for each in dims if each.least > each.step]
    constraints += [f"{variable(each)} <= {each.most // each.step}" for each in dims if each.most is not None]
    scope = jax_export.SymbolicScope(constraints)
    return {each.name: each.step * jax_export.symbolic_shape(variable(each), scope=scope)[0] for each in dims}


def struct(shape: Sequence[Any], dtype: np.dtype[Any]) -> jax.ShapeDtypeStruct:
    """What stands for an argument before there is one."""
    return jax.ShapeDtypeStruct(shape, dtype)  # type: ignore[no-untyped-call]


def structs(signature: Signature) -> list[jax.ShapeDtypeStruct]:
    """What stands for the inputs of a model in variables of a new scope."""
    named = sizes(signature.dims, signature.identities)
    found = zip(shapes([each.shape for each in signature.inputs], named), signature.inputs, strict=True)
    return [struct(shape, np.dtype(getattr(ml_dtypes, each.dtype, each.dtype))) for shape, each in found]


def shapes(given: Sequence[Sequence[Dim]], sizes: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The shapes, their expressions evaluated for sizes of names, which may be variables themselves."""
    return [tuple(evaluate(dim, sizes) for dim in shape) for shape in given]


def decided(size: Any) -> Any:
    """A size that can be one number only as that number: JAX compares sizes by how they are written."""
    if not jax_export.is_symbolic_dim(size):
        return size
    try:  # JAX has no public name for it
        least, most = shape_poly._bounds_decision(quotients.flattened(size), shape_poly.BoundsPrecision.BEST)
    except jax.errors.InconclusiveDimensionOperation:
        return size
    return int(least) if least == most else size


def decided_if_bounded(size: Any) -> Any:
    """The same if all its variables have upper bounds, else the size: what is left of others is as open as they are."""
    if not jax_export.is_symbolic_dim(size):
        return size
    return decided(size) if all(map(_is_bounded, _variables(size))) else size


def _is_bounded(variable: Any) -> bool:
    most = shape_poly._bounds_decision(variable, shape_poly.BoundsPrecision.BEST)[1]
    return bool(most < np.inf)


def note_cut(cut: slice, size: Any) -> None:
    """Tell JAX that what is cut out of an axis is not longer than the axis.

    It would search for that: a minute where the axis is a sum of quotients in each other, as the length is a maximum.
    """
    rest = size - canonicalize_slice(cut, size)[2]
    if jax_export.is_symbolic_dim(rest):
        decided(next(iter(_variables(rest))))  # the constraints of a scope are read once, which forgets what is known
        rest.scope._bounds_cache[rest] = (0, np.inf, shape_poly.BoundsPrecision.FOR_GEQ0_OR_LT0)


def _variables(size: Any) -> Iterator[Any]:
    return (jax_export.symbolic_shape(name, scope=size.scope)[0] for name in names([str(size)]))


def evaluated(size: Any, variables: Mapping[str, Any]) -> Any:
    """A size with other variables in it, each quotient and remainder decided by itself."""
    text, values = str(size), dict(variables)
    while found := _QUOTIENT.search(text):
        name = f"quotient_{len(values)}_"
        values[name] = decided(evaluate(found[0], values))
        text = f"{text[: found.start()]}{name}{text[found.end() :]}"
    # JAX has no public name for it; it knows maxima of sizes that cannot be compared
    return decided(size._evaluate(variables) if "(" in text else evaluate(text, values))


def with_decided(array: jax.Array) -> jax.Array:
    """The array with numbers for its sizes where there can be one only."""
    shape = tuple(map(decided, array.shape))
    is_same = all(each is size for each, size in zip(shape, array.shape, strict=True))
    return array if is_same else lax.slice(array, [0] * array.ndim, shape)


def written(shape: Sequence[Any], dims: Sequence[Bounds]) -> tuple[Dim, ...]:
    """A shape that JAX inferred, as the manifest writes it."""
    return tuple(dim if isinstance(dim, int) else _in_names(str(dim), dims) for dim in shape)


def _in_names(text: str, dims: Sequence[Bounds]) -> str:
    """An expression of variables as one of names."""
    for each in dims:
        if each.step > 1:
            multiple = functools.partial(_multiple, each)
            text = re.sub(rf"(?:(?<![\w^])(\d+)\*)?\b{variable(each)}\b(?!\^)", multiple, text)
            text = re.sub(rf"\b{variable(each)}\b", f"floordiv({each.name}, {each.step})", text)
    return text


def _multiple(bounds: Bounds, found: re.Match[str]) -> str:
    """Some times the variable: the name itself where that is its step, else with as few divisions as can be."""
    times = int(found[1] or 1)
    if times % bounds.step == 0:
        return bounds.name if times == bounds.step else f"{times // bounds.step}*{bounds.name}"
    if bounds.step % times == 0:
        return f"floordiv({bounds.name}, {bounds.step // times})"
    return f"{times}*floordiv({bounds.name}, {bounds.step})"


def export(jitted: Any, arguments: Sequence[Any]) -> Any:
    """Lower a jitted function for arguments of symbolic shapes."""
    own = [jax_export.DisabledSafetyCheck.custom_call(GUARD)]
    return jax_export.export(jitted, platforms=("cpu",), disabled_checks=own)(*arguments)


@contextmanager
def module_of(exported: Any) -> Iterator[Any]:
    """The StableHLO of an `Exported` as one function `main`, in a context of its own."""
    from webtensorc.frontends.stablehlo import dynamism, source

    with source.context(), ir.Location.unknown():
        yield dynamism.module_of(exported)
