"""How operations whose sizes are known only at run time are expressed in Linalg, Tensor and Arith."""

from __future__ import annotations

import re

FLAGS = ("--iree-dispatch-creation-opt-level=O1",)
"""Flags that programs of dynamic shape need besides their target's.

From O2 on a softmax becomes one kernel, which keeps its intermediate rows on the stack: that has no room for rows whose
length is not known.
"""


def is_dynamic(text: str) -> bool:
    """Whether a module, as text, has tensors with open extents."""
    return re.search(r"tensor<(\d+x)*\?x", text) is not None
