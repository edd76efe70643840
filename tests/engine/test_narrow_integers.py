"""Integers narrower than a byte: whatever the graph does with them, the interpreter computes the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import webtensorc_runtime
from webtensorc_runtime.dtypes import numpy_dtype

import webtensorc
from webtensorc.driver import Request, compile_source
from webtensorc.errors import UnsupportedError
from webtensorc.frontends import load_model
from webtensorc.plan import Options
from webtensorc.reference import run_interpreter

MLIR = {"int4": "i4", "uint4": "ui4", "int2": "i2", "uint2": "ui2"}
BINARY = ("add", "subtract", "multiply", "maximum", "minimum", "and", "or", "xor", "shift_left", "shift_right_logical")
UNARY = ("not", "popcnt", "count_leading_zeros")


def every(dtype: str) -> np.ndarray:
    """All pairs of numbers of a type but the last, so that their count is odd: the first ones and the second ones."""
    numbers = np.arange(2 ** int(dtype[-1]), dtype=np.uint8).view(numpy_dtype(dtype))
    return np.stack([each.reshape(-1)[:-1] for each in np.meshgrid(numbers, numbers)])


def check(path: Path, **inputs: np.ndarray) -> None:
    """The compiled module's outputs equal the interpreter's, bit for bit and in ml_dtypes' layout."""
    module = webtensorc_runtime.load(webtensorc.compile(path, cache=False))
    expected = run_interpreter(load_model(path), inputs)
    for name, result in module.run(inputs).items():
        assert result.dtype == expected[name].dtype, name
        assert result.tobytes() == expected[name].tobytes(), name


@pytest.mark.parametrize("dtype", MLIR)
def test_arithmetic_wraps(dtype: str, tmp_path: Path) -> None:
    x, y = every(dtype)
    kind = f"tensor<{x.size}x{MLIR[dtype]}>"
    wide = f"tensor<{x.size}xi32>"
    lines = [f"%{name} = stablehlo.{name} %x, %y : {kind}" for name in BINARY]
    lines += [f"%{name} = stablehlo.{name} %x : {kind}" for name in UNARY]
    lines += [f"%negate = stablehlo.negate %x : {kind}", f"%abs = stablehlo.abs %x : {kind}"] if dtype[0] == "i" else []
    lines += [f"%w = stablehlo.convert %x : ({kind}) -> {wide}", f"%f = stablehlo.multiply %w, %w : {wide}"]
    lines += [f"%convert = stablehlo.convert %f : ({wide}) -> {kind}"]
    names = [*BINARY, *UNARY, "convert", *(("negate", "abs") if dtype[0] == "i" else ())]
    values, kinds = ", ".join(f"%{name}" for name in names), ", ".join([kind] * len(names))
    body = "\n".join([*lines, f"return {values} : {kinds}"])
    path = tmp_path / "m.mlir"
    path.write_text(f"func.func @main(%x: {kind}, %y: {kind}) -> ({kinds}) {{\n{body}\n}}")
    check(path, arg0=x, arg1=y)


STRUCTURE = """
func.func @main(%x: tensor<3x5xi4>, %z: tensor<i4>)
    -> (tensor<5xi4>, tensor<5x3xi4>, tensor<3x2xi4>, tensor<i1>, tensor<5x3xui4>, tensor<3xi8>, tensor<3x2x2xi2>) {
  %c = stablehlo.constant dense<[-8, 7, 0, 3, -1]> : tensor<5xi4>
  %b = stablehlo.broadcast_in_dim %c, dims = [1] : (tensor<5xi4>) -> tensor<3x5xi4>
  %s = stablehlo.add %x, %b : tensor<3x5xi4>
  %r = stablehlo.reduce(%s init: %z) applies stablehlo.add across dimensions = [0]
    : (tensor<3x5xi4>, tensor<i4>) -> tensor<5xi4>
  %t = stablehlo.transpose %s, dims = [1, 0] : (tensor<3x5xi4>) -> tensor<5x3xi4>
  %p = stablehlo.slice %s [0:3, 1:3] : (tensor<3x5xi4>) -> tensor<3x2xi4>
  %e = stablehlo.reshape %z : (tensor<i4>) -> tensor<i4>
  %k = stablehlo.compare LT, %e, %z : (tensor<i4>, tensor<i4>) -> tensor<i1>
  %u = stablehlo.bitcast_convert %t : (tensor<5x3xi4>) -> tensor<5x3xui4>
  %v = stablehlo.reverse %u, dims = [0] : tensor<5x3xui4>
  %h = stablehlo.bitcast_convert %p : (tensor<3x2xi4>) -> tensor<3xi8>
  %q = stablehlo.bitcast_convert %p : (tensor<3x2xi4>) -> tensor<3x2x2xi2>
  return %r, %t, %p, %k, %v, %h, %q
    : tensor<5xi4>, tensor<5x3xi4>, tensor<3x2xi4>, tensor<i1>, tensor<5x3xui4>, tensor<3xi8>, tensor<3x2x2xi2>
}
"""


