"""The `onnx.backend.base.Backend` interface: `onnx.backend.test.BackendTest(webtensorc.onnx_backend, __name__)` runs.

Compilation is put off to the first `run`, because the interface gives a model without sizes for its dimensions, and
many of ONNX's own test cases pass shapes, axes and the like as run-time inputs where a compiler with static shapes must
know them. `specialise` makes constants of exactly those.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import webtensorc_runtime
from onnx import helper
from onnx.backend.base import Backend, BackendRep

import webtensorc
from webtensorc.compare import cut_to_size
from webtensorc.frontends.onnx.failures import NeedsConstantsError
from webtensorc.frontends.onnx.load import evaluate, load
from webtensorc.frontends.onnx.structure import free_names
from webtensorc.model import Model

_MOST_SPECIALISED = 1024


@dataclass(frozen=True)
class Specialised:
    """A model for particular inputs, and how to put its results together.

    Attributes:
        model: what is to be compiled; None if every output is in `strings`.
        inputs: its arguments, in order.
        declared: ONNX's declarations of the results.
        strings: results that hold strings, by name: they are known already, since strings are not compiled.
    """

    model: Model | None
    inputs: tuple[np.ndarray, ...]
    declared: tuple[Any, ...]
    strings: Mapping[str, Any]

    def run(self) -> tuple[Any, ...]:
        """Compile and run."""
        if not self.model:
            return self.assembled(())
        bundle = webtensorc.compile(self.model, cache=False)
        return self.assembled(webtensorc_runtime.load(bundle)(*self.inputs))

    def assembled(self, results: Sequence[np.ndarray]) -> tuple[Any, ...]:
        """The model's results as ONNX declares them: sequences as lists, absent optionals as None."""
        names = [spec.name for spec in self.model.outputs] if self.model else []
        named = {**self.strings, **dict(zip(names, results, strict=True))}
        return tuple(_assemble(each.name, each.type, named) for each in self.declared)


def specialise(proto: Any, values: Mapping[str, Any]) -> Specialised:
    """Load a model for the shapes, and where an operator needs them the values, of given inputs.

    Raises:
        DiagnosticError: as `webtensorc.frontends.onnx.load`.
    """
    flat, arrays, constants = _flattened(proto, values)
    declared = tuple(flat.graph.output)
    strings = _strings(flat, {**arrays, **constants})
    while flat.graph.output:
        shapes = {name: array.shape for name, array in arrays.items() if name not in constants}
        try:
            model = load(flat, input_shapes=shapes, constants=constants)
        except NeedsConstantsError as error:
            needed = _sources(flat.graph, error.inputs)
            new = {name: array for name, array in arrays.items() if name in needed and _is_structural(array)}
            if not new.keys() - constants.keys():
                raise
            constants.update(new)
        else:
            return Specialised(model, tuple(arrays[each.name] for each in model.inputs), declared, strings)
    return Specialised(None, (), declared, strings)


