"""Matrix products of 16-bit floats for compute capability 9.0: `wgmma` reads both operands from shared memory.

A group of four warps multiplies 64 rows by all columns of the tile. The instruction is asynchronous: one step of the
reduction is multiplied while the copies for later steps are issued.
"""

from __future__ import annotations

from dataclasses import dataclass

from webtensorc_kernels.convolution import Convolution
from webtensorc_kernels.epilogue import Epilogue

from webtensorc_ptx.assembler import Assembler, Operand, single
from webtensorc_ptx.executable import Kernel
from webtensorc_ptx.finish import Finish
from webtensorc_ptx.staging import ROW, Image, Weights

__all__ = ["fits", "generate"]

_ROWS, _COLUMNS, _STAGES = 128, 256, 4
_THREADS = 2 * _ROWS
_DEPTH = ROW // 2
"""Elements of one step of the reduction."""
_PANEL = 64
"""Columns of the weights that lie together: rows of 128 bytes, as the swizzle of that width wants them."""
_STAGE = ROW * _ROWS + ROW * _COLUMNS
_SWIZZLE_128 = 1 << 62
"""Matrix descriptors: bits 0 to 13 are the address, 16 to 29 the leading, 32 to 45 the stride offset, by 16 bytes."""


def fits(problem: Convolution) -> bool:
    """Whether a problem is large and regular enough for these tiles."""
    whole = problem.points % _ROWS == 0 and problem.outputs % _COLUMNS == 0 and problem.channels % _DEPTH == 0
    tiles = problem.points // _ROWS * (problem.outputs // _COLUMNS)
    return whole and problem.kernel == (1, 1) and problem.padding == (0, 0) and tiles >= 100


