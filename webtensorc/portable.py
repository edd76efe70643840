"""StableHLO portable artifacts to MLIR and back, with the reference implementation that jaxlib carries.

Artifacts are written for the StableHLO version of twelve weeks ago (compatibility.md, `WEEK_12`): consumers that are a
little behind can read them, and no operation newer than that is produced by our front ends.
"""

from __future__ import annotations

from typing import Any

GUARD = "webtensorc.guard"
"""A custom call that gives its first operand back, and fails unless its second one, a truth value, holds."""


def context() -> Any:
    """A fresh `jaxlib.mlir.ir.Context` with StableHLO and everything that JAX exports beside it."""
    from jaxlib.mlir import ir
    from jaxlib.mlir._mlir_libs import _jax_mlir_ext
    from jaxlib.mlir.dialects import stablehlo

    registry = ir.DialectRegistry()
    _jax_mlir_ext.register_dialects(registry)
    made = ir.Context()
    made.append_dialect_registry(registry)
    made.load_all_available_dialects()
    stablehlo.register_dialect(made)
    return made


def serialize(module: Any) -> bytes:
    """A jaxlib `ir.Module` of StableHLO as a portable artifact."""
    from jaxlib.mlir.dialects import stablehlo

    week_12 = stablehlo.StablehloCompatibilityRequirement.WEEK_12
    version = stablehlo.get_version_from_compatibility_requirement(week_12)
    return bytes(stablehlo.serialize_portable_artifact(module, version))


def to_text(artifact: bytes) -> str:
    """The artifact as generic MLIR text with locations, which any MLIR that knows StableHLO parses."""
    from jaxlib.mlir.dialects import stablehlo

    with context() as made:
        module = stablehlo.deserialize_portable_artifact(made, artifact)
        return str(module.operation.get_asm(enable_debug_info=True, print_generic_op_form=True))


def from_text(text: str) -> bytes:
    """Inverse of `to_text`."""
    from jaxlib.mlir import ir

    with context():
        return serialize(ir.Module.parse(text))


def drop_guards(module: Any) -> None:
    """Take what is guarded as it is, for those that have no way to fail."""
    from webtensorc.frontends.stablehlo.inline import nested, replace

    for op in nested(module.operation):
        if op.name == "stablehlo.custom_call" and op.attributes["call_target_name"].value == GUARD:
            replace(op, [op.operands[0]])
