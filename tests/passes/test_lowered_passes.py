"""Golden files of the passes that run below the graph: `// pass:`, `// target:`, input, `// -----`, output."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from iree.compiler import ir

from webtensorc.driver import run_passes

FILES = [Path(__file__).with_name(f"{name}.mlir") for name in ("plan_arena", "tile_contractions")]


def normal(text: str) -> str:
    """The module printed without locations, with every attribute written out."""
    return str(ir.Module.parse(text, ir.Context())).strip()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_golden(file: Path) -> None:
    given, _, expected = file.read_text().partition("// -----\n")
    header = dict(re.findall(r"^// (pass|target): (.*)$", given, re.MULTILINE))
    output, changes = run_passes(given, [header["pass"]], header.get("target"))
    if "WEBTENSORC_BLESS" in os.environ:
        file.write_text(f"{given}// -----\n{normal(output)}\n")
        return
    assert changes > 0
    assert normal(output) == normal(expected)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_output_is_a_fixed_point(file: Path) -> None:
    given, _, expected = file.read_text().partition("// -----\n")
    header = dict(re.findall(r"^// (pass|target): (.*)$", given, re.MULTILINE))
    assert run_passes(expected, [header["pass"]], header.get("target"))[1] == 0
