"""The end of an epilogue that makes bytes of numbers, for instructions that pack and saturate (see `packing`).

    byte(min(max(nearest(x) + zero, low), high))

What is beyond a byte becomes the nearest one by being packed, so that numbers are not limited before. Only the upper
limit stays: the conversion to int32 has one result for all that is too large for it, which is negative.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from webtensorc_kernels.epilogue import NEAREST, Apply, Constant, Epilogue, Load

__all__ = ["Saturated"]

_BOUNDS = ("arith.maximumf", "arith.minimumf")
_LIMITS = {False: (0, 255), True: (-128, 127)}


@dataclass(frozen=True)
class Saturated:
    """An epilogue that ends in bytes, without that end.

    Attributes:
        number: what gives int32, as the epilogue's last step.
        zero: what is added.
        signed: whether bytes are those from -128 to 127, else from 0 to 255.
    """

    number: Epilogue
    zero: int
    signed: bool

    @classmethod
    def of(cls, epilogue: Epilogue) -> Saturated | None:
        """The parts of an epilogue; None if it ends otherwise."""
        steps, at, zero = epilogue.steps, len(epilogue.steps) - 1, 0
        if _apply(steps, at, "arith.xori") and _whole(steps, at) == -128:
            at, zero = _first(steps, at), 128
        if epilogue.element != "i8" or epilogue.head or not _apply(steps, at, "arith.trunci"):
            return None
        at = _first(steps, at)
        if _apply(steps, at, "arith.addi"):
            zero += _whole(steps, at) or 0
            at = _first(steps, at) if _whole(steps, at) is not None else -1
        nearest = _apply(steps, at, NEAREST)
        limits: dict[str, tuple[int, Apply]] = {}
        while nearest and len(limits) < len(_BOUNDS):
            at = _first(steps, at)
            bound, limit = _apply(steps, at, *_BOUNDS), _whole(steps, at)
            if bound is None or limit is None or bound.name in limits:
                return None
            limits[bound.name] = limit, bound
        if nearest is None:
            return None
        low, high = (limits[name][0] + zero for name in _BOUNDS)
        signed = low < 0
        least, most = _LIMITS[signed]
        at = _first(steps, at)
        if at < 0 or low < least or high > most:
            return None
        kept: list[_Step] = list(steps[: at + 1])
        for name in _BOUNDS[low == least :]:
            limit, bound = limits[name]
            kept += [Constant(f"{limit}.0 : f32"), replace(bound, arguments=(at, len(kept)))]
            at = len(kept) - 1
        kept.append(replace(nearest, arguments=(at,)))
        return cls(replace(epilogue, steps=tuple(kept), element="i32"), zero, signed)


_Step = Constant | Load | Apply


def _apply(steps: Sequence[_Step], at: int, *names: str) -> Apply | None:
    """The step, if it is one of those operations."""
    step = steps[at] if at >= 0 else None
    return step if isinstance(step, Apply) and step.name in names else None


def _first(steps: Sequence[_Step], at: int) -> int:
    step = steps[at]
    assert isinstance(step, Apply)
    return step.arguments[0]


def _whole(steps: Sequence[_Step], at: int) -> int | None:
    """The second argument of a step, if that is a constant whole number."""
    step = steps[at] if at >= 0 else None
    if not isinstance(step, Apply) or len(step.arguments) < 2 or step.arguments[1] < 0:
        return None
    number = steps[step.arguments[1]]
    if not isinstance(number, Constant) or "0x" in number.text:
        return None
    found = float(number.text.split(" : ")[0])
    return int(found) if found.is_integer() else None
