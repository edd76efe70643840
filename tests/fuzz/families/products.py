"""Matrix products."""

from __future__ import annotations

import numpy as np
from fuzzing.case import Case
from fuzzing.draw import Drawer, array, broadcastable, case, dtype, family, flag, integer, pick, shape


@family()
def matmul(draw: Drawer, opset: int) -> Case:
    kind = dtype(draw, "MatMul", opset)
    m, k, n = (integer(draw, 1, 6) for _ in range(3))
    if integer(draw, 0, 15) == 15:
        k = 0
    batch = shape(draw, 0, 2, smallest=1, largest=3)
    a = (k,) if not batch and flag(draw) else (*broadcastable(draw, batch), m, k)
    b = (k,) if not batch and flag(draw) else (*broadcastable(draw, batch), k, n)
    return case(draw, opset, "MatMul", [array(draw, kind, a), array(draw, kind, b)])


@family()
def gemm(draw: Drawer, opset: int) -> Case:
    kind = dtype(draw, "Gemm", opset)
    m, k, n = (integer(draw, 1, 5) for _ in range(3))
    turn = [pick(draw, None, 0, 1) for _ in range(2)]
    a = array(draw, kind, (k, m) if turn[0] else (m, k))
    b = array(draw, kind, (n, k) if turn[1] else (k, n))
    c = array(draw, kind, broadcastable(draw, (m, n))) if opset < 11 or flag(draw) else None
    whole = not np.issubdtype(kind, np.integer)
    factors = {name: pick(draw, None, *((0.5, 0.0, 2.0) if whole else (1.0, 2.0))) for name in ("alpha", "beta")}
    return case(draw, opset, "Gemm", [a, b, c], transA=turn[0], transB=turn[1], **factors)


EQUATIONS = (
    ("ij,jk->ik", "ij jk"), ("bij,bjk->bik", "bij bjk"), ("ij,jk", "ij jk"), ("ii->i", "ii"), ("ii", "ii"),
    ("ij->ji", "ij"), ("ij->", "ij"), ("i,j->ij", "i j"), ("bhid,bhjd->bhij", "bhid bhjd"), ("ij,ij->i", "ij ij"),
    ("...ij,...jk->...ik", "abij abjk"), ("...ij->...ji", "aij"), ("i j , j k -> i k", "ij jk"), ("ba,b", "ba b"),
    ("ij,jk,kl->il", "ij jk kl"), ("iji->j", "iji"), ("b...,b...->...", "bac bac"),
)  # fmt: skip


@family(since=12)
def einsum(draw: Drawer, opset: int) -> Case:
    equation, operands = pick(draw, *EQUATIONS)
    kind = dtype(draw, "Einsum", opset)
    size = {letter: integer(draw, 1, 4) for letter in sorted(set(operands) - {" "})}
    arrays = [array(draw, kind, [size[letter] for letter in each]) for each in operands.split()]
    return case(draw, opset, "Einsum", arrays, equation=equation)


@family(since=10)
def matmul_integer(draw: Drawer, opset: int) -> Case:
    kinds = [pick(draw, np.uint8, np.int8) for _ in range(2)]
    m, k, n = (integer(draw, 1, 6) for _ in range(3))
    batch = shape(draw, 0, 1, smallest=1, largest=3)
    a = array(draw, kinds[0], (*batch, m, k), wild=True)
    b = array(draw, kinds[1], (*broadcastable(draw, batch), k, n), wild=True)
    rows = pick(draw, (), (1,))  # the evaluator does not take one for each row
    zeros = [array(draw, kinds[0], rows, wild=True), array(draw, kinds[1], pick(draw, (), (1,), (n,)), wild=True)]
    zeros = [each if flag(draw) else None for each in zeros]
    how = {"oracle": "onnx"}
    return case(draw, opset, "MatMulInteger", [a, b, *zeros], how=how)


@family(since=10)
def qlinear_matmul(draw: Drawer, opset: int) -> Case:
    kind = pick(draw, np.uint8, np.int8)
    m, k, n = (integer(draw, 1, 6) for _ in range(3))
    batch = shape(draw, 0, 1, smallest=1, largest=3)
    a, b = array(draw, kind, (*batch, m, k), wild=True), array(draw, kind, (*batch, k, n), wild=True)
    columns = pick(draw, (), (n,))
    scales = [np.float32(0.25), np.full(columns, 0.125, np.float32), np.float32(pick(draw, 1.0, 16.0, 128.0))]
    zeros = [array(draw, kind, sizes, wild=True) for sizes in ((), columns, ())]
    inputs = [a, scales[0], zeros[0], b, scales[1], zeros[1], scales[2], zeros[2]]
    return case(draw, opset, "QLinearMatMul", inputs, how={"oracle": "onnxruntime"})


@family(since=11)
def det(draw: Drawer, opset: int) -> Case:
    n = integer(draw, 1, 4)
    x = array(draw, dtype(draw, "Det", opset), (*shape(draw, 0, 2, smallest=1), n, n))
    return case(
        draw, opset, "Det", [x], how={"rtol": 1e-4, "oracle": "onnxruntime"}
    )  # the evaluator fails on single matrices
