"""The aarch64 levels: names, selection on such a machine, code that keeps to its level, and models under emulation."""

from __future__ import annotations

import re
from pathlib import Path

import emulated
import pytest
import target_models
from webtensorc_runtime import IncompatibleMachineError, cpu
from webtensorc_runtime.manifest import Variant
from webtensorc_runtime.select import Machine, select
from webtensorc_targets.aarch64 import Aarch64Target

import webtensorc
from webtensorc.compare import compare
from webtensorc.errors import UsageError
from webtensorc.registry import make_target

LEVELS = ["aarch64", "aarch64-v8.2"]
V8_2 = "fp asimd asimddp asimdhp atomics asimdrdm"


def on_arm(monkeypatch: pytest.MonkeyPatch, flags: str) -> None:
    """Let the loader's detection see an aarch64 machine whose /proc/cpuinfo says `flags`."""
    found = cpu.parse_cpuinfo(f"Features : {flags}\n", "aarch64")
    monkeypatch.setattr(cpu, "architecture", lambda: "aarch64")
    monkeypatch.setattr(cpu, "detected", lambda: found)


@pytest.mark.parametrize("name", [*LEVELS, "aarch64-v8.2{extra=[bf16,i8mm]}"])
def test_labels_give_the_target_again(name: str) -> None:
    target = make_target(name)
    assert target.label == name
    assert make_target(target.label) == target


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("aarch64-v8.1", "aarch64-v8.2"),
        ("aarch46", "aarch64"),
        ("aarch64{extra=i8mm}", "targets` lists those of all levels"),
        ("aarch64-v8.2{extra=i8m}", "i8mm"),
        ("aarch64{levle=v8.2}", "level"),
    ],
)
def test_what_does_not_exist_is_refused_with_a_hint(text: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        make_target(text)
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("flags", "mask", "label"),
    [
        ("fp asimd", "", "aarch64"),
        (V8_2, "", "aarch64-v8.2"),
        (V8_2, "dotprod", "aarch64"),
        (f"{V8_2} i8mm bf16 sve2", "", "aarch64-v8.2{extra=[bf16,i8mm]}"),
        (f"{V8_2} i8mm bf16", "bf16,fullfp16", "aarch64"),
    ],
)
def test_host_on_an_arm_machine(monkeypatch: pytest.MonkeyPatch, flags: str, mask: str, label: str) -> None:
    on_arm(monkeypatch, flags)
    monkeypatch.setenv(cpu.MASK, mask)
    host = make_target("host")
    assert isinstance(host, Aarch64Target) and host.label == label
    assert host.features() <= cpu.features()


def variants(*labels: str) -> list[Variant]:
    targets = {label: make_target(label) for label in labels}
    return [
        Variant(label, t.device(), t.architecture(), tuple(sorted(t.features())), "m", "inline", (), "")
        for label, t in targets.items()
    ]


def test_the_loader_on_an_arm_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    choices = variants("x86-64-v3", "x86-64-v4", *LEVELS)
    on_arm(monkeypatch, V8_2)
    best = select(choices, Machine(cpu.architecture(), cpu.features()), "m.wtb")
    assert best.variant.label == "aarch64-v8.2"
    monkeypatch.setenv(cpu.MASK, "dotprod")
    lower = select(choices, Machine(cpu.architecture(), cpu.features()), "m.wtb")
    assert lower.variant.label == "aarch64"
    assert lower.rejected == (
        ("x86-64-v3", "is for x86_64, not aarch64"),
        ("x86-64-v4", "is for x86_64, not aarch64"),
        ("aarch64-v8.2", "needs dotprod which this CPU lacks"),
    )
    with pytest.raises(IncompatibleMachineError):
        select(variants("x86-64", "aarch64-v8.2"), Machine(cpu.architecture(), cpu.features()), "m.wtb")


HALVES = """
func.func public @main(%x: tensor<64x64xf32>, %w: tensor<64x64xf32>, %h: tensor<256xf16>)
    -> (tensor<64x64xf32>, tensor<256xf16>) {
  %0 = stablehlo.dot_general %x, %w, contracting_dims = [1] x [0]
    : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
  %1 = stablehlo.multiply %h, %h : tensor<256xf16>
  return %0, %1 : tensor<64x64xf32>, tensor<256xf16>
}
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", LEVELS)
def test_code_keeps_to_its_level(name: str, tmp_path: Path) -> None:
    """Fused multiply-adds on four lanes everywhere; arithmetic on float16 vectors only where there is such."""
    from iree.compiler import compile_str

    flags = [*make_target(name).flags(3), f"--iree-hal-dump-executable-intermediates-to={tmp_path}"]
    compile_str(HALVES, input_type="stablehlo", extra_args=flags)
    text = "".join(path.read_text() for path in tmp_path.glob("*.s"))
    assert re.search(r"\bfmla\s+v\d+\.4s", text)
    assert bool(re.search(r"\bfmul\s+v\d+\.[48]h", text)) == (name == "aarch64-v8.2")


@pytest.mark.slow
@pytest.mark.skipif(bool(emulated.missing()), reason=emulated.missing() or "")
@pytest.mark.parametrize(("model", "labels"), [("magika", LEVELS), ("silero", LEVELS), ("squeezenet", LEVELS[:1])])
def test_emulated_models_agree_with_onnxruntime(model: str, labels: list[str], tmp_path: Path) -> None:
    path, shapes = target_models.MODELS[model](tmp_path)
    bundle = webtensorc.compile(path, targets=labels, input_shapes=shapes, cache=False)
    feed = target_models.inputs(bundle)
    wanted = target_models.reference(path, feed)
    for label in labels:
        for error in compare(emulated.run(bundle, label, feed, tmp_path), wanted, rtol=1e-4, atol=1e-6):
            assert error.passed, f"{label}: {error.name}: {error.reason}"


def test_features_that_a_level_may_have_are_listed() -> None:
    with pytest.raises(UsageError) as caught:
        make_target("aarch64-v8.2{extra=i8m}")
    assert caught.value.notes == ("there are: bf16, fp16fml, i8mm",)
