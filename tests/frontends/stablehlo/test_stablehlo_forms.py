"""Every form of the same function gives the same graph and the numbers that JAX computes."""

import io
from pathlib import Path

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import onnx
import onnx.helper
import pytest
from jax import export
from jaxlib.mlir.dialects import stablehlo

from fixtures import jax_models
from webtensorc import portable
from webtensorc.errors import UsageError
from webtensorc.frontends import load_model
from webtensorc.frontends.stablehlo import source
from webtensorc.reference import run_interpreter

MODELS = {model.name: model for model in jax_models.all_models()}
FORMS = ["object", "jax-export", "portable-artifact", "bytecode", "text", "generic-text"]


def _write(exported: export.Exported, form: str, folder: Path):
    """The export in the given form: the object itself, or a file without a telling extension."""
    if form == "object":
        return exported
    path = folder / "model.bin"
    if form == "jax-export":
        path.write_bytes(exported.serialize())
        return path
    if form == "portable-artifact":
        path.write_bytes(exported.mlir_module_serialized)
        return path
    with source.context() as context:
        module = stablehlo.deserialize_portable_artifact(context, exported.mlir_module_serialized)
        if form == "bytecode":
            stream = io.BytesIO()
            module.operation.write_bytecode(stream)
            path.write_bytes(stream.getvalue())
        else:
            generic = form == "generic-text"
            path.write_text(module.operation.get_asm(enable_debug_info=True, print_generic_op_form=generic))
    return path


def _run(model, arguments):
    names = [spec.name for spec in model.inputs]
    return list(run_interpreter(model, dict(zip(names, arguments, strict=True))).values())


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", MODELS)
def test_arguments_in_flattened_order_give_jax_numbers(name, form, tmp_path):
    jax_model = MODELS[name]
    model = load_model(_write(jax_models.export_with_arguments(jax_model), form, tmp_path))
    assert not model.weights
    for got, wanted in zip(_run(model, jax_model.flat_arguments()), jax_model.expected(), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_closed_over_parameters_become_weights(name):
    jax_model = MODELS[name]
    model = load_model(jax_models.export_closed_over(jax_model))
    assert len(model.inputs) == len(jax_model.inputs)
    big = [leaf for leaf in jax.tree.leaves(jax_model.params) if leaf.nbytes > 4096]
    assert len(model.weights) >= len(big)
    assert len(model.graph) < 50_000
    for got, wanted in zip(_run(model, jax_model.inputs), jax_model.expected(), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)


def test_all_forms_give_the_same_bytes(tmp_path):
    exported = jax_models.export_with_arguments(MODELS["training_step"])
    graphs = {load_model(_write(exported, form, tmp_path)).graph for form in FORMS}
    assert len(graphs) == 1


def test_a_model_comes_back_as_it_is_and_refuses_other_shapes():
    model = load_model(jax_models.export_with_arguments(MODELS["training_step"]))
    assert load_model(model) is model
    assert load_model(model, input_shapes={"x": (8, 16)}) is model
    with pytest.raises(UsageError, match="cannot take the shape 1x16"):
        load_model(model, input_shapes={"x": (1, 16)})
    with pytest.raises(UsageError, match="no named dimension 'batch'"):
        load_model(model, dims={"batch": 1})
    with pytest.raises(UsageError, match="no input is named 'z'"):
        load_model(model, input_shapes={"z": (1,)})


def test_an_onnx_proto_and_file_are_recognised(tmp_path):
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Tanh", ["x"], ["y"])],
        "g",
        [value("x", onnx.TensorProto.FLOAT, [2])],
        [value("y", onnx.TensorProto.FLOAT, [2])],
    )
    proto = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    path = tmp_path / "model.txt"
    onnx.save(proto, path)
    x = np.array([0.5, -2], np.float32)
    for given in (proto, path, str(path)):
        np.testing.assert_allclose(_run(load_model(given), [x])[0], np.tanh(x), rtol=1e-6)


def test_an_unknown_object_is_refused():
    with pytest.raises(UsageError, match=r"cannot read a model from a `builtins\.dict`"):
        load_model({})


