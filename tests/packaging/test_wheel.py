"""The wheel: what it installs, and that it works without the source tree."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {
    "webtensorc",
    "webtensorc_passes",
    "webtensorc_kernels",
    "webtensorc_ptx",
    "webtensorc_targets",
    "webtensorc_runtime",
}

pytestmark = pytest.mark.slow

MODEL = """
module {
  func.func @main(%x: tensor<2x3xf32>) -> tensor<3x2xf32> {
    %0 = stablehlo.transpose %x, dims = [1, 0] : (tensor<2x3xf32>) -> tensor<3x2xf32>
    return %0 : tensor<3x2xf32>
  }
}
"""

SCRIPT = """
import sys
import numpy as np
import webtensorc, webtensorc_passes, webtensorc_runtime, webtensorc_targets

assert all(m.__file__.startswith(sys.argv[1]) for m in (webtensorc, webtensorc_passes, webtensorc_runtime))
bundle = webtensorc.compile("model.mlir", targets=["x86-64-v2", "host"], cache=False)
bundle.save("model.wtb")
(result,) = webtensorc_runtime.load("model.wtb")(np.arange(6, dtype=np.float32).reshape(2, 3))
assert result.tolist() == [[0, 3], [1, 4], [2, 5]]
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's wheel, built by pip."""
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel installed, and nothing else."""
    folder = tmp_path_factory.mktemp("site")
    pip("install", "--no-deps", "--target", folder, wheel)
    return folder


def pip(command: str, *arguments: object) -> None:
    words = [sys.executable, "-m", "pip", command, "--quiet", "--disable-pip-version-check", *map(str, arguments)]
    subprocess.run(words, check=True)


def isolated(site: Path, folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Python with the wheel and its dependencies, not the source tree: -S leaves the editable install's .pth out."""
    dependencies = sysconfig.get_path("purelib")
    return subprocess.run(
        [sys.executable, "-S", *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{site}{os.pathsep}{dependencies}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_wheel_installs_only_our_names(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        entry_points = archive.read(next(n for n in names if n.endswith("entry_points.txt"))).decode()
    top = {name.split("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == PACKAGES
    assert not [name for name in names if "test" in name or name.endswith((".pyc", ".wtb", ".onnx"))]
    for line in ("webtensorc = webtensorc.cli:main", "builtin = webtensorc_passes", "builtin = webtensorc_targets"):
        assert line in entry_points


def test_every_source_file_is_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.endswith(".py")}
    roots = (ROOT, ROOT / "passes", ROOT / "targets", ROOT / "runtime_shim")
    found = {str(file.relative_to(root)) for root in roots for name in PACKAGES for file in (root / name).rglob("*.py")}
    assert packed == found


def test_its_metadata_names_the_dependencies(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(next(n for n in archive.namelist() if n.endswith("METADATA"))).decode()
    metadata = Parser().parsestr(text)
    assert metadata["Requires-Python"] == ">=3.11"
    required = " ".join(metadata.get_all("Requires-Dist"))
    for name in ("iree-base-compiler", "iree-base-runtime", "jax", "numpy", "onnx", "click", "rich"):
        assert name in required
    for name in ("onnxruntime", "magika", "pytest"):
        assert name not in required


def test_it_compiles_and_runs_without_the_source(site: Path, tmp_path: Path) -> None:
    (tmp_path / "model.mlir").write_text(MODEL)
    done = isolated(site, tmp_path, "-c", SCRIPT, site)
    assert done.returncode == 0, done.stderr
    shown = isolated(site, tmp_path, "-m", "webtensorc.cli", "run", "model.wtb", "--input", "2x3xf32=[1 2 3 4 5 6]")
    assert shown.returncode == 0, shown.stderr
    assert "3x2xf32=[[1.0 4.0] [2.0 5.0] [3.0 6.0]]" in shown.stdout
