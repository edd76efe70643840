"""Installs throw-away plug-in packages of passes, found by entry point like anybody's."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from webtensorc import registry

Install = Callable[[str, str], None]


@pytest.fixture
def install_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """`install_pass(module_name, body)`: a pass whose `run` has the given body becomes available to this test."""

    def install(module: str, body: str) -> None:
        package = f"plugin_{module}"
        folder = tmp_path / "site" / package
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()
        source = f'''
        """A pass of a test."""
        from dataclasses import dataclass
        from typing import ClassVar
        from webtensorc.pass_api import Family, Pass, Phase

        @dataclass(frozen=True)
        class Plugged(Pass):
            name: ClassVar[str] = "{module.replace("_", "-")}"
            family: ClassVar[Family] = Family.DATAFLOW
            after: ClassVar[Phase] = Phase.GRAPH
            level: ClassVar[int | None] = None

            def run(self, module, context):
        '''
        (folder / f"{module}.py").write_text(textwrap.dedent(source) + textwrap.indent(textwrap.dedent(body), " " * 8))
        metadata = tmp_path / "site" / f"{package}-1.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1\n")
        (metadata / "entry_points.txt").write_text(f"[webtensorc.passes]\ntest = {package}\n")
        monkeypatch.syspath_prepend(str(tmp_path / "site"))
        forget()

    def forget() -> None:
        registry.entries.cache_clear()
        registry.passes.cache_clear()

    yield install
    forget()
