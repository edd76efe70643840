"""ONNX files that are damaged, contradict themselves, or reach for files that are not theirs: exit code 3, and why."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import onnx
import pytest
import webtensorc_runtime
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

import webtensorc
from webtensorc.errors import DiagnosticError, InvalidFileError, UnsupportedError, UsageError
from webtensorc.frontends import load_model
from webtensorc.frontends.onnx import check
from webtensorc.reference import run_interpreter

W = np.arange(12, dtype=np.float32).reshape(3, 4)
x_info, y_info = (
    helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in (("x", [2, 3]), ("y", [2, 4]))
)


def model(
    nodes: Iterable[onnx.NodeProto] | None = None,
    weights: Iterable[onnx.TensorProto] | None = None,
    outputs: Iterable[onnx.ValueInfoProto] = (y_info,),
) -> onnx.ModelProto:
    """y = x @ w, or other nodes."""
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"], name="product")] if nodes is None else nodes
    weights = [numpy_helper.from_array(W, "w")] if weights is None else weights
    graph = helper.make_graph(list(nodes), "g", [x_info], list(outputs), list(weights))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


GOOD = model().SerializeToString()


def refused(
    path: Path, proto: onnx.ModelProto | None = None, kind: type[DiagnosticError] = InvalidFileError
) -> DiagnosticError:
    """The diagnostic for a file, or for a model written to it."""
    if proto is not None:
        path.write_bytes(proto.SerializeToString())
    with pytest.raises(kind) as caught:
        load_model(path)
    assert caught.value.file == str(path)
    return caught.value


def node(op: str, inputs: list[str], outputs: list[str], **more: object) -> onnx.NodeProto:
    return helper.make_node(op, inputs, outputs, **more)


CYCLE = [
    node("Add", ["x", "b"], ["a"], name="one"),
    node("Relu", ["a"], ["b"], name="two"),
    node("Identity", ["b"], ["y"]),
]


@pytest.mark.parametrize(
    ("nodes", "says", "where"),
    [
        (CYCLE, "cycle through one, two", 'node "one"'),
        ([node("Relu", ["y"], ["y"], name="self")], "cycle through self", 'node "self"'),
        ([node("Relu", ["nothing"], ["y"])], '"nothing" is used but nothing defines it', 'node "Relu_0" (Relu)'),
        ([node("Relu", ["x"], ["z"])], '"y" is used but nothing defines it', 'graph output "y"'),
        ([node("Relu", ["x"], ["y"]), node("Abs", ["x"], ["y"])], '"y" is defined twice', 'node "Abs_1" (Abs)'),
        ([node("Relu", ["x"], ["x"]), node("Abs", ["x"], ["y"])], '"x" is defined twice', 'node "Relu_0" (Relu)'),
        ([], '"y" is used but nothing defines it', 'graph output "y"'),
    ],
    ids=["cycle", "self", "dangling input", "dangling output", "twice", "over an input", "no nodes"],
)
def test_graphs_that_hang_together_badly(tmp_path: Path, nodes: list[onnx.NodeProto], says: str, where: str) -> None:
    error = refused(tmp_path / "m.onnx", model(nodes, []))
    assert says in error.message
    assert error.place == where


def test_all_values_that_nothing_defines_are_named(tmp_path: Path) -> None:
    error = refused(tmp_path / "m.onnx", model([node("Add", ["x", "gone"], ["h"]), node("Mul", ["h", "too"], ["y"])]))
    assert '"gone" is used but nothing defines it' in error.message
    assert error.notes == ('value "too" is used but nothing defines it: node "Mul_1" (Mul)',)


@pytest.mark.parametrize(
    ("nodes", "says"),
    [
        ([node("Gelu", ["x"], ["y"], approximate="magic")], "`Gelu` has no `approximate` that is called `magic`"),
        ([node("Relu", ["x"], ["y", "z"])], "`Relu` has at most 1 outputs in this opset, 2 are named"),
    ],
    ids=["attribute", "outputs"],
)
def test_nodes_that_their_operators_do_not_have(tmp_path: Path, nodes: list[onnx.NodeProto], says: str) -> None:
    proto = model(nodes, [])
    assert refused(tmp_path / "m.onnx", proto).message == says
    assert [item.reason for item in check(proto)] == [says]


def test_a_type_that_a_later_opset_takes(tmp_path: Path) -> None:
    nodes = [node("Cast", ["x"], ["h"], to=TensorProto.BFLOAT16), node("GlobalAveragePool", ["h"], ["y"])]
    error = refused(tmp_path / "m.onnx", model(nodes, []))
    assert str(error.hint).endswith("; export the model with opset 22 or later")


def test_a_loop_that_never_ends(tmp_path: Path) -> None:
    flags = [helper.make_tensor_value_info(name, TensorProto.BOOL, ()) for name in ("before", "after")]
    given = [helper.make_tensor_value_info("i", TensorProto.INT64, ()), flags[0], x_info]
    nodes = [node("Identity", ["before"], ["after"]), node("Neg", ["x"], ["z"])]
    body = helper.make_graph(
        nodes, "body", given, [flags[1], helper.make_tensor_value_info("z", TensorProto.FLOAT, None)]
    )
    proto = model([node("Loop", ["", "", "x"], ["y"], body=body)], [])
    assert "never ends" in refused(tmp_path / "m.onnx", proto, UnsupportedError).message


def test_a_loop_whose_trip_count_is_written_as_any_number(tmp_path: Path) -> None:
    given = [helper.make_tensor_value_info("i", TensorProto.INT64, ())]
    given += [helper.make_tensor_value_info("before", TensorProto.BOOL, ()), x_info]
    nodes = [
        node("ReduceSum", ["x"], ["sum"], keepdims=0),
        node("Less", ["sum", "most"], ["after"]),
        node("Add", ["x", "x"], ["next"]),
        node("Neg", ["x"], ["row"]),
    ]
    results = [helper.make_tensor_value_info("after", TensorProto.BOOL, ())]
    results += [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("next", "row")]
    body = helper.make_graph(nodes, "body", given, results)
    weights = {"any": np.asarray(2**31 - 1), "most": np.float32(100)}
    proto = model(
        [node("Loop", ["any", "", "x"], ["last", "y"], body=body)],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in weights.items()],
    )
    assert "its trip count, 2147483647, is no bound" in refused(tmp_path / "m.onnx", proto, UnsupportedError).message


def test_nodes_in_functions_are_looked_at_too() -> None:
    opset = helper.make_opsetid("", 20)
    body = [node("NoSuch", ["a"], ["h"], name="one"), node("ImageDecoder", ["h"], ["b"], name="two")]
    proto = model([node("Both", ["x"], ["y"], domain="own", name="call")], [])
    proto.opset_import.append(helper.make_opsetid("own", 1))
    proto.functions.append(helper.make_function("own", "Both", ["a"], ["b"], body, [opset]))
    unknown, left_out = check(proto)
    assert (unknown.nodes, left_out.nodes) == (("call/one",), ("call/two",))
    assert "decode before the model" in left_out.reason


def test_an_operator_set_of_two_versions(tmp_path: Path) -> None:
    proto = model()
    proto.opset_import.append(helper.make_opsetid("", 11))
    assert "imports opsets 20 and 11" in refused(tmp_path / "m.onnx", proto).message


def test_nodes_in_any_order_are_no_cycle(tmp_path: Path) -> None:
    nodes = [node("Relu", ["h"], ["y"]), node("MatMul", ["x", "w"], ["h"])]
    (tmp_path / "m.onnx").write_bytes(model(nodes).SerializeToString())
    bundle = webtensorc.compile(tmp_path / "m.onnx", cache=False)
    (y,) = webtensorc_runtime.load(bundle)(np.ones((2, 3), np.float32))
    np.testing.assert_array_equal(y, np.ones((2, 3), np.float32) @ W)


def test_truncated_anywhere(tmp_path: Path) -> None:
    """A cut may leave a shorter valid message: then it lacks something else, or is the whole model."""
    path = tmp_path / "m.onnx"
    for size in range(len(GOOD)):
        path.write_bytes(GOOD[:size])
        try:
            found = load_model(path)
        except (InvalidFileError, UnsupportedError) as error:
            assert error.file == str(path)
        else:
            assert [str(spec) for spec in found.inputs] == ["x: float32[2, 3]"]


@settings(max_examples=150, deadline=None)
@given(at=st.integers(0, len(GOOD) - 1), junk=st.binary(min_size=1, max_size=4))
def test_overwritten_bytes_give_a_diagnostic_or_a_model(
    at: int, junk: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "overwritten.onnx"
    path.write_bytes(GOOD[:at] + junk + GOOD[at + len(junk) :])
    try:
        load_model(path)
    except DiagnosticError as error:
        assert error.exit_code in (2, 3, 4), error


@pytest.mark.parametrize("name", [b"w", b"x", b"g", b"MatMul"])
def test_text_that_is_not_utf_8_is_refused(name: bytes, tmp_path: Path) -> None:
    assert name in GOOD
    path = tmp_path / "m.onnx"
    path.write_bytes(GOOD.replace(name, b"\x80" * len(name)))
    with pytest.raises(InvalidFileError, match="not UTF-8") as error:
        load_model(path)
    assert error.value.file == str(path)


def tensor(**fields: object) -> onnx.TensorProto:
    return onnx.TensorProto(**{"name": "w", "data_type": TensorProto.FLOAT, "dims": [3, 4], **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("weight", "says"),
    [
        (tensor(raw_data=W.tobytes()[:-4]), "has 44 bytes of data, but float32[3, 4] needs 48"),
        (tensor(raw_data=W.tobytes() + b"\0"), "has 49 bytes of data"),
        (tensor(float_data=[1.0, 2.0]), "does not fit its shape"),
        (tensor(), "does not fit its shape"),
        (tensor(dims=[-3, 4], raw_data=W.tobytes()), "negative size"),
        (tensor(data_type=99, raw_data=W.tobytes()), "element type 99 does not exist"),
        (tensor(dims=[2**62, 2**62], raw_data=W.tobytes()), "has 48 bytes of data"),
    ],
)
def test_weights_that_contradict_themselves(tmp_path: Path, weight: onnx.TensorProto, says: str) -> None:
    error = refused(tmp_path / "m.onnx", model(weights=[weight]))
    assert says in error.message
    assert error.place == 'initializer "w"'


def external(location: str, **entries: object) -> onnx.TensorProto:
    made = tensor(data_location=TensorProto.EXTERNAL)
    for key, value in {"location": location, **entries}.items():
        made.external_data.add(key=key, value=str(value))
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model's folder with w.bin and sub/w.bin; beside it secret.bin, to which a link leads."""
    place = tmp_path / "model"
    (place / "sub").mkdir(parents=True)
    for path in (place / "w.bin", place / "sub" / "w.bin", tmp_path / "secret.bin"):
        path.write_bytes(b"12345678" + W.tobytes())
    (place / "link.bin").symlink_to(tmp_path / "secret.bin")
    (place / "inner.bin").symlink_to("w.bin")
    (place / "out").symlink_to(tmp_path)
    return place


