"""docs/reference says what the code says."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "docs"))  # as when it is run
_spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
assert _spec is not None and _spec.loader is not None
generate = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(generate)


@pytest.mark.parametrize("name", sorted(generate.PAGES))
def test_reference_is_current(name: str) -> None:
    committed = (ROOT / "docs" / "reference" / name).read_text()
    assert committed == generate.NOTE + generate.PAGES[name](), "run `make docs`"


def test_the_support_page_is_current() -> None:
    assert generate.support.PAGE.read_text() == generate.NOTE + generate.support.page(), "run `make docs`"


def test_there_is_nothing_else() -> None:
    assert {path.name for path in (ROOT / "docs" / "reference").iterdir()} == set(generate.PAGES)


def test_decisions_are_titled_with_their_number() -> None:
    for path in (ROOT / "docs" / "decisions").glob("*.md"):
        assert path.read_text().startswith(f"# {path.name[:4]}: ")
