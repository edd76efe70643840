"""Targets added to a bundle from its own graph: the very bytes that compiling the original for all of them gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx.parser
import pytest
import webtensorc_runtime
from click.testing import CliRunner
from onnx import TensorProto, helper, numpy_helper
from webtensorc_runtime import cpu

import webtensorc
from fixtures import jax_models
from webtensorc.cli.app import group

FIRST, ADDED = "x86-64-v3", ("aarch64", "x86-64-v2")


def classifier(folder: Path) -> Path:
    """ONNX with an open batch: p = softmax(x @ w)."""
    weights = np.random.default_rng(0).standard_normal((8, 3)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Softmax", ["h"], ["p"])],
        "classifier",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 8])],
        [helper.make_tensor_value_info("p", TensorProto.FLOAT, ["batch", 3])],
        [numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.save(model, folder / "model.onnx")
    return folder / "model.onnx"


def convolutions(folder: Path) -> Path:
    """ONNX with an open batch: a convolution, a normalisation that is folded into it, pooling and a product."""
    random = np.random.default_rng(1)
    shapes = {"k": (8, 3, 3, 3), "scale": (8,), "bias": (8,), "mean": (8,), "var": (8,), "w": (8, 5), "c": (5,)}
    weights = [
        numpy_helper.from_array(random.uniform(0.5, 1.5, shape).astype(np.float32), name)
        for name, shape in shapes.items()
    ]
    nodes = [
        helper.make_node("Conv", ["x", "k"], ["a"], pads=[1, 1, 1, 1]),
        helper.make_node("BatchNormalization", ["a", "scale", "bias", "mean", "var"], ["b"]),
        helper.make_node("Relu", ["b"], ["d"]),
        helper.make_node("GlobalAveragePool", ["d"], ["e"]),
        helper.make_node("Flatten", ["e"], ["f"]),
        helper.make_node("Gemm", ["f", "w", "c"], ["y"]),
    ]
    takes = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3, 8, 8])
    gives = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 5])
    graph = helper.make_graph(nodes, "convolutions", [takes], [gives], weights)
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), folder / "model.onnx"
    )
    return folder / "model.onnx"


def exported(model: jax_models.JaxModel) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / "model.jax").write_bytes(jax_models.export_closed_over(model).serialize())
        return folder / "model.jax"

    return write


def quantised(folder: Path) -> Path:
    """ONNX with an open batch: a product of bytes as exporters write it, scales and zero points around it."""
    return parsed(
        """<ir_version: 9, opset_import: ["" : 17]>
        quantised (float[batch, 64] x) => (float[batch, 200] y)
        <float s = {0.02}, uint8 z = {128}, float ws = {0.01}, int8 wz = {0}> {
            q = QuantizeLinear (x, s, z)
            d = DequantizeLinear (q, s, z)
            v = DequantizeLinear (w, ws, wz)
            h = MatMul (d, v)
            p = QuantizeLinear (h, s, z)
            y = DequantizeLinear (p, s, z)
        }""",
        folder,
        w=np.random.default_rng(2).integers(-127, 127, (64, 200), np.int8),
    )


def product(folder: Path) -> Path:
    """ONNX with an open batch: two products whose matrices processors read in panels, where there are enough rows."""
    random = np.random.default_rng(3)
    return parsed(
        """<ir_version: 9, opset_import: ["" : 17]>
        product (float[batch, 64] x) => (float[batch, 64] y) {
            a = MatMul (x, v)
            b = Relu (a)
            y = MatMul (b, w)
        }""",
        folder,
        v=random.standard_normal((64, 200), np.float32),
        w=random.standard_normal((200, 64), np.float32),
    )


def step(folder: Path) -> Path:
    """ONNX, a step of a decoder: what is joined to a cache, which may be empty at first, is multiplied by it."""
    return parsed(
        """<ir_version: 9, opset_import: ["" : 17]>
        step (float[batch, past, 4] cache, float[batch, new, 4] x)
          => (float[batch, total, 4] kept, float[batch, new, 4] y) {
            kept = Concat <axis = 1> (cache, x)
            turned = Transpose <perm = [0, 2, 1]> (kept)
            scores = MatMul (x, turned)
            p = Softmax <axis = -1> (scores)
            y = MatMul (p, kept)
        }""",
        folder,
    )


def parsed(text: str, folder: Path, **weights: np.ndarray) -> Path:
    """A model in ONNX's text form, and weights for it, as a file."""
    model = onnx.parser.parse_model(text)
    model.graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in weights.items())
    onnx.save(model, folder / "model.onnx")
    return folder / "model.onnx"


MODELS: list[tuple[Callable[[Path], Path], list[str]]] = [
    (convolutions, []),
    (convolutions, ["--dim", "batch=4", "--precise"]),
    (classifier, ["--dim", "batch=1,8,1..64"]),
    (convolutions, ["--dim", "batch=1,4,1..8"]),
    (convolutions, ["--dim", "batch=1,4,1..8", "--prepack", "--precise"]),
    (quantised, ["--dim", "batch=1"]),
    (quantised, ["--dim", "batch=2,1..8", "--prepack"]),
    (product, ["--dim", "batch=1,8,1..16", "--prepack"]),
    (step, ["--dim", "past=0..8"]),
    (step, ["--dim", "past=0,4", "--dim", "batch=1"]),
    (exported(jax_models.transformer()), []),
    (exported(jax_models.conv_net()), []),
    (exported(jax_models.training_step()), []),
]


def compile_(*arguments: object) -> None:
    done = CliRunner().invoke(group, ["compile", *map(str, arguments), "-q"], catch_exceptions=False)
    assert done.exit_code == 0, done.output


@pytest.mark.slow
@pytest.mark.parametrize(
    ("write", "options"),
    MODELS,
    ids=lambda each: " ".join(each) if isinstance(each, list) else getattr(each, "__name__", None),
)
def test_the_bytes_are_those_of_compiling_the_original(
    write: Callable[[Path], Path], options: list[str], tmp_path: Path
) -> None:
    model = write(tmp_path)
    targets = [word for name in ADDED for word in ("--target", name)]
    compile_(model, "--target", FIRST, *targets, *options, "-o", tmp_path / "all.wtb")
    compile_(model, "--target", FIRST, *options, "-o", tmp_path / "one.wtb")
    compile_(tmp_path / "one.wtb", *targets, "-o", tmp_path / "more.wtb", "--no-cache")
    assert (tmp_path / "more.wtb").read_bytes() == (tmp_path / "all.wtb").read_bytes()


@pytest.mark.slow
@pytest.mark.skipif(cpu.architecture() != "x86_64", reason="the bundle is for a foreign processor")
@pytest.mark.parametrize("form", ["path", "bytes", "bundle"])
def test_specialising_compiles_what_is_missing(form: str, tmp_path: Path) -> None:
    bundle = webtensorc.compile(classifier(tmp_path), targets=["aarch64"], dims={"batch": 2})
    bundle.save(tmp_path / "arm.wtb")
    source = {"path": tmp_path / "arm.wtb", "bytes": (tmp_path / "arm.wtb").read_bytes(), "bundle": bundle}[form]
    with pytest.raises(webtensorc_runtime.IncompatibleMachineError):
        webtensorc_runtime.load(source)
    module = webtensorc_runtime.load(source, specialise=True)
    assert module.variant.startswith("x86-64")
    np.testing.assert_allclose(module(np.ones((2, 8), np.float32))[0].sum(1), 1, rtol=1e-5)
