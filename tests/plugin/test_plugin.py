"""The examples of CONTRIBUTING.md: a real plug-in package, installed into a folder of its own, and an operator."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import webtensorc_runtime

import webtensorc
import webtensorc.errors
from webtensorc.compare import compare, make_inputs
from webtensorc.frontends.onnx import operators, registry
from webtensorc.reference import run_onnxruntime

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

MODEL = """
module {
  func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    %0 = stablehlo.negate %x : tensor<4xf32>
    %1 = stablehlo.negate %0 : tensor<4xf32>
    %2 = stablehlo.add %1, %1 : tensor<4xf32>
    return %2 : tensor<4xf32>
  }
}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the plug-in installed by pip."""
    folder = tmp_path_factory.mktemp("site")
    options = ("--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--target", str(folder))
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(HERE)], check=True)
    return folder


def webtensorc_with(site: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "webtensorc.cli", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_an_installed_plug_in_is_found_planned_compiled_and_run(site: Path, tmp_path: Path) -> None:
    (tmp_path / "model.mlir").write_text(MODEL)
    passes = json.loads(webtensorc_with(site, "passes", "--format", "json").stdout)
    (described,) = [each for each in passes if each["name"] == "cancel-double-negation"]
    assert described["options"] == [{"name": "limit", "type": "int", "default": 1000}]

    compiled = webtensorc_with(
        site,
        "compile",
        "--no-cache",
        tmp_path / "model.mlir",
        "-o",
        tmp_path / "m.wtb",
        "--target",
        "sandybridge",
        "--format",
        "json",
    )
    assert compiled.returncode == 0, compiled.stderr
    data = json.loads(compiled.stdout)
    assert data["variants"][0]["target"] == "sandybridge"
    assert {each["step"]: each["changes"] for each in data["steps"]["graph"]}["cancel-double-negation"] == 1

    module = webtensorc_runtime.load(tmp_path / "m.wtb")  # the loader needs no plug-in
    (result,) = module(np.array([1, 2, 3, 4], np.float32))
    assert result.tolist() == [2, 4, 6, 8]


@pytest.mark.slow
def test_its_options_reach_it(site: Path, tmp_path: Path) -> None:
    (tmp_path / "model.mlir").write_text(MODEL)
    for spec, changes in (("cancel-double-negation{limit=0}", 0), ("cancel-double-negation", 1)):
        done = webtensorc_with(site, "opt", tmp_path / "model.mlir", "--pass", spec, "--format", "json")
        assert json.loads(done.stdout)["changes"] == changes, done.stderr


def test_without_it_nothing_is_there(tmp_path: Path) -> None:
    with pytest.raises(webtensorc.errors.UsageError, match="sandybridge"):
        from webtensorc.registry import make_target

        make_target("sandybridge")


def test_an_operator_is_one_function_in_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import onnx
    from onnx import TensorProto, helper

    monkeypatch.setattr(operators, "__path__", [*operators.__path__, str(HERE / "operators")])
    registry.operators.cache_clear()
    try:
        node = helper.make_node("CDist", ["x", "b"], ["y"], metric="euclidean", domain="com.microsoft")
        x, b, y = (
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in (("x", [2, 3]), ("b", [4, 3]), ("y", [2, 4]))
        )
        opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
        model = helper.make_model(helper.make_graph([node], "g", [x, b], [y]), opset_imports=opsets, ir_version=10)
        onnx.save(model, tmp_path / "g.onnx")
        module = webtensorc_runtime.load(webtensorc.compile(tmp_path / "g.onnx", cache=False))
        inputs = make_inputs(module.inputs)
        assert all(each.passed for each in compare(module.run(inputs), run_onnxruntime(tmp_path / "g.onnx", inputs)))
    finally:
        monkeypatch.undo()
        registry.operators.cache_clear()


def test_contributing_shows_these_files() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text()
    shown = dict(re.findall(r"^`([\w./]+)`:\n\n```\w+\n(.*?)^```", page, re.DOTALL | re.MULTILINE))
    assert set(shown) == {
        "pyproject.toml",
        "webtensorc_example/passes/cancel_double_negation.py",
        "webtensorc_example/targets/sandybridge.py",
        "operators/c_dist.py",
    }
    for name, text in shown.items():
        assert text == (HERE / name).read_text(), f"{name} differs from CONTRIBUTING.md"
