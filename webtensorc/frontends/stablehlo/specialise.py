"""A model of dynamic shape with sizes for some of its dimensions, or narrower bounds: its graph is refined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo
from webtensorc_runtime.constraints import check
from webtensorc_runtime.dims import Bounds, Dim, places, solve

from webtensorc import portable
from webtensorc.errors import UsageError
from webtensorc.frontends.stablehlo import custom_calls, shapes, signature, source
from webtensorc.frontends.stablehlo.tensor_types import DYNAMIC, dtype_and_shape
from webtensorc.model import Model, TensorSpec
from webtensorc.sizes import Sizes

_DOING = "pinning dimensions"


def pinned(model: Model, asked: Mapping[str, Sizes], input_shapes: Mapping[str, tuple[int, ...]]) -> Model:
    """The model for what is asked.

    Args:
        model: any model.
        asked: sizes and bounds by dimension; other dimensions keep theirs.
        input_shapes: whole shapes by input.

    Raises:
        UsageError: the model has no such dimension or input, or cannot have such a size.
    """
    bounds = {each.name: each for each in model.dims}
    sizes = {name: each.fixed for name, each in asked.items() if each.fixed is not None}
    for name, each in asked.items():
        _check(model, name, each, bounds)
    for name, shape in input_shapes.items():
        for dim, size in _of_shape(model, name, shape, bounds).items():
            if sizes.setdefault(dim, size) != size:
                raise UsageError(f"dimension `{dim}` is given as {sizes[dim]} and as {size}", doing=_DOING)
    narrowed = tuple(_narrowed(each, asked[each.name]) if each.name in asked else each for each in model.dims)
    made = model if narrowed == model.dims else replace(model, dims=narrowed)
    return with_sizes(made, sizes) if sizes else made


def with_sizes(model: Model, sizes: Mapping[str, int]) -> Model:
    """The model with sizes, which must be within bounds, for some of its dimensions."""
    inputs = tuple(spec.at(sizes) for spec in model.inputs)
    arguments = [(str(array.dtype), array.shape) for array in model.weights.values()]
    arguments += [(spec.dtype, _extents(spec.shape)) for spec in inputs]
    with source.context() as context, ir.Location.unknown():
        module = stablehlo.deserialize_portable_artifact(context, model.graph)
        shapes.refine(module, arguments)
        main = signature.public_function(module, None)
        custom_calls.resolve(main)  # arguments that keep an open dimension are still wrapped
        source.run_passes(module, "canonicalize,cse")
        kinds = [dtype_and_shape(kind) for kind in main.type.results]
        outputs = [
            TensorSpec(spec.name, spec.dtype, _result(spec.shape, kind[1] if kind else ()))
            for spec, kind in zip((spec.at(sizes) for spec in model.outputs), kinds, strict=True)
        ]
        graph = portable.serialize(module)
    left = tuple(each for each in model.dims if each.name not in sizes)
    constraints = tuple(each.at(sizes) for each in model.constraints)
    check([each for each in constraints if not each.names()], {})
    open_ones = tuple(each for each in constraints if each.names())
    return replace(model, graph=graph, inputs=inputs, outputs=tuple(outputs), dims=left, constraints=open_ones)


def _check(model: Model, name: str, asked: Sizes, bounds: Mapping[str, Bounds]) -> None:
    if name not in bounds:
        hint = f"its named dimensions: {', '.join(map(str, model.dims))}" if bounds else "its shapes are fixed already"
        hint += "; start from the original model to choose others"
        raise UsageError(f"`{model.name}` has no named dimension {name!r}", doing=_DOING, hint=hint)
    if not _fits(asked, bounds[name]):
        raise UsageError(
            f"dimension `{name}` cannot be {asked}: its bounds are {bounds[name].range}",
            doing=_DOING,
            hint="start from the original model to choose others",
        )


def _fits(asked: Sizes, bounds: Bounds) -> bool:
    if asked.fixed is not None:
        return asked.fixed in bounds
    sizes = [size for size in asked.special if size]  # none at all may be in a graph of its own
    if asked.says_no_bounds:
        return all(size in bounds for size in sizes)
    is_within = asked.least >= bounds.least and (bounds.most is None or (asked.most or inf) <= bounds.most)
    return is_within and all(size in bounds for size in sizes)


def _narrowed(bounds: Bounds, asked: Sizes) -> Bounds:
    if asked.says_no_bounds:
        return bounds
    try:
        return asked.bounds(bounds.name).within(step=bounds.step)
    except ValueError as error:
        raise UsageError(f"dimension `{bounds.name}` cannot be {asked}: {error}", doing=_DOING) from None


def _of_shape(model: Model, name: str, shape: tuple[int, ...], bounds: Mapping[str, Bounds]) -> dict[str, int]:
    """The sizes that a whole shape gives."""
    spec = next((each for each in model.inputs if each.name == name), None)
    if spec is None:
        raise UsageError(f"no input is named {name!r}", hint=f"inputs: {'; '.join(map(str, model.inputs))}")
    shown = "x".join(map(str, shape)) or "(scalar)"
    hint = "start from the original model to choose another"
    if len(shape) != len(spec.shape):
        raise UsageError(f"input {spec} cannot take the shape {shown}", doing=_DOING, hint=hint)
    try:
        found = places([(name, spec.shape)])
        return solve(found, [shape[place.axis] for place in found], bounds)
    except (UsageError, ValueError) as error:
        notes = (error.message,) if isinstance(error, UsageError) else ()
        raise UsageError(f"input {spec} cannot take the shape {shown}", doing=_DOING, hint=hint, notes=notes) from None


def _extents(shape: Sequence[Dim]) -> tuple[int, ...]:
    return tuple(DYNAMIC if isinstance(dim, str) else dim for dim in shape)


def _result(written: Sequence[Dim], refined: Sequence[int]) -> tuple[Dim, ...]:
    """What the refined type says, and where it is open what is written."""
    return tuple(dim if size == DYNAMIC else size for dim, size in zip(written, refined, strict=True))
