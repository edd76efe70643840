"""The number for the compiler's code changes with the code, and with nothing else; the cache's keys hold it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from webtensorc import sources, store
from webtensorc.model import Model
from webtensorc.plan import Plan


def digest() -> str:
    sources.digest.cache_clear()
    return sources.digest()


@pytest.fixture(autouse=True)
def folder_of_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(tmp_path)
    yield
    monkeypatch.undo()
    sources.digest.cache_clear()


def package(folder: Path, name: str, text: str) -> None:
    (folder / name / "passes").mkdir(parents=True, exist_ok=True)
    (folder / name / "__init__.py").touch()
    (folder / name / "passes" / "one.py").write_text(text)


def test_it_changes_with_the_code_of_our_packages(tmp_path: Path) -> None:
    before = digest()
    package(tmp_path, "webtensorc_more", "x = 1")
    one = digest()
    package(tmp_path, "webtensorc_more", "x = 2")
    two = digest()
    assert len({before, one, two}) == 3
    package(tmp_path, "another", "x = 1")
    (tmp_path / "webtensorc_more" / "notes.txt").touch()
    assert digest() == two


def test_the_packages_that_make_modules_are_among_them() -> None:
    found = set(sources.packages())
    assert found >= {"webtensorc", "webtensorc_passes", "webtensorc_kernels", "webtensorc_ptx", "webtensorc_targets"}


def test_keys_hold_it(monkeypatch: pytest.MonkeyPatch) -> None:
    model, plan = Model("m", b"graph", {}, (), ()), Plan.of_passes(())
    before = store.graph_key(model, plan), store.module_key(model, plan)
    monkeypatch.setattr(sources, "digest", lambda: "other code")
    after = store.graph_key(model, plan), store.module_key(model, plan)
    assert all(a != b for a, b in zip(before, after, strict=True))
