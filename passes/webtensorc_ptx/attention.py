"""Attention of one query a head, as in decoding: every key and value is read once, from where it lies.

    y[g] = sum over n of softmax over n (epilogue(sum over d of q[g, d] * k[g, n, d])) * v[g, n]

(Vaswani et al., arXiv:1706.03762, equation 1.) Keys and values may lie in several pieces one after the other, such as a
cache and what is new, which need not be copied together. A few adjacent threads have a key, four numbers each, and keep
the running maximum, sum and mix of the keys they have seen (Milakov and Gimelshein, arXiv:1805.02867). These come
together in shared memory, then in that of the first workgroup of the cluster that shares a head's keys. Not a number,
and queries that may attend to nothing, give not a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from webtensorc_kernels.epilogue import Epilogue

from webtensorc_ptx.assembler import Assembler, Operand, single
from webtensorc_ptx.executable import Kernel
from webtensorc_ptx.finish import Finish, exp

__all__ = ["Decoding", "Part", "generate"]

_THREADS, _TOGETHER = 256, 8
"""Of a workgroup; and the keys of a thread whose reads are under way at once."""
_LOWEST = "0fFF7FFFFF"
"""The least finite float32: what is subtracted where there is nothing but minus infinity."""


@dataclass(frozen=True)
class Part:
    """Adjacent numbers of an operand, `[groups, length, depth]`, from element `first` on."""

    operand: int
    first: int
    length: int = 1


@dataclass(frozen=True)
class Decoding:
    """`groups` heads with one query each; `depth` numbers a query, key and value. Keys and values have equal pieces."""

    groups: int
    depth: int
    query: Part
    keys: tuple[Part, ...]
    values: tuple[Part, ...]

    @property
    def parts(self) -> tuple[Part, ...]:
        """All of them."""
        return self.query, *self.keys, *self.values

    @property
    def operands(self) -> int:
        """How many arrays the parts are of."""
        return 1 + max(part.operand for part in self.parts)

    @property
    def fits(self) -> bool:
        """Whether there is a kernel: a warp has whole keys, and four numbers are aligned."""
        return (
            self.depth in (16, 32, 64, 128)
            and all(part.first % 4 == 0 for part in self.parts)
            and [part.length for part in self.keys] == [part.length for part in self.values]
        )


@dataclass(frozen=True)
class _State:
    """Of some keys: the maximum of their scores, the sum of exponentials, and their values mixed by these."""

    highest: str
    total: str
    mix: Sequence[str]


def generate(problem: Decoding, epilogue: Epilogue, *, widest: int) -> Kernel:
    """Attention of float32, the result `[groups, depth]`; for the epilogue heads are points and keys are channels.

    Keys are shared out while there are fewer than `widest` workgroups, which takes clusters.
    """
    at_once, length = _THREADS * 4 // problem.depth, sum(part.length for part in problem.keys)
    splits = 1
    while splits < 8 and problem.groups * splits < widest and length > 2 * splits * at_once:
        splits *= 2
    code = Assembler()
    _write(code, problem, epilogue, splits)
    return Kernel(
        grid=(problem.groups, 1, splits),
        threads=_THREADS,
        shared_bytes=(at_once + 1) * (problem.depth + 4) * 4,
        cluster=(1, 1, splits),
        operands=problem.operands + len(epilogue.operands),
        body=code.body(),
        why=f"attention of one query, {at_once} keys at once, {splits} splits",
    )


def _write(code: Assembler, problem: Decoding, epilogue: Epilogue, splits: int) -> None:
    depth = problem.depth
    thread = code.new("b32", "mov.u32", "%tid.x")
    group = code.new("b32", "mov.u32", "%ctaid.x")
    slot, lane = code.divide(thread, depth // 4)
    pointers = [code.pointer(number) for number in range(problem.operands + len(epilogue.operands) + 1)]
    state = _of_thread(code, problem, epilogue, splits, (group, slot, lane), pointers)
    shared = code.new("b32", "mov.u32", "shared_memory")
    row, slots = (depth + 4) * 4, _THREADS * 4 // depth
    mine = code.add(shared, code.multiply(slot, row))
    code.do("st.shared.v4.f32", f"[{code.add(mine, code.multiply(lane, 16))}]", f"{{{', '.join(state.mix)}}}")
    with code.when(code.new("pred", "setp.eq.s32", lane, 0)):
        code.do("st.shared.v2.f32", f"[{mine}+{depth * 4}]", f"{{{state.highest}, {state.total}}}")
    code.do("bar.sync", 0)
    column = code.multiply(code.new("b32", "and.b32", thread, depth - 1), 4)
    state = _together(code, [_read(code, code.add(shared, i * row), column, depth) for i in range(slots)])
    last = code.new("pred", "setp.lt.u32", thread, depth)
    if splits > 1:
        state = _of_cluster(code, code.add(shared, slots * row), (thread, column), state, (depth, splits))
        rank = code.new("b32", "mov.u32", "%ctaid.z")
        last = code.both(last, code.new("pred", "setp.eq.s32", rank, 0)) or last
    result = code.new("f32", "div.rn.f32", state.mix[0], state.total)
    target = code.address(pointers[-1], code.add(code.multiply(group, depth), thread), 4)
    with code.when(last):
        code.do("st.global.f32", f"[{target}]", result)
    if splits > 1:  # nobody leaves while its shared memory is read
        code.do("barrier.cluster.arrive.aligned")
        code.do("barrier.cluster.wait.aligned")
    code.do("ret")


def _of_thread(
    code: Assembler,
    problem: Decoding,
    epilogue: Epilogue,
    splits: int,
    place: tuple[Operand, Operand, Operand],
    pointers: Sequence[str],
) -> _State:
    """What comes of the keys of this thread and those beside it that share them."""
    (group, slot, lane), depth = place, problem.depth
    at_once, length = _THREADS * 4 // depth, sum(part.length for part in problem.keys)
    share = -(-length // splits)
    begin: Operand = 0 if splits == 1 else code.multiply(code.new("b32", "mov.u32", "%ctaid.z"), share)
    end: Operand = length if splits == 1 else code.new("b32", "min.u32", code.add(begin, share), length)
    key = code.new("b32", "mov.b32", code.add(begin, slot))
    inner = code.multiply(lane, 4)
    query = [code.register("f32") for _ in range(4)]
    at = code.add(code.add(code.multiply(group, depth), inner), problem.query.first)
    _load(code, query, code.address(pointers[problem.query.operand], at, 4))
    places = []
    for some in (problem.keys, problem.values):
        starts = zip(some, accumulate((part.length for part in some), initial=0), strict=False)
        places.append([_place(code, pointers, part, start, depth, (group, key, inner)) for part, start in starts])
    highest, total, *mix = (code.new("f32", "mov.f32", number) for number in (_LOWEST, *[single(0.0)] * 5))
    state = _State(highest, total, mix)
    rounds = -(-share // at_once)
    together = min(rounds, _TOGETHER)
    done = code.new("b32", "mov.b32", 0)
    loop = code.label()
    code.place(loop)
    read = [_rows(code, problem, places, key, i * at_once, end) for i in range(together)]
    finish, bases = Finish(epilogue, problem.groups, length, "f32"), pointers[problem.operands : -1]
    scores = []
    for i, (exists, keys, _) in enumerate(read):
        product = _score(code, query, keys, depth)
        (score,) = finish.apply(code, bases, (group, code.add(key, i * at_once)), [product], exists)
        scores.append(code.new("f32", "selp.f32", score, "0fFF800000", exists))
    _take_in(code, state, scores, [values for _, _, values in read])
    if rounds > together:
        code.do("add.s32", key, key, together * at_once)
        for pointer, _, _ in (place for some in places for place in some):
            code.do("add.s64", pointer, pointer, together * at_once * depth * 4)
        code.do("add.s32", done, done, together)
        code.do(f"@{code.new('pred', 'setp.lt.u32', done, rounds)} bra", loop)
    return state


def _take_in(code: Assembler, state: _State, scores: Sequence[str], values: Sequence[Sequence[str]]) -> None:
    """Let further keys' scores and values into a state, whose registers stay the same."""
    highest = state.highest
    for score in scores:
        highest = code.new("f32", "max.NaN.f32", highest, score)
    scale = exp(code, [code.new("f32", "sub.rn.f32", state.highest, highest)])
    for each in (state.total, *state.mix):
        code.do("mul.rn.f32", each, each, scale)
    code.do("mov.f32", state.highest, highest)
    for score, value in zip(scores, values, strict=True):
        power = exp(code, [code.new("f32", "sub.rn.f32", score, highest)])
        code.do("add.rn.f32", state.total, state.total, power)
        for each, number in zip(state.mix, value, strict=True):
            code.do("fma.rn.f32", each, power, number, each)


