"""The inspection of SPIR-V kernels finds what was broken on purpose."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Callable

import inspection
import jax
import jax.numpy as jnp
import kernels
import loops
import numpy as np
import pytest
from jax import export

import webtensorc

_CONSTANT, _DECORATE, _CONTROL_BARRIER = 43, 71, 224


@pytest.fixture(scope="module")
def rows() -> bytes:
    """A kernel whose 64 invocations add up 73 results in memory of the workgroup, each its own, and then a bias."""
    shapes = (jax.ShapeDtypeStruct(shape, np.float32) for shape in ((128, 24), (73, 24), (73,)))
    function = jax.jit(lambda a, b, bias: a @ b.T + bias)
    bundle = webtensorc.compile(export.export(function, platforms=["cpu"])(*shapes), targets=["spirv"], cache=False)
    (kernel,) = kernels.spirv(bundle.artifacts[0].module)
    assert kernels.Kernel.read(kernel).invocations == 64
    return kernel


@pytest.fixture(scope="module")
def product() -> bytes:
    """A kernel of 128 invocations that share slices of the factors."""
    shapes = (jax.ShapeDtypeStruct(shape, np.float32) for shape in ((144, 64), (64, 96)))
    exported = export.export(jax.jit(jnp.matmul), platforms=["cpu"])(*shapes)
    bundle = webtensorc.compile(exported, targets=["spirv"], cache=False)
    (kernel,) = kernels.spirv(bundle.artifacts[0].module)
    return kernel


def without(binary: bytes, is_dropped: Callable[[int, tuple[int, ...]], bool]) -> bytes:
    """The binary without some of its instructions."""
    kept = [
        word
        for opcode, operands in loops.instructions(binary)
        if not is_dropped(opcode, operands)
        for word in ((len(operands) + 1) << 16 | opcode, *operands)
    ]
    return binary[:20] + struct.pack(f"<{len(kept)}I", *kept)


@pytest.mark.slow
def test_a_kernel_that_is_right_has_no_complaints(product: bytes) -> None:
    assert without(product, lambda opcode, operands: False) == product
    assert "load" in str(inspection.events(product)) and "store" in str(inspection.events(product))
    assert inspection.complaints(product) == []


@pytest.mark.slow
def test_invocations_that_do_not_ask_who_they_are(product: bytes) -> None:
    broken = without(product, lambda opcode, operands: opcode == _DECORATE and operands[1] == 11)
    assert "invocations along dimension 0 do the same" in inspection.complaints(broken)[0]


@pytest.mark.slow
@pytest.mark.parametrize(("before", "event"), [("store", "load"), ("load", "store")])
def test_a_barrier_that_is_missing(product: bytes, before: str, event: str) -> None:
    """Between what others have stored and a load of it, or between that and the store of the next slice."""
    found = [getattr(each, "kind", each) for each in inspection.events(product)]
    at = next(at for at in range(len(found)) if found[at : at + 3] == [before, "barrier", event])
    number = found[:at].count("barrier")
    numbers = itertools.count()
    broken = without(product, lambda opcode, operands: opcode == _CONTROL_BARRIER and next(numbers) == number)
    assert f"no barrier before a {event} of memory of the workgroup" in inspection.complaints(broken)


@pytest.mark.slow
@pytest.mark.parametrize(("step", "complains"), [(64, False), (128, False), (32, True)])
def test_more_elements_than_invocations(rows: bytes, step: int, complains: bool) -> None:
    """Each goes on with the element that is as many further as there are invocations, and nobody else's."""
    changed = [
        operands if (opcode, operands[2:]) != (_CONSTANT, (64,)) else (*operands[:2], step)
        for opcode, operands in loops.instructions(rows)
    ]
    words = [
        word
        for (opcode, _), operands in zip(loops.instructions(rows), changed, strict=True)
        for word in ((len(operands) + 1) << 16 | opcode, *operands)
    ]
    binary = rows[:20] + struct.pack(f"<{len(words)}I", *words)
    assert bool(inspection.complaints(binary)) == complains
