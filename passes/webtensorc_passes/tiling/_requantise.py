"""Quantisation at the end of an epilogue, in fewer instructions.

    fptosi(min(max(round(x / scale) + zero, low), high))

What becomes an integer need not keep NaN apart, which costs two instructions for each bound; and where x is a sum of
bytes times scales, rounded already, its quotient by a scale is as well its product with the reciprocal: the result
differs by one step at most, where x / scale is half-way between two.
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
            divisor = found[step.arguments[1]] if position in inside and step.name == "arith.divf" else None
            if isinstance(divisor, Constant) and "0x" not in divisor.text:
                number = np.float32(1) / np.float32(divisor.text.split(" : ")[0])
                found.append(Constant(f"{number:.9e} : f32"))
                step = replace(step, name="arith.mulf", arguments=(step.arguments[0], len(found) - 1))
        places[position] = len(found)
        found.append(step)
    return tuple(found)


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