def test_constants_reductions_and_shapes(tmp_path: Path) -> None:
    (tmp_path / "m.mlir").write_text(STRUCTURE)
    numbers = np.arange(15).reshape(3, 5) - 8
    check(tmp_path / "m.mlir", arg0=numbers.astype(numpy_dtype("int4")), arg1=np.array(1, numpy_dtype("int4")))


def test_onnx_inputs_outputs_and_weights(tmp_path: Path) -> None:
    """Quantised weights in four bits, dequantised at run time, and a result quantised to four bits."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes = [
        helper.make_node("DequantizeLinear", ["x", "scale"], ["a"]),
        helper.make_node("QuantizeLinear", ["a", "step", "zero"], ["y"]),
    ]
    infos = [helper.make_tensor_value_info(name, TensorProto.INT4, [3, 5]) for name in "xy"]
    weights = [
        numpy_helper.from_array(np.array(value, np.float32), name) for name, value in (("scale", 0.7), ("step", 1))
    ]
    weights.append(helper.make_tensor("zero", TensorProto.INT4, [], [1]))
    graph = helper.make_graph(nodes, "quantised", infos[:1], infos[1:], weights)
    path = tmp_path / "m.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), path)
    x = (np.arange(15) - 8).astype(numpy_dtype("int4")).reshape(3, 5)
    (y,) = webtensorc_runtime.load(webtensorc.compile(path, cache=False))(x)
    expected = np.clip(np.rint(x.astype(np.float32) * np.float32(0.7)) + 1, -8, 7)
    assert y.dtype == x.dtype
    np.testing.assert_array_equal(y.astype(np.float32), expected)


def test_four_bit_weights_are_arguments_too(tmp_path: Path) -> None:
    """Weights keep their type in the graph and in the bundle; only the module holds them in bytes."""
    import jax
    import jax.numpy as jnp
    from jax import export

    w = jnp.arange(-8, 7).astype(jnp.int4)
    x = np.arange(15, dtype=np.int32)
    exported = export.export(jax.jit(lambda x: x * w.astype(jnp.int32)))(x)
    bundle = compile_source(Request(exported, options=Options(0))).bundle
    (result,) = webtensorc_runtime.load(bundle)(x)
    np.testing.assert_array_equal(result, x * np.arange(-8, 7))


def test_casts_of_open_sizes_are_refused_with_all_their_nodes(tmp_path: Path) -> None:
    body = "%a = stablehlo.bitcast_convert %x : (tensor<?x2xi4>) -> tensor<?xi8>"
    body += "%b = stablehlo.bitcast_convert %a : (tensor<?xi8>) -> tensor<?x4xi2>"
    (tmp_path / "m.mlir").write_text(
        f"func.func @main(%x: tensor<?x2xi4>) -> tensor<?x4xi2> {{ {body} return %b : tensor<?x4xi2> }}"
    )
    with pytest.raises(UnsupportedError) as caught:
        webtensorc.compile(tmp_path / "m.mlir", cache=False)
    assert caught.value.exit_code == 4
    assert [(each.operator, len(each.nodes)) for each in caught.value.items] == [("stablehlo.bitcast_convert", 2)]
