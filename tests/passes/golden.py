"""Golden files of passes.

// pass: fold-constants{max-growth=0}          one pass, or several, one a line, in order
// target: x86-64-v3                           the target that the pass may ask, if it does
// weight: w=2x2xf32=[[1 2] [3 4]]             the weights that are main's first arguments, in order
// whatever else there is to say
module { ... }
// -----
// weight: w.folded=...                        the weights that are left
module { ... }                                 the module that is left
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from iree.compiler import ir

from webtensorc.cli.values import format_value, parse_binding
from webtensorc.rewrite import Rewritten, run_passes

RULE = "// -----\n"


@dataclass(frozen=True)
class Golden:
    """A golden file, read."""

    file: Path
    specs: tuple[str, ...]
    target: str | None
    given: str
    expected: str

    @classmethod
    def read(cls, file: Path) -> Golden:
        given, _, expected = file.read_text().partition(RULE)
        header = re.findall(r"^// (pass|target): (.*)$", given, re.MULTILINE)
        specs = tuple(value for key, value in header if key == "pass")
        return cls(file, specs, dict(header).get("target"), given, expected)

    def run(self, text: str) -> Rewritten:
        """Run the passes on a module that is written like the two in the file."""
        return run_passes(text, self.specs, self.target, weights=weights(text))

    def bless(self, output: str) -> None:
        self.file.write_text(self.given + RULE + output)


def weights(text: str) -> dict[str, np.ndarray]:
    """The weights that comments of a module state."""
    found = map(parse_binding, re.findall(r"^// weight: (.*)$", text, re.MULTILINE))
    return {name: value for name, value in found if isinstance(value, np.ndarray)}


def written(ir_text: str, weights: dict[str, np.ndarray]) -> str:
    """Weights and module as a golden file has them: no locations, every attribute written out."""
    lines = [f"// weight: {name}={format_value(array)}\n" for name, array in weights.items()]
    return "".join(lines) + str(ir.Module.parse(ir_text, ir.Context())).strip() + "\n"
