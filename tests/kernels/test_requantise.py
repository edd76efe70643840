"""Quantisation in fewer instructions gives the same bytes as the steps that a model has for it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from kernel_interpreter import ELEMENTWISE
from webtensorc_kernels.epilogue import NEAREST, Apply, Constant, Load
from webtensorc_passes.tiling._requantise import Step, requantised

SUMS = np.concatenate([np.arange(-1500, 1500, 7), [-(2**31), 2**31 - 1]]).astype(float)
RESIDUAL = np.random.default_rng(0).integers(-128, 128, SUMS.size).astype(float)
scales = st.sampled_from([0.5, 0.25, 0.75, 0.037, 1.9])
zeros = st.sampled_from([0, 3, 128, 255])
F3 = ("f32",) * 3


class Writing:
    """Steps being written, as `generate-kernels` takes them from a model's operations."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def add(self, step: Step) -> int:
        self.steps.append(step)
        return len(self.steps) - 1

    def number(self, value: float, kind: str = "f32") -> int:
        return self.add(Constant(f"{value:.9e} : f32" if kind == "f32" else f"{int(value)} : {kind}"))

    def scaled(self, integer: int, scale: float) -> int:
        """A dequantised number, and something added."""
        value = self.add(Apply("arith.sitofp", (integer,), "", ("i32", "f32")))
        product = self.add(Apply("arith.mulf", (value, self.number(scale)), "", F3))
        return self.add(Apply("arith.addf", (product, self.number(0.1234567)), "", F3))  # no quotient is half-way

    def quantised(self, value: int, scale: float, zero: int) -> int:
        """A byte without sign, as ONNX's QuantizeLinear defines it."""
        value = self.add(Apply("arith.divf", (value, self.number(scale)), "", F3))
        value = self.add(Apply("math.roundeven", (value,), "", ("f32",) * 2))
        value = self.add(Apply("arith.addf", (value, self.number(zero)), "", F3))
        value = self.add(Apply("arith.maximumf", (value, self.number(0)), "", F3))
        value = self.add(Apply("arith.minimumf", (value, self.number(255)), "", F3))
        value = self.add(Apply("arith.fptosi", (value,), "", ("f32", "i32")))
        return self.add(Apply("arith.trunci", (value,), "", ("i32", "i8")))

    def dequantised(self, byte: int, scale: float, zero: int) -> int:
        value = self.add(Apply("arith.extui", (byte,), "", ("i8", "i32")))
        value = self.add(Apply("arith.subi", (value, self.number(zero, "i32")), "", ("i32",) * 3))
        return self.scaled(value, scale)


def computed(steps: Sequence[Step]) -> np.ndarray:
    values: list[np.ndarray] = []
    for step in steps:
        if isinstance(step, Apply):
            given_ = [SUMS if i < 0 else values[i] for i in step.arguments]
            values.append(np.asarray(ELEMENTWISE[step.name](*given_)))
        else:
            values.append(RESIDUAL if isinstance(step, Load) else np.array(float(step.text.split(" : ")[0])))
    return values[-1]


def names(steps: Sequence[Step]) -> list[str]:
    return [step.name for step in steps if isinstance(step, Apply)]


def shortened(steps: Sequence[Step]) -> tuple[Step, ...]:
    """What the steps become, which gives the same bytes."""
    shorter = requantised(steps)
    np.testing.assert_array_equal(computed(shorter) % 256, computed(steps) % 256)
    return shorter


@given(scales, scales, zeros)
def test_the_conversion_rounds(inner: float, outer: float, zero: int) -> None:
    w = Writing()
    w.quantised(w.scaled(-1, inner), outer, zero)
    shorter = shortened(w.steps)
    assert NEAREST in names(shorter) and "math.fma" in names(shorter)
    assert not {"math.roundeven", "arith.divf", "arith.addf"} & set(names(shorter))
    assert len(names(shorter)) == len(names(w.steps)) - 2 - (zero == 0)


@given(scales, scales, scales, zeros)
def test_a_number_that_becomes_a_byte_on_its_way_to_a_sum_is_still_rounded(
    inner: float, middle: float, outer: float, zero: int
) -> None:
    w = Writing()
    left = w.dequantised(w.quantised(w.scaled(-1, inner), middle, zero), middle, zero)
    right = w.dequantised(w.add(Load(0, "result")), 0.3, 7)
    w.quantised(w.add(Apply("arith.addf", (left, right), "", F3)), outer, zero)
    shorter = shortened(w.steps)
    assert names(shorter).count("math.roundeven") == names(shorter).count(NEAREST) == 1
