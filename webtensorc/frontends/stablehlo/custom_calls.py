"""Custom calls: take the meaning of those that have one here, refuse the others all at once."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from jaxlib.mlir import ir

from webtensorc.errors import Unsupported, UnsupportedError, UsageError
from webtensorc.frontends.stablehlo import expansion
from webtensorc.frontends.stablehlo.dynamism import DYNAMIC_REDUCE_WINDOW, WINDOWS
from webtensorc.frontends.stablehlo.inline import nested, replace
from webtensorc.frontends.stablehlo.names import location_name

# How jaxlib writes operations of CHLO that it keeps whole; renamed back, the CHLO pass expands them.
_CHLO = {
    **{
        f"mhlo.{name}": f"chlo.{name}"
        for name in ("acos", "acosh", "asin", "asinh", "atan", "atanh", "cosh", "erf", "erfc", "sinh", "square", "tan")
    },
    "mhlo.topk": "chlo.top_k",
    "mhlo.erf_inv": "chlo.erf_inv",
}


def resolve(function: Any) -> None:
    """Rewrite, in place, the custom calls that have a meaning here."""
    for call in _custom_calls(function):
        target = call.attributes["call_target_name"].value
        if target in _CHLO:
            _to_chlo(call, _CHLO[target])
        elif target == "stablehlo.shape_refinement_operand_wrapper":
            replace(call, [call.operands[0]])


def check_shape_assertions(function: Any, file: str | None) -> None:
    """Evaluate jax.export's `shape_assertion` calls, whose conditions are constants once shapes are known.

    Raises:
        UsageError: one does not hold; the message is JAX's.
    """
    for call in _custom_calls(function):
        if call.attributes["call_target_name"].value != "shape_assertion":
            continue
        condition, *values = (_scalar(operand) for operand in call.operands)
        if condition == 0:
            text = str(call.attributes["error_message"].value) if "error_message" in call.attributes else "shapes"
            for number, value in enumerate(values):
                text = text.replace(f"{{{number}}}", str(value))
            text = re.sub(r"\s*Please see https?://\S+ for more details\.", "", text)
            raise UsageError(text.strip(), file=file, doing="pinning dimensions")
        if condition is not None:
            call.erase()


def refuse_rest(function: Any, file: str | None) -> None:
    """Raise UnsupportedError listing every custom call that is left and that no pass takes."""
    nodes: dict[str, list[str]] = {}
    for call in _custom_calls(function):
        target = str(call.attributes["call_target_name"].value)
        if target == WINDOWS or (target == DYNAMIC_REDUCE_WINDOW and "backend_config" in call.attributes):
            continue  # `legalize-dynamism` writes it down
        nodes.setdefault(target, []).append(location_name(call.location) or "unnamed")
    if nodes:
        is_open = any(name in nodes for name, _ in expansion.expansions())
        reason = "is compiled for fixed sizes only" if is_open else "calls native code of the framework it came from"
        raise UnsupportedError(
            f"the model has custom calls that cannot be compiled: {', '.join(sorted(nodes))}",
            tuple(Unsupported(f"custom_call @{name}", reason, tuple(where)) for name, where in sorted(nodes.items())),
            file=file,
            hint="give its open dimensions sizes: --dim" if is_open else None,
        )


def _custom_calls(function: Any) -> list[Any]:
    return [operation for operation in nested(function.operation) if operation.name == "stablehlo.custom_call"]


def _to_chlo(call: Any, name: str) -> None:
    attributes = {}
    if name == "chlo.top_k":
        given = call.attributes.get("mhlo.attributes", {})
        if "k" not in given or ("largest" in given and not given["largest"].value):
            return
        attributes["k"] = given["k"]
    with ir.InsertionPoint(call), call.location:
        made = ir.Operation.create(
            name, results=[result.type for result in call.results], operands=list(call.operands), attributes=attributes
        )
    replace(call, list(made.results))


def _scalar(value: Any) -> int | None:
    owner = value.owner
    if isinstance(owner, ir.Block) or owner.name != "stablehlo.constant":
        return None
    return int(np.asarray(owner.operation.attributes["value"]).item())
