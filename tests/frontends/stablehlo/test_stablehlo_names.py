"""Names, order, dropped arguments and open dimensions of jax.export and StableHLO."""

import re
import subprocess
import sys
from collections import namedtuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export

from webtensorc.errors import InvalidFileError, UnsupportedError, UsageError
from webtensorc.frontends import load_model
from webtensorc.frontends.stablehlo.names import readable, unique
from webtensorc.reference import run_interpreter


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("x", "x"),
        ("params['w']", "params.w"),
        ("params['layers'][0]['w']", "params.layers.0.w"),
        ("state.mean['a']", "state.mean.a"),
        ("args[0]['w']", "arg0.w"),
        ("args[1]", "arg1"),
        ("result", "result"),
        ("result[1]", "result1"),
        ("result[1]['y']", "result1.y"),
        ("result['y']", "y"),
        ("result['z'][0]", "z.0"),
        ("kwargs['scale']", "scale"),
        ('params["it\'s"]', "params.it's"),
        ("params[<flat index 2>]", "params.2"),
        ("not a [path", "not a [path"),
    ],
)
def test_key_paths_are_made_readable(path, name):
    assert readable(path) == name


def test_names_are_made_unique():
    assert unique(["a", "a", "b", "a_1"], taken=["b"]) == ["a", "a_1", "b_1", "a_1_1"]


Pair = namedtuple("Pair", "left right")


def test_argument_and_result_names_are_kept_and_dropped_arguments_are_left_out(tmp_path):
    def function(params, pair, x, *, scale):
        return {"y": x @ params["w"] * scale, "z": (pair.left, x)}

    params = {"b": np.zeros(4, np.float32), "w": np.ones((3, 4), np.float32)}
    pair = Pair(np.float32(1), np.float32(2))
    exported = export.export(jax.jit(function))(params, pair, np.ones((2, 3), np.float32), scale=np.float32(2))
    assert len(exported.in_avals) == 6 and len(exported.module_kept_var_idx) == 4
    model = load_model(exported)
    assert [spec.name for spec in model.inputs] == ["params.w", "pair.left", "x", "scale"]
    assert [spec.name for spec in model.outputs] == ["y", "z.0", "z.1"]
    assert str(model.inputs[2]) == "x: float32[2, 3]"
    assert model.name == "function"


_CUSTOM_NODE = """
import sys
import jax, numpy as np
from jax import export

class State:
    def __init__(self, mean): self.mean = mean

jax.tree_util.register_pytree_with_keys(
    State, lambda s: (((jax.tree_util.GetAttrKey("mean"), s.mean),), None), lambda _, leaves: State(*leaves))
export.register_pytree_node_serialization(
    State, serialized_name="test.State", serialize_auxdata=lambda _: b"", deserialize_auxdata=lambda _: None)
exported = export.export(jax.jit(lambda state, x: state.mean + x))(State(np.ones(3)), np.ones(3))
open(sys.argv[1], "wb").write(exported.serialize())
"""


def test_files_with_pytree_nodes_unknown_here_are_read(tmp_path):
    path = tmp_path / "custom.jax"
    subprocess.run([sys.executable, "-c", _CUSTOM_NODE, str(path)], check=True)
    with pytest.raises(ValueError, match="unregistered type"):
        export.deserialize(bytearray(path.read_bytes()))
    assert [spec.name for spec in load_model(path).inputs] == ["state.mean", "x"]


def test_names_of_plain_stablehlo(tmp_path):
    path = tmp_path / "m.mlir"
    path.write_text(
        'func.func public @predict(%0: tensor<2xf32> {jax.arg_info = "a[\'b\']", mhlo.sharding = "{replicated}"},\n'
        '    %1: tensor<2xf32> loc("named"), %2: tensor<2xf32> {tf.aliasing_output = 0 : i32})\n'
        "    -> (tensor<2xf32> {jax.result_info = \"result['sum']\"}, tensor<2xf32>) {\n"
        "  %r = stablehlo.add %0, %1 : tensor<2xf32>\n"
        "  return %r, %2 : tensor<2xf32>, tensor<2xf32>\n}\n"
    )
    model = load_model(path)
    assert [spec.name for spec in model.inputs] == ["a.b", "named", "arg2"]
    assert [spec.name for spec in model.outputs] == ["sum", "result1"]


