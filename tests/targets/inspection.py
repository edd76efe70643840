"""What is wrong with a SPIR-V kernel of several invocations, as far as its binary tells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import kernels
import loops

__all__ = ["complaints", "events"]

_VARIABLE, _LOAD, _STORE, _CONTROL_BARRIER, _PHI, _LOOP_MERGE, _LABEL = 59, 61, 62, 224, 245, 246, 248
_CONSTANT, _EXTRACT, _ADD = 43, 81, 128
_MATRIX_LOAD, _MATRIX_STORE = 4457, 4458
"""OpCooperativeMatrixLoadKHR and OpCooperativeMatrixStoreKHR."""
_POINTERS = (65, 66, 67, 83, 124)
"""OpAccessChain, OpInBoundsAccessChain, OpPtrAccessChain, OpCopyObject, OpBitcast: pointers made of pointers."""
_WORKGROUP = 4
_LITERALS = (_STORE, 16, 43, 71, 72)
"""Whose third operand is a number, nobody's result: OpExecutionMode, OpConstant, OpDecorate, OpMemberDecorate too."""


@dataclass(frozen=True)
class Access:
    """A load or store of memory of the workgroup.

    Attributes:
        kind: `load` or `store`.
        variable: which memory.
        path: where in it, as the indices that lead there.
        is_own: whether that depends on which invocation it is, or all have stored the same there. By one such path an
            invocation is taken to reach what is its own, since that is how work is distributed.
        depth: in how many loops the indices change.
    """

    kind: str
    variable: int
    path: tuple[int, ...]
    is_own: bool
    depth: int


Event = Access | str | list["Event"]
"""An access, a `barrier`, or a loop of events."""
_At = tuple[tuple[int, ...], tuple[int, ...]]
"""A path in a round of the loops in which it is computed."""


def complaints(binary: bytes) -> list[str]:
    """Whether its invocations do the same along a dimension, whether they race, and what `_twice` says."""
    kernel = kernels.Kernel.read(binary)
    if kernel.invocations == 1:
        return _twice(binary)
    unasked = [at for at, size in enumerate(kernel.workgroup) if size > 1 and at not in kernel.asked]
    found = [f"{kernel.workgroup[at]} invocations along dimension {at} do the same" for at in unasked]
    return [*found, *dict.fromkeys(_races(events(binary))), *_twice(binary)]


def _twice(binary: bytes) -> list[str]:
    """Whether a value comes from one block in two ways, of which only the first is ever taken (OpPhi)."""
    phis = (operands for opcode, operands in loops.instructions(binary) if opcode == _PHI)
    blocks = (operands[3::2] for operands in phis)
    return ["two values from one block"] * any(len(set(each)) < len(each) for each in blocks)


@dataclass
class _Reader:
    """Takes the instructions of a binary in turn.

    Attributes:
        shared: memory of the workgroup and pointers into it, with the variable and the path from there.
        depths: of values, in how many loops they change.
        block: those that this block begins with; a loop's first block says only at its end that it is one.
        alike: pointers to what all invocations have stored the same number to.
        own: values that depend on which invocation it is.
        strided: those of them that no other invocation has in any round of a loop (see `_strided`).
        nested: the loops around, each with its merge block, after what is in none.
    """

    shared: dict[int, tuple[int, tuple[int, ...]]] = field(default_factory=dict)
    depths: dict[int, int] = field(default_factory=dict)
    block: list[int] = field(default_factory=list)
    alike: set[int] = field(default_factory=set)
    own: set[int] = field(default_factory=set)
    strided: frozenset[int] = frozenset()
    nested: list[tuple[int, list[Event]]] = field(default_factory=lambda: [(0, [])])

    def take(self, opcode: int, operands: tuple[int, ...]) -> None:
        """One instruction; what has a result has it second, after its type."""
        into = self.nested[-1][1]
        if opcode == _LABEL and operands[0] == self.nested[-1][0]:
            self.nested.pop()
        elif opcode == _LOOP_MERGE:
            self.nested.append((operands[0], []))
            into.append(self.nested[-1][1])
            self.depths |= {each: len(self.nested) - 1 for each in self.block if each not in self.strided}
        elif opcode == _VARIABLE and operands[2] == _WORKGROUP:
            self.shared[operands[1]] = operands[1], ()
        elif opcode in _POINTERS and operands[2] in self.shared:
            variable, path = self.shared[operands[2]]
            self.shared[operands[1]] = variable, path + operands[3:]
        elif opcode == _CONTROL_BARRIER:
            into.append("barrier")
        elif opcode in (_LOAD, _MATRIX_LOAD) and operands[2] in self.shared:
            into.append(self._access("load", operands[2]))
        elif opcode in (_STORE, _MATRIX_STORE) and operands[0] in self.shared:
            (self.alike.discard if operands[1] in self.own else self.alike.add)(operands[0])
            into.append(self._access("store", operands[0]))
        self._note(opcode, operands)

    def _note(self, opcode: int, operands: tuple[int, ...]) -> None:
        """Where a result is computed, and whether from an invocation's place."""
        if opcode == _LABEL:
            self.block = []
        elif opcode not in _LITERALS and len(operands) > 2:
            self.block += [operands[1]] * (opcode in (_PHI, _LOAD))
            here = len(self.nested) - 1
            depends = here if opcode in (_PHI, _LOAD) else max(self.depths.get(each, 0) for each in operands[2:])
            self.depths.setdefault(operands[1], min(here, depends))
            if self.own.intersection(operands[2:]):
                self.own.add(operands[1])

    def _access(self, kind: str, pointer: int) -> Access:
        variable, path = self.shared[pointer]
        depth = max((self.depths.get(each, 0) for each in path), default=0)
        return Access(kind, variable, path, pointer in self.own | self.alike, depth)


