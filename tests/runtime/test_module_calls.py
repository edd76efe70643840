"""Calling a module: every element type and size, by position and name, DLPack, misuse, and who owns results."""

import gc
from collections.abc import Callable
from dataclasses import replace

import ml_dtypes
import numpy as np
import pytest
import webtensorc_runtime
from runtime_models import parse, tensor
from webtensorc_runtime import InvalidFileError, Module, UsageError
from webtensorc_runtime.dtypes import numpy_dtype
from webtensorc_runtime.tensors import ALIGNMENT, ZERO_COPY_BYTES

from webtensorc.artifact import Bundle

Compile = Callable[..., Bundle]
DTYPES = (
    "float32 float64 float16 bfloat16 bool int8 uint8 int16 uint16 int32 uint32 int64 uint64 complex64 float8_e4m3fn"
)
ONES = np.ones(4, np.float32)


def aligned(array: np.ndarray, by: int = 0) -> np.ndarray:
    """A copy whose first byte is `by` past a multiple of 64."""
    raw = np.empty(array.nbytes + 2 * ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT + by
    copy = raw[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def test_by_position_and_by_name(add: Module) -> None:
    (c,) = add(ONES, np.arange(4, dtype=np.float32))
    np.testing.assert_array_equal(c, [1, 2, 3, 4])
    named = add.run({"b": ONES, "a": np.full(4, 2, np.float32)})
    assert list(named) == ["c"]
    np.testing.assert_array_equal(named["c"], [3, 3, 3, 3])


def test_what_a_module_says_of_itself(add: Module) -> None:
    assert [str(spec) for spec in add.inputs] == ["a: float32[4]", "b: float32[4]"]
    assert (add.inputs[0].name, add.inputs[0].dtype, add.inputs[0].shape) == ("a", "float32", (4,))
    assert [str(spec) for spec in add.outputs] == ["c: float32[4]"]
    assert (add.name, add.variant, add.rejected, add.mode, add.workers) == ("sample", "generic", (), "inline", 0)
    assert "a: float32[4]" in repr(add)


@pytest.mark.parametrize("dtype", DTYPES.split())
def test_element_types_and_shapes(compiled: Compile, dtype: str) -> None:
    shapes = {"s": "", "v": "3", "e": "0,2", "big": "3,5000"}
    inputs = " ".join(f"{name}:{dtype}[{sizes}]" for name, sizes in shapes.items())
    kinds = [line.split(": ")[1] for line in _argument_types(compiled, inputs)]
    body = f"return %big, %e, %v, %s : {kinds[3]}, {kinds[2]}, {kinds[1]}, {kinds[0]}"
    outputs = " ".join(f"{name}2:{dtype}[{shapes[name]}]" for name in ("big", "e", "v", "s"))
    module = webtensorc_runtime.load(compiled(body, inputs, outputs))
    arrays = [
        (np.arange(np.prod(spec.shape)) % 7).reshape(spec.shape).astype(numpy_dtype(dtype)) for spec in module.inputs
    ]
    results = module(*arrays)
    for array, result in zip(arrays, reversed(results), strict=True):
        assert type(result) is np.ndarray and result.dtype == array.dtype and result.shape == array.shape
        assert result.tobytes() == array.tobytes()


def _argument_types(compiled: Compile, inputs: str) -> list[str]:
    return [f"{parse(text).name}: {tensor(parse(text))}" for text in inputs.split()]


BIG = ZERO_COPY_BYTES  # elements of four bytes: four times the threshold


@pytest.fixture(params=[True, False], ids=["destinations", "results"])
def large(request: pytest.FixtureRequest, compiled: Compile) -> Module:
    kind = f"tensor<{BIG}xf32>"
    body = f"%r = stablehlo.add %a, %s : {kind}\nreturn %r, %a : {kind}, {kind}"
    body = f"%s = stablehlo.broadcast_in_dim %b, dims = [] : (tensor<f32>) -> {kind}\n" + body
    bundle = compiled(
        body, f"a:float32[{BIG}] b:float32[]", f"r:float32[{BIG}] a2:float32[{BIG}]", destinations=request.param
    )
    return webtensorc_runtime.load(bundle)


def test_large_arrays_however_they_lie(large: Module) -> None:
    values = np.arange(BIG, dtype=np.float32)
    strided = np.zeros((BIG, 2), np.float32)
    strided[:, 0] = values
    read_only = aligned(values)
    read_only.flags.writeable = False
    cases = [
        aligned(values),
        aligned(values, 4),
        aligned(values, 32),
        strided[:, 0],
        values[::-1].copy()[::-1],
        read_only,
    ]
    for array in cases:
        r, a = large(array, np.float32(2))
        np.testing.assert_array_equal(r, values + 2)
        np.testing.assert_array_equal(a, values)
        assert r.flags.writeable and a.flags.writeable


def test_results_belong_to_the_caller(large: Module, add: Module) -> None:
    given = aligned(np.zeros(BIG, np.float32))
    first, echoed = large(given, np.float32(1))
    assert not np.shares_memory(echoed, given) and not np.shares_memory(first, echoed)
    kept = first.copy()
    first_small = add(ONES, ONES)[0]
    for n in range(20):
        large(aligned(np.full(BIG, n, np.float32)), np.float32(n))[0][:] = -1
        add(np.full(4, n, np.float32), ONES)[0][:] = -1
    gc.collect()
    np.testing.assert_array_equal(first, kept)
    np.testing.assert_array_equal(first_small, [2, 2, 2, 2])
    assert (given == 0).all() and (echoed == 0).all()


def test_results_outlive_the_module(compiled: Compile) -> None:
    bundle = compiled(f"return %a : tensor<{BIG}xf32>", f"a:float32[{BIG}]", f"r:float32[{BIG}]")
    (r,) = webtensorc_runtime.load(bundle)(np.arange(BIG, dtype=np.float32))
    gc.collect()
    np.testing.assert_array_equal(r, np.arange(BIG))


@pytest.mark.parametrize("destinations", [True, False])
def test_results_that_are_weights_inputs_or_each_other(compiled: Compile, destinations: bool) -> None:
    weights = {"w": np.arange(4, dtype=np.float32)}
    body = "%c = stablehlo.constant dense<5.0> : tensor<4xf32>\n"
    body += "%s = stablehlo.add %a, %w : tensor<4xf32>\n"
    body += "return %w, %a, %s, %s, %c : " + ", ".join(["tensor<4xf32>"] * 5)
    outputs = " ".join(f"r{n}:float32[4]" for n in range(5))
    module = webtensorc_runtime.load(compiled(body, "a:float32[4]", outputs, weights, destinations=destinations))
    for _ in range(2):  # what the caller writes into results must not come back
        results = module(ONES)
        for result, expected in zip(results, ([0, 1, 2, 3], ONES, [1, 2, 3, 4], [1, 2, 3, 4], [5] * 4), strict=True):
            np.testing.assert_array_equal(result, expected)
            result[:] = -7
            assert np.array_equal(ONES, np.ones(4))
            expected = None
        del results


def test_dlpack_and_numpys_protocols(add: Module) -> None:
    class Exports:
        def __init__(self, array: np.ndarray) -> None:
            self.array = array

        def __dlpack__(self, **options: object) -> object:
            return self.array.__dlpack__(**options)

        def __dlpack_device__(self) -> tuple[int, int]:
            return self.array.__dlpack_device__()

    class Converts:
        def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
            return ONES

    np.testing.assert_array_equal(add(Exports(ONES * 2), Converts())[0], [3, 3, 3, 3])
    with pytest.raises(UsageError, match="input `a` got float64"):
        add(Exports(np.ones(4)), ONES)


def test_models_without_inputs_and_subclasses_of_arrays(compiled: Compile, add: Module) -> None:
    body = "%c = stablehlo.constant dense<3> : tensor<2xi32>\nreturn %c : tensor<2xi32>"
    module = webtensorc_runtime.load(compiled(body, "", "c:int32[2]"))
    np.testing.assert_array_equal(module()[0], [3, 3])
    assert module.run({})["c"].tolist() == [3, 3]
    masked = np.ones(4, np.float32).view(np.recarray)
    np.testing.assert_array_equal(add(masked, ONES)[0], [2, 2, 2, 2])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ((ONES,), "takes 2 inputs, got 1"),
        ((ONES, ONES, ONES), "takes 2 inputs, got 3"),
        ((ONES, np.ones(5, np.float32)), r"input `b` got float32\[5\], expected b: float32\[4\]"),
        ((np.ones((4, 1), np.float32), ONES), r"input `a` got float32\[4, 1\]"),
        ((ONES, np.float32(1)), r"input `b` got float32\[\]"),
        ((ONES.astype(np.float64), ONES), "input `a` got float64"),
        ((ONES.astype(">f4"), ONES), "input `a` got >f4"),
        ((ONES, ONES.astype(ml_dtypes.bfloat16)), "input `b` got bfloat16"),
        ((ONES, [1.0, 1.0, 1.0, 1.0]), "input `b` got float64"),
        ((ONES, [[1.0], [1.0, 2.0]]), "input `b` is no array"),
        ((ONES, None), "input `b` got object"),
        ((ONES, "text"), "input `b` got <U4"),
    ],
)
def test_wrong_arrays(add: Module, arrays: tuple, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        add(*arrays)
    assert caught.value.exit_code == 2
    assert "float32[4]" in str(caught.value)
    np.testing.assert_array_equal(add(ONES, ONES)[0], [2, 2, 2, 2])


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("a",), "`b` is missing"),
        ((), "`a` is missing"),
        (("a", "b", "x"), "no input `x`"),
        (("a", "B"), "no input `B`"),
    ],
)
def test_wrong_names(add: Module, names: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        add.run(dict.fromkeys(names, ONES))
    assert caught.value.notes == ("expected a: float32[4]", "expected b: float32[4]")


def test_weights_of_many_types_and_sizes(compiled: Compile) -> None:
    weights = {
        "scalar": np.array(3, np.float32),
        "halves": np.arange(3).astype(ml_dtypes.bfloat16),
        "bytes": np.arange(5, dtype=np.int8),
        "flags": np.array([True, False, True]),
        "big": np.arange(20_000, dtype=np.float32).reshape(100, 200),
    }
    kinds = {"scalar": "f32", "halves": "3xbf16", "bytes": "5xi8", "flags": "3xi1", "big": "100x200xf32"}
    double = {name: "or" if name == "flags" else "add" for name in kinds}
    body = "".join(f"%r_{n} = stablehlo.{double[n]} %{n}, %{n} : tensor<{k}>\n" for n, k in kinds.items())
    body += f"return {', '.join('%r_' + n for n in kinds)} : {', '.join(f'tensor<{k}>' for k in kinds.values())}"
    outputs = " ".join(f"r{n}:{a.dtype.name}[{','.join(map(str, a.shape))}]" for n, a in weights.items())
    results = webtensorc_runtime.load(compiled(body, "", outputs, weights))()
    for (name, weight), result in zip(weights.items(), results, strict=True):
        np.testing.assert_array_equal(result, weight + weight, err_msg=name)


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        ("a:float32[2]", "r:float32[2]"),
        ("a:float32[8]", "r:float32[2]"),
        ("a:float32[8]", ""),
        ("", "r:float32[8]"),
        ("a:float32[8]", "r:float32[8] s:float32[8]"),
        ("a:float32[8,1]", "r:float32[8]"),
        ("a:float32[8]", f"r:float32[{10**12}]"),
        ("a:float32[]", "r:float32[8]"),
    ],
)
@pytest.mark.parametrize("destinations", [True, False])
def test_a_signature_that_the_module_does_not_have(
    compiled: Compile, inputs: str, outputs: str, destinations: bool
) -> None:
    """A manifest that lies about shapes is refused when it is loaded."""
    bundle = compiled("return %a : tensor<8xf32>", "a:float32[8]", "r:float32[8]", destinations=destinations)
    takes, gives = (tuple(map(parse, text.split())) for text in (inputs, outputs))
    lying = replace(bundle, model=replace(bundle.model, inputs=takes, outputs=gives))
    with pytest.raises(InvalidFileError, match="signature is not that of the module") as caught:
        webtensorc_runtime.load(lying)
    assert "tensor<8xf32>" in str(caught.value)
