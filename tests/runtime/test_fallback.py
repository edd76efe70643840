"""Which device runs a bundle: preferred or measured, and what if it lacks a driver, memory or a feature."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import webtensorc_runtime
from webtensorc_runtime import (
    DiagnosticError,
    FallbackWarning,
    IncompatibleMachineError,
    UsageError,
    accelerators,
    choice,
    engine,
    vulkan,
)
from webtensorc_runtime import device as devices
from webtensorc_runtime.accelerators import Found, UnavailableError
from webtensorc_runtime.select import Machine, memory_needed, why_not

from webtensorc.artifact import Artifact, Bundle

NEEDS = ("StorageBuffer8BitAccess", "vulkan1.1")
ABLE = frozenset({*NEEDS, "vulkan1.0", "Int8"})
SCHEDULE = {"resources": [{"size": 3 << 30}, {"size": 1 << 30}, {"size": None}]}


@pytest.fixture
def both(compiled: Callable[..., Bundle]) -> Bundle:
    """A bundle with a variant for the processor and one for Vulkan whose code is rubbish: running it would fail."""
    bundle = compiled("return %a : tensor<4xf32>", "a:float32[4]", "r:float32[4]")
    gpu = Artifact("gpu", "vulkan", NEEDS, b"rubbish " * 20, "", (), "task", {"schedule": SCHEDULE})
    return replace(bundle, artifacts=(*bundle.artifacts, gpu))


def machine(monkeypatch: pytest.MonkeyPatch, *found: Found, reason: str = "") -> None:
    """Let the loader find these Vulkan devices, or none for a reason, and nothing for CUDA."""

    def devices(runtime: object, kind: str) -> list[Found]:
        if kind != "vulkan" or not found:
            raise UnavailableError(reason or "no such library")
        return list(found)

    monkeypatch.setattr(accelerators, "devices", devices)


CASES = [
    ((), "the library libvulkan.so.1 is not there", "the library libvulkan.so.1 is not there"),
    ((Found(ABLE - {"vulkan1.1"}, 0, uri="vulkan://0"),), "", "needs vulkan1.1 which this GPU lacks"),
    ((Found(ABLE - {NEEDS[0]}, 0, uri="vulkan://0"),), "", "needs StorageBuffer8BitAccess which this GPU lacks"),
    ((Found(ABLE, 2 << 30, uri="vulkan://0"),), "", "needs 4.00 GiB of device memory, of which this GPU has 2.00 GiB"),
]
IDS = ["driver", "version", "feature", "memory"]


@pytest.mark.parametrize(("found", "reason", "said"), CASES, ids=IDS)
def test_what_a_device_lacks_is_an_error_and_not_looked_at(
    both: Bundle, monkeypatch: pytest.MonkeyPatch, found: tuple[Found, ...], reason: str, said: str
) -> None:
    machine(monkeypatch, *found, reason=reason)
    with pytest.raises(IncompatibleMachineError) as caught:
        webtensorc_runtime.load(both, device="vulkan")
    assert caught.value.exit_code == 6
    assert said in str(caught.value)


@pytest.mark.parametrize(("found", "reason", "said"), CASES, ids=IDS)
def test_falling_back_where_that_is_allowed(
    both: Bundle, monkeypatch: pytest.MonkeyPatch, found: tuple[Found, ...], reason: str, said: str
) -> None:
    machine(monkeypatch, *found, reason=reason)
    with pytest.warns(FallbackWarning, match="on the processor instead of `vulkan`"):
        module = webtensorc_runtime.load(both, device="vulkan", fallback=True)
    assert (module.device, module.variant) == ("cpu", "generic")
    assert said in module.fallback
    np.testing.assert_array_equal(module(np.ones(4, np.float32))[0], np.ones(4))


def test_a_driver_that_refuses_the_device(both: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, Found(ABLE, 0, uri="vulkan://0"))
    monkeypatch.setattr(devices, "_devices", {})  # another test may have opened it

    def create(runtime: object, device: str) -> None:
        raise UnavailableError("timelineSemaphore is required")

    monkeypatch.setattr(accelerators, "create", create)
    with pytest.raises(IncompatibleMachineError, match="not available: timelineSemaphore is required"):
        webtensorc_runtime.load(both, device="vulkan")
    with pytest.warns(FallbackWarning, match="timelineSemaphore"):
        assert webtensorc_runtime.load(both, device="vulkan", fallback=True).device == "cpu"


def test_nothing_to_fall_back_to(both: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, reason="no library")
    with pytest.raises(IncompatibleMachineError, match="no device of this machine") as caught:
        webtensorc_runtime.load(replace(both, artifacts=both.artifacts[1:]), device="vulkan", fallback=True)
    assert any("no library" in note for note in caught.value.notes)
    assert any("gpu is for device vulkan, not cpu" in note for note in caught.value.notes)


def test_preference_goes_by_what_can_run_it(both: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """GPUs before the processor, unless they only emulate one; one that lacks something is passed over."""
    software, small = Found(ABLE, 0, True, uri="vulkan://0"), Found(ABLE, 1 << 30, uri="vulkan://1")
    machine(monkeypatch, software, small, Found(ABLE, 0, uri="vulkan://2"))
    variants = both.manifest.variants
    assert choice.candidates("auto", variants, False) == ("vulkan://1", "vulkan://2", "cpu")
    assert choice.candidates("fastest", variants, False) == ("vulkan://0", "vulkan://1", "vulkan://2", "cpu")
    assert choice.candidates("auto", variants[:1], False) == ("cpu",)
    assert choice.candidates(None, variants, True) == (None,)
    assert choice.candidates("local-sync", variants, True) == ("local-sync",)
    machine(monkeypatch, software, small)
    module = webtensorc_runtime.load(both, device="auto")
    assert (module.device, module.fallback) == ("cpu", "")


def test_what_is_passed_over_is_among_the_reasons(both: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that is listed and not tried leaves one wondering."""
    only = replace(both, artifacts=both.artifacts[1:])
    for device, found, reason, said in (
        ("auto", (Found(ABLE, 0, True, uri="vulkan://0"),), "", "`vulkan://0` computes on the processor"),
        ("auto", (), "no library", "device `vulkan` is not available: no library"),
        ("fastest", (), "no library", "device `vulkan` is not available: no library"),
    ):
        machine(monkeypatch, *found, reason=reason)
        with pytest.raises(IncompatibleMachineError) as caught:
            webtensorc_runtime.load(only, device=device)
        assert any(said in note for note in caught.value.notes), caught.value.notes


