"""The command line as a function: arguments in, exit code and both streams out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ADD = """
module @add {
  func.func @main(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
    %0 = stablehlo.add %x, %y : tensor<4xf32>
    return %0 : tensor<4xf32>
  }
}
"""


@dataclass(frozen=True)
class Outcome:
    """What a command line did."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Standard output as one JSON document."""
        return json.loads(self.out)


Cli = Callable[..., Outcome]


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    """Run a command line in this process, in an empty folder."""
    from webtensorc.cli.app import run

    monkeypatch.setenv("WEBTENSORC_REPRODUCER_DIR", str(tmp_path / "reproducers"))

    def call(*arguments: object) -> Outcome:
        capfd.readouterr()
        code = run([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Outcome(code, out, err)

    return call


@pytest.fixture
def process(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command line in a process of its own."""

    def call(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "webtensorc.cli", *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=os.environ | {"WEBTENSORC_REPRODUCER_DIR": str(tmp_path / "reproducers")} | environment,
            check=False,
        )

    return call


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the model add.mlir: y = x + y on four numbers."""
    path = tmp_path_factory.mktemp("models")
    (path / "add.mlir").write_text(ADD)
    return path


@pytest.fixture(scope="session")
def model(folder: Path) -> Path:
    return folder / "add.mlir"


@pytest.fixture(scope="session")
def bundle(folder: Path, model: Path) -> Path:
    """add.mlir compiled for this machine."""
    import webtensorc

    path = folder / "add.wtb"
    webtensorc.compile(model, cache=False).save(path)
    return path