@pytest.mark.parametrize(
    ("location", "says"),
    [
        ("missing.bin", "cannot be opened: No such file"),
        ("../secret.bin", "leaves the model's folder"),
        ("sub/../../secret.bin", "leaves the model's folder"),
        ("sub/../w.bin", "leaves the model's folder"),
        ("..\\secret.bin", "leaves the model's folder"),
        ("/etc/passwd", "is an absolute path"),
        ("\\\\server\\share", "is an absolute path"),
        ("C:\\secret.bin", "is an absolute path"),
        ("link.bin", "a symbolic link"),
        ("inner.bin", "a symbolic link"),
        ("out/secret.bin", "a symbolic link"),
        ("sub", "is not a regular file"),
        ("", "is not a file name"),
        ("w\0.bin", "is not a file name"),
        ("w.bin/w.bin", "cannot be opened"),
        ("x" * 300, "cannot be opened"),
    ],
)
def test_external_data_stays_in_the_models_folder(folder: Path, location: str, says: str) -> None:
    error = refused(folder / "m.onnx", model(weights=[external(location)]))
    assert says in error.message
    assert error.place == 'initializer "w"'
    assert error.hint == "external data must be a regular file in the model's folder"


def test_external_data_that_is_no_file(folder: Path) -> None:
    os.mkfifo(folder / "pipe")  # opening it would wait for ever
    assert "is not a regular file" in refused(folder / "m.onnx", model(weights=[external("pipe")])).message


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ({"offset": 9}, "has 56 bytes, but bytes 9 to 57 are asked for"),
        ({"offset": 10**30}, "are asked for"),
        ({"offset": -1}, 'the offset "-1" of its external data is no byte count'),
        ({"offset": "eight"}, "no byte count"),
        ({"length": 47}, "has 47 bytes of data, but float32[3, 4] needs 48"),
        ({"length": "²"}, "no byte count"),
    ],
)
def test_external_data_that_does_not_fit(folder: Path, entries: dict[str, object], says: str) -> None:
    assert says in refused(folder / "m.onnx", model(weights=[external("w.bin", **entries)])).message


