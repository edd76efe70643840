"""Arrays that stay on a device, are read where they lie, and go in and out by DLPack; calls in the background."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
import pytest
import webtensorc_runtime
from webtensorc_runtime import DeviceArray, Module, UsageError, accelerators, engine
from webtensorc_runtime.tensors import ALIGNMENT

import webtensorc
from webtensorc.artifact import Bundle

Compile = Callable[..., Bundle]
DOUBLE = "%r = stablehlo.add %a, %a : tensor<64x3xf32>\nreturn %r : tensor<64x3xf32>"
GRAPH = f"func.func @main(%a: tensor<64x3xf32>) -> tensor<64x3xf32> {{\n{DOUBLE}\n}}"


def missing() -> str | None:
    try:
        accelerators.devices(engine.native(), "vulkan")
    except accelerators.UnavailableError as error:
        return f"no Vulkan device: {error}"
    return None


needs_vulkan = pytest.mark.skipif(bool(missing()), reason=missing() or "")


@pytest.fixture(params=[True, False], ids=["destinations", "results"])
def double(request: pytest.FixtureRequest, compiled: Compile) -> Module:
    return webtensorc_runtime.load(compiled(DOUBLE, "a:float32[64,3]", "r:float32[64,3]", destinations=request.param))


def some() -> np.ndarray:
    raw = np.zeros(64 * 3 * 4 + ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    array = raw[start : start + 64 * 3 * 4].view(np.float32).reshape(64, 3)
    array[...] = np.arange(192).reshape(64, 3)
    return array


def test_an_aligned_array_becomes_a_device_array_without_a_copy(double: Module) -> None:
    array = some()
    (sent,) = double.to_device(array)
    assert sent.to_host().ctypes.data == array.ctypes.data
    assert (sent.device, sent.shape, sent.dtype) == ("cpu", (64, 3), np.float32)
    (shifted,) = double.to_device(np.ascontiguousarray(np.ones((3, 64), np.float32)).T)
    np.testing.assert_array_equal(shifted, np.ones((64, 3)))


def test_results_go_into_the_next_call_and_out_without_a_copy(double: Module) -> None:
    (once,) = double.on_device(some())
    (twice,) = double.on_device(once)
    np.testing.assert_array_equal(double(twice)[0], 8 * some())
    for package in (np.from_dlpack, jax.numpy.from_dlpack):
        taken = package(twice)
        where = taken.ctypes.data if isinstance(taken, np.ndarray) else taken.unsafe_buffer_pointer()
        assert where == twice.to_host().ctypes.data
        np.testing.assert_array_equal(taken, 4 * some())
    assert np.asarray(twice).ctypes.data == twice.to_host().ctypes.data
    assert np.array(twice).ctypes.data != twice.to_host().ctypes.data


def test_a_jax_array_comes_in_and_outlives_its_owner(double: Module) -> None:
    given = jax.numpy.asarray(some())
    (sent,) = double.to_device(given)
    if given.unsafe_buffer_pointer() % ALIGNMENT == 0:
        assert sent.to_host().ctypes.data == given.unsafe_buffer_pointer()
    (result,) = double.on_device(sent)
    taken = jax.numpy.from_dlpack(result)
    del given, sent, result, double
    gc.collect()
    np.testing.assert_array_equal(taken, 2 * some())


def test_an_input_that_the_module_overwrites_is_never_the_callers(compiled: Compile) -> None:
    bundle = compiled(DOUBLE, "a:float32[64,3]", "r:float32[64,3]")
    bundle.artifacts[0].report["overwritten"] = [0]
    try:
        module = webtensorc_runtime.load(bundle)
    finally:
        del bundle.artifacts[0].report["overwritten"]
    array = some()
    (sent,) = module.to_device(array)
    assert sent.to_host().ctypes.data != array.ctypes.data
    (result,) = module.on_device(sent)
    np.testing.assert_array_equal(result, 2 * some())
    np.testing.assert_array_equal(sent, some())


def test_arrays_of_other_modules_and_pools(compiled: Compile) -> None:
    bundle = compiled(DOUBLE, "a:float32[64,3]", "r:float32[64,3]")
    one, other = webtensorc_runtime.load(bundle), webtensorc_runtime.load(bundle, device="local-task", threads=2)
    np.testing.assert_array_equal(other.on_device(*one.on_device(some()))[0], 4 * some())


def test_what_does_not_fit_is_refused(double: Module) -> None:
    for call in (double.to_device, double.on_device):
        with pytest.raises(UsageError, match="takes 1 inputs, got 2"):
            call(some(), some())
        with pytest.raises(UsageError, match="expected a: float32"):
            call(np.ones((3, 64), np.float32))


def test_results_whose_size_only_the_model_knows_stay_on_the_device(tmp_path: Path) -> None:
    path = tmp_path / "open.mlir"
    path.write_text(GRAPH.replace("64x3", "?x3"))
    module = webtensorc_runtime.load(webtensorc.compile(path, cache=False))
    assert module.outputs[0].shape == ("_", 3)
    (once,) = module.on_device(some())
    np.testing.assert_array_equal(module.on_device(once)[0], 4 * some())


@pytest.mark.slow
@needs_vulkan
def test_arrays_that_stay_on_a_vulkan_device(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("m") / "double.mlir"
    path.write_text(GRAPH)
    bundle = webtensorc.compile(path, targets=["spirv", "host"], cache=False)
    module = webtensorc_runtime.load(bundle, device="vulkan://0")
    (once,) = module.on_device(some())
    assert (once.device, module.device) == ("vulkan://0", "vulkan://0")
    (twice,) = module.on_device(once)
    np.testing.assert_array_equal(twice, 4 * some())
    np.testing.assert_array_equal(jax.numpy.from_dlpack(twice), 4 * some())
    with pytest.raises(BufferError, match="without a copy"):
        twice.__dlpack__(copy=False)
    np.testing.assert_array_equal(webtensorc_runtime.load(bundle)(twice)[0], 8 * some())
    (sent,) = module.to_device(jax.numpy.asarray(some()))
    np.testing.assert_array_equal(module(sent)[0], 2 * some())
    assert webtensorc_runtime.load(bundle, device="fastest").device in ("cpu", "vulkan://0")


def test_submitted_calls_run_in_order_and_in_the_background(double: Module) -> None:
    futures = [double.submit(np.full((64, 3), n, np.float32)) for n in range(20)]
    for n, future in enumerate(futures):
        np.testing.assert_array_equal(future.result(60)[0], np.full((64, 3), 2 * n))
    names = [thread.name for thread in threading.enumerate()]
    assert sum(name.startswith("webtensorc") for name in names) >= 1
    with pytest.raises(UsageError, match="expected a: float32"):
        double.submit(np.ones(3, np.float32)).result(60)


def test_a_device_array_says_what_it_is(double: Module) -> None:
    assert isinstance(double.on_device(some())[0], DeviceArray)
    assert repr(double.on_device(some())[0]) == "<DeviceArray float32[64, 3] on cpu>"
