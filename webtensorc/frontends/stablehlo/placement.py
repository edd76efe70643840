"""Where data lives: on one device everything does, so what divides it among several is dropped or refused.

A program that JAX exports for several devices computes whole arrays, with notes on how these are to be divided (Shardy,
`mhlo.sharding`): without the notes it computes the same. What is written for each device's part (`shard_map`, `pmap`)
exchanges data (StableHLO specification, "all_gather" to "reduce_scatter"); among one device that is the identity.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxlib.mlir import ir

from webtensorc.errors import Unsupported, UnsupportedError
from webtensorc.frontends.stablehlo.inline import nested, replace
from webtensorc.frontends.stablehlo.names import location_name

# They constrain where data lives; on one device they are the identity.
_NOTES = {
    "Sharding",
    "SPMDFullToShardShape",
    "SPMDShardToFullShape",
    "annotate_device_placement",
    "xla.sdy.FuncResultSharding",
    "LayoutConstraint",
}
_GROUPS = {
    "stablehlo.all_gather",
    "stablehlo.all_reduce",
    "stablehlo.all_to_all",
    "stablehlo.collective_broadcast",
    "stablehlo.reduce_scatter",
}
_NUMBERS = {"stablehlo.partition_id", "stablehlo.replica_id"}


def on_one_device(module: Any, function: Any, file: str | None) -> None:
    """Rewrite, in place, what below `function` speaks of devices, for one that has all the data.

    Raises:
        UnsupportedError: the program needs several, with every operation that does.
    """
    several = _count(module, "mhlo.num_partitions") > 1
    nodes: dict[str, list[str]] = {}
    for operation in reversed(nested(function.operation)):  # inner ones first: they go with what they are in
        values = _alone(operation, several)
        if values is None:
            nodes.setdefault(_label(operation), []).append(location_name(operation.location) or "unnamed")
        elif values is not operation:
            replace(operation, values)
    replicas = _count(module, "mhlo.num_replicas")
    if nodes or replicas > 1:
        reason = "is computed by several devices together, each with its part of the data"
        raise UnsupportedError(
            "the model is written for several devices" + (f" (mhlo.num_replicas = {replicas})" if replicas > 1 else ""),
            tuple(Unsupported(name, reason, tuple(reversed(where))) for name, where in sorted(nodes.items())),
            file=file,
            hint="export it for one device",
        )
    for operation in [each.operation for each in module.body if each.operation.name == "sdy.mesh"]:
        operation.erase()


def _count(module: Any, key: str) -> int:
    attributes = module.operation.attributes
    return int(attributes[key].value) if key in attributes else 1


def _label(operation: Any) -> str:
    if operation.name != "stablehlo.custom_call":
        return str(operation.name)
    return f"custom_call @{operation.attributes['call_target_name'].value}"


def _alone(operation: Any, several: bool) -> Any:
    """The results where one device does it all: values, the operation itself if it stays, None if one cannot."""
    name = operation.name
    if name.startswith("sdy.") and name != "sdy.return":
        return _shardy(operation)
    if name == "stablehlo.custom_call" and operation.attributes["call_target_name"].value in _NOTES:
        return _same(operation)
    if name == "stablehlo.collective_permute":
        return _same(operation) if _pairs(operation) == [[0, 0]] and not several else None
    if name in _GROUPS:
        is_single = not several and ir.RankedTensorType(operation.attributes["replica_groups"].type).shape[-1] == 1
        return _same(operation) if is_single else None
    if name in _NUMBERS:
        return None if several else [_zero(operation)]
    return operation


def _shardy(operation: Any) -> Any:
    if operation.name != "sdy.manual_computation":
        return _same(operation)
    (body,) = operation.regions[0].blocks
    if [each.type for each in operation.operands] != [each.type for each in body.arguments]:
        return None
    for argument, operand in zip(body.arguments, operation.operands, strict=True):
        argument.replace_all_uses_with(operand)
    *inner, last = [each.operation for each in body]
    for each in inner:
        each.move_before(operation)
    return list(last.operands)


def _same(operation: Any) -> list[Any] | None:
    """The operands as results, where they have their types."""
    operands = list(operation.operands)
    if not len(operation.results):
        return []
    return operands if [each.type for each in operands] == [each.type for each in operation.results] else None


def _pairs(operation: Any) -> Any:
    return np.asarray(operation.attributes["source_target_pairs"]).tolist()


def _zero(operation: Any) -> Any:
    kind = operation.results[0].type
    with ir.InsertionPoint(operation), operation.location:
        value = ir.DenseElementsAttr.parse(f"dense<0> : {kind}")
        return ir.Operation.create("stablehlo.constant", results=[kind], attributes={"value": value}).results[0]
