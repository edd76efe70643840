"""Which variant is chosen, why the others are not, and that code the processor lacks is never even looked at."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import webtensorc_runtime
from hypothesis import given, settings
from hypothesis import strategies as st
from runtime_models import FLAGS
from webtensorc_runtime import IncompatibleMachineError, InvalidFileError, UsageError, cpu
from webtensorc_runtime.manifest import Variant
from webtensorc_runtime.select import Machine, select, why_not

from webtensorc.artifact import Artifact, Bundle

V2 = {"sse3", "ssse3", "sse4.1", "sse4.2", "popcnt", "cx16", "sahf"}
V3 = V2 | {"avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe", "xsave"}
V4 = V3 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}


def variant(label: str, features: set[str], architecture: str = "x86_64", device: str = "cpu") -> Variant:
    return Variant(label, device, architecture, tuple(sorted(features)), f"modules/{label}.vmfb", "inline", (), "")


LEVELS = [variant("v2", V2), variant("v3", V3), variant("v4", V4), variant("arm", {"neon"}, "aarch64")]


@pytest.mark.parametrize(("has", "chosen"), [(V2, "v2"), (V3, "v3"), (V4, "v4"), (V4 - {"avx512bw"}, "v3")])
def test_the_best_level_that_fits(has: set[str], chosen: str) -> None:
    selection = select(LEVELS, Machine("x86_64", frozenset(has)), "m.wtb")
    assert selection.variant.label == chosen
    assert [label for label, _ in selection.rejected] == [v.label for v in LEVELS if v.label != chosen]


def test_reasons() -> None:
    selection = select(LEVELS, Machine("x86_64", frozenset(V4 - {"avx512f", "avx512bw"})), "m.wtb")
    assert selection.rejected == (
        ("v2", "uses less of this machine than v3"),
        ("v4", "needs avx512bw, avx512f which this CPU lacks"),
        ("arm", "is for aarch64, not x86_64"),
    )
    assert (
        why_not(variant("gpu", set(), "", "vulkan"), Machine("x86_64", frozenset())) == "is for device vulkan, not cpu"
    )
    assert why_not(variant("any", set(), ""), Machine("riscv64", frozenset())) is None


def test_nothing_fits() -> None:
    with pytest.raises(IncompatibleMachineError) as caught:
        select(LEVELS, Machine("x86_64", frozenset()), "m.wtb")
    assert caught.value.exit_code == 6
    assert len(caught.value.notes) == 4
    assert any("v4 needs avx, avx2, avx512bw" in note for note in caught.value.notes)
    with pytest.raises(IncompatibleMachineError):
        select([], Machine("x86_64", frozenset()), "m.wtb")


def test_asking_for_a_variant() -> None:
    machine = Machine("x86_64", frozenset(V3))
    assert select(LEVELS, machine, "m.wtb", "v2").variant.label == "v2"
    assert ("v3", "was not asked for") in select(LEVELS, machine, "m.wtb", "v2").rejected
    with pytest.raises(IncompatibleMachineError, match="no variant"):
        select(LEVELS, machine, "m.wtb", "v4")
    with pytest.raises(UsageError, match="no variant `v9`") as caught:
        select(LEVELS, machine, "m.wtb", "v9")
    assert "v2, v3, v4" in (caught.value.hint or "")


subsets = st.frozensets(st.sampled_from(sorted(V4)))


@settings(deadline=None)
@given(st.lists(subsets, max_size=6), subsets)
def test_never_more_than_the_machine_has_and_never_less_than_possible(
    needs: list[frozenset[str]], has: frozenset
) -> None:
    variants = [variant(f"t{n}", set(features)) for n, features in enumerate(needs)]
    fitting = [features for features in needs if features <= has]
    try:
        selection = select(variants, Machine("x86_64", has), "m.wtb")
    except IncompatibleMachineError:
        assert not fitting
        return
    assert set(selection.variant.features) <= has
    assert len(selection.variant.features) == max(map(len, fitting))
    assert len(selection.rejected) == len(variants) - 1
    again = select(list(reversed(variants)), Machine("x86_64", has), "m.wtb")
    assert again.variant == selection.variant


_FLAGS = "fpu lm cx8 pni ssse3 sse4_1 sse4_2 cx16 lahf_lm popcnt avx avx2 abm bmi1 bmi2 fma f16c movbe xsave"
CPUINFO = f"""processor : 0
flags\t\t: {_FLAGS} avx512_vnni unknown

