"""Code by which the threads of a pool work through a list of steps together, as one kernel.

Every workgroup of that kernel is a member of the crew and goes through all steps: it claims chunks of a step's
workgroups while there are any, then waits for those that others have claimed. Whoever comes later finds less to do, and
one member alone does everything, so it does not matter how many threads there are or when they come. A member that has
waited for long leaves; what it waits for is being done by another one, which goes on from there.

A step's claims are one number of 64 bits: how many chunks were taken from the front, and above them from the back. The
first members take from the front and the next ones from the back, and so on, so that of two threads each finds in its
own cache what it wrote one step ago.

Kernels are called as the engine calls them, with the structures of `iree/hal/local/executable_library.h` (version 0) on
an architecture of 64-bit pointers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

__all__ = ["CREW", "NUMBERS_BYTES", "PIECE", "Call", "Part", "copy", "fill", "member"]

CREW = 64
"""Members, as many as threads of a pool are of use. Who comes when all is claimed leaves at once."""
_BATCH_BITS = 3
"""The engine hands out workgroups by 2^3 where there are at least as many times that as threads."""
NUMBERS_BYTES = 128
"""Memory for a call's numbers of claimed and of finished chunks, a cache line each; zeros at the start."""
_MOST_CHUNKS = 64
_LOOKS = 1 << 14
"""How often a member looks whether a call is over before it leaves, at least: 0.3 to 0.8 milliseconds."""
_FLOPS_A_LOOK = 2000
"""Operations that a thread does while another looks once: less than half as many as it can do at most."""

PIECE = 1 << 14
"""Bytes that one workgroup copies or fills."""
_STATE_BYTES, _GROUP_BYTES = 48, 32


@dataclass(frozen=True)
class Part:
    """Bytes of one of the crew's bindings that a kernel gets as one of its own."""

    binding: int
    offset: int
    length: int


