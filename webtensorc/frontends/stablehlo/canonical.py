"""An MLIR module to a `Model` in canonical shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jaxlib.mlir import ir
from webtensorc_runtime.dims import UNKNOWN, Dim, substitute

from webtensorc import portable
from webtensorc.frontends.stablehlo import (
    constraints,
    custom_calls,
    dynamism,
    expansion,
    inline,
    placement,
    shapes,
    signature,
    source,
    tensor_types,
    tuples,
    weights,
)
from webtensorc.model import Model, TensorSpec

_LEGALIZE = "func.func(chlo-legalize-to-stablehlo),canonicalize,cse"

Pinner = Callable[[Sequence[signature.Argument]], shapes.Pinned]
"""Gives each input its shape, in order."""


def to_model(
    module: Any,
    *,
    name: str,
    file: str | None,
    pinner: Pinner,
    platform: int = 0,
    results: Sequence[Sequence[Dim]] | None = None,
) -> Model:
    """Bring a module of the current context into canonical shape; it is consumed.

    Args:
        module: a verified jaxlib `ir.Module` of StableHLO and CHLO.
        pinner: gives each input its shape, in order.
        platform: value of jax.export's platform index, where the entry function takes one.
        results: the results' shapes, with expressions for open dimensions, where they are known.
    """
    function = signature.public_function(module, file)
    found = signature.read(function, file)
    pinned = pinner(found.inputs)
    source.run_passes(module, source.COMPOSITES_TO_CALLS)
    inline.inline_calls(function, ir.SymbolTable(module.operation), file)
    placement.on_one_device(module, function, file)
    tuples.flatten(function)
    if found.leading:
        _set_platform(function, platform)
    block = function.regions[0].blocks[0]
    inline.choose_known_branches(block)
    dims, held = constraints.read(function, pinned.dims, pinned.sizes, file)
    if dims:
        dynamism.prepare(module, function)
    expansion.expand(function)
    lifted = weights.lift(function, [argument.name for argument in found.inputs], found.leading)
    weights.clean(module)
    kinds = [(str(array.dtype), array.shape) for array in lifted.values()]
    kinds += [(argument.dtype, shape) for argument, shape in zip(found.inputs, pinned.extents(), strict=True)]
    if _is_dynamic(module):
        shapes.refine(module, kinds, file)
        if not dims:
            shapes.refuse_open(module, file)
        expansion.expand(signature.public_function(module, file))
    main = signature.public_function(module, file)
    custom_calls.check_shape_assertions(main, file)
    custom_calls.resolve(main)
    source.run_passes(module, _LEGALIZE)
    if expansion.expand(signature.public_function(module, file)):
        source.run_passes(module, _LEGALIZE)
    main = signature.public_function(module, file)
    custom_calls.refuse_rest(main, file)
    outputs = _outputs(main, found.outputs, results, pinned.sizes)
    return Model(
        name=name,
        graph=portable.serialize(module),
        weights=lifted,
        inputs=tuple(
            TensorSpec(argument.name, argument.dtype, shape)
            for argument, shape in zip(found.inputs, pinned.shapes, strict=True)
        ),
        outputs=outputs,
        dims=dims,
        constraints=held,
    )


def _outputs(
    main: Any, labels: Sequence[str], declared: Sequence[Sequence[Dim]] | None, sizes: Mapping[str, int]
) -> tuple[TensorSpec, ...]:
    """The results as their types have them; open dimensions as declared."""
    made = []
    for number, (label, kind) in enumerate(zip(labels, main.type.results, strict=True)):
        found = tensor_types.dtype_and_shape(kind)
        assert found is not None  # `signature.read` refuses others
        dtype, extents = found
        written = declared[number] if declared else [UNKNOWN] * len(extents)
        shape = tuple(
            substitute(dim, sizes) if extent == tensor_types.DYNAMIC else extent
            for dim, extent in zip(written, extents, strict=True)
        )
        made.append(TensorSpec(label, dtype, shape))
    return tuple(made)


def _set_platform(function: Any, platform: int) -> None:
    block = function.regions[0].blocks[0]
    argument = block.arguments[0]
    with ir.InsertionPoint.at_block_begin(block), ir.Location.unknown():
        value = ir.DenseElementsAttr.parse(f"dense<{platform}> : {argument.type}")
        constant = ir.Operation.create("stablehlo.constant", results=[argument.type], attributes={"value": value})
    argument.replace_all_uses_with(constant.results[0])


def _is_dynamic(module: Any) -> bool:
    for operation in inline.nested(module.operation):
        values = list(operation.results) + [
            argument for region in operation.regions for block in region for argument in block.arguments
        ]
        for value in values:
            kind = tensor_types.dtype_and_shape(value.type)
            if kind and tensor_types.DYNAMIC in kind[1]:
                return True
    return False