_Place = tuple[str, int, int]
"""The address of this thread's first key in a piece, as if that began with the first of all; its begin and end."""


def _place(
    code: Assembler,
    pointers: Sequence[str],
    part: Part,
    start: int,
    depth: int,
    place: tuple[Operand, Operand, Operand],
) -> _Place:
    group, key, inner = place
    row = code.add(code.add(code.multiply(group, part.length), key), -start)
    at = code.add(code.add(code.multiply(row, depth), inner), part.first)
    return code.address(pointers[part.operand], at, 4), start, start + part.length


def _rows(
    code: Assembler, problem: Decoding, places: Sequence[Sequence[_Place]], key: str, ahead: int, end: Operand
) -> tuple[str, list[str], list[str]]:
    """Whether there is a key so far ahead, four numbers of it and of its value; zeros if not."""
    number = code.add(key, ahead)
    exists = code.new("pred", "setp.lt.u32", number, end)
    rows = [[code.new("f32", "mov.f32", single(0.0)) for _ in range(4)] for _ in places]
    for pieces, row in zip(places, rows, strict=True):
        for pointer, start, stop in pieces:
            inside = code.both(
                exists,
                code.new("pred", "setp.ge.u32", number, start) if start else None,
                code.new("pred", "setp.lt.u32", number, stop) if stop < pieces[-1][2] else None,
            )
            with code.when(inside):
                _load(code, row, f"{pointer}+{ahead * problem.depth * 4}")
    return exists, rows[0], rows[1]


