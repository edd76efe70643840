"""Results to compare with: ONNX Runtime for ONNX models, StableHLO's reference interpreter for every graph.

The interpreter (jaxlib's `eval_module`, the semantics of the StableHLO specification written down in C++) shares no
code with the compiler, nor with XLA. It evaluates element by element and is slow: fine for small models, minutes for a
convolution net of full size.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from webtensorc.errors import UnsupportedError, UsageError
from webtensorc.model import Model

__all__ = ["INTERPRETER_SPEED", "interpreter_work", "run_interpreter", "run_onnxruntime"]

Array = np.ndarray[Any, Any]
_FATAL = {
    *("batch_norm_grad", "batch_norm_inference", "batch_norm_training", "broadcast", "cholesky", "create_token", "dot"),
    *("einsum", "fft", "real_dynamic_slice", "rng", "rng_bit_generator", "torch_index_select", "triangular_solve"),
    "unary_einsum",
}
"""StableHLO's operations of which the interpreter ends the process."""

INTERPRETER_SPEED = 1e6
"""Scalar operations that the interpreter does in a second, about."""


def run_onnxruntime(model: Any, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Outputs by name, computed by ONNX Runtime on the CPU.

    Args:
        model: path of an ONNX file, or an `onnx.ModelProto`.
        inputs: arrays by input name.

    Raises:
        UsageError: onnxruntime is not installed.
        UnsupportedError: ONNX Runtime refuses the model or the inputs; the message is its own.
    """
    try:
        import onnxruntime
    except ImportError:
        raise UsageError(
            "onnxruntime is not installed",
            doing="computing the reference",
            hint="pip install onnxruntime, or compare with the interpreter: --against interpreter",
        ) from None
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    file = str(model) if isinstance(model, str | Path) else None
    try:
        source = file if file is not None else model.SerializeToString()
        session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        results = session.run(names, {name: np.asarray(value) for name, value in inputs.items()})
    except Exception as error:  # its exceptions share no base class
        raise UnsupportedError(
            f"onnxruntime cannot run the model: {str(error).strip().splitlines()[0]}",
            file=file,
            doing="computing the reference",
            hint="compare with the interpreter: --against interpreter",
        ) from None
    return dict(zip(names, results, strict=True))


def run_interpreter(model: Model, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Outputs by name, computed by StableHLO's reference interpreter on the model's graph with its weights bound.

    Args:
        model: any model.
        inputs: one array per input, by name, with the dtypes and shapes of `model.inputs`.

    Raises:
        UsageError: an input is missing or has another dtype or shape.
        UnsupportedError: the interpreter does not implement something in the graph.
    """
    from jaxlib.mlir import ir
    from jaxlib.mlir.dialects import stablehlo

    from webtensorc import portable

    arrays = [*model.weights.values(), *in_order(model, inputs)]
    with portable.context() as context, ir.Location.unknown():
        module = stablehlo.deserialize_portable_artifact(context, model.graph)
        portable.drop_guards(module)
        _refuse_fatal(module)
        _guard_divisions(module)
        _carry(module)
        carried = [part for array in arrays for part in _to_carriers(np.asarray(array))]
        try:
            found = stablehlo.eval_module(module, [_attribute(part) for part in carried])
        except (ValueError, RuntimeError, ir.MLIRError) as error:
            raise UnsupportedError(
                f"the StableHLO interpreter cannot run the model: {str(error).strip().splitlines()[0]}",
                doing="computing the reference",
            ) from None
        parts = iter([np.array(attribute) for attribute in found])
    results = {}
    for spec in model.outputs:
        count = 2 if spec.dtype.startswith("complex") else 1
        results[spec.name] = _from_carriers(list(itertools.islice(parts, count)), spec.dtype)
        if spec.is_static:
            results[spec.name] = results[spec.name].reshape(spec.sizes)
    return results


def _refuse_fatal(module: Any) -> None:
    from webtensorc.frontends.stablehlo.inline import nested

    names = {op.name.removeprefix("stablehlo.") for op in nested(module.operation)}
    if fatal := sorted(names & _FATAL):
        raise UnsupportedError(
            f"the StableHLO interpreter does not have: {', '.join(fatal)}", doing="computing the reference"
        )


def interpreter_work(model: Model) -> int:
    """How many scalar operations the interpreter does, about: convolutions count too much, loops only once."""
    from jaxlib.mlir.dialects import stablehlo

    from webtensorc import portable
    from webtensorc.frontends.stablehlo.inline import nested

    with portable.context() as context:
        module = stablehlo.deserialize_portable_artifact(context, model.graph)
        return sum(sum(map(_size, op.results)) * _terms(op) for op in nested(module.operation))


def _size(value: Any) -> int:
    shape = getattr(value.type, "shape", ())
    return math.prod(max(extent, 1) for extent in shape)


def _terms(operation: Any) -> int:
    """How many products are summed for one element of a contraction; 1 for other operations."""
    if operation.name == "stablehlo.convolution":
        return _size(operation.operands[1])
    if operation.name == "stablehlo.dot_general":
        left, right, result = _size(operation.operands[0]), _size(operation.operands[1]), _size(operation.results[0])
        return math.isqrt(max(left * right // max(result, 1), 1))
    return 1


def _attribute(array: Array) -> Any:
    from jaxlib.mlir import ir

    # Signed integers are signless in StableHLO, unsigned ones are not.
    return ir.DenseElementsAttr.get(array, signless=array.dtype.kind != "u")


def in_order(model: Model, inputs: Mapping[str, Array]) -> list[Array]:
    ordered = []
    for spec in model.inputs:
        if spec.name not in inputs:
            raise UsageError(f"no value was given for input {spec}")
        array = np.asarray(inputs[spec.name])
        if str(array.dtype) != spec.dtype or array.shape != spec.shape:
            raise UsageError(f"input {spec} was given {array.dtype}{list(array.shape)}")
        ordered.append(array)
    return ordered


def _guard_divisions(module: Any) -> None:
    """Keep the interpreter from dividing integers by 0, and the least one by -1: it divides as the processor does.

    Results are those of XLA and of compiled models: all bits set and the dividend itself for a divisor of 0, wrapping.
    """
    from jaxlib.mlir import ir

    from webtensorc.frontends.stablehlo.inline import nested

    for operation in list(nested(module.operation)):
        if operation.name in ("stablehlo.divide", "stablehlo.remainder"):
            element = operation.results[0].type.element_type
            if isinstance(element, ir.IntegerType) and element.width > 1:
                with ir.InsertionPoint(operation):
                    operation.results[0].replace_all_uses_with(_divided(operation, is_signed=not element.is_unsigned))
                operation.erase()


def _divided(operation: Any, *, is_signed: bool) -> Any:
    """What a division or a remainder gives, with a divisor of 1 where the true one is 0 or -1."""
    from jaxlib.mlir.dialects import stablehlo

    dividend, divisor = operation.operands
    is_quotient = operation.name == "stablehlo.divide"
    zero = stablehlo.subtract(divisor, divisor)
    ones = stablehlo.not_(zero)
    equal = stablehlo.ComparisonDirectionAttr.get("EQ")
    by_zero = stablehlo.compare(divisor, zero, equal)
    by_ones = stablehlo.compare(divisor, ones, equal)
    is_odd = stablehlo.or_(by_zero, by_ones) if is_signed else by_zero
    safe = stablehlo.select(is_odd, stablehlo.negate(ones), divisor)
    result = (stablehlo.divide if is_quotient else stablehlo.remainder)(dividend, safe)
    if is_signed:
        result = stablehlo.select(by_ones, stablehlo.negate(dividend) if is_quotient else zero, result)
    return stablehlo.select(by_zero, ones if is_quotient else dividend, result)


# The interpreter's values go in and out as dense attributes, which numpy's buffer protocol reaches for the common
# dtypes only. The others are carried by a wider one, exactly, and converted at the border of the graph; complex numbers
# by two.
_CARRIERS = {"bf16": "f32", "i2": "i8", "i4": "i8", "ui2": "ui8", "ui4": "ui8"}


def _carrier(element: str) -> str:
    return "f32" if element.startswith(("f8", "f4", "f6")) else _CARRIERS.get(element, element)


def _to_carriers(array: Array) -> list[Array]:
    if array.dtype.kind == "c":
        return [np.asarray(array.real, order="C"), np.asarray(array.imag, order="C")]
    name = str(array.dtype)
    if name.startswith(("bfloat", "float8", "float4", "float6")):
        return [array.astype(np.float32)]
    if name in ("int2", "int4"):
        return [array.astype(np.int8)]
    if name in ("uint2", "uint4"):
        return [array.astype(np.uint8)]
    return [np.asarray(array, order="C")]


def _from_carriers(parts: Sequence[Array], dtype: str) -> Array:
    import ml_dtypes

    if len(parts) == 2:
        return np.asarray(parts[0] + 1j * parts[1]).astype(dtype)
    return parts[0].astype(np.dtype(getattr(ml_dtypes, dtype, None) or dtype), copy=False)


def _carry(module: Any) -> None:
    """Rewrite `main` so that arguments and results have dtypes that numpy can carry."""
    from jaxlib.mlir import ir
    from jaxlib.mlir.dialects import func

    old = next(iter(module.body))
    body = old.regions[0].blocks[0]
    kinds = [argument.type for argument in body.arguments]
    results = list(old.type.results)
    made_type = ir.FunctionType.get(
        [part for kind in kinds for part in _carried(kind)], [part for kind in results for part in _carried(kind)]
    )
    with ir.InsertionPoint(old):
        made = func.FuncOp("main", made_type, visibility="public")
    block = made.add_entry_block()
    given = iter(list(block.arguments))
    with ir.InsertionPoint(block):
        for argument in list(body.arguments):
            values = [next(given) for _ in _carried(argument.type)]
            argument.replace_all_uses_with(_convert(values, argument.type))
    *operations, last = list(body)
    for operation in operations:
        block.append(operation)
    with ir.InsertionPoint(block):
        func.ReturnOp([part for value in last.operands for part in _split(value)])
    old.operation.erase()


def _carried(kind: Any) -> list[Any]:
    from jaxlib.mlir import ir

    element = kind.element_type
    if isinstance(element, ir.ComplexType):
        return [ir.RankedTensorType.get(kind.shape, element.element_type)] * 2
    return [ir.RankedTensorType.get(kind.shape, ir.Type.parse(_carrier(str(element))))]


def _convert(values: Sequence[Any], kind: Any) -> Any:
    from jaxlib.mlir.dialects import stablehlo

    if len(values) == 2:
        return stablehlo.complex(values[0], values[1])
    return values[0] if values[0].type == kind else stablehlo.convert(kind, values[0])


def _split(value: Any) -> list[Any]:
    from jaxlib.mlir.dialects import stablehlo

    carried = _carried(value.type)
    if len(carried) == 2:
        return [stablehlo.real(value), stablehlo.imag(value)]
    return [value if value.type == carried[0] else stablehlo.convert(carried[0], value)]
