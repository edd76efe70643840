"""Split by computed sizes: the rows of a batch that is sorted by which expert shall have them."""

from __future__ import annotations

import numpy as np
import onnx.parser
import onnxruntime
import pytest
import webtensorc_runtime
from webtensorc_runtime.errors import UsageError

import webtensorc

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
