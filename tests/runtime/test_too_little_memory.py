"""A model whose sizes are open may need more memory than there is, which is known only when it is called."""

from __future__ import annotations

import weakref

import numpy as np
import pytest
from webtensorc_runtime import DiagnosticError, IncompatibleMachineError, Module, engine
from webtensorc_runtime.memory import Memory

STATUS = "allocator.c:1: RESOURCE_EXHAUSTED; VK_ERROR_OUT_OF_DEVICE_MEMORY"


class Buffer:
    """Memory of the device below."""


class SmallDevice:
    """A device with memory for one buffer at a time."""

    def __init__(self) -> None:
        self.taken: weakref.WeakSet[Buffer] = weakref.WeakSet()

    @property
    def allocator(self) -> SmallDevice:
        return self

    def allocate_buffer(self, kind: int, usage: int, size: int) -> Buffer:
        if self.taken:
            raise RuntimeError(STATUS)
        buffer = Buffer()
        self.taken.add(buffer)
        return buffer


def test_spare_memory_is_let_go_of_before_a_device_is_too_small() -> None:
    memory = Memory(engine.native(), SmallDevice(), "vulkan://0", in_place=False)
    memory.give_back_local(8, memory.allocate_local(8))
    kept = memory.allocate(16)
    with pytest.raises(IncompatibleMachineError, match="`vulkan://0` has too little memory; VK_ERROR_OUT") as caught:
        memory.allocate_local(24)
    assert caught.value.exit_code == 6
    del kept


@pytest.mark.parametrize(("said", "kind"), [(STATUS, MemoryError), ("task.c:1: ABORTED", DiagnosticError)])
def test_what_the_engine_says_during_a_call(
    add: Module, monkeypatch: pytest.MonkeyPatch, said: str, kind: type[Exception]
) -> None:
    def fail(*arguments: object) -> None:
        raise RuntimeError(said)

    ones = np.ones(4, np.float32)
    monkeypatch.setattr(add._program, "_invoke", fail)
    with pytest.raises(kind, match=said):
        add(ones, ones)
