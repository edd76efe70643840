"""`run --list-devices`, `--device` and `--fallback`."""

from __future__ import annotations

from pathlib import Path

import pytest
import webtensorc_runtime
from webtensorc_runtime import IncompatibleMachineError, accelerators
from webtensorc_runtime.accelerators import Found, UnavailableError


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """One Vulkan device, and no CUDA."""

    def devices(runtime: object, kind: str) -> list[Found]:
        if kind == "cuda":
            raise UnavailableError("libcuda.so is not there")
        return [Found(frozenset({"vulkan1.1"}), 2 << 30, True, "vulkan://0", "GPU-1", "Soft GPU")]

    monkeypatch.setattr(accelerators, "devices", devices)


@pytest.mark.usefixtures("gpus")
def test_devices_are_listed_with_reasons(cli) -> None:
    outcome = cli("run", "--list-devices", "--format", "json")
    rows = {row["device"]: row for row in outcome.data["devices"]}
    assert list(rows) == ["cpu", "local-sync", "local-task", "cuda", "vulkan://0"]
    assert not rows["cuda"]["available"] and rows["cuda"]["what"] == "libcuda.so is not there"
    assert rows["vulkan://0"] == {
        "device": "vulkan://0",
        "available": True,
        "what": "Soft GPU, which computes on the processor",
        "memory_bytes": 2 << 30,
        "features": ["vulkan1.1"],
    }
    text = cli("run", "--list-devices").out
    assert "libcuda.so is not there" in text and "2.0 GiB" in text


@pytest.mark.usefixtures("gpus")
def test_falling_back_is_said_and_only_done_where_allowed(cli, bundle: Path) -> None:
    for options, said in (
        (("--device", "cuda"), "device `cuda` is not available: libcuda.so is not there"),
        (("--device", "vulkan://0"), "is for device cpu, not vulkan"),
    ):
        refused = cli("run", bundle, *options, "--no-fallback")
        assert refused.code == 6 and said in refused.err
        assert cli("run", bundle, *options).code == 6
        taken = cli("run", bundle, *options, "--fallback", "--format", "json")
        assert taken.code == 0
        assert taken.data["device"] == "cpu" and said in taken.data["fallback"]
        assert f"running on the processor instead of `{options[1]}`" in taken.err and said in taken.err
    assert cli("run", bundle, "--device", "auto", "--format", "json").data["device"] == "cpu"


def test_sizes_too_large_for_the_device_run_on_the_processor(
    cli, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = webtensorc_runtime.load

    def on_a_small_gpu(source: object, *, device: str, **options: object) -> object:
        module = load(source)
        if device == "vulkan":
            module.device = device
            module.run = refuse
        return module

    def refuse(inputs: object) -> None:
        raise IncompatibleMachineError("device `vulkan` has too little memory", doing="running the model")

    monkeypatch.setattr(webtensorc_runtime, "load", on_a_small_gpu)
    refused = cli("run", bundle, "--device", "vulkan")
    assert refused.code == 6 and "too little memory" in refused.err
    taken = cli("run", bundle, "--device", "vulkan", "--fallback", "--format", "json")
    assert taken.code == 0 and taken.data["device"] == "cpu"
    assert "running on the processor instead of `vulkan`: device `vulkan` has too little memory" in taken.err
