"""Tracing with dimensions that are variables: JAX's shape polymorphism (jax.export) behind a few functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from jax import export as jax_export
from jaxlib.mlir import ir
from webtensorc_runtime.dims import Bounds, Dim

from webtensorc.frontends.detect import Format


def shapes(given: Sequence[Sequence[Dim]], dims: Sequence[Bounds]) -> list[tuple[Any, ...]]:
    """The shapes with dimension variables of one scope for names."""
    constraints = [f"{each.name} >= {each.least}" for each in dims if each.least > 1]
    constraints += [f"{each.name} <= {each.most}" for each in dims if each.most is not None]
    scope = jax_export.SymbolicScope(constraints)
    return [tuple(_symbolic(dim, scope) for dim in shape) for shape in given]


def _symbolic(dim: Dim, scope: Any) -> Any:
    return dim if isinstance(dim, int) else jax_export.symbolic_shape(dim, scope=scope)[0]


def written(shape: Sequence[Any]) -> tuple[Dim, ...]:
    """A shape that JAX inferred, as the manifest writes it."""
    return tuple(dim if isinstance(dim, int) else str(dim) for dim in shape)


def export(jitted: Any, arguments: Sequence[Any]) -> Any:
    """Lower a jitted function for arguments of symbolic shapes."""
    return jax_export.export(jitted, platforms=("cpu",))(*arguments)


@contextmanager
def module_of(exported: Any) -> Iterator[Any]:
    """The StableHLO of an `Exported` as one function `main`, in a context of its own."""
    from webtensorc.frontends.stablehlo import dynamism, inline, signature, source

    with source.context(), ir.Location.unknown():
        data = bytes(exported.mlir_module_serialized)
        module = source.parse(data, Format.PORTABLE_ARTIFACT, None, "lowering the traced graph")
        main = signature.public_function(module, None)
        inline.inline_calls(main, ir.SymbolTable(module.operation), None)
        dynamism.prepare(module, main)
        for operation in list(module.body):
            if operation.operation != main.operation:
                operation.operation.erase()
        yield module
