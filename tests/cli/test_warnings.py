"""What a file declares and is not so is said on standard error, and in JSON; the work goes on."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import TensorProto, helper


def test_shapes_that_are_declared_otherwise(cli, tmp_path: Path) -> None:
    names = [f"y{number}" for number in range(8)]
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], [name], name=f"of_{name}") for name in names],
        "declared",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 3])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 4]) for name in names],
    )
    path = tmp_path / "declared.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path)
    for verb in (("check", path), ("compile", path, "-o", tmp_path / "m.wtb")):
        outcome = cli(*verb)
        assert outcome.code == 0
        lines = [line for line in outcome.err.splitlines() if line.startswith("warning: ")]
        assert lines[0].startswith(f'warning: {path}: node "of_y0" (Relu, opset 20): value "y0"')
        assert lines[0].endswith("is declared with the shape [2, 4], but it has [2, 3]")
        assert lines[5:] == ["warning: and 3 more like these (-v shows all)"]
        everything = cli(*verb, "-v", "--format", "json")
        assert everything.err.count("warning: ") == len(everything.data["warnings"]) == 8
        assert "warning" not in cli(*verb, "-q").err
