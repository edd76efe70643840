"""Quantisation at the end of an epilogue, in fewer instructions.

    fptosi(min(max(round(x / scale) + zero, low), high))

What becomes an integer need not keep NaN apart, which costs two instructions for each bound; and where x is a sum of
bytes times scales, rounded already, its quotient by a scale is as well its product with the reciprocal: the result
differs by one step at most, where x / scale is half-way between two.

Where such a byte is made a number again, for the sum with a residual, it is the number that it was made from: the way
through the byte is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from webtensorc_kernels.epilogue import Apply, Constant, Load

__all__ = ["requantised"]

Step = Constant | Load | Apply

_BOUNDS = ("arith.maximumf", "arith.minimumf")
_INSIDE = (*_BOUNDS, "arith.addf", "math.roundeven", "arith.divf")
_NO_NAN = "fastmath = #arith.fastmath<nnan,nsz>"


def requantised(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The same steps, with bounds and divisions that lead to nothing but integers made cheaper."""
    found: list[Step] = []
    places: dict[int, int] = {-1: -1}
    inside = _leading_to_integers(steps)
    for position, step in enumerate(steps):
        if isinstance(step, Apply):
            step = replace(step, arguments=tuple(places[i] for i in step.arguments))
            if position in inside and step.name in _BOUNDS:
                step = replace(step, attributes=_NO_NAN)
            if position in inside and step.name == "arith.addf" and _number(found, step.arguments[1]) == 0:
                places[position] = step.arguments[0]
                continue
            divisor = found[step.arguments[1]] if position in inside and step.name == "arith.divf" else None
            if isinstance(divisor, Constant) and "0x" not in divisor.text:
                number = np.float32(1) / np.float32(divisor.text.split(" : ")[0])
                found.append(Constant(f"{number:.9e} : f32"))
                step = replace(step, name="arith.mulf", arguments=(step.arguments[0], len(found) - 1))
        places[position] = len(found)
        found.append(step)
    return tuple(_without_unused(_past_bytes(found)))


def _leading_to_integers(steps: Sequence[Step]) -> set[int]:
    """Steps on a chain of which only a conversion to an integer is used."""
    uses = Counter(i for step in steps if isinstance(step, Apply) for i in step.arguments)
    found: set[int] = set()
    for step in steps:
        at = step.arguments[0] if isinstance(step, Apply) and step.name == "arith.fptosi" else -1
        while at >= 0 and uses[at] == 1:
            inner = steps[at]
            if not isinstance(inner, Apply) or inner.name not in _INSIDE:
                break
            found.add(at)
            at = inner.arguments[0]
    return found


def _past_bytes(steps: Sequence[Step]) -> list[Step]:
    """The same, without the way of a whole number through a byte and back: `byte(x) - zero` becomes `x - zero`."""
    found: list[Step] = []
    places: dict[int, int] = {-1: -1}
    for position, step in enumerate(steps):
        if isinstance(step, Apply):
            step = replace(step, arguments=tuple(places[i] for i in step.arguments))
            whole = _whole(found, step) if step.name == "arith.sitofp" else None
            if whole is not None:
                found.append(Constant(f"{whole[1]:.9e} : f32"))
                step = Apply("arith.subf", (whole[0], len(found) - 1), "", ("f32",) * 3)
        places[position] = len(found)
        found.append(step)
    return found


def _whole(steps: Sequence[Step], step: Apply) -> tuple[int, float] | None:
    """Of the number that an integer is made: the step that was it before it became a byte, and what was subtracted."""
    subtracted = 0.0
    inner = _argument(steps, step)
    if inner is not None and inner.name == "arith.subi":
        number = _number(steps, inner.arguments[1])
        if number is None:
            return None
        subtracted, inner = number, _argument(steps, inner)
    limits = {"arith.extui": (0, 255), "arith.extsi": (-128, 127)}.get(inner.name if inner else "")
    for name in ("arith.trunci", "arith.fptosi"):
        inner = _argument(steps, inner) if inner else None
        if inner is None or inner.name != name:
            return None
    if limits is None or inner is None or not _is_within(steps, inner.arguments[0], *limits):
        return None
    return inner.arguments[0], subtracted


def _is_within(steps: Sequence[Step], at: int, low: float, high: float) -> bool:
    """Whether a step is a rounded number, bounded from both sides by numbers in a range."""
    bounds = {}
    step = steps[at] if at >= 0 else None
    while isinstance(step, Apply) and step.name in _BOUNDS and step.name not in bounds:
        bounds[step.name] = _number(steps, step.arguments[1])
        step = _argument(steps, step)
    if isinstance(step, Apply) and step.name == "arith.addf" and (_number(steps, step.arguments[1]) or 0.0) % 1 == 0:
        step = _argument(steps, step)
    if not isinstance(step, Apply) or step.name != "math.roundeven" or None in bounds.values() or len(bounds) < 2:
        return False
    return all(low <= bound <= high for bound in bounds.values() if bound is not None)


def _argument(steps: Sequence[Step], step: Apply) -> Apply | None:
    """The operation that gives the first argument."""
    at = step.arguments[0]
    inner = steps[at] if at >= 0 else None
    return inner if isinstance(inner, Apply) else None


def _number(steps: Sequence[Step], at: int) -> float | None:
    """The number that a constant step is."""
    step = steps[at] if at >= 0 else None
    if not isinstance(step, Constant) or "0x" in step.text:
        return None
    return float(step.text.split(" : ")[0])


def _without_unused(steps: Sequence[Step]) -> list[Step]:
    """The steps that the last one needs."""
    needed = {len(steps) - 1}
    for at in range(len(steps) - 1, -1, -1):
        step = steps[at]
        if at in needed and isinstance(step, Apply):
            needed.update(step.arguments)
    places = {-1: -1} | {at: place for place, at in enumerate(sorted(needed - {-1}))}
    kept = [steps[at] for at in sorted(needed - {-1})]
    return [
        replace(step, arguments=tuple(places[i] for i in step.arguments)) if isinstance(step, Apply) else step
        for step in kept
    ]
