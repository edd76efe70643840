"""Every example that a verb's help shows is run, as it stands, in one folder with a small model."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest

from webtensorc.cli.app import group

CONTEXT = click.Context(group)
VERBS = group.list_commands(CONTEXT)


def examples(verb: str) -> list[str]:
    command = group.get_command(CONTEXT, verb)
    assert command is not None
    lines = [line.strip() for line in (command.epilog or "").splitlines()]
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """model.onnx (y = relu(x + w) on 2x3 numbers), its bundle for two targets, x.npy, y.npy; model.jax is like it.

    Two products with the identity before it make the model one that needs memory for what is between them.
    """
    import jax.export
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    import webtensorc

    folder = tmp_path_factory.mktemp("shop")
    nodes = [
        helper.make_node("MatMul", ["x", "one"], ["once"], name="once"),
        helper.make_node("MatMul", ["once", "one"], ["twice"], name="twice"),
        helper.make_node("Add", ["twice", "w"], ["s"], name="add"),
        helper.make_node("Relu", ["s"], ["y"], name="relu"),
    ]
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 3]) for name in "xy")
    weight = numpy_helper.from_array(np.array([[1, -1, 2], [-2, 0.5, 0]], np.float32), "w")
    one = numpy_helper.from_array(np.eye(3, dtype=np.float32), "one")
    graph = helper.make_graph(nodes, "small", [x], [y], [weight, one])
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), folder / "model.onnx"
    )
    exported = jax.export.export(jax.jit(lambda x: jax.nn.relu(x + 1)))(np.zeros((2, 3), np.float32))
    (folder / "model.jax").write_bytes(exported.serialize())
    webtensorc.compile(folder / "model.onnx", ["x86-64-v3", "x86-64-v2"]).save(folder / "model.wtb")
    sample = np.arange(1, 7, dtype=np.float32).reshape(2, 3)
    np.save(folder / "x.npy", sample)
    np.save(folder / "y.npy", np.maximum(sample + numpy_helper.to_array(weight), 0))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("verb", VERBS)
def test_examples_run(verb: str, shop: Path) -> None:
    assert examples(verb)
    for example in examples(verb):
        assert example.startswith(f"webtensorc {verb}") or verb == "opt"
        words = example.replace("webtensorc ", f"{sys.executable} -m webtensorc.cli ", 1)
        if verb == "bench":
            words += " --duration 0.1"
        environment = {**os.environ, "WEBTENSORC_REPRODUCER_DIR": str(shop)}
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", words],
            cwd=shop,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{example}\n{done.stderr}"