def test_the_remedy_is_one(both: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """Falling back is advised only where there is something to fall back to."""
    machine(monkeypatch, Found(frozenset(), 0, uri="vulkan://0"))
    with pytest.raises(IncompatibleMachineError) as caught:
        webtensorc_runtime.load(both, device="vulkan")
    assert "falling back" in str(caught.value.hint)
    with pytest.raises(IncompatibleMachineError) as caught:
        webtensorc_runtime.load(replace(both, artifacts=both.artifacts[1:]), device="vulkan")
    assert "without options" in str(caught.value.hint)


def test_the_fastest_is_measured(compiled: Callable[..., Bundle]) -> None:
    bundle = compiled("return %a : tensor<4xf32>", "a:float32[4]", "r:float32[4]")
    modules = [webtensorc_runtime.load(bundle) for _ in range(3)]
    times = iter([0, 5, 0, 4, 0, 9, 0, 7, 0, 3, 0, 6, 0, 8, 0, 8, 0, 8])
    assert choice.fastest(modules, clock=lambda: float(next(times))) is modules[1]
    assert webtensorc_runtime.load(bundle, device="fastest").device == "cpu"


def test_open_dimensions_cannot_be_measured(compiled: Callable[..., Bundle]) -> None:
    module = webtensorc_runtime.load(compiled("return %a : tensor<4xf32>", "a:float32[4]", "r:float32[4]"))
    module.dims = ("batch",)  # type: ignore[assignment]
    with pytest.raises(UsageError, match="open dimensions"):
        choice.fastest([module, module])


def test_memory_is_compared_only_where_it_is_known(both: Bundle) -> None:
    gpu = both.manifest.variants[1]
    assert memory_needed(gpu) == 4 << 30
    assert memory_needed(both.manifest.variants[0]) == 0
    assert why_not(gpu, Machine("x86_64", ABLE, "vulkan")) is None
    assert why_not(gpu, Machine("x86_64", ABLE, "vulkan", 4 << 30)) is None


DESCRIPTION = """name: Some GPU
api: 1.2.230
type: {kind}
driver: {driver}
features: storageBuffer8BitAccess=yes shaderInt8=yes shaderFloat16=no subgroupSizeControl=yes cooperativeMatrix=yes
subgroup: size=32 operations=0x00000005 quadOperationsInAllStages=no \
minSubgroupSize=32 maxSubgroupSize=64 requiredSubgroupSizeStages={stages}
memory_heaps: 2
  [0] size=17179869184 flags=0x00000000
  [1] size=8589934592 flags=0x00000001
"""


def test_reading_what_a_vulkan_driver_says() -> None:
    found = accelerators.vulkan_abilities(0, DESCRIPTION.format(kind="discrete", driver="Some", stages="0x00000030"))
    able = {"StorageBuffer8BitAccess", "Int8", "CooperativeMatrixKHR", "GroupNonUniform", "GroupNonUniformArithmetic"}
    able |= {"LongLoops", "subgroup32", "subgroup64"}
    assert found.features == able | {"vulkan1.0", "vulkan1.1", "vulkan1.2"}
    assert (found.memory_bytes, found.is_software) == (8 << 30, False)
    other = accelerators.vulkan_abilities(0, DESCRIPTION.format(kind="cpu", driver="llvmpipe", stages="0x00000010"))
    assert other.is_software
    assert "LongLoops" not in other.features
    assert "subgroup32" not in other.features  # other stages may demand a size, compute kernels may not
    assert accelerators.vulkan_abilities(0, "").features == {"vulkan1.0"}


def test_products_of_matrices_that_a_device_knows() -> None:
    """Those of subgroups whose factors are of one type, and whose sum goes on in its type."""
    rows = [(16, 8, 16, 0, 0, 1, 1, 0, 3), (16, 8, 16, 0, 0, 0, 0, 0, 3), (8, 8, 32, 3, 3, 5, 5, 0, 3)]
    rows += [(32, 32, 16, 0, 0, 1, 1, 0, 2), (16, 16, 16, 0, 1, 1, 1, 0, 3), (16, 16, 16, 99, 99, 1, 1, 0, 3)]

    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint32), ctypes.c_void_p)
    def query(device: object, count: Any, to: int | None) -> int:
        count[0] = len(rows)
        for number, row in enumerate(rows if to else ()):
            kind = vulkan._MatrixProperties
            kind.from_address(to + number * ctypes.sizeof(kind)).__init__(1000506001, None, *row)
        return 0

    class Function:
        def __call__(self, instance: object, name: bytes) -> int | None:
            return ctypes.cast(query, ctypes.c_void_p).value

    class Library:
        vkGetInstanceProcAddr = Function()

    found = vulkan._matrices(Library(), ctypes.c_void_p(), ctypes.c_void_p())
    expected = ("16x8x16xf16xf32", "16x8x16xf16xf16", "8x8x32xi8xi32")
    assert found == {f"CooperativeMatrix{each}" for each in expected}


