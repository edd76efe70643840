"""The names and signatures that callers in Python rely on."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import webtensorc_runtime

import webtensorc
from webtensorc import cli


def parameters(function: Any) -> list[tuple[str, Any, Any]]:
    """Name, kind and default of every parameter."""
    return [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]


EITHER, KEYWORD, NONE = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.empty


def test_compile() -> None:
    assert parameters(webtensorc.compile) == [
        ("model", EITHER, NONE),
        ("targets", EITHER, ("host",)),
        ("dims", KEYWORD, None),
        ("input_shapes", KEYWORD, None),
        ("optimization_level", KEYWORD, 3),
        ("passes", KEYWORD, ()),
        ("disabled_passes", KEYWORD, ()),
        ("precise", KEYWORD, False),
        ("prepack", KEYWORD, False),
        ("cache", KEYWORD, True),
    ]


def test_load() -> None:
    first, *options = parameters(webtensorc_runtime.load)
    assert first[1:] == (EITHER, NONE)
    assert options[:2] == [("device", KEYWORD, None), ("threads", KEYWORD, None)]
    assert all(kind is KEYWORD and default in (None, False) for _, kind, default in options)


def test_a_bundle_and_a_module_have_what_is_promised(tmp_path: Path) -> None:
    kind = "tensor<2x3xf32>"
    (tmp_path / "m.mlir").write_text(f"func.func @main(%x: {kind}) -> {kind} {{ return %x : {kind} }}")
    bundle = webtensorc.compile(str(tmp_path / "m.mlir"), ["x86-64-v2", "x86-64-v3"])
    assert isinstance(bundle, webtensorc.Bundle)
    bundle.save(tmp_path / "m.wtb")
    data = bundle.to_bytes()
    assert (tmp_path / "m.wtb").read_bytes() == data
    assert webtensorc.Bundle.load(tmp_path / "m.wtb").to_bytes() == data
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    for source in (tmp_path / "m.wtb", str(tmp_path / "m.wtb"), data, bundle):
        module = webtensorc_runtime.load(source, device="cpu", threads=1)
        results = module(x)
        assert isinstance(results, tuple) and [type(each) for each in results] == [np.ndarray]
        assert {name: array.tolist() for name, array in module.run({"arg0": x}).items()} == {"result0": x.tolist()}
        assert [(each.name, each.dtype, each.shape) for each in module.inputs] == [("arg0", "float32", (2, 3))]
        assert [(each.name, each.dtype, each.shape) for each in module.outputs] == [("result0", "float32", (2, 3))]
        assert module.variant == "x86-64-v3"
        assert [label for label, _ in module.rejected] == ["x86-64-v2"]


def test_one_target_may_be_a_word(tmp_path: Path) -> None:
    """`targets="x86-64-v3"` is no sequence of letters."""
    kind = "tensor<2xf32>"
    (tmp_path / "m.mlir").write_text(f"func.func @main(%x: {kind}) -> {kind} {{ return %x : {kind} }}")
    bundle = webtensorc.compile(tmp_path / "m.mlir", "x86-64-v2")
    assert [each.label for each in bundle.artifacts] == ["x86-64-v2"]


@pytest.mark.parametrize(
    ("sizes", "says"),
    [
        ({"dims": {"n": "2"}}, "dimension 'n': a size is a whole number, not '2'"),
        ({"dims": {"n": 1.5}}, "not 1.5"),
        ({"input_shapes": {"x": "1x8"}}, "the shape of input 'x' is a whole number"),
        ({"optimization_level": 7}, "no optimization level 7"),
        ({"targets": ()}, "no target is given"),
    ],
)
def test_arguments_that_are_wrong(sizes: dict[str, Any], says: str) -> None:
    with pytest.raises(webtensorc_runtime.UsageError) as caught:
        webtensorc.compile("m.onnx", **sizes)
    assert says in caught.value.message


def test_numpys_numbers_are_sizes(tmp_path: Path) -> None:
    from onnx import TensorProto, helper

    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", [x], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    bundle = webtensorc.compile(model, dims={"n": np.int64(3)})
    assert bundle.manifest.inputs[0].shape == (3,)


def test_names_that_no_file_has(tmp_path: Path) -> None:
    kind = "tensor<2xf32>"
    (tmp_path / "m.mlir").write_text(f"func.func @main(%x: {kind}) -> {kind} {{ return %x : {kind} }}")
    with pytest.raises(webtensorc_runtime.InvalidFileError):
        webtensorc.compile("a\0b")
    with pytest.raises(webtensorc_runtime.UsageError, match="cannot write the bundle"):
        webtensorc.compile(tmp_path / "m.mlir").save("a\0b")


CONTRACT = {
    "compile": "-o --target --dim --input-shape -O --pass --disable-pass --dump-ir --time --no-cache --format",
    "run": "--input --output --expected --rtol --atol --seed --device --threads --format",
    "verify": "--target --against --format",
    "check": "--target --format",
    "inspect": "--format",
    "bench": "--ablate --against --format",
    "plan": "--target --format",
    "passes": "--format",
    "targets": "--format",
    "opt": "--pass --format",
}


@pytest.mark.parametrize("verb", CONTRACT)
def test_every_promised_option_is_there(verb: str) -> None:
    import importlib

    command = importlib.import_module(f"{cli.__name__}.verbs.{verb}").command
    there = {name for parameter in command.params for name in parameter.opts}
    assert set(CONTRACT[verb].split()) <= there
