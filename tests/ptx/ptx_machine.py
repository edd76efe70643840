"""Runs the PTX of one kernel on the processor, workgroup by workgroup, all threads of a workgroup in step.

It knows the instructions that the kernels use, as the PTX ISA defines them, and watches what hardware does not: every
global access is inside its array, asynchronous copies arrive only when they are waited for, and no thread reads or
overwrites a word of shared memory that another one wrote or read since the last barrier.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import ml_dtypes
import numpy as np

Array = np.ndarray
SHIFT = 40
"""Global addresses are the array's number from 1, shifted by this, plus the offset."""


@dataclass
class Instruction:
    guard: str
    negated: bool
    name: str
    operands: list[str]


class Module:
    """The parsed text of a kernel."""

    def __init__(self, text: str) -> None:
        self.threads = int(re.search(r"\.reqntid (\d+)", text)[1])  # type: ignore[index]
        cluster = re.search(r"\.reqnctapercluster (\d+), (\d+), (\d+)", text)
        self.cluster = tuple(map(int, cluster.groups())) if cluster else (1, 1, 1)
        self.instructions: list[Instruction] = []
        self.labels: dict[str, int] = {}
        body = text[text.index("{") + 1 : text.rindex("}")]
        for line in body.splitlines():
            line = line.strip()
            if not line or line.startswith(".reg"):
                continue
            if line.endswith(":"):
                self.labels[line[:-1]] = len(self.instructions)
                continue
            found = re.fullmatch(r"(?:@(!?)(%p\d+) )?(\S+?)(?: (.*))?;", line)
            assert found, line
            operands = re.findall(r"\{[^}]*\}|\[[^\]]*\]|[^,\s]+", found[4] or "")
            self.instructions.append(Instruction(found[2] or "", bool(found[1]), found[3], operands))


