"""Values that are right under a condition on which the run of a compiled model fails otherwise.

In the graph a guard is a custom call, `TARGET`, that gives its first operand back, and its message is `backend_config`;
the pass `state-guards` makes an assertion of it.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import mlir
from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from webtensorc.portable import GUARD

_guard = Primitive("guard")
_guard.def_abstract_eval(lambda value, holds, *, message: value)  # type: ignore[no-untyped-call]


def guarded(value: jax.Array, holds: Any, message: str) -> jax.Array:
    """The value of a trace, for which a run fails with `message` unless the truth value `holds` does."""
    result: jax.Array = _guard.bind(value, jnp.asarray(holds, bool), message=message)  # type: ignore[no-untyped-call]
    return result


def _lowered(context: Any, value: Any, holds: Any, *, message: str) -> Any:
    made = stablehlo.CustomCallOp(
        [value.type], [value, holds], call_target_name=GUARD, backend_config=ir.StringAttr.get(message)
    )
    return made.results


mlir.register_lowering(_guard, _lowered)
