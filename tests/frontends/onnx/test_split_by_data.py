"""Split by computed sizes: the rows of a batch that is sorted by which expert shall have them."""

from __future__ import annotations

import numpy as np
import onnx.parser
import onnxruntime
import pytest
import webtensorc_runtime
from webtensorc_runtime.errors import UsageError

import webtensorc
from webtensorc.errors import InvalidFileError

_EXPERTS = """
<ir_version: 9, opset_import: ["" : 18]>
experts (float[rows, 4] x, int64[3] sizes, float[4, 2] a, float[4, 2] b, float[4, 2] c)
    => (float[rows, 2] y, float[n, 4] q)
{
    p, q, r = Split <axis = 0> (x, sizes)
    pa = MatMul (p, a)
    qb = MatMul (q, b)
    rc = MatMul (r, c)
    joined = Concat <axis = 0> (pa, qb, rc)
    one_column = ReduceSum <keepdims = 1> (x)
    y = Add (joined, one_column)
}
"""


@pytest.fixture(scope="module")
def model() -> onnx.ModelProto:
    return onnx.parser.parse_model(_EXPERTS)


def _inputs(*sizes: int, rows: int = 6) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    matrices = {name: random.standard_normal((4, 2)).astype(np.float32) for name in "abc"}
    return {"x": random.standard_normal((rows, 4)).astype(np.float32), "sizes": np.array(sizes), **matrices}


@pytest.mark.parametrize("dims", [{}, {"rows": 6}], ids=["open", "fixed"])
def test_parts_of_all_sizes_are_joined_to_as_many_rows_again(model: onnx.ModelProto, dims: dict[str, int]) -> None:
    module = webtensorc_runtime.load(webtensorc.compile(model, dims=dims, cache=False))
    session = onnxruntime.InferenceSession(model.SerializeToString())
    for sizes in ((1, 2, 3), (6, 0, 0), (0, 0, 6), (0, 4, 2)):
        found, wanted = module.run(_inputs(*sizes)), session.run(None, _inputs(*sizes))
        np.testing.assert_allclose(found["y"], wanted[0], rtol=1e-5, atol=1e-5)
        assert found["q.size0"] == sizes[1]
        np.testing.assert_array_equal(found["q"][: sizes[1]], wanted[1])


@pytest.mark.parametrize("sizes", [(1, 1, 1), (6, 3, -3), (4, 4, 4)])
def test_parts_that_do_not_add_up_are_an_error(model: onnx.ModelProto, sizes: tuple[int, int, int]) -> None:
    module = webtensorc_runtime.load(webtensorc.compile(model, cache=False))
    with pytest.raises(UsageError, match=r"Split.*do not add up"):
        module.run(_inputs(*sizes))


_COUNTED = """
<ir_version: 9, opset_import: ["" : 18]>
hit_experts (float[experts] tokens, float[4, 2] weights) => (float[1, 2] first, float[2, 2] rest)
<int64[2] sizes = {1, 2}>
{
    columns = NonZero (tokens)
    hit = Transpose (columns)
    p, q = Split <axis = 0> (hit, SIZES)
    last = Constant <value_ints: ints = [1]> ()
    one = Squeeze (p, last)
    first = Gather (weights, one)
    rest = GatherND (weights, q)
}
"""


@pytest.mark.parametrize("dims", [{}, {"experts": 4}], ids=["open", "fixed"])
@pytest.mark.parametrize("sizes", ["sizes", "computed"])
def test_as_many_slices_as_there_are_are_cut(dims: dict[str, int], sizes: str) -> None:
    text = _COUNTED.replace("SIZES", sizes)
    if sizes == "computed":
        text = text.replace("float[4, 2] weights)", "float[4, 2] weights, int64[2] computed)")
        text = text.replace("float[1, 2] first, float[2, 2] rest", "float[first, 2] first, float[rest, 2] rest")
    counted = onnx.parser.parse_model(text)
    module = webtensorc_runtime.load(webtensorc.compile(counted, dims=dims, cache=False))
    inputs = {"weights": np.arange(8, dtype=np.float32).reshape(4, 2)}
    if sizes == "computed":
        inputs["computed"] = np.array([1, 2])
    found = module.run({"tokens": np.array([3, 0, 1, 2], np.float32), **inputs})
    np.testing.assert_array_equal(found["first"][:1], [[0, 1]])
    np.testing.assert_array_equal(found["rest"][:2], [[4, 5], [6, 7]])
    for tokens in ((1, 1, 1, 1), (0, 0, 1, 1)):
        with pytest.raises(UsageError, match=r"Split.*do not add up"):
            module.run({"tokens": np.array(tokens, np.float32), **inputs})


def test_parts_with_more_slices_than_there_can_be_are_refused() -> None:
    counted = onnx.parser.parse_model(_COUNTED.replace("SIZES", "sizes"))
    with pytest.raises(InvalidFileError, match=r"\[1, 2\] have more slices than axis 0 can have, 2"):
        webtensorc.compile(counted, dims={"experts": 2}, cache=False)
