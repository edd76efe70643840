"""What kernels give, as values of a module."""

from __future__ import annotations

from typing import Any

import numpy as np
from webtensorc_kernels.executable import Kernel

from webtensorc.iree import mlir
from webtensorc_passes.tiling._library import Library

__all__ = ["made", "types"]

_DTYPES: dict[str, np.dtype[Any]] = {"f32": np.dtype(np.float32), "i32": np.dtype(np.int32), "i8": np.dtype(np.int8)}


def types(kernel: Kernel, context: Any) -> list[Any]:
    """The types of a kernel's results as it sees them: after the first they are scratch."""
    views = kernel.views[len(kernel.views) - kernel.results :]
    return [mlir.tensor_type(view.shape, _DTYPES[view.element], context) for view in views]


def made(library: Library[Kernel], name: str, kernel: Kernel, operand: Any, *, before: Any) -> Any:
    """What `kernel`, called `name`, makes of one operand in front of an operation."""
    kinds = types(kernel, before.context)
    return library.call(library.define(name, kernel), [operand], kinds, {}, before=before).results[0]
