"""Golden files of the passes on the graph: `// pass:`, input, `// -----`, output."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from test_lowered_passes import FILES as LOWERED
from test_lowered_passes import normal

from webtensorc.driver import run_passes

FILES = sorted(set(Path(__file__).parent.glob("*.mlir")) - set(LOWERED))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_golden_of_the_graph(file: Path) -> None:
    given, _, expected = file.read_text().partition("// -----\n")
    (name,) = re.findall(r"^// pass: (.*)$", given, re.MULTILINE)
    assert name == file.stem.replace("_", "-")
    output, changes = run_passes(given, [name])
    if "WEBTENSORC_BLESS" in os.environ:
        file.write_text(f"{given}// -----\n{normal(output)}\n")
        return
    assert changes > 0
    assert normal(output) == normal(expected)
    assert run_passes(expected, [name])[1] == 0, "the output is a fixed point"
