"""What can be watched while a program is lowered: time, changes, IR dumps, and a check of every pass's word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Record:
    """One step that was run: a phase of the native compiler (`changes` is None) or a pass."""

    step: str
    family: str | None
    seconds: float
    changes: int | None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready data."""
        return {"step": self.step, "family": self.family, "seconds": round(self.seconds, 4), "changes": self.changes}


@dataclass
class Instruments:
    """The hooks around every step.

    Attributes:
        dump_dir: write the module after every step into this folder, numbered in order.
        strict: compare the module before and after each pass with the number of changes that the pass reports, and have
            the native compiler verify it after each of its own passes.
        on_step: told the name of each step as it begins.
    """

    dump_dir: Path | None = None
    strict: bool = False
    on_step: Callable[[str], None] = lambda step: None
    dumped: int = 0

    def dump(self, step: str, module: Any) -> None:
        """Write the module's text, weights elided, as `NN-step.mlir`."""
        if self.dump_dir is None:
            return
        self.dump_dir.mkdir(parents=True, exist_ok=True)
        text = module.operation.get_asm(large_elements_limit=32, enable_debug_info=False)
        (self.dump_dir / f"{self.dumped:02}-{step}.mlir").write_text(text)
        self.dumped += 1