def _strings(flat: Any, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The outputs that hold strings, which are no longer outputs of the model: they are computed here."""
    names = [each.name for each in flat.graph.output if _holds_strings(each.type)]
    if not names:
        return {}
    others = [each for each in flat.graph.output if each.name not in names]
    found = evaluate(flat, values, names)
    del flat.graph.output[:]
    flat.graph.output.extend(others)
    return found


def _is_structural(array: np.ndarray) -> bool:
    """Whether an input can stand for shapes, axes, scales, counts or flags."""
    return array.size <= _MOST_SPECIALISED and array.ndim <= 1


def _sources(graph: Any, names: Sequence[str]) -> set[str]:
    """Everything that some values are computed from."""
    producer = {output: node for node in graph.node for output in node.output}
    found: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += free_names(producer[name]) if name in producer else ()
    return found


def _flattened(proto: Any, values: Mapping[str, Any]) -> tuple[Any, dict[str, np.ndarray], dict[str, Any]]:
    """The model with tensors for inputs, their arrays, and constants.

    Sequences are put together inside the model; absent optionals and strings become constants.
    """
    flat = onnx.ModelProto()
    flat.CopyFrom(proto)
    arrays: dict[str, np.ndarray] = {}
    constants: dict[str, Any] = {}
    declared = list(flat.graph.input)
    del flat.graph.input[:]
    for each in declared:
        value = values.get(each.name)
        if isinstance(value, list):
            names = [f"{each.name}.{index}" for index in range(len(value))]
            arrays.update(zip(names, map(np.asarray, value), strict=True))
            flat.graph.input.extend(_tensor(name, arrays[name]) for name in names)
            maker = helper.make_node("SequenceConstruct" if names else "SequenceEmpty", names, [each.name])
            flat.graph.node.insert(0, maker)
        elif value is not None:
            arrays[each.name] = np.asarray(value)
            is_tensor = each.type.WhichOneof("value") == "tensor_type"
            flat.graph.input.append(each if is_tensor else _tensor(each.name, arrays[each.name]))
        else:
            flat.graph.input.append(each)
            if each.type.WhichOneof("value") == "optional_type":
                constants[each.name] = None
    constants |= {name: array.astype(object) for name, array in arrays.items() if array.dtype.kind in "OSUT"}
    return flat, arrays, constants


def _tensor(name: str, array: np.ndarray) -> Any:
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)


def _assemble(name: str, kind: Any, named: Mapping[str, Any]) -> Any:
    which = kind.WhichOneof("value")
    if which == "optional_type":
        return _assemble(name, kind.optional_type.elem_type, named)
    if which == "sequence_type":
        count = sum(each.startswith(f"{name}.") for each in named)
        return [named[f"{name}.{index}"] for index in range(count)]
    return cut_to_size(named, name) if name in named else None


class WebtensorcRep(BackendRep):  # type: ignore[misc]
    """A prepared model: compiled once for every set of input shapes (and structural values) it is run with."""

    def __init__(self, model: Any) -> None:
        self._model = model
        given = {each.name for each in model.graph.initializer}
        self._names = [each.name for each in model.graph.input if each.name not in given]

    def run(self, inputs: Any, **kwargs: Any) -> tuple[Any, ...]:
        """The outputs for inputs given in order, or by name as a mapping.

        Raises:
            DiagnosticError: the model or the inputs cannot be compiled.
        """
        return self.specialised(inputs).run()

    def specialised(self, inputs: Any) -> Specialised:
        """What is compiled for such inputs; raises as `run`."""
        is_mapping = isinstance(inputs, Mapping)
        values = dict(inputs) if is_mapping else dict(zip(self._names, inputs, strict=False))
        return specialise(self._model, values)


class WebtensorcBackend(Backend):  # type: ignore[misc]
    """Compiles for this machine's CPU."""

    @classmethod
    def prepare(cls, model: Any, device: str = "CPU", **kwargs: Any) -> WebtensorcRep:
        """A model ready to be run."""
        return WebtensorcRep(model)

    @classmethod
    def run_node(
        cls, node: Any, inputs: Any, device: str = "CPU", outputs_info: Any = None, **kwargs: Any
    ) -> tuple[Any, ...]:
        """Run one node on inputs in order; `opset_version` among the keywords chooses the opset."""
        arrays = [np.asarray(each) for each in inputs]
        named = dict(zip(filter(None, node.input), arrays, strict=True))
        graph = helper.make_graph(
            [node],
            "node",
            [_tensor(name, array) for name, array in named.items()],
            [onnx.ValueInfoProto(name=name) for name in node.output if name],
        )
        version = kwargs.get("opset_version", onnx.defs.onnx_opset_version())
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid(node.domain, version)])
        return cls.prepare(model, device).run(named)

    @classmethod
    def supports_device(cls, device: str) -> bool:
        """Whether models can be run there: `CPU`."""
        return device.split(":")[0] == "CPU"


def _holds_strings(kind: Any) -> bool:
    which = kind.WhichOneof("value")
    if which == "tensor_type":
        return bool(kind.tensor_type.elem_type == onnx.TensorProto.STRING)
    if which in ("sequence_type", "optional_type"):
        return _holds_strings(getattr(kind, which).elem_type)
    return bool(which == "map_type")


is_compatible = WebtensorcBackend.is_compatible
prepare = WebtensorcBackend.prepare
run_model = WebtensorcBackend.run_model
run_node = WebtensorcBackend.run_node
supports_device = WebtensorcBackend.supports_device
