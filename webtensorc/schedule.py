"""The static schedule: what a compiled program does, step by step, as plain data.

After the `stream` phase a program of static shapes is a list of dispatches, copies and fills on constant byte ranges of
a few resources. `extract` reads that list from the IR; everything else here is data and arithmetic on it, so a schedule
can be printed, compared, stored as JSON and replayed by another loader.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, Literal

from webtensorc.liveness import Event, Range, max_live_bytes

__all__ = ["Access", "Resource", "Schedule", "Step", "extract"]

Mode = Literal["read", "write", "update"]
StepKind = Literal["dispatch", "copy", "fill", "other"]
ResourceKind = Literal["transient", "constant", "external", "variable"]

INLINE_SECONDS = 0.2e-3
"""Below this estimate of one-core time, waking threads costs more than they save (measured: 0.09 to 0.2 ms)."""
FLOPS_PER_SECOND = 30e9
BYTES_PER_SECOND = 20e9
SECONDS_PER_STEP = 0.1e-6


@dataclass(frozen=True)
class Access:
    """One byte range of one resource, as a step uses it.

    `write` defines every byte of the range; `update` may leave bytes as they were or read them (padding borders,
    in-place accumulation). `offset` and `length` are in bytes, None where only the running program knows.
    """

    resource: int
    mode: Mode
    offset: int | None
    length: int | None


@dataclass(frozen=True)
class Step:
    """One command. Steps of equal `time` may run at once unless their `lane` is the same too; then they run in order.

    `name` is `executable::function` of a dispatch; `workgroups` is its grid when the compiler knows it already; `flops`
    counts scalar arithmetic of the operations inside; `locations` are source names (ONNX nodes), when there are any.
    """

    kind: StepKind
    name: str
    time: int
    lane: int
    accesses: tuple[Access, ...]
    workgroups: tuple[int, int, int] | None = None
    flops: int = 0
    locations: tuple[str, ...] = ()

    @property
    def executable(self) -> str:
        """The name of the executable that is dispatched; that of the command for others."""
        return self.name.partition("::")[0]

    def seconds(self) -> float:
        """A rough estimate of the time on one core, of code of which only arithmetic and bytes are known."""
        return max(self.flops / FLOPS_PER_SECOND, self.bytes_moved / BYTES_PER_SECOND)

    @property
    def bytes_moved(self) -> int:
        """Bytes that it reads and writes, each range counted once."""
        return sum(access.length or 0 for access in set(self.accesses))


@dataclass(frozen=True)
class Resource:
    """A piece of memory: `transient` (the arena), `constant` (weights), `external` (inputs and outputs) or `variable`.

    `name` is `argument` for an input, `result` for an output, else the global or an invented name. `size` is in bytes.
    """

    kind: ResourceKind
    name: str
    size: int | None


@dataclass(frozen=True)
class Schedule:
    """The commands of one call (`steps`) and those that run once when the module is loaded (`startup`)."""

    resources: tuple[Resource, ...]
    steps: tuple[Step, ...]
    startup: tuple[Step, ...] = ()

    @property
    def is_static(self) -> bool:
        """Whether every size, offset and length that `steps` use is a number."""
        accesses = [access for step in self.steps for access in step.accesses]
        return all(None not in (a.offset, a.length, self.resources[a.resource].size) for a in accesses)

    @property
    def arena_bytes(self) -> int | None:
        """Bytes of transient memory that one call allocates; None if they are not static."""
        used = {access.resource for step in self.steps for access in step.accesses}
        sizes = [self.resources[i].size for i in used if self.resources[i].kind == "transient"]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    def max_live(self) -> int | None:
        """The most transient bytes that hold a value still to be read; see `liveness`. None if it is not static."""
        if not self.is_static:
            return None
        return sum(self.max_live_of(i) for i, resource in enumerate(self.resources) if resource.kind == "transient")

    def max_live_of(self, resource: int) -> int:
        """The part of `max_live` that is in one transient `resource` of a static schedule."""
        return max_live_bytes(self.events(resource))

    def events(self, resource: int) -> tuple[Event, ...]:
        """The accesses of a static `resource` in program order, for `webtensorc.liveness`."""
        return tuple(
            Event(step.time, tuple(dict.fromkeys(_range(a) for a in step.accesses if a.resource == resource)))
            for step in self.steps
            if any(access.resource == resource for access in step.accesses)
        )

    @property
    def flops(self) -> int:
        """Scalar arithmetic operations of one call."""
        return sum(step.flops for step in self.steps)

    @property
    def bytes_moved(self) -> int:
        """Bytes that the steps of one call read and write, each range counted once per step."""
        return sum(step.bytes_moved for step in self.steps)

    def seconds(self, predicted: Mapping[str, float] = MappingProxyType({})) -> float:
        """An estimate of one call's time on one core.

        Args:
            predicted: seconds of one dispatch, by executable, where more is known than its arithmetic and bytes.
        """
        return sum(predicted.get(step.executable, step.seconds()) + SECONDS_PER_STEP for step in self.steps)

    def overwritten(self) -> tuple[int, ...]:
        """The arguments of `main` that a call writes to, results among them.

        The native compiler updates an input in place after its last use (`dynamic_update_slice`, `scatter`).
        """
        written = {a.resource for step in self.steps for a in step.accesses if a.mode != "read"}
        names = (self.resources[i].name for i in written)
        return tuple(sorted(int(name.removeprefix("argument")) for name in names if name.startswith("argument")))

    def mode(self, predicted: Mapping[str, float] = MappingProxyType({})) -> Literal["inline", "task"]:
        """`inline` to run on the calling thread if that is faster than waking others, else `task`; see `seconds`."""
        return "inline" if self.is_static and self.seconds(predicted) < INLINE_SECONDS else "task"

    def to_json(self) -> dict[str, Any]:
        """Plain dictionaries, lists, strings and numbers; `from_json` gives the schedule back."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Schedule:
        """The inverse of `to_json`, also after a trip through `json`.

        Raises:
            ValueError: a step is at a time that the others do not lead up to; KeyError, TypeError: it is no schedule.
        """
        return cls(
            resources=tuple(Resource(**resource) for resource in data["resources"]),
            steps=_steps_from_json(data["steps"]),
            startup=_steps_from_json(data["startup"]),
        )


def extract(module: Any, function: str = "main") -> Schedule:
    """Read the schedule of the public `function` from `module`, an IR module after the `stream` phase.

    Control flow is not followed: the commands of every block are listed in order of text.

    Raises:
        webtensorc.errors.InternalError: there is no such function.
    """
    from webtensorc.iree.schedule_reader import read_schedule

    return read_schedule(module, function)


def _range(access: Access) -> Range:
    if access.offset is None or access.length is None:
        raise ValueError("only a static schedule has events")
    return Range(access.offset, access.offset + access.length, access.mode)


def _steps_from_json(data: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    steps = tuple(map(_step_from_json, data))
    if not all(0 <= step.time < len(steps) for step in steps):
        raise ValueError("a step's time is not below the number of steps")
    return steps


def _step_from_json(data: Mapping[str, Any]) -> Step:
    grid = data["workgroups"]
    return Step(
        **{
            **data,
            "accesses": tuple(Access(**access) for access in data["accesses"]),
            "workgroups": None if grid is None else (grid[0], grid[1], grid[2]),
            "locations": tuple(data["locations"]),
        }
    )
