"""Memory as threads see it: loads, stores and asynchronous copies, and who touched what since which barrier."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from ptx_text import Instruction
from ptx_threads import DTYPES, Array, Threads

SHIFT = 40
"""Global addresses are the array's number from 1, shifted by this, plus the offset."""


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


class MemoryAccess(Threads):
    """Threads with global memory, an array each of its operands, and the shared memory of a cluster's workgroups."""

    def __init__(self, count: int, memory: list[Array], shared: Shared) -> None:
        super().__init__(count)
        self.memory, self.shared = memory, shared
        self.peers: list[MemoryAccess] = [self]
        self.pending: list[Callable[[], None]] = []
        self.groups: list[list[Callable[[], None]]] = []
        self.registers["shared_memory"] = self._all(0)

    def do_mapa(self, each: Instruction, mask: Array) -> None:
        rank = self.value(each.operands[2], "u32")
        self.set(each.operands[0], self.value(each.operands[1], "u32") + (rank + 1 << 24), mask)

    def do_ld(self, each: Instruction, mask: Array) -> None:
        target, place = each.operands
        kind, names = each.name.split(".")[-1], target.strip("{}").replace(",", " ").split()
        if ".param" in each.name:
            number = int(place.strip("[]p")) + 1
            self.set(target, np.full(self.count, number << SHIFT, np.int64), mask)
            return
        size = np.dtype(DTYPES[kind]).itemsize
        assert size * len(names) <= 16, "vectors are of at most 128 bits"
        address = self._address(place, 8 if ".global" in each.name else 4)
        load = self._from_global if ".global" in each.name else self._from_shared
        data = load(address, size * len(names), mask)
        for i, name in enumerate(names):
            self.set(name, np.ascontiguousarray(data[:, i * size : (i + 1) * size]).view(DTYPES[kind])[:, 0], mask)

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
