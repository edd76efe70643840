"""Quantisation at the end of an epilogue, in fewer instructions.

    fptosi(min(max(round(x / scale) + zero, low), high))

Sums of bytes times scales are no NaN, and to keep that apart costs two instructions for each bound; and where x is such
a sum, rounded already, its quotient by a scale is as well its product with the reciprocal: the result
differs by one step at most, where x / scale is half-way between two.

Rounding is left to the conversion to an integer, and a product and a sum are one operation.

Where such a byte is made a number again, for the sum with a residual, it is the number that it was made from: the way
through the byte is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from webtensorc_kernels.epilogue import NEAREST, Apply, Constant, Load

__all__ = ["requantised"]

Step = Constant | Load | Apply

_BOUNDS = ("arith.maximumf", "arith.minimumf")
_INSIDE = (*_BOUNDS, "arith.addf", "math.roundeven", "arith.divf")
_NO_NAN = "fastmath = #arith.fastmath<nnan,nsz>"


def requantised(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The same steps, with bounds and divisions that lead to nothing but integers made cheaper."""
    steps = _without_unused(_plain_bounds(steps))
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
    for shorter in (_past_bytes, _without_lower_bound, _rounded_last, _fused):
        found = _without_unused(shorter(found))
    return tuple(found)


def _plain_bounds(steps: Sequence[Step]) -> list[Step]:
    """The same with `max(x, low)` for `x >= low ? x : low`, which gives `low` for NaN."""

    def same(a: int, b: int) -> bool:
        return a == b or (isinstance(steps[a], Constant) and steps[a] == steps[b])

    found = list(steps)
    for at, step in enumerate(steps):
        if not isinstance(step, Apply) or step.name != "arith.select" or min(step.arguments) < 0:
            continue
        chosen, is_at_least = step.arguments[1:], steps[step.arguments[0]]
        if not isinstance(is_at_least, Apply) or "predicate = 3 " not in is_at_least.attributes:
            continue
        if all(map(same, is_at_least.arguments, chosen)):
            found[at] = Apply("arith.maximumf", (chosen[0], chosen[1]), "", ("f32",) * 3)
    return found


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
    """The same, without the way of a whole number through a byte and back.

    byte(min(max(whole + zero, low), high)) - zero  =  min(max(whole, low - zero), high - zero)
    """
    found: list[Step] = []
    places: dict[int, int] = {-1: -1}
    for position, step in enumerate(steps):
        if isinstance(step, Apply):
            step = replace(step, arguments=tuple(places[i] for i in step.arguments))
            way = _way_of(found, step) if step.name == "arith.sitofp" else None
            if way is not None:
                value = way.whole
                for bound, number in way.bounds:
                    found.append(Constant(f"{number - way.zero:.9e} : f32"))
                    found.append(replace(bound, arguments=(value, len(found) - 1)))
                    value = len(found) - 1
                places[position] = value
                continue
        places[position] = len(found)
        found.append(step)
    return found


@dataclass(frozen=True)
class _Bounded:
    """A step that is `min(max(round(x) + zero, low), high)`, or with the bounds the other way round.

    Attributes:
        whole: the step that is `round(x)`.
        zero: what is added to it.
        bounds: the operations that limit the sum, and their limits.
    """

    whole: int
    zero: float
    bounds: tuple[tuple[Apply, float], ...]


def _bounded(steps: Sequence[Step], at: int) -> _Bounded | None:
    """What a step is as that; None if it is anything else."""
    bounds: list[tuple[Apply, float]] = []
    while at >= 0 and isinstance(each := steps[at], Apply) and each.name in _BOUNDS:
        limit = _number(steps, each.arguments[1])
        if limit is None:
            return None
        bounds.insert(0, (each, limit))
        at = each.arguments[0]
    added, zero = steps[at] if at >= 0 else None, 0.0
    if isinstance(added, Apply) and added.name == "arith.addf":
        number = _number(steps, added.arguments[1])
        if number is None:
            return None
        at, zero = added.arguments[0], number
    whole = steps[at] if at >= 0 else None
    if not isinstance(whole, Apply) or whole.name != "math.roundeven":
        return None
    return _Bounded(at, zero, tuple(bounds)) if sorted(each.name for each, _ in bounds) == sorted(_BOUNDS) else None


