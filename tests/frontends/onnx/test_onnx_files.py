"""What an ONNX file may be: opsets, external data that is mapped, nodes without names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import webtensorc_runtime
from onnx import TensorProto, defs, helper, numpy_helper

import webtensorc
from webtensorc import portable
from webtensorc.cache import Cache
from webtensorc.driver import Request, compile_source
from webtensorc.frontends import load_model
from webtensorc.model import Model
from webtensorc.reference import run_interpreter, run_onnxruntime


def proto(nodes: list[onnx.NodeProto], weights: list[onnx.TensorProto], opset: int = 17) -> onnx.ModelProto:
    """A model of x float32[2, 4] and y."""
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        weights,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def product(weight: np.ndarray) -> onnx.ModelProto:
    return proto([helper.make_node("MatMul", ["x", "w"], ["y"])], [numpy_helper.from_array(weight, "w")])


def save_external(path: Path, weight: np.ndarray) -> None:
    onnx.save(product(weight), path, save_as_external_data=True, location="weights.bin", size_threshold=0)


@pytest.mark.parametrize("opset", range(7, defs.onnx_opset_version() + 1))
def test_every_opset_from_seven_to_the_newest(opset: int, tmp_path: Path) -> None:
    """Softmax and ReduceSum changed their meaning in opset 13, Pad and Clip took attributes before 11."""
    weights = [numpy_helper.from_array(np.arange(8, dtype=np.float32).reshape(4, 2) / 8, "w")]
    clip = helper.make_node("Clip", ["h"], ["c"], min=0.0, max=2.0)
    if opset >= 11:
        weights += [numpy_helper.from_array(np.array(v, np.float32), n) for n, v in (("low", 0.0), ("high", 2.0))]
        clip = helper.make_node("Clip", ["h", "low", "high"], ["c"])
    total = helper.make_node("ReduceSum", ["c"], ["s"], axes=[0], keepdims=0)
    if opset >= 13:
        weights += [numpy_helper.from_array(np.array([0]), "axes")]
        total = helper.make_node("ReduceSum", ["c", "axes"], ["s"], keepdims=0)
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        clip,
        total,
        helper.make_node("Softmax", ["s"], ["y"], axis=0),
    ]
    path = tmp_path / "model.onnx"
    onnx.save(proto(nodes, weights, opset), path)
    model = load_model(path)
    inputs = {"x": np.random.default_rng(opset).standard_normal((2, 4), np.float32)}
    if opset > 26:  # newer than what ONNX Runtime reads
        assert run_interpreter(model, inputs)["y"].sum() == pytest.approx(1)
        return
    np.testing.assert_allclose(run_interpreter(model, inputs)["y"], run_onnxruntime(path, inputs)["y"], rtol=1e-5)


def test_a_split_has_as_many_parts_as_outputs_in_opset_18_too() -> None:
    """A model of opset 17 that calls itself newer; ONNX Runtime runs it where the input's shape is not stated."""
    split = helper.make_node("Split", ["x"], ["y", "z"], axis=1)
    assert [each.shape for each in load_model(proto([split], [], opset=18)).outputs] == [(2, 2)]


def test_external_data_is_mapped(tmp_path: Path) -> None:
    weight = np.arange(4000, dtype=np.float32).reshape(4, 1000)
    save_external(tmp_path / "model.onnx", weight)
    model = load_model(tmp_path / "model.onnx")
    np.testing.assert_array_equal(model.weights["w"], weight)
    base = model.weights["w"]
    while isinstance(base, np.ndarray) and not isinstance(base, np.memmap):
        base = base.base
    assert isinstance(base, np.memmap)
    assert [file.name for file in model.files] == ["weights.bin"]


@pytest.mark.slow
def test_the_cache_notices_other_external_data(tmp_path: Path) -> None:
    path, cache = tmp_path / "model.onnx", Cache(tmp_path / "cache")
    x = np.ones((2, 4), np.float32)
    for scale in (1, 2):
        weight = np.full((4, 100), scale, np.float32)
        save_external(path, weight)
        for known in (False, True):
            found = compile_source(Request(path, cache=cache))
            assert ("graph" in found.cached) == known
            (y,) = webtensorc_runtime.load(found.bundle)(x)
            np.testing.assert_array_equal(y, x @ weight)


