"""Convolutions and matrix products: a tile of the result for each workgroup, its operands staged in shared memory.

A pipeline of asynchronous copies runs ahead of the multiplications. Where there are fewer tiles than multiprocessors,
workgroups of one cluster share a tile's reduction and add up through each other's shared memory: no second kernel, no
atomic addition, always the same order.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from webtensorc_kernels.convolution import Convolution
from webtensorc_kernels.epilogue import Epilogue

from webtensorc_ptx.assembler import Assembler, Operand
from webtensorc_ptx.executable import Kernel
from webtensorc_ptx.finish import Finish, sums_of_cluster
from webtensorc_ptx.staging import ROW, Image, Weights
from webtensorc_ptx.units import Half, Scalar, Tf32, Unit

__all__ = ["Tile", "generate", "unit_for"]

_SHARED = 224 << 10
"""Bytes of shared memory that workgroups on one multiprocessor share, of compute capability 9.0."""


@dataclass(frozen=True)
class Tile:
    """What a workgroup computes and how.

    Attributes:
        rows, columns: of the result.
        warps: how many share the rows and the columns.
        stages: tiles of operands in shared memory at once.
        splits: workgroups that share one tile's reduction; more than one needs clusters.
    """

    rows: int
    columns: int
    warps: tuple[int, int]
    stages: int = 3
    splits: int = 1

    @property
    def threads(self) -> int:
        """Threads of a workgroup."""
        return 32 * prod(self.warps)

    def stage_bytes(self, size: int) -> int:
        """Shared memory of one stage, for elements of `size` bytes."""
        return ROW * self.rows + ROW // size * self.columns * size

    def shared_bytes(self, size: int) -> int:
        """Shared memory of all stages; sums of split tiles fit in the same place."""
        sums = self.rows * self.columns * 4 if self.splits > 1 else 0
        return max(self.stages * self.stage_bytes(size), sums)


def unit_for(precision: str, tile: Tile) -> Unit:
    """The unit for operands of `precision`: `f32`, `tf32`, `f16` or `bf16`."""
    rows, columns = tile.rows // tile.warps[0], tile.columns // tile.warps[1]
    if precision == "f32":
        return Scalar(rows, columns)
    return Tf32(rows, columns) if precision == "tf32" else Half(rows, columns, precision)


def generate(
    problem: Convolution,
    tile: Tile,
    precision: str,
    epilogue: Epilogue,
    result: str = "f32",
    count: int = 1,
    *,
    interleaved: bool = False,
) -> Kernel:
    """The kernel for an ungrouped `problem`; `result` is the element type that is stored.

    `count` problems alike whose operands follow each other are one kernel; their reductions are not split. Their
    results follow each other too, or are `interleaved` row by row.
    """
    finish = Finish(
        epilogue, problem.points, problem.outputs, result, (tile.rows, tile.columns), count if interleaved else 1
    )
    writer = _Writer(problem, tile, precision, finish, count)
    writer.write()
    size = 2 if precision in ("f16", "bf16") else 4
    grid = (-(-problem.outputs // tile.columns), -(-problem.points // tile.rows), tile.splits * count)
    return Kernel(
        grid=grid,
        threads=tile.threads,
        shared_bytes=tile.shared_bytes(size),
        cluster=(1, 1, tile.splits),
        operands=2 + len(epilogue.operands),
        body=writer.code.body(),
        resident=2 if tile.threads <= 256 and 2 * tile.shared_bytes(size) <= _SHARED else 1,
        why=f"{tile.rows}x{tile.columns} {precision}, {tile.threads} threads, "
        f"{tile.stages} stages, {tile.splits} splits",
    )


@dataclass
class _Writer:
    problem: Convolution
    tile: Tile
    precision: str
    finish: Finish
    count: int

    def __post_init__(self) -> None:
        self.code = Assembler()
        self.size = 2 if self.precision in ("f16", "bf16") else 4
        self.unit = unit_for(self.precision, self.tile)

    def write(self) -> None:
        code, tile, p = self.code, self.tile, self.problem
        count = 3 + len(self.finish.epilogue.operands)
        pointers = [code.pointer(i) for i in range(count)]
        depth = prod(p.kernel) * p.channels
        if self.count > 1:
            number = code.new("b32", "mov.u32", "%ctaid.z")
            pointers[0] = code.address(pointers[0], code.multiply(number, p.points * depth), self.size)
            pointers[1] = code.address(pointers[1], code.multiply(number, depth * p.outputs), self.size)
            pointers[2:] = self.finish.moved(code, pointers[2:], number)
        thread = code.new("b32", "mov.u32", "%tid.x")
        warp, lane = code.divide(thread, 32)
        self.first = (
            code.multiply(code.new("b32", "mov.u32", "%ctaid.y"), tile.rows),
            code.multiply(code.new("b32", "mov.u32", "%ctaid.x"), tile.columns),
        )
        self.thread = thread
        self.steps = -(-depth * self.size // ROW)
        image = Image(p, self.size, tile.rows, tile.threads)
        weights = Weights(depth, p.outputs, self.size, tile.columns, tile.threads, self.unit.swizzle)
        image.prepare(code, pointers[0], thread, self.first[0])
        weights.prepare(code, pointers[1], thread, self.first[1])
        down, across = code.divide(warp, tile.warps[1])
        row = code.multiply(down, tile.rows // tile.warps[0])
        column = code.multiply(across, tile.columns // tile.warps[1])
        self.shared = code.new("b32", "mov.u32", "shared_memory")
        self.unit.prepare(code, str(lane), row, column, weights.pitch)
        self._pipeline(image, weights)
        self._store(pointers[2:-1], pointers[-1])
        code.do("ret")

    def _range(self) -> tuple[str, str]:
        """The steps of the reduction that this workgroup does: from, to."""
        code = self.code
        if self.tile.splits == 1:
            return code.new("b32", "mov.b32", 0), code.new("b32", "mov.b32", self.steps)
        each = -(-self.steps // self.tile.splits)
        begin = code.multiply(code.new("b32", "mov.u32", "%ctaid.z"), each)
        begin = code.new("b32", "min.u32", begin, self.steps)
        return begin, code.new("b32", "min.u32", code.add(begin, each), self.steps)

    def _pipeline(self, image: Image, weights: Weights) -> None:
        code, tile = self.code, self.tile
        stage = tile.stage_bytes(self.size)
        end = tile.stages * stage
        step, last = self._range()
        ahead = code.new("b32", "mov.b32", step)
        write = code.new("b32", "mov.b32", self.shared)
        read = code.new("b32", "mov.b32", self.shared)
        limit = code.add(self.shared, end)

        def fetch() -> None:
            skip = code.label()
            done = code.new("pred", "setp.ge.u32", ahead, last)
            code.do(f"@{done} bra", skip)
            image.copy(code, write, ahead)
            weights.copy(code, code.add(write, ROW * tile.rows), ahead)
            code.place(skip)
            code.do("cp.async.commit_group")
            code.do("add.s32", ahead, ahead, 1)
            _advance(code, write, stage, limit, self.shared)

        for _ in range(tile.stages - 1):
            fetch()
        loop, out = code.label(), code.label()
        code.place(loop)
        done = code.new("pred", "setp.ge.u32", step, last)
        code.do(f"@{done} bra", out)
        code.do("cp.async.wait_group", tile.stages - 2)
        code.do("bar.sync", 0)
        fetch()
        self.unit.step(code, read, code.add(read, ROW * tile.rows))
        code.do("add.s32", step, step, 1)
        _advance(code, read, stage, limit, self.shared)
        code.do("bra", loop)
        code.place(out)
        code.do("cp.async.wait_group", 0)

    def _store(self, operands: list[str], to: str) -> None:
        if self.tile.splits > 1:
            self._add_up(operands, to)
            return
        for row, column, values in self.unit.places(self.code):
            place = self.code.add(self.first[0], row), self.code.add(self.first[1], column)
            self.finish.write(self.code, operands, to, place, values)

    def _add_up(self, operands: list[str], to: str) -> None:
        """Every workgroup of the cluster leaves its sums in its shared memory, then adds a part of the tile's rows."""
        code, tile = self.code, self.tile
        code.do("bar.sync", 0)
        pitch = tile.columns * 4
        for row, column, values in self.unit.places(code):
            at = code.add(code.add(code.multiply(row, pitch), code.multiply(column, 4)), self.shared)
            code.do(f"st.shared.v{len(values)}.f32", f"[{at}]", f"{{{', '.join(values)}}}")
        _meet(code)
        rank = code.new("b32", "mov.u32", "%ctaid.z")
        pieces = tile.columns // 4
        part = tile.rows // tile.splits * pieces
        for start in range(0, part, tile.threads):
            number = code.add(self.thread, start)
            if part % tile.threads:
                number = code.new("b32", "min.u32", number, part - 1)  # the last piece more than once: the same values
            row, piece = code.divide(number, pieces)
            row = code.add(row, code.multiply(rank, tile.rows // tile.splits))
            at = code.add(code.add(code.multiply(row, pitch), code.multiply(piece, 16)), self.shared)
            values = sums_of_cluster(code, str(at), tile.splits)
            place = code.add(self.first[0], row), code.add(self.first[1], code.multiply(piece, 4))
            self.finish.write(code, operands, to, place, values)
        _meet(code)  # nobody leaves while others read its memory


def _meet(code: Assembler) -> None:
    code.do("barrier.cluster.arrive.aligned")
    code.do("barrier.cluster.wait.aligned")


def _advance(code: Assembler, register: str, by: int, limit: Operand, start: str) -> None:
    """The next place in the ring of stages."""
    code.do("add.s32", register, register, by)
    beyond = code.new("pred", "setp.ge.u32", register, limit)
    with code.when(beyond):
        code.do("mov.b32", register, start)
