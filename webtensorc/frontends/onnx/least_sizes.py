"""The least sizes that may be in a model: windows and subscripts in front of a node that fails say what they are.

A convolution of 14 pixels demands 14 of an image. The loader checks that anyway; a node behind it that is tried with
other sizes must know it too, or what fits is an image of 13 pixels that leaves nothing to multiply.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

import jax
from webtensorc_runtime.constraints import Constraint
from webtensorc_runtime.dims import Bounds

from webtensorc.frontends.onnx import subscripts, symbolic
from webtensorc.frontends.onnx.files import Source
from webtensorc.frontends.onnx.interpreter import Failed, Interpreter
from webtensorc.frontends.onnx.locations import Locations
from webtensorc.frontends.onnx.signature import Signature
from webtensorc.frontends.onnx.values import Value
from webtensorc.frontends.onnx.weights import Weights

_MOST_TRIED = 1024


class _StopError(Exception):
    """The first node that fails."""


def raised(source: Source, signature: Signature, constants: Mapping[str, Value]) -> Signature:
    """The signature with the lower bounds that follow for each dimension from what precedes the first failing node."""

    def stop(failed: Failed) -> tuple[Value, ...]:
        raise _StopError

    def main(*arguments: jax.Array) -> tuple[()]:
        interpreter = Interpreter(source, Weights({}), Locations(), stop)
        given = dict(zip((each.name for each in signature.inputs), arguments, strict=True))
        with contextlib.suppress(_StopError):
            interpreter.main({**given, **constants})
        return ()

    jaxpr = jax.make_jaxpr(main)(*symbolic.structs(signature))
    for each in subscripts.demanded(jaxpr, signature).constraints:
        signature = _with(each, signature)
    return signature


def _with(constraint: Constraint, signature: Signature) -> Signature:
    """The signature with what one constraint says of a dimension that is alone in it."""
    for bounds in signature.dims:
        if [bounds.name] == constraint.names() and (least := _first(constraint, bounds)):
            return signature.with_bounds(bounds.name, least)
    return signature


def _first(constraint: Constraint, bounds: Bounds) -> int | None:
    """The smallest size that keeps a constraint of one dimension, None if it is not near."""
    end = bounds.least + _MOST_TRIED * bounds.step
    sizes = range(bounds.least, min(end, bounds.most or end) + 1, bounds.step)
    return next((size for size in sizes if constraint.holds({bounds.name: size})), None)
