"""Devices of the embedded engine, opened once per process: the calling thread, or a pool of workers.

IREE reads the number of workers from a process-wide flag at the moment a driver is created. So this file sets the
flag, creates a driver of its own for each number of workers, and sets the flag back. Modules that ask for the same
number share one pool: the processor is not oversubscribed.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import Any

from webtensorc_runtime import cpu
from webtensorc_runtime.errors import UsageError

CHOICES = ("cpu", "local-sync", "local-task")

_lock = threading.Lock()
_devices: dict[tuple[int, Execution], Any] = {}


@dataclass(frozen=True)
class Execution:
    """How calls run: `workers` 0 is the calling thread itself, otherwise a pool of that many threads."""

    workers: int

    @property
    def mode(self) -> str:
        """`inline` or `task`."""
        return "task" if self.workers else "inline"


def kind_of(device: str | None) -> str:
    """The device kind that a bundle's variants are matched against.

    Raises:
        UsageError: a device this version does not know.
    """
    if device is None or device in CHOICES:
        return "cpu"
    raise UsageError(f"unknown device `{device}`", doing="loading the bundle", hint=f"devices: {', '.join(CHOICES)}")


def resolve(device: str | None, threads: int | None, mode: str) -> Execution:
    """What `device=` and `threads=` ask for; where they leave it open, `mode`, the compiler's advice, decides.

    Raises:
        UsageError: an unknown device, or a number of threads that the device cannot have.
    """
    kind_of(device)
    if threads is not None and (not isinstance(threads, int) or isinstance(threads, bool) or not 1 <= threads <= 1024):
        raise UsageError(f"threads must be a number from 1 to 1024, not {threads!r}", doing="loading the bundle")
    if device == "local-sync":
        if threads not in (None, 1):
            raise UsageError(
                f"device `local-sync` runs on the calling thread; it cannot use {threads} threads",
                hint="use device `local-task`, or leave `device` out",
            )
        return Execution(0)
    if device == "local-task":
        return Execution(threads or cpu.usable_cores())
    if threads is not None:
        return Execution(threads if threads > 1 else 0)
    return Execution(cpu.usable_cores() if mode == "task" and cpu.usable_cores() > 1 else 0)


def open_device(runtime: Any, execution: Execution) -> Any:
    """The process's HAL device for `execution`; `runtime` is IREE's native module."""
    key = (os.getpid(), execution)  # a forked child has none of its parent's worker threads and needs its own
    with _lock:
        if key not in _devices:
            _devices[key] = _create(runtime, execution)
        return _devices[key]


def _create(runtime: Any, execution: Execution) -> Any:
    if not execution.workers:
        return runtime.create_hal_driver("local-sync").create_default_device()
    try:
        runtime.parse_flags(f"--task_topology_group_count={execution.workers}")
        return runtime.create_hal_driver("local-task").create_default_device()
    finally:
        runtime.parse_flags("--task_topology_group_count=0")
