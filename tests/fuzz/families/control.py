"""Control flow and sequences: bodies of a few nodes."""

from __future__ import annotations

import numpy as np
from fuzzing.case import Case
from fuzzing.draw import Drawer, array, family, flag, integer, pick
from onnx import TensorProto, helper

F, I, B = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL  # noqa: E741


def info(name: str, kind: int, sizes: tuple[int, ...]) -> object:
    return helper.make_tensor_value_info(name, kind, sizes)


@family(since=11)
def if_(draw: Drawer, opset: int) -> Case:
    x = array(draw, np.float32, (integer(draw, 1, 3), 2))
    bodies = []
    for name in ("then", "else"):
        nodes = [helper.make_node(pick(draw, "Relu", "Neg", "Abs"), ["x"], [f"{name}_y"])]
        bodies.append(helper.make_graph(nodes, name, [], [info(f"{name}_y", F, x.shape)]))
    node = helper.make_node("If", ["c"], ["y"], then_branch=bodies[0], else_branch=bodies[1])
    condition = np.asarray(flag(draw))
    if flag(draw):
        return Case(opset, (node,), {"x": x}, {"c": condition})
    return Case(opset, (node,), {"x": x, "c": condition}, {})


@family(since=11)
def loop(draw: Drawer, opset: int) -> Case:
    x = array(draw, np.float32, (2, integer(draw, 1, 3)))
    trips = np.asarray(pick(draw, 0, 1, 2, 4, 70), np.int64)
    collects, computed = flag(draw), flag(draw)
    limit = np.asarray(pick(draw, 1e6, 3.0, -1e6), np.float32)
    nodes = [
        helper.make_node("Add", ["v", "x"], ["v_out"]),
        helper.make_node("ReduceMax", ["v_out"], ["peak"], keepdims=0),
        helper.make_node("Less", ["peak", "limit"], ["go_on"]),
        helper.make_node("Identity", ["v_out"], ["each"]),
    ]
    if not computed:
        nodes[1:3] = [helper.make_node("Identity", ["go_in"], ["go_on"])]
    outputs = [info("go_on", B, ()), info("v_out", F, x.shape)]
    outputs += [info("each", F, x.shape)] if collects else []
    body = helper.make_graph(nodes, "body", [info("i", I, ()), info("go_in", B, ()), info("v", F, x.shape)], outputs)
    first = pick(draw, "", "c")
    condition = np.asarray(pick(draw, True, False))
    ahead = not first or flag(draw)
    node = helper.make_node("Loop", ["n", first, "x"], ["y", *(["all"] if collects else [])], body=body)
    constants = {"limit": limit, **({"c": condition} if first and ahead else {})}
    run_time = not collects and flag(draw)
    given = {"x": x, **({"n": trips} if run_time else {}), **({} if ahead else {"c": condition})}
    # The evaluator takes an absent condition for one that does not hold, and joins what is to be stacked.
    return Case(opset, (node,), given, constants | ({} if run_time else {"n": trips}), oracle="onnxruntime")


@family(since=9)
def scan(draw: Drawer, opset: int) -> Case:
    time, width = integer(draw, 1, 4), integer(draw, 1, 3)
    axis = pick(draw, 0, 1)
    out = pick(draw, 0, 1)
    x = array(draw, np.float32, (time, width) if axis == 0 else (width, time))
    start = array(draw, np.float32, (width,))
    nodes = [
        helper.make_node(pick(draw, "Add", "Mul", "Max"), ["s", "e"], ["s_out"]),
        helper.make_node("Neg", ["s_out"], ["each"]),
    ]
    body = helper.make_graph(
        nodes,
        "body",
        [info("s", F, (width,)), info("e", F, (width,))],
        [info("s_out", F, (width,)), info("each", F, (width,))],
    )
    node = helper.make_node(
        "Scan",
        ["start", "x"],
        ["final", "all"],
        body=body,
        num_scan_inputs=1,
        scan_input_axes=[axis - 2 if opset >= 11 and flag(draw) else axis],
        scan_output_axes=[out],
        scan_input_directions=[pick(draw, 0, 1)],
        scan_output_directions=[pick(draw, 0, 1)],
    )
    return Case(opset, (node,), {"start": start, "x": x}, {}, oracle="onnxruntime")


@family(since=11)
def sequence(draw: Drawer, opset: int) -> Case:
    sizes = [integer(draw, 1, 3) for _ in range(integer(draw, 1, 3))]
    parts = [array(draw, np.float32, (size, 2)) for size in sizes]
    names = [f"x{index}" for index in range(len(parts))]
    given = dict(zip(names, parts, strict=True))
    make = helper.make_node("SequenceConstruct", names, ["s"])
    at = np.asarray(integer(draw, -len(parts), len(parts) - 1), np.int64)
    how = pick(draw, "ConcatFromSequence", "SequenceAt", "SequenceErase", "SequenceInsert", "SequenceLength", "Split")
    if how == "ConcatFromSequence":
        node = helper.make_node(how, ["s"], ["y"], axis=pick(draw, 0, -2))
        return Case(opset, (make, node), given, {})
    if how == "SequenceLength":
        return Case(opset, (make, helper.make_node(how, ["s"], ["y"])), given, {})
    if how == "SequenceAt":
        return Case(opset, (make, helper.make_node(how, ["s", "at"], ["y"])), given, {"at": at})
    if how == "SequenceErase":
        return Case(opset, (make, helper.make_node(how, ["s", "at"], ["y"])), given, {"at": at}, {"y": F})
    if how == "SequenceInsert":
        node = helper.make_node(how, ["s", "x0", "at"], ["y"])
        return Case(opset, (make, node), given, {"at": at}, {"y": F})
    keep = pick(draw, None, 0, 1)
    options = {} if keep is None else {"keepdims": keep}
    split = np.asarray(integer(draw, 1, 3), np.int64)
    inputs = ["x0", "split"] if flag(draw) else ["x0"]
    node = helper.make_node("SplitToSequence", inputs, ["y"], axis=pick(draw, 0, 1), **options)
    return Case(opset, (node,), {"x0": parts[0]}, {"split": split} if len(inputs) == 2 else {}, {"y": F})