def generate(problem: Convolution, precision: str, epilogue: Epilogue, result: str) -> Kernel:
    """The kernel for a problem that fits; operands are `f16` or `bf16`."""
    finish = Finish(epilogue, problem.points, problem.outputs, result, (_ROWS, _COLUMNS))
    code = Assembler()
    _write(code, problem, precision, finish)
    return Kernel(
        grid=(problem.outputs // _COLUMNS, problem.points // _ROWS, 1),
        threads=_THREADS,
        shared_bytes=_STAGES * _STAGE,
        cluster=(1, 1, 1),
        operands=2 + len(epilogue.operands),
        body=code.body(),
        why=f"{_ROWS}x{_COLUMNS} {precision}, wgmma, {_STAGES} stages",
        architecture="sm_90a",
    )


@dataclass
class _Group:
    """A warp group's part of the tile: 64 rows, whose results are in 128 registers of each thread."""

    precision: str

    def prepare(self, code: Assembler, thread: str, shared: str) -> None:
        """Thread 4g + t of warp w has rows 16w + g and 16w + g + 8, columns 2t and 2t + 1 of every eight."""
        self._shared = shared
        warp, lane = code.divide(thread, 32)
        group, t = code.divide(lane, 4)
        self._row, self._column = code.add(code.multiply(warp, 16), group), code.multiply(t, 2)
        number, _ = code.divide(warp, 4)
        self._rows = code.multiply(number, 64 * ROW)
        zero = single(0.0)
        self._sums = [code.new("f32", "mov.f32", zero) for _ in range(_COLUMNS // 2)]

    def multiply(self, code: Assembler, stage: str) -> None:
        """Begin the multiplication of one step: rows are 8 x 128 bytes, weights' panels 64 rows of 128 bytes."""
        image = self._descriptor(code, str(code.add(stage, self._rows)), 16, 8 * ROW)
        weights = self._descriptor(code, str(code.add(stage, ROW * _ROWS)), _DEPTH * ROW, 8 * ROW)
        code.do("wgmma.fence.sync.aligned")
        for step in range(_DEPTH // 16):
            a = code.new("b64", "add.s64", image, step * 32 // 16)
            b = code.new("b64", "add.s64", weights, step * 16 * ROW // 16)
            name = f"wgmma.mma_async.sync.aligned.m64n{_COLUMNS}k16.f32.{self.precision}.{self.precision}"
            code.do(name, f"{{{', '.join(self._sums)}}}", a, b, 1, 1, 1, 0, 1)
        code.do("wgmma.commit_group.sync.aligned")

    def _descriptor(self, code: Assembler, address: str, leading: int, stride: int) -> str:
        fixed = _SWIZZLE_128 | (leading // 16) << 16 | (stride // 16) << 32
        low = code.new("b64", "cvt.u64.u32", code.new("b32", "shr.u32", address, 4))
        return code.new("b64", "add.s64", low, fixed)

    def finish(
        self, code: Assembler, finish: Finish, bases: list[str], to: str, first: tuple[Operand, Operand]
    ) -> None:
        """Apply the epilogue and store."""
        for j in range(_COLUMNS // 8):
            for h in range(2):
                place = (
                    code.add(first[0], code.add(self._row, 8 * h)),
                    code.add(first[1], code.add(self._column, 8 * j)),
                )
                finish.write(code, bases, to, place, self._sums[4 * j + 2 * h : 4 * j + 2 * h + 2])


def _write(code: Assembler, problem: Convolution, precision: str, finish: Finish) -> None:
    count = 3 + len(finish.epilogue.operands)
    pointers = [code.pointer(i) for i in range(count)]
    thread = code.new("b32", "mov.u32", "%tid.x")
    first = (
        code.multiply(code.new("b32", "mov.u32", "%ctaid.y"), _ROWS),
        code.multiply(code.new("b32", "mov.u32", "%ctaid.x"), _COLUMNS),
    )
    shared = code.new("b32", "mov.u32", "shared_memory")
    image = Image(problem, 2, _ROWS, _THREADS)
    weights = Weights(problem.channels, problem.outputs, 2, _COLUMNS, _THREADS, tuple(range(8)), _PANEL)
    image.prepare(code, pointers[0], thread, first[0])
    weights.prepare(code, pointers[1], thread, first[1])
    group = _Group(precision)
    group.prepare(code, thread, shared)
    _pipeline(code, image, weights, group, shared, problem.channels // _DEPTH)
    group.finish(code, finish, pointers[2:-1], pointers[-1], first)
    code.do("ret")


def _pipeline(code: Assembler, image: Image, weights: Weights, group: _Group, shared: str, steps: int) -> None:
    """Copies run two stages ahead: a stage is being multiplied, and another one's multiplication may not be over."""
    ahead = code.new("b32", "mov.b32", 0)
    step = code.new("b32", "mov.b32", 0)
    read, write = code.new("b32", "mov.b32", shared), code.new("b32", "mov.b32", shared)
    limit = code.add(shared, _STAGES * _STAGE)

    def fetch() -> None:
        skip = code.label()
        done = code.new("pred", "setp.ge.u32", ahead, steps)
        code.do(f"@{done} bra", skip)
        image.copy(code, write, ahead)
        weights.copy(code, code.add(write, ROW * _ROWS), ahead)
        code.place(skip)
        code.do("cp.async.commit_group")
        code.do("add.s32", ahead, ahead, 1)
        _advance(code, write, limit, shared)

    for _ in range(_STAGES - 2):
        fetch()
    loop = code.label()
    code.place(loop)
    code.do("cp.async.wait_group", _STAGES - 3)
    code.do("fence.proxy.async.shared::cta")  # what was copied is visible to the matrix units
    code.do("bar.sync", 0)
    group.multiply(code, read)
    fetch()
    code.do("wgmma.wait_group.sync.aligned", 1)
    code.do("add.s32", step, step, 1)
    _advance(code, read, limit, shared)
    more = code.new("pred", "setp.lt.u32", step, steps)
    code.do(f"@{more} bra", loop)
    code.do("wgmma.wait_group.sync.aligned", 0)
    code.do("cp.async.wait_group", 0)


def _advance(code: Assembler, register: str, limit: Operand, start: str) -> None:
    code.do("add.s32", register, register, _STAGE)
    with code.when(code.new("pred", "setp.ge.u32", register, limit)):
        code.do("mov.b32", register, start)
