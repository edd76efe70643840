"""Graphs of two to eight nodes, plain and inside of loops and branches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from fuzzing.case import Case
from fuzzing.draw import Drawer, family, flag, integer, pick
from fuzzing.graphs import EVALUATED, OPSET, STEPS, binary, cut, grow, product, transpose, unary
from fuzzing.pool import SINGLE, Pool, Tensor, broadcast, case_of, start
from onnx import TensorProto, helper


@family(since=OPSET, until=OPSET)
def plain(draw: Drawer, opset: int) -> Case:
    rare = integer(draw, 0, 2) == 2
    pool = start(draw, rare=rare)
    while not pool.nodes:
        grow(pool, integer(draw, 2, 8), EVALUATED if rare else STEPS)
    return case_of(pool, opset)


def body(outer: Pool, prefix: str, own: tuple[Tensor, ...]) -> Pool:
    """A graph of a few nodes that reads its own inputs and what is around it, and gives what is shaped like x."""
    inner = Pool(outer.draw, prefix, [*outer.values, *own], inputs=outer.inputs, constants=outer.constants)
    grow(inner, integer(outer.draw, 1, 3), (binary, unary, transpose, cut, product))
    return inner


def like(inner: Pool, x: Tensor) -> str:
    """A last node whose result has the shape of x: x and something that is broadcast to it."""
    fits = inner.choose(lambda y: y.dtype == x.dtype and broadcast(x, y) == x.shape)
    assert fits is not None
    return inner.node(pick(inner.draw, "Max", "Min"), [x.name, fits.name], x, x.shape, x.bits).name


def info(name: str, kind: int, shape: tuple[int, ...]) -> object:
    return helper.make_tensor_value_info(name, kind, shape)


@family(since=OPSET, until=OPSET, slow=2)
def nested(draw: Drawer, opset: int) -> Case:
    """A graph with an If or a Loop in its middle, whose bodies read outer values."""
    pool = start(draw)
    grow(pool, integer(draw, 1, 3), EVALUATED)
    x = pool.choose(lambda each: each.dtype == SINGLE)
    assert x is not None
    if flag(draw):
        flags = pool.node("Less", [x.name, pool.known(0.5, np.float32)], x, x.shape, 1, kind=np.bool_)
        pool.values.remove(flags)
        peak = pool.node("Cast", [flags.name], x, x.shape, 1, kind=np.int32, to=TensorProto.INT32)
        most = pool.node("ReduceMax", [peak.name], x, (), 1, kind=np.int32, keepdims=0)
        yes = pool.node("Cast", [most.name], x, (), 1, kind=np.bool_, to=TensorProto.BOOL)
        branches = []
        for name in ("then", "else"):
            inner = body(pool, f"{name}_", ())
            result = like(inner, x)
            branches.append(helper.make_graph(inner.nodes, name, [], [info(result, TensorProto.FLOAT, x.shape)]))
        pool.node("If", [yes.name], x, x.shape, x.bits, then_branch=branches[0], else_branch=branches[1])
    else:
        state = Tensor("loop_state", SINGLE, x.shape, x.bits)
        inner = body(pool, "loop_", (state,))
        result = like(inner, state)
        inner.nodes.append(helper.make_node("Identity", ["loop_before"], ["loop_after"]))
        given = [info("loop_i", TensorProto.INT64, ()), info("loop_before", TensorProto.BOOL, ())]
        loop = helper.make_graph(
            inner.nodes,
            "loop",
            [*given, info(state.name, TensorProto.FLOAT, x.shape)],
            [info("loop_after", TensorProto.BOOL, ()), info(result, TensorProto.FLOAT, x.shape)],
        )
        trips = pool.known(pick(draw, 1, 2, 3, 70))
        yes = pool.known(True, np.bool_)  # which the evaluator wants
        pool.node("Loop", [trips, yes, x.name], x, x.shape, 99, body=loop)
    grow(pool, integer(draw, 0, 2), EVALUATED)
    return replace(case_of(pool, opset), oracle="onnx")  # ONNX Runtime dies of some of these
