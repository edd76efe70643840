"""The benchmarks run and print what they promise; no test looks at a time."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"

pytestmark = pytest.mark.slow


def run(script: str, *arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, BENCHMARKS / script, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_help_imports_nothing_heavy_and_is_timed() -> None:
    out = run("help_time.py", "--rounds", 1)
    assert re.search(r"webtensorc --help \d", out)
    assert "heavy packages it imports: []" in out


def test_call_overhead() -> None:
    out = run("call_overhead.py", "--rounds", 1, "--calls", 3)
    assert len(re.findall(r"x onnxruntime", out)) == 3


def test_startup(tmp_path: Path) -> None:
    import onnx
    from onnx import TensorProto, helper

    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [4]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", [x], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    onnx.save(model, tmp_path / "relu.onnx")
    out = run("startup.py", tmp_path / "relu.onnx", "--rounds", 1)
    assert re.findall(r"^(\w+) .* ratio \d", out, re.MULTILINE) == ["wall", "processor", "peak"]


@pytest.mark.parametrize("script", sorted(path.name for path in BENCHMARKS.glob("*.py") if path.name != "processes.py"))
def test_every_script_explains_itself(script: str) -> None:
    assert f"python benchmarks/{script}" in run(script, "--help")