def _load(code: Assembler, registers: Sequence[str], address: str) -> None:
    code.do("ld.global.nc.v4.f32", f"{{{', '.join(registers)}}}", f"[{address}]")


def _score(code: Assembler, query: Sequence[str], key: Sequence[str], depth: int) -> str:
    """Their product, for all the threads that have a part of the key."""
    total = code.new("f32", "mul.rn.f32", query[0], key[0])
    for a, b in zip(query[1:], key[1:], strict=True):
        total = code.new("f32", "fma.rn.f32", a, b, total)
    distance = depth // 8
    while distance:
        other = code.new("b32", "shfl.sync.bfly.b32", total, distance, 31, -1)
        total = code.new("f32", "add.rn.f32", total, other)
        distance //= 2
    return total


def _read(code: Assembler, row: Operand, column: Operand, depth: int, space: str = "shared") -> _State:
    """The state in a row of shared memory, of its mix one column."""
    highest, total, mixed = (code.register("f32") for _ in range(3))
    code.do(f"ld.{space}.v2.f32", f"{{{highest}, {total}}}", f"[{row}+{depth * 4}]")
    code.do(f"ld.{space}.f32", mixed, f"[{code.add(row, column)}]" if space == "shared" else f"[{column}]")
    return _State(highest, total, [mixed])


def _of_cluster(
    code: Assembler,
    row: Operand,
    place: tuple[str, Operand],
    state: _State,
    sizes: tuple[int, int],
) -> _State:
    """The states of all workgroups together."""
    (thread, column), (depth, splits) = place, sizes
    at = code.new("b32", "add.s32", row, column)
    with code.when(code.new("pred", "setp.lt.u32", thread, depth)):
        code.do("st.shared.f32", f"[{at}]", state.mix[0])
    with code.when(code.new("pred", "setp.eq.s32", thread, 0)):
        code.do("st.shared.v2.f32", f"[{row}+{depth * 4}]", f"{{{state.highest}, {state.total}}}")
    code.do("barrier.cluster.arrive.aligned")
    code.do("barrier.cluster.wait.aligned")
    states = []
    for rank in range(splits):
        there, column = (code.new("b32", "mapa.shared::cluster.u32", each, rank) for each in (row, at))
        states.append(_read(code, there, column, depth, "shared::cluster"))
    return _together(code, states)


def _together(code: Assembler, states: Sequence[_State]) -> _State:
    """The states of several sets of keys as that of all of them, always in the same order."""
    highest = states[0].highest
    for each in states[1:]:
        highest = code.new("f32", "max.NaN.f32", highest, each.highest)
    total, mixed = single(0.0), single(0.0)
    for each in states:
        scale = exp(code, [code.new("f32", "sub.rn.f32", each.highest, highest)])
        total = code.new("f32", "fma.rn.f32", each.total, scale, total)
        mixed = code.new("f32", "fma.rn.f32", each.mix[0], scale, mixed)
    return _State(highest, total, [mixed])
