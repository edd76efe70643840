"""Several models as one, since what takes time is a compilation: each is a function that the one `main` calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import func, stablehlo
from matrix_away import OF

from webtensorc import portable
from webtensorc.model import Model


def merged(models: Mapping[str, Model]) -> Model:
    """A model that computes all of these of static shapes; `abs:x` is the value `x` of the one called `abs`."""
    with portable.context(), ir.Location.unknown():
        module, callees = ir.Module.create(), []
        for name, model in models.items():
            callees.append(_added(module, model.graph, name))
        _add_main(module, callees, [len(model.weights) for model in models.values()])
        assert module.operation.verify()
        graph = portable.serialize(module)
    return Model(
        "+".join(models),
        graph,
        joined({name: model.weights for name, model in models.items()}),
        tuple(replace(spec, name=f"{name}{OF}{spec.name}") for name, model in models.items() for spec in model.inputs),
        tuple(replace(spec, name=f"{name}{OF}{spec.name}") for name, model in models.items() for spec in model.outputs),
    )


def joined(values: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The values of several models by name, as those of the model of all of them."""
    return {f"{name}{OF}{key}": each for name, some in values.items() for key, each in some.items()}


def _added(module: Any, graph: bytes, name: str) -> Any:
    """The `main` of a graph whose functions are in the module now, called after the model."""
    added = stablehlo.deserialize_portable_artifact(module.context, graph)
    functions = [op for op in added.body.operations if isinstance(op, func.FuncOp)]
    callees = {each.name.value: f"{name}:{each.name.value}" for each in functions}
    added.operation.walk(lambda op: _renamed(op, callees))
    for each in functions:
        each.attributes["sym_name"] = ir.StringAttr.get(callees[each.name.value])
        each.attributes["sym_visibility"] = ir.StringAttr.get("private")
        module.body.append(each)
    return next(each for each in module.body.operations if each.attributes["sym_name"].value == f"{name}:main")


def _renamed(op: Any, names: Mapping[str, str]) -> Any:
    if op.name == "stablehlo.constant":  # the bindings read no complex ones
        return ir.WalkResult.ADVANCE
    for each in op.attributes:
        value = op.attributes[each] if isinstance(each, str) else each.attr
        if isinstance(value, ir.FlatSymbolRefAttr):
            key = each if isinstance(each, str) else each.name
            op.attributes[key] = ir.FlatSymbolRefAttr.get(names[value.value])
    return ir.WalkResult.ADVANCE


def _add_main(module: Any, callees: Sequence[Any], weights: Sequence[int]) -> None:
    """`main`, which takes all weights before all inputs."""
    types = [list(each.type.inputs) for each in callees]
    results = [type_ for each in callees for type_ in each.type.results]
    ours = [type_ for some, n in zip(types, weights, strict=True) for type_ in some[:n]]
    given = [type_ for some, n in zip(types, weights, strict=True) for type_ in some[n:]]
    with ir.InsertionPoint(module.body):
        main = func.FuncOp("main", (ours + given, results), visibility="public")
    with ir.InsertionPoint(main.add_entry_block()):
        arguments = list(main.arguments)
        left, right = iter(arguments[: len(ours)]), iter(arguments[len(ours) :])
        values = []
        for callee, some, n in zip(callees, types, weights, strict=True):
            taken = [next(left if number < n else right) for number in range(len(some))]
            values += func.CallOp(callee, taken).results
        func.ReturnOp(values)
