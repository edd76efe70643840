"""The benchmarks run and print what they promise; no test looks at a time."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.latency import report
from benchmarks.operators.cases import CASES, write
from benchmarks.operators.shapes import SHAPES

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


def test_latency_beside_other_engines(tmp_path: Path) -> None:
    arguments = ["lstm", "--peer", "onnxruntime", "--threads", "1", "--seconds", "0.01", "--out", tmp_path]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=BENCHMARKS.parent,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "latency.json").read_text())["models"]["lstm"]["1"]
    assert [engine for engine, each in found.items() if each["median_ms"] > 0] == ["webtensorc", "onnxruntime"]
    assert found["webtensorc"]["difference"] < 1e-5
    assert re.search(r"^\| lstm \| [\d.]+ \| [\d.]+ \| [\d.]+ \|", (tmp_path / "latency.md").read_text(), re.MULTILINE)
    assert ">lstm, 1 thread(s)</text>" in (tmp_path / "latency.svg").read_text()


def test_a_network_that_an_engine_cannot_run_is_said_and_the_others_go_on() -> None:
    failed, known = {"error": "out of operators"}, {"median_ms": 2.0, "version": "1", "difference": 0.0}
    models = {"net": {"1": {"webtensorc": known, "mnn": failed, "onnxruntime": {**known, "median_ms": 3.0}}}}
    assert report.ratio(models["net"]["1"]) == 1.5
    assert "- mnn with net: out of operators" in report.table(models, "1")


@pytest.mark.parametrize(
    "script", sorted(path.name for path in BENCHMARKS.glob("[!_]*.py") if path.name != "processes.py")
)
def test_every_script_explains_itself(script: str) -> None:
    assert f"python benchmarks/{script}" in run(script, "--help")


def test_operators_beside_onnxruntime_are_kept_when_others_are_measured(tmp_path: Path) -> None:
    for case in ("batch_norm", "lrn"):
        arguments = [case, "--threads", "1", "--seconds", "0.01", "--out", tmp_path]
        subprocess.run(
            [sys.executable, "-m", "benchmarks.operators", *map(str, arguments)], check=True, cwd=BENCHMARKS.parent
        )
    results = json.loads((tmp_path / "operators.json").read_text())
    assert list(results["models"]) == ["batch_norm", "lrn"]
    for name, found in results["models"].items():
        assert 0 <= found["1"]["webtensorc"]["difference"] < 1e-5
        assert f"| {name} |" in (tmp_path / "operators.md").read_text()


def test_all_operators_are_valid_models(tmp_path: Path) -> None:
    for case in (*CASES.values(), *SHAPES.values()):
        write(case, tmp_path / "model.onnx")
