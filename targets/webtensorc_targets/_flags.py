"""Flags of the native compiler that targets share. The leading underscore keeps this file from being a target."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["all_devices", "processor"]

_STACK_BYTES = 1 << 19
"""Largest stack frame of a kernel. The compiler's own 32 KiB refuses some pooling kernels; threads have 8 MiB."""


def all_devices(optimization_level: int) -> tuple[str, ...]:
    """What holds for any device."""
    return (
        f"--iree-opt-level=O{optimization_level}",
        # float64 models stay float64; by default the compiler changes their signature to float32.
        "--iree-input-demote-f64-to-f32=false",
        # Keeps the byte range of every binding visible to the schedule and to the arena planner.
        "--iree-scheduling-optimize-bindings=false",
        # Generalised matrix products, on from O2, are compiled to wrong code: magika shows it.
        "--iree-opt-generalize-matmul=false",
    )


def processor(architecture: str, cpu: str, extra: Iterable[str], optimization_level: int) -> tuple[str, ...]:
    """Machine code for a processor, as an ELF that the embedded loader runs on any operating system.

    `cpu` is LLVM's name of a processor or level, `extra` are features beyond it: never the machine that compiles.
    """
    features = ",".join(f"+{feature}" for feature in extra)
    return (
        "--iree-hal-target-device=local",
        "--iree-hal-local-target-device-backends=llvm-cpu",
        f"--iree-llvmcpu-target-triple={architecture}-unknown-unknown-eabi-elf",
        f"--iree-llvmcpu-target-cpu={cpu}",
        *((f"--iree-llvmcpu-target-cpu-features={features}",) if features else ()),
        f"--iree-llvmcpu-stack-allocation-limit={_STACK_BYTES}",
        # With them the executables hold the line of a location that has none: four bytes that differ every time.
        "--iree-llvmcpu-debug-symbols=false",
        *all_devices(optimization_level),
    )
