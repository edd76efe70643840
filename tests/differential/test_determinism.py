"""Real models give byte-identical bundles, whoever compiles them, where, when, and with what in the cache."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures import random_weights

SCRIPT = """
import os, sys
os.umask(int(sys.argv[1], 8))
from webtensorc.cli.app import run
for name in ("silero", "squeezenet"):
    shapes = ["--input-shape", "input:1x576", "--input-shape", "state:2x1x128"] if name == "silero" else []
    code = run(["compile", f"{name}.onnx", "-o", f"{name}.wtb", "-q", "--target", "x86-64-v3", *shapes, *sys.argv[2:]])
    assert code == 0
"""
SURROUNDINGS = {
    "plain": ("022", ("--no-cache",), {"PYTHONHASHSEED": "0", "LC_ALL": "C", "TZ": "UTC"}),
    "an empty cache": ("077", (), {"PYTHONHASHSEED": "1", "LC_ALL": "C.UTF-8", "TZ": "Asia/Kolkata"}),
    "a full cache": ("002", (), {"PYTHONHASHSEED": "2", "LC_ALL": "POSIX", "TZ": "America/St_Johns"}),
    "dumps": ("000", ("--dump-ir", "ir"), {"PYTHONHASHSEED": "random", "LANG": "de_DE.UTF-8", "COLUMNS": "40"}),
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("models")
    spec = importlib.util.find_spec("silero_vad")
    assert spec and spec.origin
    (folder / "silero.onnx").write_bytes((Path(spec.origin).parent / "data" / "silero_vad.onnx").read_bytes())
    (folder / "squeezenet.onnx").write_bytes(random_weights.build("squeezenet").SerializeToString(deterministic=True))
    yield folder


@pytest.mark.slow
def test_bundles_do_not_depend_on_the_surroundings(models: Path, tmp_path: Path) -> None:
    found = {}
    for number, (name, (umask, options, environment)) in enumerate(SURROUNDINGS.items()):
        folder = tmp_path / f"{'some where ' * number}{number}" / "ünder"
        folder.mkdir(parents=True)
        home = tmp_path / f"home{number}"
        home.mkdir()
        for path in models.iterdir():
            (folder / path.name).write_bytes(path.read_bytes())
            os.utime(folder / path.name, (number, number))
        who = {"HOME": str(home), "USER": f"user{number}", "WEBTENSORC_CACHE_DIR": str(tmp_path / "cache")}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, umask, *options],
            cwd=folder,
            env={"PATH": os.environ["PATH"], **who, **environment},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        bundles = [(folder / f"{each}.wtb").read_bytes() for each in ("silero", "squeezenet")]
        assert not any(str(tmp_path).encode() in each for each in bundles)
        found[name] = [hashlib.sha256(each).hexdigest() for each in bundles]
    assert all(digests == found["plain"] for digests in found.values()), found
