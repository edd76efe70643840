"""How fast a processor does what kernels are made of: the numbers that estimates of time rest on."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Speeds"]


@dataclass(frozen=True)
class Speeds:
    """Of one core. A target states what is typical of the processors it stands for; an estimate is no better.

    Attributes:
        clock: cycles per second.
        vector_units: vector instructions of full width that do arithmetic, and as many that load, per cycle.
        second_level: bytes per cycle from the second-level cache.
        shared: bytes per cycle from the cache that all cores share.
        memory: bytes per second from main memory.
    """

    clock: float = 3e9
    vector_units: float = 2
    second_level: float = 32
    shared: float = 12
    memory: float = 25e9
