"""README.md is run: its Python, its console sessions with their output, and the commands of its CI example."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Command:
    """One `$ ` line of a console block and the output shown below it."""

    line: str
    output: str


def commands(block: str) -> list[Command]:
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)
    assert parts[0] == "", "a console block begins with a command"
    return [Command(*part.split("\n", 1)) for part in parts[1:]]


def matches(shown: str, printed: str) -> bool:
    """Whether `printed` is what is shown, `...` standing for anything; runs of spaces count as one."""
    pieces = [re.escape(re.sub(r" +", " ", piece)) for piece in shown.strip().split("...")]
    return re.fullmatch(".*?".join(pieces), re.sub(r" +", " ", printed.strip()), re.DOTALL) is not None


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", line], cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_the_readme_works_from_top_to_bottom(tmp_path: Path) -> None:
    kinds = []
    for kind, text in BLOCK.findall(README):
        kinds.append(kind)
        if kind == "python":
            (tmp_path / "block.py").write_text(text)
            done = shell("python block.py", tmp_path)
            assert done.returncode == 0, f"{text}\n{done.stderr}"
        elif kind == "console":
            for command in commands(text):
                done = shell(command.line, tmp_path)
                assert done.returncode == 0, f"{command.line}\n{done.stderr}"
                assert matches(command.output, done.stdout), f"{command.line}\nprints\n{done.stdout}"
        elif kind == "yaml":
            for line in re.findall(r"- run: (webtensorc .*)", text):
                done = shell(line, tmp_path)
                assert done.returncode == 0, f"{line}\n{done.stderr}"
    assert set(kinds) == {"python", "console", "yaml", "sh"}, "every kind of block is known here"
    assert (tmp_path / "model.wtb").exists()


def test_what_is_not_run_is_make_or_shell_setup() -> None:
    targets = (ROOT / "Makefile").read_text()
    for kind, text in BLOCK.findall(README):
        if kind == "sh":
            for line in text.splitlines():
                name = re.match(r"make (\w+)", line)
                assert (name and re.search(rf"^{name[1]}:", targets, re.MULTILINE)) or "_WEBTENSORC_COMPLETE" in line


def test_links_lead_somewhere() -> None:
    for page in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"):
        for link in re.findall(r"\]\((?!http)([^)#]+)", (ROOT / page).read_text()):
            assert (ROOT / link).exists(), f"{page}: {link}"


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [("a ... d", "a b c d", True), ("a", "a\n", True), ("a  b", "a b", True), ("a", "b", False), ("a...", "b", False)],
)
def test_matching(shown: str, printed: str, same: bool) -> None:
    assert matches(shown, printed) is same