class Shared:
    """One workgroup's shared memory, and who touched which word since which barrier."""

    def __init__(self, size: int) -> None:
        self.bytes = np.zeros(size, np.uint8)
        self.writer = np.full(size // 4 + 1, -1)
        self.written = np.full(size // 4 + 1, -1)
        self.reader = np.full(size // 4 + 1, -1)
        self.read = np.full(size // 4 + 1, -1)
        self.epoch = 0

    def note_write(self, words: Array, thread: Array) -> None:
        words, thread = words.ravel(), np.broadcast_to(thread, words.shape).ravel()
        assert not ((self.read[words] == self.epoch) & (self.reader[words] != thread)).any(), "overwritten while read"
        self.writer[words], self.written[words] = thread, self.epoch

    def note_read(self, words: Array, thread: Array) -> None:
        words, thread = words.ravel(), np.broadcast_to(thread, words.shape).ravel()
        assert not ((self.written[words] == self.epoch) & (self.writer[words] != thread)).any(), "read before a barrier"
        fresh = self.read[words] != self.epoch
        self.reader[words] = np.where(fresh | (self.reader[words] == thread), thread, -2)
        self.read[words] = self.epoch
        # Two threads that read one word in the same instruction.
        order = np.argsort(words, kind="stable")
        same = (words[order][1:] == words[order][:-1]) & (thread[order][1:] != thread[order][:-1])
        self.reader[words[order][1:][same]] = -2


class Group:
    """One workgroup at work. `run` yields at every barrier of its cluster."""

    def __init__(self, module: Module, memory: list[Array], block: tuple[int, int, int], shared: Shared) -> None:
        self.module, self.memory, self.shared = module, memory, shared
        self.peers: list[Group] = [self]
        self.count = module.threads
        self.thread = np.arange(self.count)
        self.registers: dict[str, Array] = {
            "%tid.x": self.thread.astype(np.uint32),
            **{f"%ctaid.{axis}": self._all(value) for axis, value in zip("xyz", block, strict=True)},
            "shared_memory": self._all(0),
        }
        self.pending: list[Callable[[], None]] = []
        self.groups: list[list[Callable[[], None]]] = []

    def _all(self, value: int) -> Array:
        return np.full(self.count, value & 0xFFFFFFFF, np.uint32)

    def run(self) -> Iterator[None]:
        at = 0
        with np.errstate(all="ignore"):
            while True:
                each = self.module.instructions[at]
                at += 1
                mask = np.ones(self.count, bool)
                if each.guard:
                    mask = self.registers[each.guard] ^ each.negated
                if each.name == "ret":
                    assert not self.pending and not any(self.groups), "copies were never waited for"
                    return
                if each.name.startswith("bra"):
                    assert mask.all() or not mask.any(), "threads of a workgroup part"
                    at = self.module.labels[each.operands[0]] if mask.all() else at
                elif each.name == "barrier.cluster.wait.aligned":
                    self.shared.epoch += 1
                    yield
                else:
                    self.execute(each, mask)

    def execute(self, each: Instruction, mask: Array) -> None:
        family = each.name.split(".")[0]
        handler = getattr(self, f"do_{family}", None)
        if handler is not None:
            handler(each, mask)
            return
        if ".wide" in each.name:
            a, b = (self.value(operand, "s32").astype(np.int64) for operand in each.operands[1:3])
            c = self.value(each.operands[3], "s64") if family == "mad" else 0
            self.set(each.operands[0], a * b + c, mask)
            return
        types = [t for t in each.name.split(".")[1:] if t in _DTYPES]
        kind = types[-1]
        function = _FUNCTIONS[family]
        inputs = [self.value(operand, kind) for operand in each.operands[1:]]
        self.set(each.operands[0], function(*inputs), mask)

    def value(self, operand: str, kind: str) -> Array:
        dtype = _DTYPES[kind]
        if operand in self.registers:
            found = self.registers[operand]
            if found.dtype == dtype or found.dtype == bool:
                return found
            return found.view(dtype) if found.dtype.itemsize == np.dtype(dtype).itemsize else found.astype(dtype)
        if operand.startswith("0f"):
            return np.full(self.count, int(operand[2:], 16), np.uint32).view(np.float32)
        assert not operand.startswith("%"), f"{operand} is read before it is written"
        return np.full(self.count, int(operand)).astype(np.int64).astype(dtype)

    def set(self, register: str, value: Array, mask: Array) -> None:
        dtype = {"p": bool, "h": np.uint16, "r": np.uint32, "d": np.int64, "f": np.float32}[register[1]]
        value = np.asarray(value)
        if value.dtype != dtype:
            same = value.dtype.itemsize == np.dtype(dtype).itemsize and value.dtype != bool
            value = value.view(dtype) if same else value.astype(dtype)
        before = self.registers.get(register)
        self.registers[register] = value if before is None or mask.all() else np.where(mask, value, before)

    # Control and data movement.

    def do_bar(self, each: Instruction, mask: Array) -> None:
        self.shared.epoch += 1

    def do_barrier(self, each: Instruction, mask: Array) -> None:
        assert each.name == "barrier.cluster.arrive.aligned"

    def do_mov(self, each: Instruction, mask: Array) -> None:
        self.set(each.operands[0], self.value(each.operands[1], each.name.split(".")[-1]), mask)

    def do_cvta(self, each: Instruction, mask: Array) -> None:
        self.set(each.operands[0], self.value(each.operands[1], "u64"), mask)

    def do_mapa(self, each: Instruction, mask: Array) -> None:
        rank = self.value(each.operands[2], "u32")
        self.set(each.operands[0], self.value(each.operands[1], "u32") + (rank + 1 << 24), mask)

    def do_shfl(self, each: Instruction, mask: Array) -> None:
        _, source, distance, *rest = each.operands
        assert rest == ["31", "-1"] and ".bfly." in each.name
        found = self.value(source, "b32")[self.thread ^ int(distance)]
        self.set(each.operands[0], found, mask)

    def do_setp(self, each: Instruction, mask: Array) -> None:
        _, comparison, kind = each.name.split(".")
        a, b = (self.value(operand, kind) for operand in each.operands[1:])
        self.set(each.operands[0], _COMPARISONS[comparison](a, b), mask)

    def do_selp(self, each: Instruction, mask: Array) -> None:
        kind = each.name.split(".")[-1]
        a, b = (self.value(operand, kind) for operand in each.operands[1:3])
        self.set(each.operands[0], np.where(self.registers[each.operands[3]], a, b), mask)

    def do_cvt(self, each: Instruction, mask: Array) -> None:
        parts, source = each.name.split("."), each.operands[1]
        if "tf32" in parts:  # to nearest, ties away: ten bits of mantissa stay
            bits = self.value(source, "u32")
            self.set(each.operands[0], (bits + np.uint32(0x1000)) & np.uint32(0xFFFFE000), mask)
        elif parts[2] in ("f16", "bf16"):
            narrow = np.float16 if parts[2] == "f16" else ml_dtypes.bfloat16
            self.set(each.operands[0], self.value(source, "f32").astype(narrow).view(np.uint16), mask)
        elif each.name == "cvt.u64.u32":
            self.set(each.operands[0], self.value(source, "u32").astype(np.int64), mask)
        else:
            assert each.name == "cvt.rni.f32.f32", each.name
            self.set(each.operands[0], np.rint(self.value(source, "f32")), mask)

    def do_ld(self, each: Instruction, mask: Array) -> None:
        target, place = each.operands
        kind, names = each.name.split(".")[-1], target.strip("{}").replace(",", " ").split()
        if ".param" in each.name:
            number = int(place.strip("[]p")) + 1
            self.set(target, np.full(self.count, number << SHIFT, np.int64), mask)
            return
        size = np.dtype(_DTYPES[kind]).itemsize
        assert size * len(names) <= 16, "vectors are of at most 128 bits"
        address = self._address(place, 8 if ".global" in each.name else 4)
        load = self._from_global if ".global" in each.name else self._from_shared
        data = load(address, size * len(names), mask)
        for i, name in enumerate(names):
            self.set(name, np.ascontiguousarray(data[:, i * size : (i + 1) * size]).view(_DTYPES[kind])[:, 0], mask)

    def do_st(self, each: Instruction, mask: Array) -> None:
        place, source = each.operands
        kind, names = each.name.split(".")[-1], source.strip("{}").replace(",", " ").split()
        values = np.stack([self.value(name, kind) for name in names], 1)
        data = np.ascontiguousarray(values).view(np.uint8)[mask]
        assert data.shape[1] <= 16, "vectors are of at most 128 bits"
        if ".global" in each.name:
            numbers, offsets = self._locate(self._address(place, 8)[mask], data.shape[1])
            for number in np.unique(numbers):
                some = numbers == number
                self.memory[number][offsets[some]] = data[some]
            return
        at = self._address(place, 4)[mask, None] + np.arange(data.shape[1])
        self.shared.note_write(at // 4, self.thread[mask, None])
        self.shared.bytes[at] = data

    def do_cp(self, each: Instruction, mask: Array) -> None:
        if "commit_group" in each.name:
            self.groups.append(self.pending)
            self.pending = []
        elif "wait_group" in each.name:
            while len(self.groups) > int(each.operands[0]):
                for copy in self.groups.pop(0):
                    copy()
        else:
            self._copy(each)

    def _copy(self, each: Instruction) -> None:
        to, source = self._address(each.operands[0], 4), self._address(each.operands[1], 8)
        size = int(each.operands[2])
        given = self.value(each.operands[3], "u32") if len(each.operands) > 3 else np.full(self.count, size)
        assert set(np.unique(given)) <= {0, size}
        assert not (to % size).any()
        assert not (source[given > 0] % size).any(), "copies must be aligned"
        data = np.zeros((self.count, size), np.uint8)
        data[given > 0] = self._from_global(source, size, given > 0)[given > 0]
        at = to[:, None] + np.arange(size)
        self.shared.note_write(at // 4, self.thread[:, None])  # may happen from now on

        def arrive() -> None:
            self.shared.bytes[at] = data
            self.shared.writer[at // 4], self.shared.written[at // 4] = self.thread[:, None], self.shared.epoch

        self.pending.append(arrive)

    def _address(self, place: str, width: int) -> Array:
        base, _, offset = place.strip("[]").partition("+")
        kind = "s64" if width == 8 else "u32"
        return self.value(base, kind).astype(np.int64) + int(offset or 0)

    def _locate(self, address: Array, size: int) -> tuple[Array, Array]:
        numbers, start = (address >> SHIFT) - 1, address & ((1 << SHIFT) - 1)
        for number in np.unique(numbers):
            last = start[numbers == number].max(initial=0) + size
            assert 0 <= number < len(self.memory) and last <= self.memory[number].size, "outside of global memory"
        assert not (start % size).any(), "accesses must be aligned"
        return numbers, start[:, None] + np.arange(size)

    def _from_global(self, address: Array, size: int, mask: Array) -> Array:
        found = np.zeros((self.count, size), np.uint8)
        numbers, offsets = self._locate(address[mask], size)
        data = np.zeros((len(numbers), size), np.uint8)
        for number in np.unique(numbers):
            some = numbers == number
            data[some] = self.memory[number][offsets[some]]
        found[mask] = data
        return found

    def _from_shared(self, address: Array, size: int, mask: Array) -> Array:
        assert not (address % size).any(), "accesses must be aligned"
        at = (address & 0xFFFFFF)[:, None] + np.arange(size)
        found = np.zeros((self.count, size), np.uint8)
        for rank in np.unique(address >> 24):
            some = (address >> 24) == rank
            shared = self.peers[rank - 1].shared if rank else self.shared
            mine = self.thread[some, None] + 1000 * self.peers.index(self) if shared is not self.shared else None
            shared.note_read(at[some] // 4, self.thread[some, None] if mine is None else mine)
            found[some] = shared.bytes[at[some]]
        return found

    # The matrix units.

    def do_ldmatrix(self, each: Instruction, mask: Array) -> None:
        names = each.operands[0].strip("{}").replace(",", " ").split()
        address = self._address(each.operands[1], 4)
        rows = self._from_shared(address, 16, np.ones(self.count, bool)).view(np.uint16).reshape(-1, 4, 8, 8)
        for number, name in enumerate(names):
            matrix = rows[:, number]
            if ".trans" in each.name:
                matrix = matrix.transpose(0, 2, 1)
            self.set(name, np.ascontiguousarray(matrix).view(np.uint32).reshape(-1), mask)

    def do_mma(self, each: Instruction, mask: Array) -> None:
        d, a, b, c = (operand.strip("{}").replace(",", " ").split() for operand in each.operands)
        kind = each.name.split(".")[-2]
        lane = np.arange(32)
        group, t = lane // 4, lane % 4
        warps = self.count // 32
        left, right = self._fragment(a, kind), self._fragment(b, kind)
        per = left.shape[2]
        depth = 8 if kind == "tf32" else 16
        A, B = np.zeros((warps, 16, depth)), np.zeros((warps, depth, 8))
        C = np.zeros((warps, 16, 8))
        for i in range(4):
            for e in range(per):
                k = t * per + e + (4 * per if i >= 2 else 0)
                A[:, group + 8 * (i % 2), k] = left[:, :, e, i]
                if i < 2:
                    B[:, t * per + e + 4 * per * i, group] = right[:, :, e, i]
            C[:, group + 8 * (i // 2), 2 * t + i % 2] = self.registers[c[i]].reshape(warps, 32)
        result = (A @ B + C).astype(np.float32)
        for i, name in enumerate(d):
            self.set(name, result[:, group + 8 * (i // 2), 2 * t + i % 2].reshape(-1), mask)

    def do_fence(self, each: Instruction, mask: Array) -> None:
        assert each.name == "fence.proxy.async.shared::cta"

    def do_wgmma(self, each: Instruction, mask: Array) -> None:
        """Done at once; that nobody overwrites what an unfinished one reads is not checked."""
        found = re.search(r"mma_async.sync.aligned.m64n(\d+)k16.f32.(b?f16)", each.name)
        if not found:
            return
        columns, narrow = int(found[1]), np.float16 if found[2] == "f16" else ml_dtypes.bfloat16
        assert each.operands[3:] == ["1", "1", "1", "0", "1"], "weights alone are transposed"
        names = each.operands[0].strip("{}").replace(",", " ").split()
        a, b = (self.value(operand, "b64") for operand in each.operands[1:3])
        lane = np.arange(128)
        row, column = lane // 32 * 16 + lane % 32 // 4, lane % 4 * 2
        results = np.zeros((self.count, len(names)), np.float32)
        for number in range(self.count // 128):
            some = slice(number * 128, number * 128 + 128)
            assert (a[some] == a[some][0]).all() and (b[some] == b[some][0]).all()
            left = self._matrix(int(a[some][0]), 64, False, narrow)
            product = left @ self._matrix(int(b[some][0]), columns, True, narrow)
            for i in range(len(names)):
                results[some, i] = product[row + 8 * (i % 4 // 2), column + i // 4 * 8 + i % 2]
        for i, name in enumerate(names):
            self.set(name, self.registers[name] + results[:, i], mask)

    def _matrix(self, descriptor: int, extent: int, transposed: bool, narrow: type) -> Array:
        """[extent, 16], or [16, extent] if transposed: the layouts of the PTX ISA, "Strides", with 128-byte swizzle."""
        assert descriptor >> 62 == 1
        start, leading, stride = ((descriptor >> shift & 0x3FFF) * 16 for shift in (0, 16, 32))
        i, k = np.meshgrid(np.arange(extent), np.arange(16), indexing="ij")
        if transposed:  # lines of 64 columns, eight of them at a time
            address = start + i // 64 * leading + i % 64 * 2 + k // 8 * stride + k % 8 * 128
        else:
            address = start + i // 8 * stride + i % 8 * 128 + k * 2
        address ^= address >> 3 & 0x70
        low = self.shared.bytes[address].astype(np.uint16) | self.shared.bytes[address + 1].astype(np.uint16) << 8
        values = low.view(narrow).astype(np.float32)
        return values.T if transposed else values

    def _fragment(self, names: list[str], kind: str) -> Array:
        """[warp, lane, element of a register, register]."""
        bits = np.stack([self.registers[name] for name in names], 1)
        if kind == "tf32":
            assert not (bits & 0x1FFF).any(), "not rounded to tf32"
            return bits.view(np.float32).reshape(-1, 32, len(names), 1).transpose(0, 1, 3, 2)
        narrow = bits.view(np.float16 if kind == "f16" else ml_dtypes.bfloat16)
        return narrow.astype(np.float32).reshape(-1, 32, len(names), 2).transpose(0, 1, 3, 2)


_DTYPES: dict[str, type] = {
    "b16": np.uint16, "b32": np.uint32, "u32": np.uint32, "s32": np.int32, "b64": np.int64, "u64": np.int64,
    "s64": np.int64, "f32": np.float32, "pred": np.bool_,
}  # fmt: skip
_COMPARISONS: dict[str, Callable[[Array, Array], Array]] = {
    "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "eq": np.equal, "ne": np.not_equal,
    "neu": np.not_equal,
}  # fmt: skip


_FUNCTIONS: dict[str, Callable[..., Array]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply,
    "div": lambda a, b: a / b if a.dtype == np.float32 else a // b,
    "shl": np.left_shift, "shr": np.right_shift, "and": np.bitwise_and, "xor": np.bitwise_xor, "or": np.bitwise_or,
    "min": np.minimum, "max": np.maximum, "neg": np.negative, "abs": np.abs, "sqrt": np.sqrt,
    "rsqrt": lambda x: 1 / np.sqrt(x), "rcp": lambda x: 1 / x, "ex2": np.exp2,
    "copysign": lambda a, b: np.copysign(b, a),
    "fma": lambda a, b, c: (a.astype(np.float64) * b + c).astype(np.float32),
}  # fmt: skip


def run(text: str, grid: tuple[int, int, int], shared_bytes: int, arrays: list[Array], result: Array) -> None:
    """Run a kernel on `arrays`; what it does not write of `result` is no number."""
    module = Module(text)
    memory = [np.ascontiguousarray(each).view(np.uint8).reshape(-1).copy() for each in arrays]
    memory.append(np.full(result.nbytes, 0xFF, np.uint8))
    step = module.cluster
    for z in range(0, grid[2], step[2]):
        for y in range(grid[1]):
            for x in range(grid[0]):
                groups = [Group(module, memory, (x, y, z + i), Shared(shared_bytes)) for i in range(step[2])]
                for each in groups:
                    each.peers = groups
                running = [each.run() for each in groups]
                while running:
                    running = [each for each in running if next(each, "done") != "done"]
    result[...] = memory[-1].view(result.dtype).reshape(result.shape)