processor : 1
flags\t\t: {_FLAGS}
"""


def test_cpuinfo_in_llvms_words() -> None:
    found = cpu.parse_cpuinfo(CPUINFO, "x86_64")
    assert found >= V3 and "sse2" in found and "unknown" not in found
    assert "avx512vnni" not in found  # not on every processor
    assert cpu.parse_cpuinfo("", "x86_64") == {"64bit", "cmov", "cx8", "fxsr", "mmx", "sse", "sse2", "x87"}
    arm = cpu.parse_cpuinfo("Features : fp asimd asimddp atomics i8mm\n", "aarch64")
    assert arm == {"fp-armv8", "neon", "dotprod", "lse", "i8mm"}
    assert cpu.parse_cpuinfo(CPUINFO, "riscv64") == frozenset()


@pytest.mark.parametrize("leave", [True, False])
def test_tiles_are_there_if_linux_lets_this_process_use_them(leave: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else their first use would end the process: another variant runs."""
    monkeypatch.setattr(cpu, "architecture", lambda: "x86_64")
    monkeypatch.setattr(cpu, "_may_use_tiles", lambda: leave)
    monkeypatch.setattr(cpu.Path, "read_text", lambda *_, **__: f"flags : {_FLAGS} amx_tile amx_int8 amx_bf16\n")
    found = cpu.detected.__wrapped__()
    assert "fma" in found
    assert found & {"amx-tile", "amx-int8", "amx-bf16"} == ({"amx-tile", "amx-int8", "amx-bf16"} if leave else set())


def test_detection_finds_what_llvm_finds() -> None:
    """LLVM asks the processor itself; /proc/cpuinfo must tell the same, but for what Linux hides or has no name for."""
    import re

    from iree.compiler import compile_str

    if cpu.architecture() != "x86_64":
        pytest.skip("only x86-64 has host code generation")
    flags = [*(flag for flag in FLAGS if "target-cpu" not in flag), "--iree-llvmcpu-target-cpu=host"]
    text = compile_str(
        "func.func @main(%a: tensor<4xf32>) -> tensor<4xf32> {\n"
        "%0 = arith.addf %a, %a : tensor<4xf32>\nreturn %0 : tensor<4xf32>\n}",
        input_type="none",
        extra_args=[*flags, "--compile-to=executable-sources"],
    ).decode()
    listed = re.search(r'cpu_features = "([^"]*)"', text)
    assert listed is not None
    state = {feature[1:]: feature[0] for feature in listed[1].split(",")}  # the last mention counts
    hidden = {"shstk", "prefetchi", "avx10.1", "rdseed"}  # the last on Zen 5, where it may give zeros
    assert {feature for feature, sign in state.items() if sign == "+"} - hidden <= cpu.detected()


def two_levels(compiled: Callable[..., Bundle], better: bytes | None = None) -> Bundle:
    bundle = compiled("return %a : tensor<4xf32>", "a:float32[4]", "r:float32[4]")
    basic = bundle.artifacts[0]
    best = Artifact("best", "cpu", ("64bit", "sse2"), better or basic.module, "", (), "inline", {}, cpu.architecture())
    return replace(bundle, artifacts=(basic, best))


@pytest.mark.skipif(cpu.architecture() != "x86_64", reason="the features are x86-64's")
def test_masked_features(compiled: Callable[..., Bundle], monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = two_levels(compiled)
    assert webtensorc_runtime.load(bundle).variant == "best"
    monkeypatch.setenv(cpu.MASK, "avx512f, sse2")
    module = webtensorc_runtime.load(bundle)
    assert module.variant == "generic"
    assert module.rejected == (("best", "needs sse2 which this CPU lacks"),)
    assert cpu.features() == cpu.detected() - {"avx512f", "sse2"}
    with pytest.raises(IncompatibleMachineError, match="no variant") as caught:
        webtensorc_runtime.load(replace(bundle, artifacts=bundle.artifacts[1:]))
    assert caught.value.notes == ("best needs sse2 which this CPU lacks",)


@pytest.mark.skipif(cpu.architecture() != "x86_64", reason="the features are x86-64's")
def test_code_the_processor_lacks_is_never_looked_at(
    compiled: Callable[..., Bundle], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The better variant is rubbish: using it fails, so succeeding under the mask proves that it was left alone."""
    bundle = two_levels(compiled, better=b"rubbish " * 20)
    with pytest.raises(InvalidFileError, match="module is malformed"):
        webtensorc_runtime.load(bundle)
    monkeypatch.setenv(cpu.MASK, "sse2")
    (r,) = webtensorc_runtime.load(bundle)(np.ones(4, np.float32))
    np.testing.assert_array_equal(r, np.ones(4))
