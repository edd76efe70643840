"""Runs the PTX of one kernel on the processor, workgroup by workgroup, all threads of a workgroup in step.

It knows the instructions that the kernels use, as the PTX ISA defines them, and watches what hardware does not: every
global access is inside its array, asynchronous copies arrive only when they are waited for, and no thread reads or
overwrites a word of shared memory that another one wrote or read since the last barrier.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from ptx_matrices import MatrixUnits
from ptx_memory import Shared
from ptx_text import Instruction, Module
from ptx_threads import Array


class Group(MatrixUnits):
    """One workgroup at work. `run` yields at every barrier of its cluster."""

    def __init__(self, module: Module, memory: list[Array], block: tuple[int, int, int], shared: Shared) -> None:
        super().__init__(module.threads, memory, shared)
        self.module = module
        self.registers |= {f"%ctaid.{axis}": self._all(value) for axis, value in zip("xyz", block, strict=True)}

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

    def do_bar(self, each: Instruction, mask: Array) -> None:
        self.shared.epoch += 1

    def do_barrier(self, each: Instruction, mask: Array) -> None:
        assert each.name == "barrier.cluster.arrive.aligned"


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
