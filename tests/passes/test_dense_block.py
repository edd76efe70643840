"""The arena of a network that concatenates as it goes: no larger than what must be alive at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from webtensorc.driver import Request, forecast
from webtensorc.schedule import Schedule

Array = Any


def dense(x: Array, *weights: Array) -> Array:
    """A block of DenseNet (Huang et al., 2017): every layer reads what all before it gave, side by side."""
    x = jnp.tanh(x)
    for first, second in zip(weights[::2], weights[1::2], strict=True):
        y = jax.nn.relu(x.reshape(-1, x.shape[-1]) @ first).reshape(*x.shape[:3], -1)
        y = lax.conv_general_dilated(y, second, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
        x = jnp.concatenate([x, y], axis=-1)
    return jnp.sum(jnp.tanh(x), axis=(1, 2))


def test_what_lay_there_before_a_concatenation_is_not_kept(tmp_path: Path) -> None:
    shapes: list[tuple[int, ...]] = [(1, 20, 20, 32)]
    for layer in range(6):
        shapes += [(32 + 16 * layer, 64), (3, 3, 64, 16)]
    path = tmp_path / "dense.mlir"
    path.write_text(jax.jit(dense).lower(*(jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes)).as_text())
    (report,) = forecast(Request(path, targets=("x86-64-v3",))).values()
    schedule = Schedule.from_json(report["schedule"])
    stored = [step for step in schedule.steps if step.executable.startswith("conv_")]
    assert len(stored) == 6
    assert schedule.arena_bytes is not None and schedule.max_live() is not None
    assert schedule.arena_bytes <= 1.05 * schedule.max_live()
    largest = max(a.length or 0 for step in schedule.steps for a in step.accesses if a.mode != "read")
    assert schedule.arena_bytes < 4 * largest
