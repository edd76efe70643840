"""Put the code of generated kernels where it is called.

`generate-kernels` leaves it as an attribute, which costs the native compiler's phases for whole programs nothing; from
here on executables are lowered, and need it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from webtensorc.iree import mlir
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.tiling._filling import fill


@dataclass(frozen=True)
class FillKernels(Pass):
    """Replace the call in every generated kernel by the code."""

    name: ClassVar[str] = "fill-kernels"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.EXECUTABLE_SOURCES
    level: ClassVar[int | None] = 0

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of kernels."""
        return fill(mlir.nested(module))
