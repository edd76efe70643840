"""Targets that nothing here can run: they compile, say so, and the loader refuses them with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest
import target_models
import webtensorc_runtime
from webtensorc_runtime import IncompatibleMachineError

import webtensorc
import webtensorc.target_api
from webtensorc import registry
from webtensorc.cli.verbs.targets import describe
from webtensorc.errors import UsageError
from webtensorc.registry import make_target, target_classes
from webtensorc.spec import Spec
from webtensorc.target_api import Target

EXTRAS = ["rocm", "rocm{arch=gfx942}", "metal", "riscv64", "riscv64{vectors=true}"]
MARKS = {"rocm": b"\x7fELF", "metal": b"#include <metal_stdlib>", "riscv64": b"\x7fELF"}
"""What is somewhere in a module for each."""


@pytest.mark.parametrize("label", EXTRAS)
def test_they_are_labelled_as_compiled_only(label: str) -> None:
    target = make_target(label)
    assert target.label == label
    assert target.maturity == "compiled" and "nothing has been run" in target.tested_by
    assert target.instruction_set and "compiled only" in target.describe()


def test_architectures_that_nobody_compiles_for_are_refused_with_a_list() -> None:
    with pytest.raises(UsageError, match="no architecture `gfx9`") as caught:
        make_target("rocm{arch=gfx9}")
    assert "gfx942" in caught.value.notes[0] and "did you mean" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("written", "meant"), [("vulkan", "spirv"), ("hip", "rocm"), ("CUDA", "cuda"), ("X86-64-V3", "x86-64-v3")]
)
def test_what_one_may_write_for_a_target(written: str, meant: str) -> None:
    """A device's name, or another case, is answered with the target that is meant."""
    with pytest.raises(UsageError, match="there is no target") as caught:
        make_target(written)
    assert f"`{meant}`" in str(caught.value.hint)


def test_every_target_says_what_its_code_is_in_and_how_it_was_tested() -> None:
    for name, cls in registry.target_classes().items():
        assert cls.instruction_set, name
        assert cls.tested_by != webtensorc.target_api.Target.tested_by, name


@pytest.mark.slow
def test_products_and_convolutions_compile(tmp_path: Path) -> None:
    path = tmp_path / "model.mlir"
    path.write_text(target_models.CONTRACTIONS)
    bundle = webtensorc.compile(path, targets=EXTRAS, cache=False)
    for artifact in bundle.artifacts:
        assert MARKS[artifact.label.partition("{")[0]] in artifact.module, artifact.label
    with pytest.raises(IncompatibleMachineError) as caught:
        webtensorc_runtime.load(bundle)
    assert caught.value.exit_code == 6
    assert len(caught.value.notes) == len(EXTRAS)
    assert "metal is for device metal, not cpu" in caught.value.notes


@pytest.mark.slow
def test_a_tile_and_its_results_fit_into_the_memory_of_a_workgroup(tmp_path: Path) -> None:
    """The second convolution of inception_v1: the native compiler's tile for it takes 80 KiB of 64."""
    path = tmp_path / "convolution.mlir"
    path.write_text(
        """
        func.func public @main(%i: tensor<1x57x57x64xf32>, %k: tensor<3x3x64x192xf32>)
            -> (tensor<1x55x55x192xf32>, tensor<1x55x55x192xf32>) {
          %1 = stablehlo.convolution(%i, %k) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {}
            {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
            : (tensor<1x57x57x64xf32>, tensor<3x3x64x192xf32>) -> tensor<1x55x55x192xf32>
          %2 = stablehlo.multiply %1, %1 : tensor<1x55x55x192xf32>
          return %1, %2 : tensor<1x55x55x192xf32>, tensor<1x55x55x192xf32>
        }
        """
    )
    (artifact,) = webtensorc.compile(path, targets=["rocm"], cache=False).artifacts
    assert MARKS["rocm"] in artifact.module


@pytest.mark.parametrize(
    ("text", "hint", "known"),
    [
        ("metl", "`metal`", "riscv64"),
        ("zzz", "webtensorc targets", "aarch64-v9"),
        ("rocm{arhc=gfx942}", "`arch`", "its options are: arch"),
        ("spirv{gpu=rdna33}", "`rdna3`", "turing"),
    ],
)
def test_what_is_unknown_gets_a_suggestion_and_the_list(text: str, hint: str, known: str) -> None:
    with pytest.raises(UsageError) as caught:
        make_target(text)
    assert hint in (caught.value.hint or "")
    assert known in " ".join(caught.value.notes)


LISTED = [
    (cls, option, value)
    for cls in target_classes().values()
    for option, values in cls.values().items()
    for value in values
]


@pytest.mark.parametrize(("cls", "option", "value"), LISTED, ids=lambda each: getattr(each, "name", each))
def test_what_is_listed_for_an_option_is_taken(cls: type[Target], option: str, value: str) -> None:
    name = cls.names()[-1] if option == "extra" else cls.name  # the highest level has every extra feature
    target = make_target(str(Spec(name, ((option, (value,) if option == "extra" else value),))))
    assert value in getattr(target, option)


def test_values_are_listed_where_there_is_a_list() -> None:
    described = {option["name"]: option["values"] for option in describe(target_classes()["cuda"])["options"]}
    assert "sm_90a" in described["arch"] and described["tf32"] == []