def _dynamic(platforms=("cpu",)):
    batch, length = export.symbolic_shape("batch, length")
    shape = jax.ShapeDtypeStruct
    spec = (shape((batch, 3), np.float32), shape((length, 2 * batch), np.float32))
    return export.export(jax.jit(lambda x, y: (jax.nn.softmax(x), y.sum(0))), platforms=platforms)(*spec)


def test_open_dimensions_are_named(tmp_path):
    path = tmp_path / "model"
    path.write_bytes(_dynamic().serialize())
    model = load_model(path, dims={"length": (2, 8)})
    assert [str(spec) for spec in model.inputs] == ["x: float32[batch, 3]", "y: float32[length, 2*batch]"]
    assert [str(spec) for spec in model.outputs] == ["result0: float32[batch, 3]", "result1: float32[2*batch]"]
    assert [str(each) for each in model.dims] == ["batch=1..", "length=2..8"]
    model = load_model(path, dims={"batch": 1})
    assert [spec.shape for spec in model.inputs] == [(1, 3), ("length", 2)]
    with pytest.raises(UsageError, match="no dimension is named 'bach'") as e:
        load_model(path, dims={"bach": 1})
    assert e.value.hint == "named dimensions: batch, length"


@pytest.mark.parametrize("platforms", [("cpu",), ("cuda", "cpu"), ("tpu",)])
def test_pinned_dimensions_and_several_platforms(platforms):
    model = load_model(_dynamic(platforms), dims={"batch": 2, "length": 4})
    assert [spec.shape for spec in model.inputs] == [(2, 3), (4, 4)]
    assert [spec.shape for spec in model.outputs] == [(2, 3), (4,)]
    x, y = np.ones((2, 3), np.float32), np.ones((4, 4), np.float32)
    results = run_interpreter(model, {"x": x, "y": y})
    np.testing.assert_allclose(results["result0"], np.full((2, 3), 1 / 3), rtol=1e-5)
    np.testing.assert_allclose(results["result1"], np.full(4, 4.0), rtol=1e-5)


def test_input_shapes_pin_dimensions_and_must_agree():
    exported = _dynamic()
    shapes = {"x": (2, 3), "y": (5, 4)}
    assert [spec.shape for spec in load_model(exported, input_shapes=shapes).inputs] == [(2, 3), (5, 4)]
    with pytest.raises(UsageError, match=re.escape("dimension 1 of input `y` is `2*batch` and cannot be 5")):
        load_model(exported, input_shapes={"x": (2, 3), "y": (5, 5)})
    with pytest.raises(UsageError, match="dimension 'batch' is given as 1 and as 2"):
        load_model(exported, dims={"batch": 1, "length": 1}, input_shapes={"x": (2, 3)})
    with pytest.raises(UsageError, match="cannot take the shape 2x4"):
        load_model(exported, input_shapes={"x": (2, 4), "y": (5, 4)})


def test_a_size_that_the_export_excludes_is_refused_in_its_words(tmp_path):
    (batch,) = export.symbolic_shape("batch", constraints=["batch >= 4"])
    exported = export.export(jax.jit(jnp.sin))(jax.ShapeDtypeStruct((batch,), np.float32))
    assert load_model(exported, dims={"batch": 4}).inputs[0].shape == (4,)
    with pytest.raises(UsageError, match="batch"):
        load_model(exported, dims={"batch": 3})
    assert [str(each) for each in load_model(exported, dims={"batch": (1, 9)}).dims] == ["batch=4..9"]
    file = tmp_path / "sin.jax"
    file.write_bytes(exported.serialize())
    assert [str(each) for each in load_model(file).dims] == ["batch=4.."]


@pytest.mark.parametrize("function", [lambda x: jnp.roll(x, 1, 0), lambda x: x[::-1], lambda x: jnp.cumsum(x, 0)])
def test_a_size_of_nothing_is_refused_before_it_is_carried_through_an_export(function):
    """The remainder of a roll ended the process (SIGFPE), a reversal is a gather from nothing: an internal error."""
    shape = jax.ShapeDtypeStruct(export.symbolic_shape("b, 4"), np.float32)
    exported = export.export(jax.jit(function))(shape)
    with pytest.raises(UsageError, match="dimension `b` cannot be 0: the model was exported for sizes from 1 on"):
        load_model(exported, dims={"b": 0})