_SENDING = "queue.c:1: DATA_LOSS; [vkSignalSemaphore] VK_ERROR_DEVICE_LOST"
_WAITING = "Error creating vm context with modules: DATA_LOSS; while invoking native function hal.fence.await"


@pytest.mark.parametrize(("losses", "message"), [(9, _SENDING), (9, _WAITING), (10, _SENDING)])
def test_a_device_that_is_lost_while_loading_is_opened_again(
    compiled: Callable[..., Bundle], monkeypatch: pytest.MonkeyPatch, losses: int, message: str
) -> None:
    runtime = engine.native()
    create, tried = runtime.VmContext, []

    def context(instance: object, modules: object) -> object:
        tried.append(modules)
        if len(tried) <= losses:
            raise RuntimeError(message)
        return create(instance, modules)

    monkeypatch.setattr(runtime, "VmContext", context)
    bundle = compiled("return %a : tensor<4xf32>", "a:float32[4]", "r:float32[4]")
    if losses == 10:
        with pytest.raises(DiagnosticError, match="VK_ERROR_DEVICE_LOST"):
            webtensorc_runtime.load(bundle)
    else:
        np.testing.assert_array_equal(webtensorc_runtime.load(bundle)(np.ones(4, np.float32))[0], np.ones(4))
    assert len(tried) == 10


