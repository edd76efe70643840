"""What this machine's processor can do, in LLVM's feature names, without any compiler at hand.

Source of the names: Linux arch/x86/include/asm/cpufeatures.h and arch/arm64/kernel/cpuinfo.c (left), LLVM
llvm/lib/Target/X86/X86.td and AArch64/AArch64Features.td (right). Linux clears the flags that it does not support
itself (AVX without saved state, say), so a listed feature may be used.
"""

from __future__ import annotations

import ctypes
import os
import platform
import threading
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

MASK = "WEBTENSORC_CPU_FEATURES_MASK"
"""Environment variable: features to do without, separated by commas (`avx512f,avx512bw`)."""

_thread = threading.local()

_ARCH_PRCTL, _ARCH_REQ_XCOMP_PERM, _XFEATURE_XTILEDATA = 158, 0x1023, 18
"""Linux arch/x86/entry/syscalls/syscall_64.tbl, arch/x86/include/uapi/asm/prctl.h and asm/fpu/types.h."""

_X86_RENAMED = {
    "3dnowprefetch": ("prfchw",),
    "abm": ("lzcnt", "popcnt"),
    "amx_bf16": ("amx-bf16",),
    "amx_complex": ("amx-complex",),
    "amx_fp16": ("amx-fp16",),
    "amx_int8": ("amx-int8",),
    "amx_tile": ("amx-tile",),
    "avx512_4fmaps": ("avx5124fmaps",),
    "avx512_4vnniw": ("avx5124vnniw",),
    "avx512_bf16": ("avx512bf16",),
    "avx512_bitalg": ("avx512bitalg",),
    "avx512_fp16": ("avx512fp16",),
    "avx512_vbmi2": ("avx512vbmi2",),
    "avx512_vnni": ("avx512vnni",),
    "avx512_vp2intersect": ("avx512vp2intersect",),
    "avx512_vpopcntdq": ("avx512vpopcntdq",),
    "avx512f": ("avx512f", "evex512"),
    "avx_ifma": ("avxifma",),
    "avx_ne_convert": ("avxneconvert",),
    "avx_vnni": ("avxvnni",),
    "avx_vnni_int16": ("avxvnniint16",),
    "avx_vnni_int8": ("avxvnniint8",),
    "bmi1": ("bmi",),
    "fpu": ("x87",),
    "lahf_lm": ("sahf",),
    "lm": ("64bit",),
    "ospke": ("pku",),
    "pclmulqdq": ("pclmul",),
    "pni": ("sse3",),
    "rdrand": ("rdrnd",),
    "sha_ni": ("sha",),
    "sse4_1": ("sse4.1",),
    "sse4_2": ("sse4.2", "crc32"),
    "user_shstk": ("shstk",),
}
_X86_SAME = """
    adx aes avx avx2 avx512bw avx512cd avx512dq avx512er avx512ifma avx512pf avx512vbmi avx512vl bmi2 cldemote
    clflushopt clwb clzero cmov cmpccxadd cx16 cx8 enqcmd f16c fma fma4 fsgsbase fxsr gfni hreset invpcid lwp mmx movbe
    movdir64b movdiri mwaitx pconfig popcnt prefetchi prefetchwt1 ptwrite raoint rdpid rdpru rdseed rtm serialize sha512
    sm3 sm4 sse sse2 sse4a ssse3 tbm tsxldtrk uintr vaes vpclmulqdq waitpkg wbnoinvd xop xsave xsavec xsaveopt xsaves
"""
_X86_BASELINE = "64bit cmov cx8 fxsr mmx sse sse2 x87"
"""Every x86-64 processor has these (x86-64 psABI, "Micro-Architecture Levels")."""

_ARM_RENAMED = {
    "asimd": ("neon",),
    "asimddp": ("dotprod",),
    "asimdfhm": ("fp16fml",),
    "asimdhp": ("fullfp16",),
    "asimdrdm": ("rdm",),
    "atomics": ("lse",),
    "crc32": ("crc",),
    "fp": ("fp-armv8",),
    "lrcpc": ("rcpc",),
    "sha2": ("sha2",),
}
_ARM_SAME = "aes bf16 i8mm sve sve2 sme sme2 sha3 sm4"
_ARM_BASELINE = "fp-armv8 neon"