def _way_of(steps: Sequence[Step], step: Apply) -> _Bounded | None:
    """How a number became a byte, if `step` makes a number of that again; None if it is anything else."""
    zero: float | None = 0.0
    inner = _argument(steps, step)
    if inner is not None and inner.name == "arith.subi":
        zero, inner = _number(steps, inner.arguments[1]), _argument(steps, inner)
    limits = {"arith.extui": (0, 255), "arith.extsi": (-128, 127)}.get(inner.name if inner else "")
    for name in ("arith.trunci", "arith.fptosi"):
        inner = _argument(steps, inner) if inner else None
        if inner is None or inner.name != name:
            return None
    found = _bounded(steps, inner.arguments[0]) if inner else None
    if limits is None or found is None or found.zero != zero:
        return None
    low, high = limits
    return found if all(low <= limit <= high for _, limit in found.bounds) else None


def _rounded_last(steps: Sequence[Step]) -> list[Step]:
    """The same, rounded by the conversion to an integer, which is one instruction.

    int(min(max(round(x) + zero, low), high)) = nearest(min(max(x, low - zero), high - zero)) + zero
    """
    found: list[Step] = []
    places: dict[int, int] = {-1: -1}
    for position, step in enumerate(steps):
        if isinstance(step, Apply):
            step = replace(step, arguments=tuple(places[i] for i in step.arguments))
            last = _bounded(found, step.arguments[0]) if step.name == "arith.fptosi" else None
            if last is not None and last.zero == round(last.zero):
                whole = found[last.whole]
                assert isinstance(whole, Apply)
                (value,) = whole.arguments
                for bound, limit in last.bounds:
                    found.append(Constant(f"{limit - last.zero:.9e} : f32"))
                    found.append(replace(bound, arguments=(value, len(found) - 1)))
                    value = len(found) - 1
                step = replace(step, name=NEAREST, arguments=(value,))
                if last.zero:
                    found.extend((step, Constant(f"{round(last.zero)} : {step.types[-1]}")))
                    step = Apply("arith.addi", (len(found) - 2, len(found) - 1), "", (step.types[-1],) * 3)
        places[position] = len(found)
        found.append(step)
    return found


def _fused(steps: Sequence[Step]) -> list[Step]:
    """The same with `a * b + c` rounded once where the product is used for nothing else: an instruction less."""
    uses = Counter(i for step in steps if isinstance(step, Apply) for i in step.arguments)
    found = list(steps)
    for at, step in enumerate(steps):
        if not isinstance(step, Apply) or step.name != "arith.addf":
            continue
        for product, other in (step.arguments, step.arguments[::-1]):
            inner = steps[product] if product >= 0 else None
            if isinstance(inner, Apply) and inner.name == "arith.mulf" and uses[product] == 1:
                found[at] = Apply("math.fma", (*inner.arguments, other), "", ("f32",) * 4)
                break
    return found


def _without_lower_bound(steps: Sequence[Step]) -> list[Step]:
    """The same without the inner one of two bounds: `max(round(max(x, 0) * scale), 0) = max(round(x * scale), 0)`."""
    uses = Counter(i for step in steps if isinstance(step, Apply) for i in step.arguments)
    found = list(steps)
    for step in steps:
        outer = _bound_of_zero(found, step)
        rounding = _argument(found, outer, "math.roundeven")
        scaled = _argument(found, rounding, "arith.mulf")
        inner = _bound_of_zero(found, _argument(found, scaled))
        if outer is None or rounding is None or scaled is None or inner is None:
            continue
        is_lone = uses[outer.arguments[0]] == uses[rounding.arguments[0]] == 1
        if is_lone and (_number(found, scaled.arguments[1]) or 0.0) > 0:
            found[rounding.arguments[0]] = replace(scaled, arguments=(inner.arguments[0], scaled.arguments[1]))
    return found


def _bound_of_zero(steps: Sequence[Step], step: Step | None) -> Apply | None:
    """The step, if it is `max(x, 0)`."""
    if not isinstance(step, Apply) or step.name != "arith.maximumf":
        return None
    return step if _number(steps, step.arguments[1]) == 0 else None


def _argument(steps: Sequence[Step], step: Apply | None, name: str = "") -> Apply | None:
    """The operation that gives the first argument, if there is one, with that name."""
    inner = steps[step.arguments[0]] if step and step.arguments[0] >= 0 else None
    return inner if isinstance(inner, Apply) and name in ("", inner.name) else None


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
