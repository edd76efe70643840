"""Every operator at every opset version: ONNX's cases of single operators, written as other opsets have them.

A case is `opset13/test_x`, the case `x` as a model of the first opset in which another version of its operator is in
force. What later became an input is an attribute again. Expected results are ONNX Runtime's, or those of ONNX's
evaluator where that has no kernel; what neither can run is `not-run`.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

import batch
import numpy as np
import onnx
import webtensorc_runtime
from onnx import defs, helper, numpy_helper
from onnx.backend.test.loader import load_model_tests
from onnx.backend.test.runner import Runner
from onnx.reference import ReferenceEvaluator
from outcome import NotRunError, Outcome, attempt

import webtensorc
from webtensorc import onnx_backend
from webtensorc.errors import DiagnosticError, UnsupportedError
from webtensorc.frontends.onnx import schemas
from webtensorc.onnx_backend import Specialised
from webtensorc.reference import run_onnxruntime

OLDEST = 7
TOGETHER = 40
MOST_OF_A_VERSION = 5
RANDOM = ("Bernoulli", "Dropout", "ImageDecoder")
ROUNDING = 1e-6
RENAMED = {"constant_value": "value", "K": "k"}
"""Inputs that had another name when they were attributes."""


@dataclass(frozen=True)
class Written:
    """A case as a model of another opset.

    Attributes:
        model: one node.
        inputs: what it is given, by name.
        rtol: the suite's relative tolerance for the case.
        atol: and its absolute one.
    """

    model: Any
    inputs: Mapping[str, Any]
    rtol: float
    atol: float


@cache
def _written() -> dict[str, Written]:
    """All cases by name; at most so many of each version of an operator."""
    with warnings.catch_warnings():  # the suite computes its expected values when it is made, overflows included
        warnings.simplefilter("ignore")
        suite = [each for each in load_model_tests(kind="node") if _is_plain(each)]
    found: dict[str, Written] = {}
    count: Counter[tuple[Any, ...]] = Counter()
    for case in sorted(suite, key=lambda each: each.name):
        node = case.model.graph.node[0]
        for schema, version in _versions(node, case.model):
            key = (node.domain, node.op_type, version)
            if count[key] < MOST_OF_A_VERSION and (made := _rewritten(case, schema, version)):
                found[f"{node.domain or 'opset'}{version}/{case.name}"] = made
                count[key] += 1
    return dict(sorted(found.items()))


def _is_plain(case: Any) -> bool:
    """One node on tensors of numbers, whose result is not random."""
    nodes = case.model.graph.node
    if len(nodes) != 1 or nodes[0].op_type in RANDOM:
        return False
    return all(array is not None and array.dtype.kind not in "OSUT" for array in map(_array, case.data_sets[0][0]))


def _array(value: Any) -> Any:
    """The suite's input as an array; None for sequences and what is absent."""
    if isinstance(value, onnx.TensorProto):
        return numpy_helper.to_array(value)
    return value if isinstance(value, np.ndarray | np.generic) else None


def _versions(node: Any, model: Any) -> list[tuple[Any, int]]:
    """The other schemas of a node's operator, each with the first supported opset in which it is in force."""
    oldest, newest = (1, 5) if node.domain else (OLDEST, defs.onnx_opset_version())
    found: dict[int, tuple[Any, int]] = {}
    for version in range(newest, oldest - 1, -1):
        schema = schemas.find(node.domain, node.op_type, version)
        if schema and not schema.deprecated:
            found[schema.since_version] = (schema, version)
    found.pop(_own_schema(node, model).since_version, None)
    return list(found.values())


def _own_schema(node: Any, model: Any) -> Any:
    version = next(each.version for each in model.opset_import if each.domain == node.domain)
    return schemas.find(node.domain, node.op_type, version)


def _rewritten(case: Any, schema: Any, version: int) -> Written | None:
    """The case in terms of another schema, if that has the types and attributes."""
    given = case.model.graph.node[0]
    own = _own_schema(given, case.model)
    node = onnx.NodeProto()
    node.CopyFrom(given)
    values = dict(zip((each.name for each in case.model.graph.input), map(_array, case.data_sets[0][0]), strict=True))
    del node.input[:], node.attribute[:]
    node.attribute.extend(each for each in given.attribute if not _may_go(each, own, schema))
    for position, name in enumerate(given.input):
        formal = own.inputs[min(position, len(own.inputs) - 1)].name
        attribute = RENAMED.get(formal, formal)
        if attribute not in schema.attributes or attribute in own.attributes:
            node.input.append(name)
        elif name:
            node.attribute.append(_attribute(attribute, values.pop(name), schema.attributes[attribute].type))
    while node.input and not node.input[-1]:
        node.input.pop()
    if not _fits(node, schema, values):
        return None
    inputs = [each for each in case.model.graph.input if each.name in values]
    graph = helper.make_graph([node], case.name, inputs, case.model.graph.output)
    opsets = [helper.make_opsetid(schema.domain, version), *([helper.make_opsetid("", 20)] if schema.domain else [])]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError:  # the body of a loop has operators that are others in this opset
        return None
    return Written(model, values, case.rtol, case.atol)


