"""Walking a graph node by node, computing each with its operator's function: run under `jax.jit`, this is the trace."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import onnx

from webtensorc.errors import DiagnosticError, InvalidFileError
from webtensorc.frontends.onnx import attributes as attrs
from webtensorc.frontends.onnx import declarations, extents, failures, inference, registry, schemas, slices, symbolic
from webtensorc.frontends.onnx.extents import Extents
from webtensorc.frontends.onnx.files import Source
from webtensorc.frontends.onnx.locations import Locations
from webtensorc.frontends.onnx.narrowing import Narrowing
from webtensorc.frontends.onnx.scope import Node, Scope
from webtensorc.frontends.onnx.structure import free_names, label, ordered, outer_names, read_names, refuse_undefined
from webtensorc.frontends.onnx.tensors import to_array
from webtensorc.frontends.onnx.values import (
    Bounded,
    NotSupportedError,
    UnknownResultError,
    Value,
    is_known,
    is_weight_sized,
    splat,
)
from webtensorc.frontends.onnx.weights import Weights


@dataclass(frozen=True)
class Failed:
    """A node that cannot be computed.

    Attributes:
        proto, node: the node.
        inputs: what it is given.
        error: the user's error.
        cause: what was raised.
        is_tried: whether it is in a body that may turn out not to fit, and is invalid: then it has no stand-in.
        is_inside: whether it is in such a body.
        again: computes it for other inputs.
    """

    proto: Any
    node: Node
    inputs: tuple[Value, ...]
    error: DiagnosticError
    cause: Exception
    is_tried: bool
    is_inside: bool
    again: Callable[[tuple[Value, ...]], tuple[Value, ...]]


OnFailure = Callable[[Failed], tuple[Value, ...]]


class Interpreter:
    """One walk over a model's graph.

    Args:
        source: the model.
        weights: where the walk finds and leaves the constants that are arguments of the traced function.
        locations: where the walk leaves the nodes' names for the traced operations.
        on_failure: called for a node that fails, to give stand-ins for its outputs; without it the error is raised.
        warnings: where the walk leaves what is declared of values and is not so, one sentence a value, and operators'
            notes.
    """

    def __init__(
        self,
        source: Source,
        weights: Weights,
        locations: Locations,
        on_failure: OnFailure | None = None,
        warnings: dict[str, str] | None = None,
    ) -> None:
        self.source = source
        self.weights = weights
        self.locations = locations
        self.on_failure = on_failure
        self.functions = {(each.domain, each.name, each.overload): each for each in source.proto.functions}
        self.calls: list[tuple[str, str, str]] = []
        self.warnings = {} if warnings is None else warnings
        self.trials = 0
        """How many bodies are being computed that may turn out not to fit: what is invalid in them has no stand-in."""

    def main(self, inputs: Mapping[str, Value]) -> tuple[Value, ...]:
        """The values of the model's outputs for these inputs.

        Raises:
            DiagnosticError: a node cannot be computed.
        """
        with jax.disable_jit():
            return self.graph(self.source.proto.graph, Scope("", self.source.opsets), inputs)

    def graph(self, graph: Any, scope: Scope, inputs: Mapping[str, Value]) -> tuple[Value, ...]:
        """Compute a graph in an empty scope."""
        scope.graph = graph
        scope.declared = declarations.of(graph)
        declarations.check(
            scope.declared, tuple(inputs), tuple(inputs.values()), self.source.file, f'graph "{graph.name}"'
        )
        for each in graph.initializer:
            if each.name not in inputs:
                scope.values[each.name] = self._constant(each, scope)
        for each in graph.sparse_initializer:
            scope.values[each.values.name] = self._sparse(each)
        scope.values.update(inputs)
        outer = scope.outer.names() if scope.outer else ()
        nodes = ordered(graph, outer, self.source.file)
        scope.read = read_names((node for _, node in nodes), (each.name for each in graph.output))
        for index, node in nodes:
            self.node(node, label(node, index), scope)
        return tuple(scope[each.name] for each in graph.output)

    def node(self, proto: Any, name: str, scope: Scope) -> None:
        """Compute one node and bind its outputs."""
        domain = "" if proto.domain == "ai.onnx" else proto.domain
        version, outputs = scope.opsets.get(domain, 0), tuple(proto.output)
        node = Node(scope.path + name, proto.op_type, version, outputs, scope.read, scope.shared)
        inputs = tuple(scope[each] if each else None for each in proto.input)
        if any(each is failures.UNKNOWN for each in inputs):
            scope.values.update(dict.fromkeys(filter(None, proto.output), failures.UNKNOWN))
            return
        place = failures.place(node, domain, inputs)
        apply = functools.partial(self._apply, proto, domain, node, scope)
        try:
            with self.locations.scope(node.name):
                outputs = apply(inputs)
            declarations.check(scope.declared, proto.output, outputs, self.source.file, place)
            for value, message in declarations.shapes_not_so(scope.declared, proto.output, outputs):
                self.warnings.setdefault(scope.path + value, f"{failures.node_place(node, domain)}: {message}")
        except (DiagnosticError, failures.StartAgain) as error:
            if isinstance(error, failures.NeedsConstantsError):
                error.inputs = tuple(free_names(proto))
            if isinstance(error, failures.StartAgain) or not self.on_failure:
                raise
            outputs = self.on_failure(self._failed(proto, node, inputs, error, error, apply))
        except UnknownResultError:
            outputs = (failures.UNKNOWN,) * len(proto.output)
        except Exception as error:
            failure = failures.explain(error, node, proto, inputs, place, self.source)
            if not self.on_failure:
                raise failure from error
            outputs = self.on_failure(self._failed(proto, node, inputs, failure, error, apply))
        for output, value in zip(proto.output, outputs, strict=False):
            if output:
                scope.values[output] = value
                self.weights.remember(scope.path + output, value)

    def _failed(
        self, proto: Any, node: Node, inputs: tuple[Value, ...], error: Any, cause: Exception, apply: Any
    ) -> Failed:
        is_inside = bool(self.trials)
        is_tried = is_inside and isinstance(error, InvalidFileError)
        return Failed(proto, node, inputs, error, cause, is_tried, is_inside, apply)

    def _apply(self, proto: Any, domain: str, node: Node, scope: Scope, inputs: tuple[Value, ...]) -> tuple[Value, ...]:
        own = attrs.resolve(proto, scope.attributes)
        if function := self.functions.get((proto.domain, proto.op_type, proto.overload)):
            return self._call(function, own, inputs, node)
        key = _key(domain, node, inputs, own)
        if key in scope.sized:
            return scope.sized[key][1]
        schema = schemas.find(domain, node.operator, node.opset)
        place = failures.place(node, domain, inputs)
        if schema:
            attrs.check(own, schema, self.source.file, place)
            schemas.check_inputs(schema, inputs, self.source.file, place)
            schemas.check_outputs(schema, node.outputs, self.source.file, place)
        choices = registry.choices(domain, node.operator, node.opset)
        attrs.check_choices(own, choices, node.operator, self.source.file, place)
        results = self._results(proto, domain, node, scope, inputs, own, schema)
        if schema and not all(map(is_known, inputs)):  # exporters compute shapes more loosely than ONNX defines it
            inference.refuse_invalid(schema, proto, own, inputs, scope.opsets, self.source.file, place)
        if key and any(isinstance(each, Bounded) for each in results):
            scope.sized[key] = inputs, results
        return results

    def _results(
        self,
        proto: Any,
        domain: str,
        node: Node,
        scope: Scope,
        inputs: tuple[Value, ...],
        own: Mapping[str, Any],
        schema: Any,
    ) -> tuple[Value, ...]:
        """By the operator's function, or by ONNX's definition of it."""
        if operator := registry.find(domain, node.operator, node.opset):
            return self._operate(operator, own, inputs, node, scope)
        if schema and (body := schemas.function_body(schema, proto, own, node.opset, inputs)):
            return self._call(body, attrs.with_defaults(own, schema), inputs, node)
        place = failures.place(node, domain, inputs)
        raise failures.missing(domain, node, self.source.file, place, self.source.opsets)

    def _operate(
        self, operator: registry.Operator, own: Mapping[str, Any], inputs: tuple[Value, ...], node: Node, scope: Scope
    ) -> tuple[Value, ...]:
        def subgraph(graph: Any, attribute: str) -> Callable[..., tuple[Value, ...]]:
            return self._subgraph(graph, f"{node.name}/{attribute}/", scope)

        keywords = {
            name: attrs.to_python(each, self.source.file, self.source.folder, subgraph) for name, each in own.items()
        }
        if lacking := operator.lacks(keywords):
            raise NotSupportedError(f"it has attributes that are not implemented: {', '.join(lacking)}")
        keywords = operator.defaults | keywords
        if not operator.truths:
            inputs = tuple(each.__jax_array__() if _is_truth(each) else each for each in inputs)
        # A body's nodes are computed one by one, and may read values that are not known; sizes may be expressions.
        is_plain = not any(map(callable, keywords.values())) and not any(isinstance(each, Extents) for each in inputs)
        if operator.wants_node:
            keywords["node"] = node
        if operator.wants_note:
            place = failures.node_place(node, operator.domain)
            keywords["note"] = lambda text: self.warnings.setdefault(node.name, f"{place}: {text}")
        if operator.wants_recompute:
            keywords["recompute"] = functools.partial(self._recomputed, scope)
        with np.errstate(all="ignore"):  # as in a compiled model, log(0) is -inf without a word
            if not operator.bounded and any(isinstance(each, Bounded) for each in inputs):
                function = functools.partial(operator.function, **keywords)
                results = slices.apply(function, tuple(map(self._lifted, inputs)), operator.neutral)
            elif operator.folds and is_plain and all(map(is_known, inputs)):
                with jax.ensure_compile_time_eval():
                    results = operator.function(*inputs, **keywords)
            else:
                results = operator.function(*map(self._lifted, inputs), **keywords)
        return tuple(map(_settled, results if isinstance(results, tuple) else (results,)))

    def _lifted(self, value: Value) -> Value:
        """A known value on its way into a traced operation: large ones must not become constants of the graph."""
        if not isinstance(value, np.ndarray) or value.dtype == object or not is_weight_sized(value):
            return value
        if (element := splat(value)) is not None:
            return jax.numpy.full(value.shape, np.asarray(element), value.dtype)
        return self.weights.lift(value)

    def _subgraph(self, graph: Any, path: str, scope: Scope) -> Callable[..., tuple[Value, ...]]:
        def run(*inputs: Value, trial: bool = False, narrowing: Narrowing | None = None) -> tuple[Value, ...]:
            names = [each.name for each in graph.input]
            if len(names) != len(inputs):
                raise ValueError(f"its body `{graph.name}` has {len(names)} inputs, {len(inputs)} are given")
            inner = Scope(path, scope.opsets, scope, scope.attributes)
            if narrowing:
                inner.values.update({name: narrowing.of(scope[name]) for name in outer_names(graph)})
            with jax.disable_jit(), self._trial() if trial else contextlib.nullcontext():
                results = self.graph(graph, inner, dict(zip(names, inputs, strict=True)))
            if any(each is failures.UNKNOWN for each in results):
                raise UnknownResultError
            return results

        return run

    @contextlib.contextmanager
    def _trial(self) -> Iterator[None]:
        """Leave no warnings of what turns out not to fit."""
        before = dict(self.warnings)
        self.trials += 1
        try:
            yield
        except InvalidFileError:
            self.warnings.clear()
            self.warnings.update(before)
            raise
        finally:
            self.trials -= 1

    def _recomputed(self, scope: Scope, wanted: str, given: Mapping[str, Value]) -> Value:
        """The value `wanted` of a scope's graph, computed again with some values of that graph replaced."""
        if scope.graph is None:
            raise NotSupportedError("it is inside a function body")
        graph = onnx.GraphProto()
        graph.CopyFrom(scope.graph)
        others = [each for each in scope.graph.node if not given.keys() & set(each.output)]
        del graph.node[:], graph.output[:]
        graph.node.extend(others)
        graph.output.add(name=wanted)
        declared = {each.name for each in graph.input}
        for name in given.keys() - declared:
            graph.input.add(name=name)
        inputs = {name: scope[name] for name in declared if name in scope.values}
        inner = Scope(scope.path, scope.opsets, scope.outer, scope.attributes)
        return self.graph(graph, inner, {**inputs, **given})[0]

    def _call(self, function: Any, own: Mapping[str, Any], inputs: tuple[Value, ...], node: Node) -> tuple[Value, ...]:
        """Compute a function body in place of the node: a model-local function, or the schema's definition."""
        key = (function.domain, function.name, getattr(function, "overload", ""))
        if key in self.calls:
            raise NotSupportedError(f"function `{function.name}` calls itself")
        opsets = {"" if each.domain == "ai.onnx" else each.domain: each.version for each in function.opset_import}
        defaults = {each.name: each for each in function.attribute_proto}
        scope = Scope(f"{node.name}/", {**self.source.opsets, **opsets}, None, {**defaults, **own})
        scope.read = read_names(function.node, function.output)
        padded = (*inputs, *(None for _ in function.input[len(inputs) :]))
        scope.values.update(zip(function.input, padded, strict=False))
        self.calls.append(key)
        try:
            for index, each in enumerate(function.node):
                refuse_undefined(function, each, index, scope.values, self.source.file)
                self.node(each, label(each, index), scope)
        finally:
            self.calls.pop()
        # A body made for a particular node may leave out outputs that the node does not want.
        return tuple(scope.values.get(name) for name in function.output)

    def _constant(self, tensor: Any, scope: Scope) -> Value:
        name = scope.path + tensor.name
        if not self.weights.has(name):
            array = to_array(tensor, self.source.file, self.source.folder)
            if array.dtype == object or not is_weight_sized(array):
                return array
            self.weights.add(name, array)
        return self.weights[name]

    def _sparse(self, sparse: Any) -> np.ndarray:
        from webtensorc.frontends.onnx.operators.constant import dense

        values = to_array(sparse.values, self.source.file, self.source.folder)
        indices = to_array(sparse.indices, self.source.file, self.source.folder)
        return dense(values, indices, tuple(sparse.dims))


def _key(domain: str, node: Node, inputs: tuple[Value, ...], attributes: Mapping[str, Any]) -> Any:
    """What two nodes have in common that compute the same; None where that cannot be told.

    What is picked by one mask twice has equal sizes only if they are one value: the second node gets the first's.
    """
    if not inputs or any(each.type == onnx.AttributeProto.GRAPH for each in attributes.values()):
        return None
    wanted = tuple(map(bool, node.outputs))
    return domain, node.operator, wanted, *map(id, inputs), *(each.SerializeToString() for each in attributes.values())


def _is_truth(value: Value) -> bool:
    return isinstance(value, Extents) and value.dtype == np.dtype(bool)


def _settled(value: Value) -> Value:
    """A result in the form the rest of the trace expects: concrete results as numpy arrays."""
    if isinstance(value, list):
        return [_settled(each) for each in value]
    if isinstance(value, jax.core.Tracer):
        return symbolic.with_decided(value)
    if isinstance(value, Extents):
        decided = [symbolic.decided_if_bounded(each) for each in value.elements.ravel()]
        return extents.of(decided, value.dtype).reshape(value.shape)
    if value is None or isinstance(value, (np.ndarray, Bounded)):
        return value
    return np.asarray(value)