def events(binary: bytes) -> list[Event]:
    """What a kernel does with memory of the workgroup, in the order of its blocks (2.11, "Structured Control Flow")."""
    reader = _Reader(own=kernels.identities(binary), strided=_strided(binary))
    for opcode, operands in loops.instructions(binary):
        reader.take(opcode, operands)
    return reader.nested[0][1]


def _strided(binary: bytes) -> frozenset[int]:
    """What begins with an invocation's place in the workgroup and goes on in steps of as many as there are.

    Whatever the rounds, no two invocations have it alike: work on more elements than invocations is divided so.
    """
    size = kernels.Kernel.read(binary).workgroup
    made = {operands[1]: (opcode, operands[2:]) for opcode, operands in loops.instructions(binary) if len(operands) > 2}
    variables = kernels.identities(binary)

    def is_place(value: int) -> bool:
        opcode, (whole, *at) = made.get(value, (0, (0,)))
        loaded, (variable, *_) = made.get(whole, (0, (0,)))
        return (opcode, at, loaded) == (_EXTRACT, [0], _LOAD) and variable in variables

    def is_next(value: int, phi: int) -> bool:
        opcode, terms = made.get(value, (0, ()))
        steps = [made[each][1][0] for each in terms if each in made and made[each][0] == _CONSTANT]
        return opcode == _ADD and phi in terms and len(steps) == 1 and steps[0] % size[0] == 0

    phis = {
        each: (values[0], values[2]) for each, (opcode, values) in made.items() if opcode == _PHI and len(values) == 4
    }
    if size[1:] != (1, 1):
        return frozenset()
    return frozenset(
        each
        for each, (a, b) in phis.items()
        if (is_place(a) and is_next(b, each)) or (is_place(b) and is_next(a, each))
    )


def _races(found: Iterable[Event]) -> Iterator[str]:
    """Accesses to what other invocations may just have stored, or may yet load: no barrier is in between."""
    since: dict[tuple[int, str], set[_At | None]] = {}
    for event, at in _in_order(found):
        if isinstance(event, str):
            since.clear()
            continue
        other = since.get((event.variable, "load" if event.kind == "store" else "store"), set())
        own = at if event.is_own else None
        if other and (own is None or other != {own}):
            yield f"no barrier before a {event.kind} of memory of the workgroup"
        since.setdefault((event.variable, event.kind), set()).add(own)


def _in_order(found: Iterable[Event], rounds: tuple[int, ...] = ()) -> Iterator[tuple[Access | str, _At]]:
    """Accesses and barriers one after the other, those of a loop twice: the end of a round meets the next one."""
    for event in found:
        if isinstance(event, list):
            for each in (0, 1):
                yield from _in_order(event, (*rounds, each))
        else:
            yield event, (event.path, rounds[: event.depth]) if isinstance(event, Access) else ((), ())
