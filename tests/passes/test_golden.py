"""Every built-in pass has a golden file, and does what it says there; nothing is left to do after it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from golden import Golden, weights, written

from webtensorc import registry

FOLDER = Path(__file__).parent
FILES = sorted(FOLDER.glob("*.mlir"))
BUILT_IN = {
    name
    for name, entry in registry.entries("webtensorc.passes").items()
    if entry.module.startswith("webtensorc_passes.")
}


def without_golden_file(names: set[str]) -> list[str]:
    return sorted(names - {file.stem.replace("_", "-") for file in FILES})


def test_every_pass_has_a_golden_file_of_its_name() -> None:
    assert without_golden_file(BUILT_IN) == []
    assert without_golden_file({*BUILT_IN, "brand-new"}) == ["brand-new"]
    assert [file.name for file in FILES if file.stem.replace("_", "-") not in BUILT_IN] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_golden(file: Path) -> None:
    golden = Golden.read(file)
    found = golden.run(golden.given)
    output = written(found.ir, dict(found.weights))
    if "WEBTENSORC_BLESS" in os.environ:
        golden.bless(output)
        return
    assert [spec.partition("{")[0].replace("-", "_") for spec in golden.specs] == [file.stem]
    assert found.changes > 0
    assert output == golden.expected


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_output_is_a_fixed_point(file: Path) -> None:
    golden = Golden.read(file)
    assert golden.run(golden.expected).changes == 0
    assert written(golden.expected, weights(golden.expected)) == golden.expected  # nothing in it but the output