@dataclass(frozen=True)
class Call:
    """One call of a kernel.

    Attributes:
        function: the kernel's symbol.
        grid: number of its workgroups along x, y and z.
        parts: its bindings.
        constants: its constants of 32 bits.
        flops: arithmetic operations of all workgroups, 0 where that is not known.
    """

    function: str
    grid: tuple[int, int, int]
    parts: tuple[Part, ...]
    constants: tuple[int, ...] = ()
    flops: int = 0

    @property
    def chunks(self) -> int:
        """Number of parts in which the workgroups are claimed."""
        return -(-prod(self.grid) // self.chunk)

    @property
    def chunk(self) -> int:
        """Number of workgroups that are claimed at once."""
        return -(-prod(self.grid) // _MOST_CHUNKS)

    @property
    def looks(self) -> int:
        """How often a member looks for the end before it leaves: longer than a chunk takes."""
        return max(_LOOKS, self.flops // self.chunks // _FLOPS_A_LOOK)

    @property
    def stack_bytes(self) -> int:
        """Memory for what the kernel is called with."""
        return _STATE_BYTES + 16 * len(self.parts) + -(-4 * len(self.constants) // 16) * 16


def copy(source: Part, target: Part) -> Call:
    """A copy of bytes."""
    return Call("crew.copy", _pieces(target), (source, target))


def fill(target: Part, value: int | None, bits: int) -> Call | None:
    """Bytes filled with a number of 8, 16 or 32 bits; None where it does not fit into words of 32."""
    if value is None or bits > 32 or (bits > 8 and target.length % 4):
        return None
    word = sum((value & ((1 << bits) - 1)) << at for at in range(0, 32, bits))
    return Call("crew.fill", _pieces(target), (target,), (word,))


def _pieces(target: Part) -> tuple[int, int, int]:
    return max(1, -(-target.length // PIECE)), 1, 1


def member(name: str, steps: Sequence[Sequence[Call]]) -> str:
    """The function that a member of the crew runs, called `name`; the calls of one step do not depend on each other.

    Behind the bindings that calls have parts of there is one more: memory for numbers, `NUMBERS_BYTES` for each call.
    """
    calls = [call for step in steps for call in step]
    head = f"llvm.func @{name}(%environment: !llvm.ptr, %given: !llvm.ptr, %us: !llvm.ptr) -> i32 {{"
    return "\n".join([head, *_constants(calls), *_pointers(calls), *_stack(calls), *_walk(steps), "}"])


def _constants(calls: Sequence[Call]) -> Iterator[str]:
    """Numbers of 64 bits that are called %i, and of 32 bits that are called %w."""
    for each in sorted({0, 1, *(number for call in calls for number in _numbers(call))}):
        yield f"%i{each} = llvm.mlir.constant({each} : i64) : i64"
    for each in sorted({0, 1, *(number for call in calls for number in (*call.grid[:2], *call.constants))}):
        yield f"%w{each} = llvm.mlir.constant({each} : i32) : i32"


def _numbers(call: Call) -> tuple[int, ...]:
    return (call.chunk, call.chunks, call.looks, prod(call.grid), *(part.length for part in call.parts))


def _pointers(calls: Sequence[Call]) -> Iterator[str]:
    """Where tensors and numbers are, and at which end this member claims."""
    last = 1 + max((part.binding for call in calls for part in call.parts), default=-1)
    yield from _pointer("%pointers.at", "%given", 32)
    yield "%pointers = llvm.load %pointers.at : !llvm.ptr -> !llvm.ptr"
    for i in range(last + 1):
        yield from _pointer(f"%at{i}", "%pointers", 8 * i)
        yield f"%b{i} = llvm.load %at{i} : !llvm.ptr -> !llvm.ptr"
    for i in range(len(calls)):
        yield from _pointer(f"%claimed{i}", f"%b{last}", NUMBERS_BYTES * i)
        yield from _pointer(f"%finished{i}", f"%b{last}", NUMBERS_BYTES * i + NUMBERS_BYTES // 2)
    yield "%number = llvm.load %us : !llvm.ptr -> i32"
    yield f"%bits = llvm.mlir.constant({_BATCH_BITS} : i32) : i32"
    yield "%batch = llvm.lshr %number, %bits : i32"
    yield "%parity = llvm.and %batch, %w1 : i32"
    yield '%is.odd = llvm.icmp "eq" %parity, %w1 : i32'
    yield f"%back = llvm.mlir.constant({1 << 32} : i64) : i64"
    yield "%own = llvm.select %is.odd, %back, %i1 : i1, i64"


def _stack(calls: Sequence[Call]) -> Iterator[str]:
    """What kernels are called with: a workgroup's state without memory of its own, and each call's."""
    size = _GROUP_BYTES + sum(call.stack_bytes for call in calls)
    yield f"%bytes = llvm.mlir.constant({size} : i64) : i64"
    yield '%group = "llvm.alloca"(%bytes) <{alignment = 64 : i64, elem_type = i8}> : (i64) -> !llvm.ptr'
    yield from _unless_all_is_claimed(len(calls) - 1, calls[-1])
    yield from _pointer("%processor.at", "%us", 12)
    yield "%processor = llvm.load %processor.at : !llvm.ptr -> i32"
    yield from _store("%processor", "i32", "%group", 12)
    yield "%none = llvm.mlir.zero : !llvm.ptr"
    yield from _store("%none", "!llvm.ptr", "%group", 16)
    yield from _store("%w0", "i32", "%group", 24)
    at = _GROUP_BYTES
    for number, call in enumerate(calls):
        yield from _state(call, number, at)
        at += call.stack_bytes


def _unless_all_is_claimed(last: int, call: Call) -> Iterator[str]:
    """Leave at once where nothing is left of the last call."""
    yield f'%seen = "llvm.load"(%claimed{last}) <{{alignment = 8 : i64, ordering = 2 : i64}}> : (!llvm.ptr) -> i64'
    yield "%half = llvm.mlir.constant(32 : i64) : i64"
    yield "%seen.back = llvm.lshr %seen, %half : i64"
    yield "%seen.both = llvm.add %seen, %seen.back : i64"
    yield "%seen.chunks = llvm.trunc %seen.both : i64 to i32"
    yield f"%chunks = llvm.mlir.constant({call.chunks} : i32) : i32"
    yield '%is.over = llvm.icmp "uge" %seen.chunks, %chunks : i32'
    yield "llvm.cond_br %is.over, ^end(%w0 : i32), ^begin"
    yield "^begin:"


def _walk(steps: Sequence[Sequence[Call]]) -> Iterator[str]:
    """Take part in the calls of each step, then wait for all of them; who has waited for too long leaves."""
    status, number = "%w0", 0
    for step in steps:
        numbered = list(enumerate(step, number))
        for i, call in numbered:
            yield f"%function{i} = llvm.mlir.addressof @{call.function} : !llvm.ptr"
            yield (
                f"%result{i} = llvm.call @crew.work(%function{i}, %environment, %state{i}, %group, %claimed{i}, "
                f"%finished{i}, %own, %i{call.chunk}, %i{call.chunks}, %i{prod(call.grid)}) : (!llvm.ptr, !llvm.ptr, "
                "!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, i64, i64, i64, i64) -> i32"
            )
            yield f"%status{i} = llvm.or {status}, %result{i} : i32"
            status = f"%status{i}"
        number += len(step)
        for i, call in numbered if step is not steps[-1] else ():
            arguments = f"(%finished{i}, %i{call.chunks}, %i{call.looks})"
            yield f"%over{i} = llvm.call @crew.wait{arguments} : (!llvm.ptr, i64, i64) -> i1"
            yield f"llvm.cond_br %over{i}, ^over{i}, ^end({status} : i32)"
            yield f"^over{i}:"
    yield f"llvm.br ^end({status} : i32)"
    yield "^end(%all: i32):"
    yield "llvm.return %all : i32"


def _state(call: Call, number: int, at: int) -> Iterator[str]:
    """Write what a kernel is called with at byte `at` of the stack's memory."""
    state, (x, y, z) = f"%state{number}", call.grid
    yield from _pointer(state, "%group", at)
    yield f"{state}.z = llvm.mlir.constant({z | 1 << 16 | len(call.parts) << 24} : i32) : i32"
    yield f"{state}.one = llvm.mlir.constant({1 | len(call.constants) << 16} : i32) : i32"
    # Size of a workgroup and number of constants; number of workgroups, of threads and of bindings.
    for i, word in enumerate(("%w1", "%w1", f"{state}.one", f"%w{x}", f"%w{y}", f"{state}.z")):
        yield from _store(word, "i32", state, 4 * i)
    pointers = _STATE_BYTES
    lengths = pointers + 8 * len(call.parts)
    constants = lengths + 8 * len(call.parts)
    for i, array in enumerate((constants, pointers, lengths)):
        yield from _pointer(f"{state}.array{i}", state, array)
        yield from _store(f"{state}.array{i}", "!llvm.ptr", state, 24 + 8 * i)
    for i, part in enumerate(call.parts):
        yield from _pointer(f"{state}.part{i}", f"%b{part.binding}", part.offset)
        yield from _store(f"{state}.part{i}", "!llvm.ptr", state, pointers + 8 * i)
        yield from _store(f"%i{part.length}", "i64", state, lengths + 8 * i)
    for i, constant in enumerate(call.constants):
        yield from _store(f"%w{constant}", "i32", state, constants + 4 * i)


def _store(value: str, kind: str, base: str, offset: int) -> Iterator[str]:
    yield from _pointer(f"{base}.at{offset}", base, offset)
    yield f"llvm.store {value}, {base}.at{offset} : {kind}, !llvm.ptr"


def _pointer(name: str, base: str, offset: int) -> Iterator[str]:
    yield f"{name} = llvm.getelementptr {base}[{offset}] : (!llvm.ptr) -> !llvm.ptr, i8"
