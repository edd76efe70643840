"""What an operator demands of open sizes where it is computed, as numbers of a trace that must not be negative.

In the trace a demand is an operation without operands and results, which `subscripts` reads and lowering leaves out. It
becomes a constraint of the model, which the loader checks; one in the body of a loop or branch, which may not run, says
nothing.
"""

from __future__ import annotations

from typing import Any

from jax.extend.core import Primitive
from jax.interpreters import mlir

from webtensorc.frontends.onnx import extents

NAME = "demand"

_demand = Primitive(NAME)
_demand.multiple_results = True
_demand.def_impl(lambda *, room: [])  # type: ignore[no-untyped-call]
_demand.def_abstract_eval(lambda *, room: [])  # type: ignore[no-untyped-call]
mlir.register_lowering(_demand, lambda context, *, room: [])


def not_negative(room: Any) -> None:
    """Demand that an expression of open dimensions is at least 0."""
    if extents.is_open(room) and not isinstance(room, extents.Count):
        _demand.bind(room=room)  # type: ignore[no-untyped-call]