@pytest.mark.parametrize("location", ["w.bin", "sub/w.bin", "./w.bin"])
def test_external_data_that_is_read(folder: Path, location: str) -> None:
    proto = model(weights=[external(location, offset=8, length=48)])
    (folder / "m.onnx").write_bytes(proto.SerializeToString())
    x = np.ones((2, 3), np.float32)
    np.testing.assert_array_equal(run_interpreter(load_model(folder / "m.onnx"), {"x": x})["y"], x @ W)


def test_external_data_of_a_model_in_memory() -> None:
    with pytest.raises(InvalidFileError, match="given in memory"):
        load_model(model(weights=[external("w.bin")]))


def _changed(change: Callable[[onnx.ModelProto], object]) -> onnx.ModelProto:
    proto = onnx.ModelProto.FromString(GOOD)
    change(proto)
    return proto


@pytest.mark.parametrize(
    ("proto", "kind", "says"),
    [
        (_changed(lambda m: m.ClearField("graph")), InvalidFileError, "no ONNX graph"),
        (_changed(lambda m: m.ClearField("opset_import")), InvalidFileError, "imports no operator set"),
        (_changed(lambda m: setattr(m, "ir_version", 0)), InvalidFileError, "no ONNX IR version"),
        (_changed(lambda m: setattr(m, "ir_version", 999)), UnsupportedError, "newer than"),
        (_changed(lambda m: setattr(m.opset_import[0], "version", 999)), UnsupportedError, "opset 999 is newer"),
        (_changed(lambda m: m.graph.input[0].ClearField("type")), InvalidFileError, "no type"),
        (_changed(lambda m: setattr(m.graph.input[0].type.tensor_type, "elem_type", 77)), InvalidFileError, "type 77"),
    ],
)
def test_headers_that_are_wrong(tmp_path: Path, proto: onnx.ModelProto, kind: type[DiagnosticError], says: str) -> None:
    assert says in refused(tmp_path / "m.onnx", proto, kind).message