def test_element_types_that_numpy_lacks_survive():
    big = jnp.asarray(np.random.default_rng(0).normal(size=(64, 64)), jnp.bfloat16)
    numbers = np.random.default_rng(1).normal(size=(32, 64)).astype(np.complex64)

    def function(x, z, flags, small, unsigned):
        return x + big, z * numbers, ~flags, small + small, unsigned

    arguments = (
        jnp.ones((64, 64), jnp.bfloat16),
        jnp.full((32, 64), 1 + 2j, jnp.complex64),
        jnp.array([True, False]),
        jnp.array([1, -2], jnp.int4),
        jnp.array([250], jnp.uint8),
    )
    model = load_model(export.export(jax.jit(function))(*arguments))
    assert [array.dtype.name for array in model.weights.values()] == ["bfloat16", "complex64"]
    np.testing.assert_array_equal(model.weights["constant_0"], np.asarray(big))
    results = _run(model, [np.asarray(argument) for argument in arguments])
    for got, wanted in zip(results, jax.jit(function)(*arguments), strict=True):
        assert got.dtype == wanted.dtype
        np.testing.assert_array_equal(got, np.asarray(wanted))


def test_chlo_operations_and_calls_in_loops_are_expanded():
    @jax.jit
    def inner(x):
        return jnp.tanh(x) * 0.5

    def function(x):
        looped = jax.lax.fori_loop(0, 3, lambda _, carry: inner(carry) + x, x)
        values, indices = jax.lax.top_k(looped, 2)
        return jax.scipy.special.erf(x), jnp.arccosh(x + 2), values, indices

    x = np.array([0.3, -0.7, 1.5], np.float32)
    model = load_model(export.export(jax.jit(function))(x))
    text = portable.to_text(model.graph)
    assert "chlo." not in text and "custom_call" not in text and "func.call" not in text
    for got, wanted in zip(_run(model, [x]), function(x), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-6)


def test_dense_resources_are_read(tmp_path):
    values = np.arange(2048, dtype=np.float32)
    path = tmp_path / "m.mlir"
    path.write_text(
        'module { func.func @main(%x: tensor<2048xf32> loc("x")) -> tensor<2048xf32> {\n'
        '  %c = stablehlo.constant dense_resource<w> : tensor<2048xf32> loc("w")\n'
        "  %r = stablehlo.add %c, %x : tensor<2048xf32>\n"
        "  return %r : tensor<2048xf32> } }\n"
        '{-# dialect_resources: { builtin: { w: "0x04000000' + values.tobytes().hex().upper() + '" } } #-}\n'
    )
    model = load_model(path)
    np.testing.assert_array_equal(model.weights["w"], values)
    np.testing.assert_array_equal(_run(model, [values])[0], 2 * values)


def test_equal_constants_are_one_weight_and_small_or_splat_ones_stay(tmp_path):
    rows = np.arange(2048, dtype=np.float32)
    dense = ", ".join(map(str, rows))
    path = tmp_path / "m.mlir"
    path.write_text(
        "func.func @main(%x: tensor<2048xf32>) -> tensor<2048xf32> {\n"
        f"  %a = stablehlo.constant dense<[{dense}]> : tensor<2048xf32>\n"
        f"  %b = stablehlo.constant dense<[{dense}]> : tensor<2048xf32>\n"
        "  %unused = stablehlo.constant dense<"
        f"[{', '.join(map(str, rows + 1))}]> : tensor<2048xf32>\n"
        "  %s = stablehlo.constant dense<2.0> : tensor<2048xf32>\n"
        "  %r = stablehlo.add %a, %b : tensor<2048xf32>\n"
        "  %t = stablehlo.multiply %r, %s : tensor<2048xf32>\n"
        "  %u = stablehlo.add %t, %x : tensor<2048xf32>\n"
        "  return %u : tensor<2048xf32> }\n"
    )
    model = load_model(path)
    assert list(model.weights) == ["constant_0"]
    np.testing.assert_array_equal(_run(model, [rows])[0], 5 * rows)


def test_dtypes_of_results_are_as_declared():
    exported = export.export(jax.jit(lambda x: x.astype(jnp.float8_e4m3fn)))(np.ones(3, np.float32))
    model = load_model(exported)
    (result,) = _run(model, [np.array([1, 2, 300], np.float32)])
    assert result.dtype == ml_dtypes.float8_e4m3fn
