"""Work that the native compiler leaves to one invocation: divided among many on Vulkan, with the same results."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import inspection
import jax
import jax.numpy as jnp
import kernels
import loops
import numpy as np
import pytest
import webtensorc_runtime
from jax import export, lax
from vulkan_device import needs_vulkan

import webtensorc
from webtensorc.artifact import Bundle

LONGEST = 512
"""Trips of an invocation through nested loops."""
Function = Callable[..., Sequence[jax.Array]]


def reductions(x: jax.Array, y: jax.Array, z: jax.Array, i: jax.Array) -> Sequence[jax.Array]:
    """Lengths that have divisors, that are prime, and ones along several dimensions."""
    apart = z - z.mean(1, keepdims=True)
    return (
        *(x.sum(), jax.nn.softmax(x), y.max(), y.argmax(), (y > 5).any()),
        *(apart * lax.rsqrt((apart * apart).mean(1, keepdims=True)), z.min((0, 1)), jax.nn.logsumexp(z, axis=1)),
        *(i.max(1), i.sum((0, 1)), i.argmin(1), jnp.prod(i % 2 * 2 - 1, axis=1)),
    )


def products(x: jax.Array, y: jax.Array, z: jax.Array, i: jax.Array) -> Sequence[jax.Array]:
    """Of vectors, of a matrix and a vector from both sides, several at once, of a matrix and itself, of bytes."""
    table, bytes_ = x[:49000].reshape(700, 2, 35), i.astype(jnp.int8)
    return (
        *(
            x @ x,
            y @ y,
            z @ z[0],
            jnp.einsum("kbn,bk->bn", table, table[:, :, 0].T),
            z @ z.T,
            table[:, 0].T @ table[:, 1],
        ),
        *(lax.dot_general(bytes_, bytes_, (((1,), (1,)), ((), ())), preferred_element_type=jnp.int32), y[:0] @ y[:0]),
        jnp.tensordot(table, table[:, ::-1], ((0, 1), (0, 1))),
    )


def scans(x: jax.Array, y: jax.Array, z: jax.Array, i: jax.Array) -> Sequence[jax.Array]:
    """Forwards and backwards, along any dimension, in one, two and three levels of rows."""
    return (
        *(jnp.cumsum(x) / 100, jnp.cumprod(1 + y / 100), lax.cummax(y, reverse=True), jnp.cumsum(y[:128])),
        *(lax.cumsum(z.T, axis=0, reverse=True), jnp.cumsum(i, axis=1), lax.cummin(i.reshape(5, 701, 1), axis=1)),
        jnp.cumsum(z[:, :0], axis=1),
    )


def scatters(x: jax.Array, y: jax.Array, z: jax.Array, i: jax.Array) -> Sequence[jax.Array]:
    """Some places get many updates, some are beyond the end; of rows, too, and of one update."""
    at, rows = jnp.abs(i[0]), z[:, :1500].reshape(300, 15)
    return (
        *(x[:99].at[at].add(y[:701]), y[:90].at[at].max(y[:701]), i[0].at[at[:9]].multiply(i[0, :9])),
        *(jnp.zeros(99, bool).at[at].set(True), rows.at[at[:200]].add(rows[:200]), rows.at[7].set(rows[3])),
        *(rows.at[at[:200], i[1, :200] % 15].min(y[:200]), z.at[:, at[:3]].set(z[:, :3]), y.at[at[:0]].set(y[:0])),
    )


def given() -> list[np.ndarray]:
    random = np.random.default_rng(0)
    floats = [random.standard_normal(shape, np.float32) for shape in ((50257,), (1009,), (3, 1500))]
    return [*floats, random.integers(-100, 100, (5, 701)).astype(np.int32)]


def compiled(function: Function, **options: object) -> tuple[Bundle, list[bytes]]:
    """The bundle of a function of `given()`, and its kernels."""
    exported = export.export(jax.jit(function), platforms=["cpu"])(*given())
    bundle = webtensorc.compile(exported, targets=["spirv"], cache=False, **options)
    return bundle, kernels.spirv(bundle.artifacts[0].module)


@pytest.mark.slow
@needs_vulkan
@pytest.mark.parametrize("function", [reductions, products, scans])
def test_no_invocation_does_long_work(function: Function) -> None:
    bundle, found = compiled(function)
    assert all((loops.iterations(each) or LONGEST + 1) <= LONGEST for each in found)
    check(bundle, found, function)


@pytest.mark.slow
@needs_vulkan
@pytest.mark.parametrize(("options", "trips"), [("", 701), ("{folded=0}", 701), ("{compared=0}", 1)])
def test_updates_are_written_side_by_side(options: str, trips: int) -> None:
    """An invocation looks at all updates for one place, or at one pair after the other, and writes one number."""
    bundle, found = compiled(scatters, passes=[f"divide-scatters{options}"])
    read = [(kernels.Kernel.read(each).invocations, loops.iterations(each) or 1) for each in found]
    assert all(invocations > 1 or trips == 1 for invocations, trips in read)
    assert max(trips for _, trips in read) == trips
    check(bundle, found, scatters)


def check(bundle: Bundle, found: Sequence[bytes], function: Function) -> None:
    """Kernels without complaints, and results."""
    assert not [complaint for each in found for complaint in inspection.complaints(each)]
    module = webtensorc_runtime.load(bundle, device="vulkan")
    for number, (ours, theirs) in enumerate(zip(module(*given()), jax.jit(function)(*given()), strict=True)):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4, err_msg=str(number))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("disabled", "function", "trips"),
    [
        ("split-reductions", lambda x, *_: x.sum(), 50257),
        ("split-products", lambda x, *_: x @ x, 50257),
        ("split-scans", lambda x, *_: jnp.cumsum(x), 50257),
        ("divide-scatters", lambda x, y, z, i: x.at[i[0]].add(y[:701]), 701),
    ],
)
def test_without_the_pass_one_invocation_does_it_all(disabled: str, function: Function, trips: int) -> None:
    _, found = compiled(function, disabled_passes=[disabled])
    assert (1, trips) in [(kernels.Kernel.read(each).invocations, loops.iterations(each)) for each in found]
