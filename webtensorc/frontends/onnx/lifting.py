"""Models in operator sets older than any that is read: brought to the oldest one by onnx's own version converter."""

from __future__ import annotations

from typing import Any

from onnx import helper, shape_inference, version_converter

from webtensorc.errors import UnsupportedError

__all__ = ["OLDEST_OPSET", "lifted"]

OLDEST_OPSET = 7


def lifted(proto: Any, version: int, file: str | None) -> Any:
    """The model in `OLDEST_OPSET`; the converter knows most of the operators before.

    Raises:
        UnsupportedError: it does not know one, or what a slope belongs to cannot be told.
    """
    _shape_slopes(proto, file)
    try:
        return version_converter.convert_version(proto, OLDEST_OPSET)
    except Exception as error:  # the converter raises RuntimeError and its own classes alike
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UnsupportedError(
            f"opset {version} is older than {OLDEST_OPSET}, the oldest this version reads, and cannot be converted",
            file=file,
            hint=f"export the model again with a newer opset (onnx's version converter says: {reason})",
        ) from None


def _shape_slopes(proto: Any, file: str | None) -> None:
    """Give the slopes of PRelu a dimension for each one behind the channels.

    Before opset 7 a slope of one dimension belongs to dimension 1; from then on it would be broadcast along the last.
    The converter leaves it as it is.
    """
    graph = proto.graph
    nodes = [node for node in graph.node if node.op_type == "PRelu"]
    if not nodes:
        return
    inferred = shape_inference.infer_shapes(proto).graph
    known = (*inferred.value_info, *inferred.input, *inferred.output)
    ranks = {each.name: len(each.type.tensor_type.shape.dim) for each in known if _has_shape(each)}
    ranks |= {each.name: len(each.dims) for each in graph.initializer}
    for number, node in enumerate(nodes):
        rank, slope = ranks.get(node.input[0]), ranks.get(node.input[1])
        if rank is None or slope is None:
            raise UnsupportedError(
                f"a PRelu before opset {OLDEST_OPSET} whose operands have no known rank",
                file=file,
                node=node.name or node.output[0],
                hint="export the model again with a newer opset",
            )
        if slope == 1 and rank > 2:
            shaped = f"{node.input[1]}.by_channel.{number}"
            axes = list(range(1, rank - 1))
            unsqueeze = helper.make_node("Unsqueeze", [node.input[1]], [shaped], axes=axes)
            node.input[1] = shaped
            graph.node.insert(list(graph.node).index(node), unsqueeze)


def _has_shape(info: Any) -> bool:
    return bool(info.type.tensor_type.HasField("shape"))
