"""What ONNX's own inference says of one node: whether it is valid for its inputs, and the types of its results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from onnx import checker, helper, shape_inference

from webtensorc.errors import InvalidFileError
from webtensorc.frontends.onnx import schemas
from webtensorc.frontends.onnx.values import Value, is_weight_sized

_HINT = "export the model again; its shapes or attributes contradict ONNX's definition of the operator"


def types(
    schema: Any, proto: Any, attributes: Mapping[str, Any], inputs: tuple[Value, ...], opsets: Mapping[str, int]
) -> dict[str, Any]:
    """TypeProtos of a node's results by name, as far as ONNX infers them from the types of its inputs.

    Left out are nodes with graphs inside, which are looked at node by node, what sequences go into, whose element type
    may not be known yet, and versions of operators that are deprecated, for which ONNX infers nothing.

    Raises:
        onnx.shape_inference.InferenceError: the node is not valid for these inputs.
    """
    kinds = {each.type for each in attributes.values()}
    if kinds & {onnx.AttributeProto.GRAPH, onnx.AttributeProto.TENSOR, onnx.AttributeProto.SPARSE_TENSOR}:
        return {}
    if schema.deprecated or any(isinstance(each, list) for each in inputs):
        return {}
    node = onnx.NodeProto(op_type=proto.op_type, domain=proto.domain, input=proto.input, output=proto.output)
    node.attribute.extend(attributes.values())
    given = {name: schemas.type_proto(value) for name, value in zip(proto.input, inputs, strict=True) if name}
    known = {name: tensor for name, value in zip(proto.input, inputs, strict=True) if (tensor := _known(value))}
    imports = [helper.make_opsetid(domain, version) for domain, version in opsets.items()]
    found: dict[str, Any] = shape_inference.infer_node_outputs(schema, node, given, known, opset_imports=imports)
    return found


def refuse_invalid(
    schema: Any,
    proto: Any,
    attributes: Mapping[str, Any],
    inputs: tuple[Value, ...],
    opsets: Mapping[str, int],
    file: str | None,
    place: str,
) -> None:
    """Refuse a node whose attributes ONNX's definition of its operator does not allow for these inputs.

    Complaints about attributes alone count. Of inputs, inference demands more than models keep that ONNX Runtime runs:
    an empty tensor stands for an absent one there, and a tensor of one element for a scalar. A `Split` of opset 18 with
    neither sizes nor `num_outputs` has as many equal parts as outputs, as before.

    Raises:
        InvalidFileError: attributes that contradict each other or the inputs' shapes.
    """
    try:
        types(schema, proto, attributes, inputs, opsets)
    except (shape_inference.InferenceError, checker.ValidationError) as error:  # the latter of types it does not list
        reason = str(error).strip().splitlines()[0].rpartition("] ")[2]
        if "attribute" not in reason.lower() or reason.startswith("Neither "):
            return
        message = f"`{schema.name}` is not valid: {reason[:1].lower()}{reason[1:]}"
        raise InvalidFileError(message, file=file, place=place, hint=_HINT) from None


def _known(value: Value) -> Any:
    """What inference may need the elements of: shapes, axes, pads."""
    if not isinstance(value, np.ndarray) or value.dtype != np.int64 or value.ndim > 1 or is_weight_sized(value):
        return None
    return onnx.numpy_helper.from_array(value)
