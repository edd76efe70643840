"""The text of a PTX kernel, taken apart: instructions, labels, and what it says of its workgroups."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass
class Instruction:
    guard: str
    negated: bool
    name: str
    operands: list[str]


class Module:
    """The parsed text of a kernel."""

    def __init__(self, text: str) -> None:
        self.threads = int(re.search(r"\.reqntid (\d+)", text)[1])  # type: ignore[index]
        cluster = re.search(r"\.reqnctapercluster (\d+), (\d+), (\d+)", text)
        self.cluster = tuple(map(int, cluster.groups())) if cluster else (1, 1, 1)
        self.instructions: list[Instruction] = []
        self.labels: dict[str, int] = {}
        body = text[text.index("{") + 1 : text.rindex("}")]
        for line in body.splitlines():
            line = line.strip()
            if not line or line.startswith(".reg"):
                continue
            if line.endswith(":"):
                self.labels[line[:-1]] = len(self.instructions)
                continue
            found = re.fullmatch(r"(?:@(!?)(%p\d+) )?(\S+?)(?: (.*))?;", line)
            assert found, line
            operands = re.findall(r"\{[^}]*\}|\[[^\]]*\]|[^,\s]+", found[4] or "")
            self.instructions.append(Instruction(found[2] or "", bool(found[1]), found[3], operands))
