"""Names of arguments and results: JAX's key paths made short enough for a command line.

JAX names a leaf of a pytree by a key path, `params['layers'][0]['w']`. We write `params.layers.0.w`: no quotes, no
brackets, so that it needs no escaping in `--input NAME=...`. Positional roots keep their number: `args[0]['w']` is
`arg0.w`, `result[1]['y']` is `result1.y`. A result that is a dict at the root drops the word: `result['y']` is `y`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from jaxlib.mlir import ir

_KEY = re.compile(r"""\[(?:'([^']*)'|"([^"]*)"|<flat index (\d+)>|([^\]]+))\]|\.(\w+)""")


def readable(path: str) -> str:
    """The short form of a key path such as `params['w'][0]`; unchanged where it is not one."""
    start = re.search(r"[\[.]", path)
    if start is None:
        return path
    root, rest = path[: start.start()], path[start.start() :]
    keys: list[str] = []
    end = 0
    for match in _KEY.finditer(rest):
        if match.start() != end:
            return path
        end = match.end()
        keys.append(next(group for group in match.groups() if group is not None))
    if end != len(rest) or not all(keys):
        return path
    if root in ("args", "result") and keys[0].isdigit():
        return ".".join([root.removesuffix("s") + keys[0], *keys[1:]])
    if root in ("result", "kwargs", ""):
        return ".".join(keys)
    return ".".join([root, *keys])


def unique(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """The names in order; one that is taken already gets the first free suffix `_1`, `_2`, ..."""
    used = set(taken)
    made = []
    for name in names:
        candidate, number = name, 0
        while candidate in used:
            number += 1
            candidate = f"{name}_{number}"
        used.add(candidate)
        made.append(candidate)
    return made


def location_name(location: Any) -> str | None:
    """The outermost name in a location, or None. Paths and line numbers never become part of it.

    A name that is itself an absolute path counts as no name, so that graphs do not depend on where they were made.
    """
    if isinstance(location, ir.NameLoc):
        text = str(location.name_str)
        return None if not text or re.match(r"/|\\|[A-Za-z]:[\\/]", text) else text
    if isinstance(location, ir.CallSiteLoc):
        return location_name(location.callee)
    if isinstance(location, ir.FusedLoc):
        return next((name for part in location.locations if (name := location_name(part))), None)
    return None


def argument_names(function: Any, skip: int) -> list[str]:
    """Names of the arguments of a `func.func` from number `skip` on.

    In order of preference: attribute `jax.arg_info` (older JAX), the argument's location (`loc("x")`; newer JAX), the
    same of the function it is passed on to (jax.export wraps shape-polymorphic functions so), and `arg0`, `arg1`, ...
    """
    infos = _string_attributes(function, "arg_attrs", "jax.arg_info")
    names = []
    for number, argument in enumerate(list(function.arguments)[skip:]):
        found = infos.get(number + skip) or location_name(argument.location) or _name_at_callee(argument)
        names.append(readable(found) if found else f"arg{number}")
    return unique(names)


def result_names(function: Any) -> list[str]:
    """Names of the results of a `func.func`, from the attribute `jax.result_info`, else `result0`, `result1`, ..."""
    infos = _string_attributes(function, "res_attrs", "jax.result_info")
    count = len(function.type.results)
    return unique(readable(infos[number]) if infos.get(number) else f"result{number}" for number in range(count))


def _string_attributes(function: Any, which: str, key: str) -> dict[int, str]:
    attributes = function.operation.attributes
    if which not in attributes:
        return {}
    found = {}
    for number, dictionary in enumerate(attributes[which]):
        if key in dictionary and isinstance(dictionary[key], ir.StringAttr):
            found[number] = str(dictionary[key].value)
    return found


def _name_at_callee(argument: Any) -> str | None:
    for use in argument.uses:
        user = use.owner
        if user.name == "stablehlo.convert":
            return _name_at_callee(user.results[0])
        if user.name == "func.call":
            symbols = ir.SymbolTable(_module_of(user))
            callee = symbols[ir.FlatSymbolRefAttr(user.attributes["callee"]).value]
            return location_name(callee.arguments[use.operand_number].location)
    return None


def _module_of(operation: Any) -> Any:
    parent = operation.operation
    while parent.name != "builtin.module":
        parent = parent.parent.operation
    return parent