class _Vocabulary(NamedTuple):
    """How Linux lists features on one instruction set: under which key, under what names, and what every one has."""

    key: str
    renamed: Mapping[str, tuple[str, ...]]
    same: str
    baseline: str

    def of(self, flag: str) -> tuple[str, ...]:
        """LLVM's names for one of Linux's; none for what code generation has no use for."""
        return self.renamed.get(flag, (flag,) if flag in self.same.split() else ())


_VOCABULARIES = {
    "x86_64": _Vocabulary("flags", _X86_RENAMED, _X86_SAME, _X86_BASELINE),
    "aarch64": _Vocabulary("Features", _ARM_RENAMED, _ARM_SAME, _ARM_BASELINE),
}

_ARCHITECTURES = {"amd64": "x86_64", "x86-64": "x86_64", "arm64": "aarch64"}


def architecture() -> str:
    """The instruction set, as `uname -m` names it on Linux: `x86_64`, `aarch64`."""
    machine = platform.machine().lower() if os.name == "nt" else os.uname().machine.lower()
    return _ARCHITECTURES.get(machine, machine)


def features() -> frozenset[str]:
    """LLVM's names of what this processor has, less what the environment variable `MASK` names."""
    masked = os.environ.get(MASK, "").replace(",", " ").split()
    return detected() - frozenset(masked)


@cache
def detected() -> frozenset[str]:
    """LLVM's names of what this processor has; where Linux does not tell, what every such processor has."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    found = parse_cpuinfo(text, architecture())
    return found if "amx-tile" in found and _may_use_tiles() else frozenset(f for f in found if "amx" not in f)


def _may_use_tiles() -> bool:
    """Ask Linux for the tile registers of x86, for all threads of this process; without its leave their use is fatal.

    Their 8 KiB are not in every thread's saved state until then; refused where a signal stack is too small for them
    (Linux, Documentation/arch/x86/xstate.rst).
    """
    system = ctypes.CDLL(None)
    return bool(system.syscall(_ARCH_PRCTL, _ARCH_REQ_XCOMP_PERM, _XFEATURE_XTILEDATA) == 0)


def parse_cpuinfo(text: str, machine: str) -> frozenset[str]:
    """The features common to every processor listed in `text`, the content of /proc/cpuinfo."""
    words = _VOCABULARIES.get(machine)
    if words is None:
        return frozenset()
    lines = {line.partition(":")[2] for line in text.splitlines() if line.partition(":")[0].strip() == words.key}
    common = frozenset.intersection(*(frozenset(line.split()) for line in lines)) if lines else frozenset()
    found = {llvm for flag in common for llvm in words.of(flag)}
    return frozenset(found.union(words.baseline.split()))


def usable_cores() -> int:
    """Number of physical cores that this process may use: its affinity mask and, in a container, its CPU quota."""
    if not hasattr(os, "sched_getaffinity"):
        return max(1, os.cpu_count() or 1)
    cores = {_siblings(cpu) for cpu in os.sched_getaffinity(0)}
    return max(1, min(len(cores), _quota()))


def cores_are_ours() -> bool:
    """Whether the affinity mask, not a quota, is what limits this process, to processors of one memory node.

    With a quota the processors of the mask belong to others as well, who would take the first of them too.
    """
    if not hasattr(os, "sched_getaffinity"):
        return False
    processors = os.sched_getaffinity(0)
    nodes = {path.name for cpu in processors for path in Path(f"/sys/devices/system/cpu/cpu{cpu}").glob("node[0-9]*")}
    return len(nodes) <= 1 and _quota() >= len({_siblings(cpu) for cpu in processors})


def _siblings(cpu: int) -> str:
    try:
        return Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list").read_text().strip()
    except OSError:
        return str(cpu)


def _quota() -> int:
    try:
        limit, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return -(-int(limit) // int(period))
    except (OSError, ValueError):  # no quota ("max"), or another cgroup layout
        return 1 << 16


def stand_back() -> None:
    """Let the calling thread take no time slice from workers, from now on.

    IREE's wait for a program keeps the caller running. Where workers need every core, the caller takes a time slice
    from one of them again and again, and many a call takes twice the time. Linux does not let a batch thread (sched(7),
    SCHED_BATCH) interrupt others. A thread with a policy of its own keeps it.
    """
    if getattr(_thread, "stands_back", False):
        return
    _thread.stands_back = True
    if hasattr(os, "SCHED_BATCH") and os.sched_getscheduler(0) == os.SCHED_OTHER:
        with suppress(OSError):  # forbidden: calls are slower
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
