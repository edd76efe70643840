"""The loops of compiled kernels, read from their assembly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from webtensorc.registry import make_target


def assembly(text: str, target: str, folder: Path) -> str:
    """What the native compiler makes of a module."""
    from iree.compiler import compile_str

    flags = [*make_target(target).flags(3), f"--iree-hal-dump-executable-intermediates-to={folder}"]
    compile_str(text, extra_args=flags)
    return "".join(path.read_text() for path in sorted(folder.glob("*.s")))


def hot_loops(text: str, branch: str, multiplication: str) -> Iterator[list[str]]:
    """The instructions of every innermost loop with more than four fused multiplications.

    `branch` is a pattern of conditional branches in front of their label, `multiplication` begins the instruction.
    """
    lines, jump = text.splitlines(), re.compile(rf"\s+{branch}(\.L\w+)$")
    labels: dict[str, int] = {}
    for number, line in enumerate(lines):
        if label := re.match(r"(\.L\w+):", line):
            labels[label[1]] = number
        found = jump.match(line)
        if found is None or found[1] not in labels:
            continue
        inside = lines[labels[found[1]] + 1 : number + 1]
        body = [each.strip() for each in inside if re.match(r"\s+[a-z]", each)]
        is_innermost = not any(re.match(r"\.L\w+:", each) for each in inside)
        if is_innermost and sum(each.startswith(multiplication) for each in body) > 4:
            yield body