def test_a_code_of_vulkan_is_explained() -> None:
    class Runtime:
        def create_hal_driver(self, kind: str) -> None:
            raise RuntimeError("instance.c:1: UNAVAILABLE; [vkCreateInstance] VK_ERROR_INCOMPATIBLE_DRIVER")

    with pytest.raises(UnavailableError, match=r"no driver for any device \(VK_ERROR_INCOMPATIBLE_DRIVER\)"):
        accelerators.devices(Runtime(), "vulkan")


class CudaDriver:
    """The part of CUDA's driver API that tells of one H100 under CUDA 12.8."""

    def cuInit(self, flags: int) -> int:
        return 0

    def cuDeviceGet(self, to: Any, number: int) -> int:
        return 0

    def cuDriverGetVersion(self, to: Any) -> int:
        to._obj.value = 12080
        return 0

    def cuDeviceGetAttribute(self, to: Any, which: int, device: object) -> int:
        to._obj.value = {75: 9, 76: 0}[which]
        return 0

    def cuDeviceTotalMem_v2(self, to: Any, device: object) -> int:
        to._obj.value = 80 << 30
        return 0


def test_what_a_cuda_driver_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accelerators.ctypes, "CDLL", lambda name: CudaDriver())
    found = accelerators.KINDS["cuda"](0, "")
    assert found.features >= {"sm_70", "sm_89", "sm_90", "sm_90a", "cuda11.6", "cuda12.0", "cuda12.8"}
    assert not found.features & {"sm_80a", "sm_100", "cuda12.9", "cuda13.0"}
    assert found.memory_bytes == 80 << 30


class Driver:
    def query_available_devices(self) -> list[dict[str, object]]:
        return [{"device_id": n, "path": f"GPU-{n}", "name": f"GPU {n}"} for n in (7, 8)]

    def dump_device_info(self, identifier: int) -> str:
        raise RuntimeError("UNIMPLEMENTED")


def test_devices_by_number_and_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accelerators, "_driver", lambda runtime, kind: Driver())
    names = {device: accelerators.find(None, device).name for device in ("vulkan", "vulkan://1", "vulkan://GPU-8")}
    assert names == {"vulkan": "GPU 7", "vulkan://1": "GPU 8", "vulkan://GPU-8": "GPU 8"}
    with pytest.raises(UnavailableError, match="finds 2 devices, counted from 0"):
        accelerators.find(None, "vulkan://2")


def test_specialising_where_nothing_fits(compiled: Callable[..., Bundle], monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = compiled("return %a : tensor<4xf32>", "a:float32[4]", "r:float32[4]")
    foreign = replace(bundle, artifacts=(replace(bundle.artifacts[0], architecture="pdp11"),))
    asked = []

    def for_device(source: object, device: str) -> Bundle:
        asked.append(device)
        return bundle

    monkeypatch.setattr("webtensorc.specialise.for_device", for_device)
    with pytest.raises(IncompatibleMachineError):
        webtensorc_runtime.load(foreign)
    assert webtensorc_runtime.load(foreign, specialise=True).variant == "generic"
    assert webtensorc_runtime.load(bundle, specialise=True).variant == "generic"
    assert asked == ["cpu"]


def test_specialising_needs_the_compiler(compiled: Callable[..., Bundle], monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = compiled("return %a : tensor<4xf32>", "a:float32[4]", "r:float32[4]")
    foreign = replace(bundle, artifacts=(replace(bundle.artifacts[0], architecture="pdp11"),))
    monkeypatch.setitem(sys.modules, "webtensorc.specialise", None)
    with pytest.raises(IncompatibleMachineError) as caught:
        webtensorc_runtime.load(foreign, specialise=True)
    assert caught.value.hint == "install webtensorc on this machine to have the bundle compiled here"