def test_sizes_that_an_operation_cannot_have_are_refused(tmp_path):
    file = tmp_path / "gather.mlir"
    file.write_text("""func.func @main(%x: tensor<?x4xf32>, %i: tensor<3x1xi32>) -> tensor<3x4xf32> {
  %0 = "stablehlo.gather"(%x, %i) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0],
    start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1, 4>}>
    : (tensor<?x4xf32>, tensor<3x1xi32>) -> tensor<3x4xf32>
  return %0 : tensor<3x4xf32>
}""")
    with pytest.raises(UsageError, match="cannot have these sizes: slice size") as raised:
        load_model(file, dims={"arg0_0": 0})
    assert raised.value.file == str(file)


def test_open_dimensions_of_plain_stablehlo(tmp_path):
    path = tmp_path / "m.mlir"
    path.write_text(
        'func.func @main(%x: tensor<?x3xf32> loc("x")) -> tensor<?x3xf32> {\n'
        "  %0 = stablehlo.tanh %x : tensor<?x3xf32>\n  return %0 : tensor<?x3xf32>\n}\n"
    )
    model = load_model(path)
    assert model.inputs[0].shape == ("x_0", 3)
    assert model.outputs[0].shape == ("_", 3)
    model = load_model(path, input_shapes={"x": (2, 3)})
    assert model.inputs[0].shape == model.outputs[0].shape == (2, 3)
    with pytest.raises(UsageError, match="no dimension is named 'n'"):
        load_model(path, dims={"n": 1})


def test_several_public_functions_without_main(tmp_path):
    path = tmp_path / "m.mlir"
    function = "func.func @{0}(%x: tensor<f32>) -> tensor<f32> {{ return %x : tensor<f32> }}\n"
    path.write_text("module {" + function.format("one") + function.format("two") + "}")
    with pytest.raises(InvalidFileError, match="several public functions and none is @main: @one, @two"):
        load_model(path)
    path.write_text("module {" + function.format("one") + function.format("main") + "}")
    assert load_model(path).outputs[0].name == "result0"
    path.write_text("module { func.func private @f(%x: tensor<f32>) -> tensor<f32> { return %x : tensor<f32> } }")
    with pytest.raises(InvalidFileError, match="no public function"):
        load_model(path)


def test_recursion_is_refused(tmp_path):
    path = tmp_path / "m.mlir"
    path.write_text(
        "module { func.func @main(%x: tensor<f32>) -> tensor<f32> {\n"
        "  %0 = func.call @main(%x) : (tensor<f32>) -> tensor<f32>\n  return %0 : tensor<f32> } }"
    )
    with pytest.raises(InvalidFileError, match="@main calls itself"):
        load_model(path)


def test_custom_calls_are_refused_all_at_once():
    function = jax.jit(lambda x: (jnp.linalg.eig(x), jax.scipy.linalg.schur(x)))
    exported = export.export(function)(np.eye(3, dtype=np.float32))
    with pytest.raises(UnsupportedError) as e:
        load_model(exported)
    assert len(e.value.items) >= 2
    assert all(item.operator.startswith("custom_call @lapack_") for item in e.value.items)


def test_replicated_modules_and_odd_types_are_refused(tmp_path):
    path = tmp_path / "m.mlir"
    path.write_text(
        "module attributes {mhlo.num_replicas = 2 : i32} {"
        "func.func @main(%x: tensor<f32>) -> tensor<f32> { return %x : tensor<f32> } }"
    )
    with pytest.raises(UnsupportedError, match="several devices"):
        load_model(path)
    path.write_text("func.func @main(%t: !stablehlo.token, %x: tensor<f32>) -> tensor<f32> { return %x : tensor<f32> }")
    with pytest.raises(UnsupportedError, match="signature") as e:
        load_model(path)
    assert e.value.items[0].nodes == ("arg0",)
