"""The x86-64 levels and `host`: names, options, and code that keeps to its level."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from webtensorc_runtime import cpu
from webtensorc_targets.x86_64 import X86Target

from webtensorc.errors import UsageError
from webtensorc.registry import make_target

LEVELS = ["x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4"]
GRAPH = """
func.func public @main(%x: tensor<24x64xf32>, %w: tensor<64x48xf32>, %v: tensor<48xf32>) -> tensor<48xf32> {
  %0 = stablehlo.dot_general %x, %w, contracting_dims = [1] x [0]
    : (tensor<24x64xf32>, tensor<64x48xf32>) -> tensor<24x48xf32>
  %1 = stablehlo.exponential %0 : tensor<24x48xf32>
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %2 = stablehlo.reduce(%1 init: %zero) applies stablehlo.add across dimensions = [0]
    : (tensor<24x48xf32>, tensor<f32>) -> tensor<48xf32>
  %3 = stablehlo.add %2, %v : tensor<48xf32>
  return %3 : tensor<48xf32>
}
"""


def test_levels_contain_each_other() -> None:
    features = [make_target(name).features() for name in LEVELS]
    assert all(low < high for low, high in itertools.pairwise(features))


@pytest.mark.parametrize("name", [*LEVELS, "x86-64-v4{extra=[avx512bf16,avx512vnni]}", "x86-64-v3{extra=avxvnni}"])
def test_labels_give_the_target_again(name: str) -> None:
    target = make_target(name)
    assert make_target(target.label) == target
    assert make_target(target.label).label == target.label


def test_extra_features_are_a_set() -> None:
    one, other = (
        make_target("x86-64-v4{extra=[avx512vnni,avx512bf16]}"),
        make_target("x86-64-v4{extra=[avx512bf16,avx512vnni,avx512vnni]}"),
    )
    assert one == other and one.flags(3) == other.flags(3)


@pytest.mark.parametrize("text", ["x86-64-v5", "x86-64{extra=avx512vnni}", "x86-64-v4{extra=sse9}", "x86-64{level=v9}"])
def test_what_does_not_exist_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        make_target(text)
    assert caught.value.hint


def test_host_runs_here_and_is_pure_data() -> None:
    host = make_target("host")
    assert host.features() <= cpu.features()
    assert make_target(host.label) == host
    assert not any("host" in flag.rpartition("=")[2] for flag in host.flags(3))


def test_host_of_a_masked_machine_is_lower(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cpu.MASK, "avx,avx2,avx512f,fma,avxvnni")
    assert isinstance(host := make_target("host"), X86Target)
    assert host.level in ("v1", "v2") and host.extra == ()


@given(st.sets(st.sampled_from(sorted(make_target("x86-64-v4").features() | {"avx512vnni", "avxvnni", "aes"}))))
def test_the_best_target_for_features_needs_none_beyond_them(features: set[str]) -> None:
    always = make_target("x86-64").features()
    assert X86Target.best_for(frozenset(features) | always).features() <= features | always


ARGUMENTS = tuple(np.random.default_rng(0).standard_normal(s).astype("float32") for s in ((24, 64), (64, 48), (48,)))


def build(name: str, folder: Path) -> Path:
    """Compile `GRAPH` and return the ELF of its kernels."""
    from iree.compiler import compile_str

    compile_str(
        GRAPH,
        input_type="stablehlo",
        output_file=str(folder / "module.vmfb"),
        extra_args=[*make_target(name).flags(3), f"--iree-hal-dump-executable-binaries-to={folder}"],
    )
    return next(folder.glob("*.so"))


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("objdump") is None, reason="needs objdump")
@pytest.mark.parametrize("name", LEVELS)
def test_code_keeps_to_its_level(name: str, tmp_path: Path) -> None:
    """Registers and encodings tell: zmm and opmasks only in v4, ymm and VEX only from v3, SSE4 only from v2."""
    listing = subprocess.run(
        ["objdump", "-d", "--no-show-raw-insn", str(build(name, tmp_path))], check=True, capture_output=True, text=True
    ).stdout
    operations = set(re.findall(r"^\s*[0-9a-f]+:\s+(\S+)", listing, re.MULTILINE))
    assert len(operations) > 20
    level = LEVELS.index(name) + 1
    assert bool(re.search(r"%zmm|%k[1-7]|%[xy]mm(1[6-9]|2\d|3[01])", listing)) == (level == 4)
    assert ("%ymm" in listing) <= (level >= 3)
    assert any(op.startswith("vfmadd") for op in operations) == (level >= 3)
    if level <= 2:
        assert not any(op.startswith("v") and op not in ("verr", "verw") for op in operations)
    if level == 1:
        newer = r"p(insr|extr|min[su]d|max[su]d|mulld|blend|mov[sz]x).*|blendv?p.|round.*|dpp.|insertps|popcnt"
        assert not [op for op in operations if re.fullmatch(newer, op) and op not in ("pinsrw", "pextrw")]


@pytest.mark.slow
@pytest.mark.parametrize("name", LEVELS)
def test_code_computes_the_same_on_every_level(name: str, tmp_path: Path) -> None:
    if not make_target(name).features() <= cpu.features():
        pytest.skip("this machine is too old")
    import iree.runtime as rt

    build(name, tmp_path)
    config = rt.Config("local-sync")
    module = rt.load_vm_module(rt.VmModule.mmap(config.vm_instance, str(tmp_path / "module.vmfb")), config)
    x, w, v = (argument.astype("float64") for argument in ARGUMENTS)
    expected = np.exp(x @ w).sum(0) + v
    np.testing.assert_allclose(module.main(*ARGUMENTS).to_host(), expected, rtol=1e-4)


def test_cores_with_two_wide_units_are_told_by_what_they_alone_have() -> None:
    """What `plan` predicts rests on it: AVX-512 alone may be one unit; with AVX-VNNI or float16 there are two."""
    extras = {
        "": 1,
        "{extra=[avx512vnni]}": 1,
        "{extra=[avxvnni]}": 2,
        "{extra=[avx512fp16]}": 2,
        "{extra=[amx-tile]}": 2,
    }
    for extra, units in extras.items():
        assert make_target(f"x86-64-v4{extra}").speeds.vector_units == units