def _may_go(attribute: Any, own: Any, schema: Any) -> bool:
    """Whether the schema lacks an attribute that has its default value."""
    default = own.attributes[attribute.name].default_value
    return attribute.name not in schema.attributes and attribute.SerializeToString() == default.SerializeToString()


def _attribute(name: str, value: Any, kind: Any) -> Any:
    """What was given as an array, as an attribute."""
    types = defs.OpSchema.AttrType
    array = np.asarray(value).astype(np.float32 if kind in (types.FLOAT, types.FLOATS) else np.int64)
    found = array.ravel().tolist() if kind in (types.INTS, types.FLOATS) else array.item()
    return helper.make_attribute(name, found, attr_type=kind.value)


def _fits(node: Any, schema: Any, values: Mapping[str, Any]) -> bool:
    """Whether a node is one of the schema."""
    given = {each.name for each in node.attribute}
    needed = {name for name, each in schema.attributes.items() if each.required}
    counts = schema.min_input <= len(node.input) <= schema.max_input and len(node.output) <= schema.max_output
    if not counts or given - set(schema.attributes) or needed - given:
        return False
    formal = [schema.inputs[min(each, len(schema.inputs) - 1)] for each in range(len(node.input))]
    bound: dict[str, str | None] = {}
    for name, parameter in zip(node.input, formal, strict=True):
        kind = schemas.type_string(values[name]) if name else None
        if name and (kind not in parameter.types or bound.setdefault(parameter.type_str, kind) != kind):
            return False
        if not name and parameter.option != defs.OpSchema.FormalParameterOption.Optional:
            return False
    return True


def cases() -> list[str]:
    """The names of all cases."""
    return list(_written())


def run(case: str) -> Outcome:
    """Compile and run one case."""
    return attempt(case, lambda: _compare(case, lambda: _specialised(case).run()))


def run_together(cases: Sequence[str]) -> list[Outcome]:
    """Run cases compiled as one model; if it cannot be compiled, each by itself."""
    known: dict[str, tuple[Any, ...]] = {}
    with suppress(DiagnosticError):
        known = _results({case: made for case in cases if (made := _ready(case)) and made.model})
    return [replayed(case, known[case]) if case in known else run(case) for case in cases]


def replayed(case: str, results: tuple[Any, ...]) -> Outcome:
    """The comparison with results that are there."""
    return attempt(case, lambda: _compare(case, lambda: results))


def _ready(case: str) -> Specialised | None:
    with suppress(Exception):  # run by itself, it raises it again
        return _specialised(case)
    return None


def _specialised(case: str) -> Specialised:
    made = _written()[case]
    return onnx_backend.specialise(made.model, made.inputs)


def _results(models: Mapping[str, Specialised]) -> dict[str, tuple[Any, ...]]:
    whole = batch.merged({case: each.model for case, each in models.items() if each.model})
    loaded = webtensorc_runtime.load(webtensorc.compile(whole, cache=False))
    results = iter(loaded(*(array for each in models.values() for array in each.inputs)))
    return {
        case: each.assembled([next(results) for _ in each.model.outputs]) for case, each in models.items() if each.model
    }


def _compare(case: str, results: Callable[[], Sequence[Any]]) -> None:
    made = _written()[case]
    expected = _expected(made)
    Runner.assert_similar_outputs(
        expected, results(), rtol=made.rtol, atol=max(made.atol, ROUNDING * _largest(expected))
    )


def _largest(arrays: Sequence[Any]) -> float:
    """The largest finite element: what should be zero is off by rounding errors of what was added up to it."""
    floats = [np.abs(each[np.isfinite(each)]) for each in arrays if getattr(each, "dtype", None) == np.float32]
    return max((float(each.max(initial=0)) for each in floats), default=0.0)


def _expected(made: Written) -> list[Any]:
    try:
        return list(run_onnxruntime(made.model, made.inputs).values())
    except UnsupportedError as error:
        first = error.message
    try:
        with np.errstate(all="ignore"):
            return list(ReferenceEvaluator(made.model).run(None, dict(made.inputs)))
    except Exception as error:
        raise NotRunError(f"{first}; ONNX's evaluator: {error}") from None
