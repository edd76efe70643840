"""ARCHITECTURE.md: one page, numbered invariants, each naming tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "ARCHITECTURE.md").read_text()


def invariants() -> dict[int, str]:
    section = PAGE.split("## Invariants\n", 1)[1]
    found = re.findall(r"^(\d+)\. (.*?)(?=^\d+\. |\Z)", section, re.DOTALL | re.MULTILINE)
    return {int(number): text for number, text in found}


def test_it_is_one_page() -> None:
    assert len(PAGE.splitlines()) <= 100
    assert max(map(len, PAGE.splitlines())) <= 120


def test_invariants_are_numbered_in_order() -> None:
    assert list(invariants()) == list(range(1, len(invariants()) + 1))
    assert len(invariants()) >= 10


def test_every_invariant_names_tests_that_exist() -> None:
    for number, text in invariants().items():
        named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", text)
        assert named, f"invariant {number} names no test"
        for file, test in named:
            tree = ast.parse((ROOT / file).read_text())
            defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
            assert test in defined, f"invariant {number}: {file} has no {test}"


def test_every_file_and_folder_it_names_exists() -> None:
    for path in re.findall(r"`([\w/]+/)`", PAGE):
        places = (ROOT, ROOT / "webtensorc", ROOT / "webtensorc" / "cli", ROOT / "tests")
        assert any((place / path).is_dir() for place in places), path
    for name in re.findall(r"(?<![\w/])(\w+\.py)(?![\w:])", PAGE.split("## Invariants")[0]):
        assert any((ROOT / "webtensorc").rglob(name)), name