# VmHWM is of this program alone; ru_maxrss counts what the parent had when it started it.
LARGE = """
import re, sys
from pathlib import Path
from webtensorc.frontends import load_model
model = load_model(sys.argv[1])
assert [spec.shape for spec in model.outputs] == [(2, 16)]
peak = re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())
print(sum(array.nbytes for array in model.weights.values()), int(peak[1]) * 1024)
"""


def test_a_model_of_more_than_two_gigabytes_is_read_without_them(tmp_path: Path) -> None:
    """Six weights in a sparse file of 3 GiB: they are mapped, never in memory, and no protobuf could hold them."""
    each = 512 << 20
    nodes, weights, value = [], [], "x"
    columns = each // 4 // 4
    for i in range(3):
        shapes = {f"up{i}": (4, columns), f"down{i}": (columns, 4)}
        for name, shape in shapes.items():
            tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape, data_location=TensorProto.EXTERNAL)
            place = {"location": "weights.bin", "offset": str(len(weights) * each), "length": str(each)}
            for key, text in place.items():
                tensor.external_data.add(key=key, value=text)
            weights.append(tensor)
        nodes += [
            helper.make_node("MatMul", [value, f"up{i}"], [f"h{i}"]),
            helper.make_node("MatMul", [f"h{i}", f"down{i}"], [f"o{i}"]),
        ]
        value = f"o{i}"
    nodes.append(helper.make_node("Concat", [value] * 4, ["y"], axis=1))
    path = tmp_path / "large.onnx"
    path.write_bytes(proto(nodes, weights).SerializeToString())
    with (tmp_path / "weights.bin").open("wb") as file:
        file.truncate(len(weights) * each)
    done = subprocess.run([sys.executable, "-c", LARGE, str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    size, peak = map(int, done.stdout.split())
    assert size == 6 * each > 2 << 30
    assert peak < 1 << 30


def test_nodes_have_names_and_they_are_the_locations() -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["a"], name="my/first"),
        helper.make_node("Tanh", ["a"], ["b"]),
        helper.make_node("Add", ["a", "b"], ["y"], name="sum"),
    ]
    text = portable.to_text(load_model(proto(nodes, [])).graph)
    for operation, name in (("maximum", "my/first"), ("tanh", "Tanh_1"), ("add", "sum")):
        (line,) = [line for line in text.splitlines() if f'"stablehlo.{operation}"' in line]
        assert name in location_of(line, text)


def location_of(line: str, text: str) -> str:
    """The location at the end of a line, looked up where it is an alias."""
    alias = line.rsplit("loc(", 1)[1].rstrip(")")
    found = [each for each in text.splitlines() if each.startswith(f"{alias} = ")]
    return found[0] if found else alias


@pytest.mark.slow
def test_a_bundle_is_a_model_again(tmp_path: Path) -> None:
    weight = np.arange(400, dtype=np.float32).reshape(4, 100)
    first = webtensorc.compile(product(weight), targets=["x86-64-v2"], cache=False)
    first.save(tmp_path / "m.wtb")
    again: Model = load_model(tmp_path / "m.wtb")
    assert again.graph == first.model.graph
    second = webtensorc.compile(tmp_path / "m.wtb", targets=["x86-64-v2"], cache=False)
    assert [artifact.label for artifact in second.artifacts] == ["x86-64-v2"]
    assert bytes(second.to_buffer()) == bytes(first.to_buffer())
    (y,) = webtensorc_runtime.load(second)(np.ones((2, 4), np.float32))
    np.testing.assert_array_equal(y, np.ones((2, 4), np.float32) @ weight)


def test_dimensions_that_the_exporter_did_not_know_are_not_one() -> None:
    """PaddlePaddle's writes `?` and -1 for height and width."""
    model = proto([helper.make_node("Relu", ["x"], ["y"])], [])
    model.graph.input[0].CopyFrom(helper.make_tensor_value_info("x", TensorProto.FLOAT, [-1, 3, "?", "?", "-1", "n"]))
    assert load_model(model).inputs[0].shape == ("x_0", 3, "x_2", "x_3", "x_4", "n")
