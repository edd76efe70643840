"""Networks whose kernels are joined, against the same ones with a dispatch for each kernel: equal to the last bit."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import webtensorc_runtime
from click.testing import CliRunner
from jax import lax

import webtensorc
from webtensorc.artifact import Bundle
from webtensorc.cli.app import group

Array = Any
DEPTH, WIDTH = 24, 160


def deep(x: Array, *weights: Array) -> Array:
    """More weights than one kernel has bindings, steps that depend on each other, and some that do not."""
    for i in range(0, DEPTH, 3):
        left, right = jnp.tanh(x @ weights[i]), jax.nn.softmax(x @ weights[i + 1], axis=1)
        x = (left + right)[:, ::-1] @ weights[i + 2] + x[::-1]
    return x.sum(axis=0), x.T


@pytest.fixture(scope="module")
def arrays() -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    x, *weights = (rng.standard_normal((WIDTH, WIDTH)).astype(np.float32) for _ in range(DEPTH + 1))
    return [x, *(each / WIDTH**0.5 for each in weights)]


@pytest.fixture(scope="module")
def model(arrays: list[np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("deep") / "model.mlir"
    path.write_text(jax.jit(lambda x: deep(x, *arrays[1:])).lower(arrays[0]).as_text())
    return path


@pytest.fixture(scope="module")
def joined(model: Path) -> Bundle:
    return webtensorc.compile(model)


@pytest.fixture(scope="module")
def expected(model: Path, arrays: list[np.ndarray]) -> list[np.ndarray]:
    apart = webtensorc.compile(model, disabled_passes=("join-dispatches",))
    found = list(webtensorc_runtime.load(apart, threads=2)(arrays[0]))
    for ours, theirs in zip(found, deep(*arrays), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3)
    return found


@pytest.mark.parametrize("threads", [1, 2, 3, 20])
def test_any_number_of_threads(
    joined: Bundle, expected: list[np.ndarray], arrays: list[np.ndarray], threads: int
) -> None:
    """With twenty on few processors, members wait for others that do not run, and leave."""
    module = webtensorc_runtime.load(joined, threads=threads)
    for _ in range(30):
        for ours, theirs in zip(module(arrays[0]), expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_calls_side_by_side(joined: Bundle, expected: list[np.ndarray], arrays: list[np.ndarray]) -> None:
    """Each call counts in its own memory."""
    module = webtensorc_runtime.load(joined, threads=2)
    wrong: list[int] = []

    def call(number: int) -> None:
        for _ in range(10):
            if not all(np.array_equal(*pair) for pair in zip(module(arrays[0]), expected, strict=True)):
                wrong.append(number)

    callers = [threading.Thread(target=call, args=(number,)) for number in range(6)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert wrong == []


def test_dispatches_are_few(model: Path) -> None:
    """A kernel has 32 bindings, so that 24 weights and the rest need two; numbers are set to zero once."""
    found = {}
    for name, options in {"joined": (), "apart": ("--disable-pass", "join-dispatches")}.items():
        result = CliRunner().invoke(group, ["compile", str(model), "--stop-after", "executable-targets", *options])
        assert result.exit_code == 0, result.output
        text = result.stdout.partition("util.func public @main")[2]
        found[name] = text.count("stream.cmd.dispatch"), text.count("stream.cmd.fill")
    assert found["apart"][0] > 25
    assert found["joined"][0] <= 3
    assert (found["joined"][1], found["apart"][1]) == (1, 0)


def carried(x: Array) -> Array:
    """Rows of odd sizes, of which a loop leaves each in a stack: steps of a kernel, a copy and once a fill."""
    first = lax.scan(lambda row, each: ((row ^ each) + 1,) * 2, jnp.full(x.shape[1], 3, x.dtype), x)
    second = lax.scan(lambda row, each: (row - each,) * 2, jnp.zeros(x.shape[1], x.dtype), first[1])
    return (*first, *second)


@pytest.mark.parametrize("width", [1, 7, 16387])
@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32])
def test_copies_and_fills_between_kernels(dtype: type, width: int, tmp_path: Path) -> None:
    x = np.random.default_rng(3).integers(-99, 99, (5, width)).astype(dtype)
    path = tmp_path / "carried.mlir"
    path.write_text(jax.jit(carried).lower(x).as_text())
    module = webtensorc_runtime.load(webtensorc.compile(path, passes=("unroll-loops{rounds=8}",)), threads=2)
    for ours, theirs in zip(module(x), carried(x), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_arena_may_be_as_large_as_a_tensor(tmp_path: Path) -> None:
    """Only what is said of the arena's size changes when it grows."""
    program = jax.jit(lambda x: jnp.cumsum(jnp.cumsum(x, axis=0) * 2.0, axis=1) @ x)
    x = np.random.default_rng(4).standard_normal((64, 64)).astype(np.float32)
    path = tmp_path / "equal.mlir"
    path.write_text(program.lower(x).as_text())
    module = webtensorc_runtime.load(webtensorc.compile(path), threads=2)
    np.testing.assert_allclose(module(x)[0], program(x), rtol=1e-4, atol=1e-3)


def test_sizes_that_are_not_known_stay_as_they_are(tmp_path: Path) -> None:
    (size,) = jax.export.symbolic_shape("rows")
    program = jax.jit(lambda x: jax.nn.softmax(jnp.sort(x, axis=0) @ x.T, axis=1).sum(axis=0))
    path = tmp_path / "open.mlir"
    path.write_text(jax.export.export(program)(jax.ShapeDtypeStruct((size, 96), np.float32)).mlir_module())
    x = np.random.default_rng(2).standard_normal((130, 96)).astype(np.float32)
    module = webtensorc_runtime.load(webtensorc.compile(path), threads=2)
    np.testing.assert_allclose(module(x)[0], program(x), rtol=1e-4, atol=1e-4)
