"""Devices of the embedded engine, opened once per process: the calling thread, a pool of workers, or a GPU.

IREE reads the number of workers from a process-wide flag at the moment a driver is created. So this file sets the
flag, creates a driver of its own for each number of workers, and sets the flag back. Modules that ask for the same
number share one pool: the processor is not oversubscribed.

A pool with a worker for every core ties each of them to its own. Left to itself, the kernel often wakes a worker on the
core of the one that woke it, where the two take turns while the other core sleeps. A smaller pool is not tied: others
would choose the same cores.
"""

from __future__ import annotations

import difflib
import os
import threading
from dataclasses import dataclass
from typing import Any

from webtensorc_runtime import accelerators, cpu
from webtensorc_runtime.errors import IncompatibleMachineError, UsageError

_LOCAL = ("cpu", "local-sync", "local-task")
CHOICES = (*_LOCAL, *accelerators.KINDS, "auto", "fastest")
"""What `device=` takes; `auto` and `fastest` leave the choice to `webtensorc_runtime.choice`."""

_KEPT = "caching:device_local=*;*;8"
"""Of the memory that calls give back, eight pieces are kept, so that the next call finds its arena instead of asking
the operating system for it: any size, any sum, eight (IREE's `hal/utils/allocators.h`). It is the first eight that are
kept, until `trim` lets go of them. Workers have a pool of their own."""

WORKER_STACK = 1 << 20
"""Bytes of a worker's stack: twice the frame that a kernel may have. IREE's own 128 KiB are less than that."""

_lock = threading.Lock()
_devices: dict[tuple[int, Execution], Any] = {}


@dataclass(frozen=True)
class Execution:
    """How calls run: `workers` 0 is the calling thread itself, otherwise a pool of that many threads.

    `accelerator` names a device other than the processor (`vulkan`, `vulkan://0`); then there are no workers.
    """

    workers: int
    accelerator: str = ""

    @property
    def mode(self) -> str:
        """`inline`, `task`, or `device` on an accelerator."""
        return "device" if self.accelerator else "task" if self.workers else "inline"


def kind_of(device: str | None) -> str:
    """The device kind that a bundle's variants are matched against.

    Raises:
        UsageError: a device this version does not know.
    """
    if device is None or device in (*_LOCAL, "auto", "fastest"):
        return "cpu"
    kind, _, which = device.partition("://")
    if kind in accelerators.KINDS and (which or device == kind):
        return kind
    close = difflib.get_close_matches(kind.lower(), CHOICES, n=1, cutoff=0.7)
    hint = f"did you mean `{close[0]}`? " if close else ""
    hint += f"devices: {', '.join(CHOICES)}"
    raise UsageError(f"unknown device `{device}`", doing="loading the bundle", hint=hint)


def resolve(device: str | None, threads: int | None, mode: str) -> Execution:
    """What `device=` and `threads=` allow; within that `mode`, the compiler's advice, decides.

    A program that is over before a pool has woken up runs on the calling thread, however many threads it may use.

    Raises:
        UsageError: an unknown device, or a number of threads that the device cannot have.
    """
    kind = kind_of(device)
    if threads is not None and (not isinstance(threads, int) or isinstance(threads, bool) or not 1 <= threads <= 1024):
        raise UsageError(f"threads must be a number from 1 to 1024, not {threads!r}", doing="loading the bundle")
    if device and kind in accelerators.KINDS:
        if threads is not None:
            raise UsageError(f"device `{device}` has no threads to choose the number of", doing="loading the bundle")
        return Execution(0, device)
    if device == "local-sync":
        if threads not in (None, 1):
            raise UsageError(
                f"device `local-sync` runs on the calling thread; it cannot use {threads} threads",
                hint="use device `local-task`, or leave `device` out",
            )
        return Execution(0)
    if device == "local-task":
        return Execution(threads or cpu.usable_cores())
    workers = cpu.usable_cores() if threads is None else threads
    return Execution(workers if mode == "task" and workers > 1 else 0)


def open_device(runtime: Any, execution: Execution) -> Any:
    """The process's HAL device for `execution`; `runtime` is IREE's native module.

    Raises:
        IncompatibleMachineError: there is no such device, or no driver for it.
    """
    key = (os.getpid(), execution)  # a forked child has none of its parent's worker threads and needs its own
    with _lock:
        if key not in _devices:
            _devices[key] = _create(runtime, execution)
        return _devices[key]


def forget_device(execution: Execution) -> None:
    """Let the next module open the device anew; those that are loaded keep theirs."""
    with _lock:
        _devices.pop((os.getpid(), execution), None)


def _create(runtime: Any, execution: Execution) -> Any:
    if execution.accelerator:
        try:
            return accelerators.create(runtime, execution.accelerator)
        except accelerators.UnavailableError as error:
            raise unavailable(execution.accelerator, error) from None
    if not execution.workers:
        return runtime.create_hal_driver("local-sync").create_default_device(allocators=[_KEPT])
    pinned = execution.workers == cpu.usable_cores() and cpu.cores_are_ours()
    try:
        runtime.parse_flags(
            f"--task_topology_group_count={0 if pinned else execution.workers}",
            f"--task_topology_max_group_count={execution.workers}",  # what counts if there is no other number
            f"--task_worker_stack_size={WORKER_STACK}",
        )
        return runtime.create_hal_driver("local-task").create_default_device()
    finally:
        runtime.parse_flags("--task_topology_group_count=0")


def unavailable(device: str, reason: accelerators.UnavailableError) -> IncompatibleMachineError:
    """The error for a device that is not there or has no driver that will do."""
    return IncompatibleMachineError(
        f"device `{device}` is not available: {reason}",
        doing="opening the device",
        hint="`webtensorc run --list-devices` shows what there is",
    )
