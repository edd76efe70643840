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
from webtensorc.errors import UsageError
from webtensorc.registry import make_target

EXTRAS = ["rocm", "rocm{arch=gfx942}", "metal", "riscv64", "riscv64{vectors=true}"]
MARKS = {"rocm": b"\x7fELF", "metal": b"#include <metal_stdlib>", "riscv64": b"\x7fELF"}
"""What is somewhere in a module for each."""


@pytest.mark.parametrize("label", EXTRAS)
def test_they_are_labelled_as_compiled_only(label: str) -> None:
    target = make_target(label)
    assert target.label == label
    assert target.maturity == "compiled" and "nothing has been run" in target.tested_by
    assert target.instruction_set and "compiled only" in target.describe()


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
