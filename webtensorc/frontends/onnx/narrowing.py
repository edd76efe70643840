"""What a part of a graph needs of sizes that are open around it, as expressions in place of the open dimensions.

A branch that fits widths of 192 to 703 is traced with `max(192, min(width, 703))` for the width, and the tensors from
around it are cut or filled up to such sizes. It is right where every expression equals its dimension, and that is
checked when the model runs: see `guards`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
from jax import export, lax
from webtensorc_runtime.dims import Bounds, evaluate

from webtensorc.frontends.onnx import extents, symbolic
from webtensorc.frontends.onnx.extents import Extents
from webtensorc.frontends.onnx.failures import StartAgain
from webtensorc.frontends.onnx.values import Bounded, Value, smaller


@dataclass(frozen=True)
class Narrowing:
    """Sizes that fit.

    Attributes:
        variables: for each variable of the trace what is put in its place.
        equal: pairs of expressions that are equal where that changes nothing.
        dims: the bounds of the dimensions that are left.
        found: the same in words, and what said so.
    """

    variables: Mapping[str, Any]
    equal: tuple[tuple[Any, Any], ...]
    dims: Mapping[str, Bounds]
    found: Mapping[str, StartAgain]

    def after(self, earlier: Narrowing) -> Narrowing:
        """Both, if this one was found for what the earlier one leaves."""
        variables = {name: evaluated(each, self.variables) for name, each in earlier.variables.items()}
        both = self.dims.keys() & earlier.dims.keys()
        dims = {name: _both(earlier.dims[name], self.dims[name]) for name in sorted(both)}
        return Narrowing(variables, (*earlier.equal, *self.equal), dims, {**earlier.found, **self.found})

    @property
    def needs(self) -> str:
        """What the sizes must be, in words."""
        return ", ".join(self.found)

    def holds(self) -> jax.Array:
        """Whether the sizes are such, as a truth value of the trace."""
        found = [jnp.asarray(a == b, bool) if _is_decided(a, b) else jnp.asarray(a) == b for a, b in self.equal]
        return jnp.stack(found).all()

    def of(self, value: Value) -> Value:
        """A value of the trace, or a known one, at these sizes."""
        if isinstance(value, list):
            return [self.of(each) for each in value]
        if isinstance(value, Bounded):
            return replace(value, array=self.of(value.array))
        if isinstance(value, Extents):
            return at(value, self.variables)
        if not isinstance(value, jax.Array) or extents.is_static(value.shape):
            return value
        for axis, size in enumerate(value.shape):
            value = resized(value, axis, evaluated(size, self.variables))
        return value


def between(found: StartAgain) -> Narrowing | None:
    """What the one signature has that the other lacks; None where that is more than expressions say."""
    before, after = found.before, found.signature
    if before.identities != after.identities:
        return None
    own = {each.name: export.symbolic_shape(symbolic.variable(each), scope=found.scope)[0] for each in before.dims}
    sizes = {each.name: each.step * own[each.name] for each in before.dims}
    left = {each.name: each for each in after.dims}
    variables, equal, needs = dict[str, Any](), list[tuple[Any, Any]](), list[str]()
    for each in before.dims:
        narrower = left.get(each.name)
        if narrower is None:
            text = _replaced_by(each.name, before, after)
            if text is None or each.step != 1:
                return None
            fitting, need = evaluate(text, sizes), f"{each.name}={text}"
        else:
            fitting, need = _within(own[each.name], each, narrower), str(narrower)
        variables[symbolic.variable(each)] = fitting
        if narrower != each:
            equal.append((own[each.name], fitting))
            needs.append(need)
    return Narrowing(variables, tuple(equal), left, {", ".join(needs): found})


def refuse_for_all(needed: Sequence[Narrowing | None]) -> None:
    """Begin the trace again for fewer sizes if all parts that there are to choose from need that.

    Raises:
        StartAgain: they do; the loader then names the dimension.
    """
    parts = [each for each in needed if each]
    if len(parts) < len(needed):
        return
    for needs, found in parts[0].found.items():
        if all(needs in each.found for each in parts):
            raise found
    found = next(iter(parts[0].found.values()))
    signature = found.before
    for bounds in signature.dims:
        each_part = [each.dims[bounds.name] for each in parts if bounds.name in each.dims]
        if len(each_part) == len(parts):
            most = [each.most for each in each_part if each.most is not None]
            end = max(most) if len(most) == len(parts) else None
            signature = signature.with_bounds(bounds.name, min(each.least for each in each_part), end)
    if signature != found.before:
        raise StartAgain(signature, found.before, found.scope)


def at(value: Value, variables: Mapping[str, Any]) -> Any:
    """The value with other variables in its sizes; an array of the trace by its type."""
    if isinstance(value, Extents):
        elements = [evaluated(each, variables) for each in value.elements.ravel()]
        return extents.of(elements, value.dtype).reshape(value.shape)
    if not isinstance(value, jax.Array) or extents.is_static(value.shape):
        return value
    shape = [evaluated(each, variables) for each in value.shape]
    if any(
        isinstance(size, int) and size < 1 and extents.is_open(dim)
        for size, dim in zip(shape, value.shape, strict=True)
    ):
        raise ValueError("no elements are left, which fit anything")
    return symbolic.struct(shape, value.dtype)


def evaluated(size: Any, variables: Mapping[str, Any]) -> Any:
    """A size, or a number, with other variables in it."""
    if isinstance(size, extents.Count):
        return extents.Count(evaluated(size.bound, variables), size.value)
    return symbolic.evaluated(size, variables) if extents.is_open(size) else size


def _both(one: Bounds, other: Bounds) -> Bounds:
    return one.within(other.least, other.most, other.step)


def _is_decided(a: Any, b: Any) -> bool:
    return not extents.is_open(a - b)


def _within(variable: Any, wide: Bounds, narrow: Bounds) -> Any:
    """What is the variable where the dimension is within its narrower bounds, and within them anyway."""
    times = narrow.step // wide.step
    found = variable if times == 1 else variable // times
    if narrow.least > wide.least:
        found = jax.core.max_dim(found, narrow.least // narrow.step)
    if narrow.most is not None and narrow.most != wide.most:
        found = jax.core.min_dim(found, narrow.most // narrow.step)
    return times * found


def _replaced_by(name: str, before: Any, after: Any) -> int | str | None:
    """What stands for a dimension in the inputs of a signature that lacks it."""
    pairs = zip(before.inputs, after.inputs, strict=True)
    found = (new for one, other in pairs for old, new in zip(one.shape, other.shape, strict=True) if old == name)
    return next(found, None)


def resized(array: jax.Array, axis: int, size: Any) -> jax.Array:
    """The array cut or filled up with zeros to a size along an axis."""
    old = array.shape[axis]
    if old is size or (_is_decided(old, size) and old == size):
        return array
    kept = smaller(old, size)
    cut = lax.slice_in_dim(array, 0, kept, axis=axis)
    return jnp.pad(cut, [(0, size - kept if axis == each else 0) for each in range(array.ndim)])
