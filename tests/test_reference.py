"""The references agree with each other and complain readably."""

import dataclasses
import sys

import jax
import jax.numpy as jnp
import numpy as np
import onnx.helper
import pytest
from jax import export

from webtensorc.compare import compare, make_inputs
from webtensorc.errors import UnsupportedError, UsageError
from webtensorc.frontends import load_model
from webtensorc.reference import interpreter_work, run_interpreter, run_onnxruntime
from webtensorc.reference_xla import run_xla


@pytest.fixture(scope="module")
def proto():
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMul", ["x", "w"], ["m"]), onnx.helper.make_node("Softmax", ["m"], ["y"])],
        "g",
        [value("x", onnx.TensorProto.FLOAT, [2, 3])],
        [value("y", onnx.TensorProto.FLOAT, [2, 4]), value("m", onnx.TensorProto.FLOAT, [2, 4])],
        [onnx.numpy_helper.from_array(np.arange(12, dtype=np.float32).reshape(3, 4) / 10, "w")],
    )
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)


def test_onnxruntime_and_interpreter_agree(proto, tmp_path):
    path = tmp_path / "m.onnx"
    onnx.save(proto, path)
    model = load_model(path)
    inputs = make_inputs(model.inputs)
    expected = run_onnxruntime(path, inputs)
    assert list(expected) == ["y", "m"]
    for reference in (run_onnxruntime(proto, inputs), run_interpreter(model, inputs), run_xla(model, inputs)):
        assert all(error.passed for error in compare(reference, expected))


def test_onnxruntime_missing_is_a_usage_error(proto, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UsageError, match="onnxruntime is not installed") as e:
        run_onnxruntime(proto, {})
    assert e.value.hint and "pip install onnxruntime" in e.value.hint


def test_onnxruntime_refusing_is_reported(proto):
    with pytest.raises(UnsupportedError, match="onnxruntime cannot run the model"):
        run_onnxruntime(proto, {"x": np.zeros((7, 3), np.float32)})


def test_scalars_and_every_carried_dtype():
    def function(x):
        return x, x.astype(jnp.bfloat16), x.astype(jnp.complex64), x.astype(jnp.uint4), x > 1, x.astype(jnp.uint32)

    model = load_model(export.export(jax.jit(function))(np.float32(3)))
    inputs = make_inputs(model.inputs)
    assert isinstance(inputs["x"], np.ndarray)
    results = run_interpreter(model, {"x": np.asarray(np.float32(3))})
    assert [result.dtype.name for result in results.values()] == [spec.dtype for spec in model.outputs]
    assert [complex(result) for result in results.values()] == [3, 3, 3, 3, 1, 3]


def test_what_the_interpreter_dies_of_is_refused(tmp_path):
    path = tmp_path / "model.mlir"
    path.write_text("""func.func @main(%x: tensor<2x2xf32>) -> tensor<2xf32> {
      %d = "stablehlo.unary_einsum"(%x) {einsum_config = "ii->i"} : (tensor<2x2xf32>) -> tensor<2xf32>
      %r = "stablehlo.einsum"(%d, %d) {einsum_config = "i,i->i"} : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
      return %r : tensor<2xf32>
    }""")
    with pytest.raises(UnsupportedError, match="does not have: einsum"):
        run_interpreter(load_model(path), {"arg0": np.ones((2, 2), np.float32)})


def test_inputs_are_checked():
    model = load_model(export.export(jax.jit(jnp.sin))(np.ones(3, np.float32)))
    with pytest.raises(UsageError, match="no value was given for input x"):
        run_interpreter(model, {})
    with pytest.raises(UsageError, match=r"was given float64\[3\]"):
        run_interpreter(model, {"x": np.ones(3)})


def test_xla_takes_every_dtype_and_refuses_readably():
    def function(x):
        return x, x.astype(jnp.bfloat16), x.astype(jnp.complex64), x.astype(jnp.float64), x > 1, x.astype(jnp.uint4)

    with jax.enable_x64(True):
        model = load_model(export.export(jax.jit(function))(np.float32(3)))
    inputs = make_inputs(model.inputs)
    expected = run_interpreter(model, inputs)
    found = run_xla(model, inputs)
    assert [str(each.dtype) for each in found.values()] == [spec.dtype for spec in model.outputs]
    assert all(error.passed for error in compare(found, expected))
    with pytest.raises(UsageError, match="no value was given"):
        run_xla(model, {})
    broken = dataclasses.replace(model, graph=b"no graph")
    with pytest.raises(UnsupportedError, match="XLA cannot run the model"):
        run_xla(broken, inputs)


def test_work_grows_with_the_sums():
    def work(rows, inner, columns):
        shapes = (np.zeros((rows, inner), np.float32), np.zeros((inner, columns), np.float32))
        return interpreter_work(load_model(export.export(jax.jit(jnp.matmul))(*shapes)))

    assert work(2, 3, 4) == 24
    assert work(20, 30, 40) == 24_000


@pytest.mark.parametrize("dtype", ["int32", "int64", "int8", "uint32", "uint8"])
def test_the_interpreter_survives_integer_division_by_zero(dtype):
    least = np.iinfo(dtype).min
    x = np.asarray([5, least, 7, least, 9], dtype)
    y = np.asarray([0, np.iinfo(dtype).max if least == 0 else -1, 2, 0, 4], dtype)

    def divided(x, y):
        return jax.lax.div(x, y), jax.lax.rem(x, y)

    with jax.enable_x64(True):
        model = load_model(export.export(jax.jit(divided))(x, y))
    inputs = dict(zip((each.name for each in model.inputs), (x, y), strict=True))
    found, wanted = run_interpreter(model, inputs), run_xla(model, inputs)
    for name, array in wanted.items():
        np.testing.assert_array_equal(found[name], array)
