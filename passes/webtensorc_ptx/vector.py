"""Products of a vector and a matrix: bound by memory, so that all multiprocessors read the matrix at once, once.

A workgroup has 32 adjacent columns; each of its warps reads four rows of them at a time, whole lines of 128 bytes. The
workgroups of a cluster share the rows and add up through shared memory.
"""

from __future__ import annotations

from webtensorc_kernels.epilogue import Epilogue

from webtensorc_ptx.assembler import Assembler, Operand, single
from webtensorc_ptx.executable import Kernel
from webtensorc_ptx.finish import Finish, sums_of_cluster

__all__ = ["generate"]

_COLUMNS, _THREADS = 32, 256
_ROWS = _THREADS * 4 // _COLUMNS
"""Rows that a workgroup reads at once, four columns a thread."""
_TOGETHER = 8
"""Reads that a thread has under way at once."""


def generate(depth: int, outputs: int, epilogue: Epilogue, *, widest: int, count: int = 1) -> Kernel:
    """`count` products of float32[depth] and float32[depth, outputs]; `outputs` is a multiple of four.

    Reductions are split while there are fewer than `widest` workgroups, which takes clusters.
    """
    across = -(-outputs // _COLUMNS)
    splits = 1
    while splits < 8 and across * count * splits < widest and depth > 2 * splits * _ROWS:
        splits *= 2
    code = Assembler()
    finish = Finish(epilogue, 1, outputs, "f32", (1, _COLUMNS))
    _write(code, depth, finish, splits, count)
    return Kernel(
        grid=(across, count, splits),
        threads=_THREADS,
        shared_bytes=_THREADS // 32 * _COLUMNS * 4,
        cluster=(1, 1, splits),
        operands=2 + len(epilogue.operands),
        body=code.body(),
        why=f"vector by matrix, {_COLUMNS} columns, {_THREADS} threads, {splits} splits",
    )


def _write(code: Assembler, depth: int, finish: Finish, splits: int, count: int) -> None:
    outputs = finish.channels
    pointers = [code.pointer(i) for i in range(3 + len(finish.epilogue.operands))]
    if count > 1:
        number = code.new("b32", "mov.u32", "%ctaid.y")
        pointers[0] = code.address(pointers[0], code.multiply(number, depth), 4)
        pointers[1] = code.address(pointers[1], code.multiply(number, depth * outputs), 4)
        pointers[2:] = finish.moved(code, pointers[2:], number)
    thread = code.new("b32", "mov.u32", "%tid.x")
    row, piece = code.divide(thread, _COLUMNS // 4)
    first = code.multiply(code.new("b32", "mov.u32", "%ctaid.x"), _COLUMNS)
    column = code.add(first, code.multiply(piece, 4))
    exists = code.new("pred", "setp.lt.u32", column, outputs) if outputs % _COLUMNS else None
    sums = _sums(code, pointers, (row, column), exists, (depth, outputs, splits))
    shared = code.new("b32", "mov.u32", "shared_memory")
    _leave(code, shared, thread, sums)
    rank: Operand = 0
    if splits > 1:
        code.do("barrier.cluster.arrive.aligned")
        code.do("barrier.cluster.wait.aligned")
        rank = code.new("b32", "mov.u32", "%ctaid.z")
    last = code.new("pred", "setp.lt.u32", code.add(thread, code.multiply(rank, _COLUMNS)), _COLUMNS // 4)
    at = code.add(shared, code.multiply(code.new("b32", "and.b32", thread, _COLUMNS // 4 - 1), 16))
    totals = sums_of_cluster(code, str(at), splits)
    place = 0, code.add(first, code.multiply(thread, 4))
    finish.write(code, pointers[2:-1], pointers[-1], place, totals, last)
    if splits > 1:
        code.do("barrier.cluster.arrive.aligned")
        code.do("barrier.cluster.wait.aligned")
    code.do("ret")


def _sums(
    code: Assembler,
    pointers: list[str],
    place: tuple[Operand, Operand],
    exists: str | None,
    sizes: tuple[int, int, int],
) -> list[str]:
    """This thread's sums of four columns over every 32nd row of the workgroup's share."""
    depth, outputs, splits = sizes
    share = -(-depth // splits)
    begin: Operand = 0
    if splits > 1:
        begin = code.multiply(code.new("b32", "mov.u32", "%ctaid.z"), share)
    k = code.new("b32", "mov.b32", code.add(begin, place[0]))
    end: Operand = depth
    if splits > 1:
        end = code.new("b32", "min.u32", code.add(begin, share), depth)
    x = code.address(pointers[0], k, 4)
    w = code.address(pointers[1], code.add(code.multiply(k, outputs), place[1]), 4)
    sums = [code.new("f32", "mov.f32", single(0.0)) for _ in range(4)]
    loop = code.label()
    rounds = code.new("b32", "mov.b32", 0)
    code.place(loop)
    values = []
    for i in range(_TOGETHER):
        inside = code.new("pred", "setp.lt.u32", code.add(k, i * _ROWS), end)
        loaded = [code.new("f32", "mov.f32", single(0.0)) for _ in range(5)]
        with code.when(inside):
            code.do("ld.global.nc.f32", loaded[0], f"[{x}+{i * _ROWS * 4}]")
        with code.when(code.both(inside, exists)):
            code.do("ld.global.nc.v4.f32", f"{{{', '.join(loaded[1:])}}}", f"[{w}+{i * _ROWS * outputs * 4}]")
        values.append(loaded)
    for loaded in values:
        for each, value in zip(sums, loaded[1:], strict=True):
            code.do("fma.rn.f32", each, loaded[0], value, each)
    code.do("add.s32", k, k, _TOGETHER * _ROWS)
    code.do("add.s64", x, x, _TOGETHER * _ROWS * 4)
    code.do("add.s64", w, w, _TOGETHER * _ROWS * outputs * 4)
    code.do("add.s32", rounds, rounds, 1)
    more = code.new("pred", "setp.lt.u32", rounds, -(-share // (_TOGETHER * _ROWS)))
    code.do(f"@{more} bra", loop)
    return sums


def _leave(code: Assembler, shared: str, thread: str, sums: list[str]) -> None:
    """The workgroup's sums, four columns a thread of the first eight, at the begin of its shared memory."""
    for distance in (8, 16):
        sums = [
            code.new("f32", "add.rn.f32", each, code.new("b32", "shfl.sync.bfly.b32", each, distance, 31, -1))
            for each in sums
        ]
    warp, lane = code.divide(thread, 32)
    at = code.add(shared, code.add(code.multiply(warp, _COLUMNS * 4), code.multiply(lane, 16)))
    with code.when(code.new("pred", "setp.lt.u32", lane, _COLUMNS // 4)):
        code.do("st.shared.v4.f32", f"[{at}]", f"{{{', '.join(sums)}}}")
    code.do("bar.sync", 0)
    mine = code.add(shared, code.multiply(code.new("b32", "and.b32", thread, _COLUMNS // 4 - 1), 16))
    total: list[str] = []
    for number in range(_THREADS // 32):
        values = [code.register("f32") for _ in range(4)]
        code.do("ld.shared.v4.f32", f"{{{', '.join(values)}}}", f"[{mine}+{number * _COLUMNS * 4}]")
        total = [code.new("f32", "add.rn.f32", a, b) for a, b in zip(total, values, strict=True)] if total else values
    code.do("bar.sync", 0)
    with code.when(code.new("pred", "setp.lt.u32", thread, _COLUMNS // 4)):
        code.do("st.shared.v4.f32", f"[{mine}]", f"{{{', '.join(total)}}}")
    code.do("bar.sync", 0)
