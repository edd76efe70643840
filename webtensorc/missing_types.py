"""What in a model a target has no code generation for: element types, with the operations that use them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable

from webtensorc import portable
from webtensorc.errors import CompilationError, DiagnosticError, Unsupported, UnsupportedError
from webtensorc.model import Model
from webtensorc.target_api import Target

_OPERATION = re.compile(r'"(stablehlo\.\w+)"\(')
_PLACE = re.compile(r"loc\((#loc\d*)\)$")
_NAMED = re.compile(r'^(#loc\d*) = loc\("([^"]+)"', re.MULTILINE)


def missing_types(model: Model, targets: Iterable[Target]) -> tuple[Unsupported, ...]:
    """One item for every target, type and operation, with the nodes that the model has them in."""
    asked = [(target, kind) for target in targets for kind in sorted(target.missing_types)]
    if not asked:
        return ()
    text = portable.to_text(model.graph)
    names = dict(_NAMED.findall(text))
    found: dict[tuple[str, str], list[str]] = {}
    for line in text.splitlines():
        operation = _OPERATION.search(line)
        for target, kind in asked if operation else ():
            if re.search(rf"(?:<|x){kind}>", line):
                place = _PLACE.search(line)
                node = names.get(place[1], "") if place else ""
                assert operation
                found.setdefault((operation[1], f"target `{target.label}` has no {kind}"), []).append(node)
    return tuple(
        Unsupported(operation, reason, tuple(dict.fromkeys(filter(None, nodes))) or (operation,))
        for (operation, reason), nodes in found.items()
    )


def explained(error: CompilationError, model: Model, targets: Iterable[Target]) -> DiagnosticError:
    """The refusal of a target, in terms of the model if it is for want of a type; otherwise the error as it is.

    What the native compiler folds away needs no type, so that a model is compiled first, and looked at if that fails.
    """
    at_fault = [target for target in targets if (error.doing or "").endswith(f" for {target.label}")]
    items = missing_types(model, at_fault)
    if not items:
        return error
    if error.reproducer:
        shutil.rmtree(error.reproducer, ignore_errors=True)
    return UnsupportedError(f"target `{at_fault[0].label}` lacks types that the model computes with", items)