def test_shapes_that_do_not_fit_each_other(tmp_path: Path) -> None:
    """The declared shape of x does not fit the weights: the node is named, and it is no bug of ours."""
    path = tmp_path / "m.onnx"
    proto = _changed(lambda m: setattr(m.graph.input[0].type.tensor_type.shape.dim[1], "dim_value", 5))
    path.write_bytes(proto.SerializeToString())
    with pytest.raises(DiagnosticError) as caught:
        load_model(path)
    assert caught.value.exit_code in (2, 3)
    assert "product" in str(caught.value)


def test_an_input_without_a_rank_is_asked_for() -> None:
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"]), helper.make_node("Nonsense", ["y"], ["z"])]
    for count, refusals in ((1, 0), (2, 1)):
        proto = model(nodes[:count])
        proto.graph.input[0].type.tensor_type.ClearField("shape")
        if refusals:  # what no shape can help is named first
            assert len(check(proto)) == refusals
        else:
            with pytest.raises(UsageError, match="has no shape"):
                check(proto)
        with pytest.raises((UsageError, UnsupportedError)):
            load_model(proto)


def test_sizes_that_no_tensor_has(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    proto = _changed(lambda m: setattr(m.graph.input[0].type.tensor_type.shape.dim[0], "dim_param", "n"))
    path.write_bytes(proto.SerializeToString())
    for sizes in ({"dims": {"n": 10**20}}, {"input_shapes": {"x": (10**20, 3)}}):
        with pytest.raises(UsageError, match="100000000000000000000"):
            load_model(path, **sizes)
