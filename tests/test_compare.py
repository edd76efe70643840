"""Inputs from a seed, and the error table."""

import json
import math

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from webtensorc_runtime.manifest import TensorSpec

from webtensorc.compare import compare, default_tolerance, make_inputs
from webtensorc.errors import UsageError

DTYPES = ["bool", "int8", "uint8", "int32", "int64", "uint64", "float16", "float32", "float64", "complex64"]
DTYPES += ["bfloat16", "float8_e4m3fn", "int4", "uint4"]

finite = hnp.arrays(
    st.sampled_from([np.float32, np.float64, np.int32, np.int64]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    elements={"allow_nan": False, "allow_infinity": False, "min_value": -1000, "max_value": 1000},
)


@pytest.mark.parametrize("dtype", DTYPES)
def test_inputs_have_the_dtype_and_shape(dtype):
    spec = TensorSpec("x", dtype, (3, 100))
    array = make_inputs([spec], seed=1)["x"]
    assert array.dtype.name == dtype and array.shape == (3, 100)
    wide = array.astype(np.complex64 if dtype == "complex64" else np.float64)
    assert np.isfinite(wide).all() and len(np.unique(wide)) > 1
    if "int" in dtype:
        assert wide.min() >= 0 and wide.max() <= 9


def test_inputs_are_the_same_everywhere():
    """Recorded once; a change would make every reported error incomparable with earlier ones."""
    found = make_inputs([TensorSpec("x", "float32", (4,)), TensorSpec("ids", "int64", (6,))], seed=0)
    again = make_inputs([TensorSpec("ids", "int64", (6,))], seed=0)
    assert found["ids"].tolist() == again["ids"].tolist() == RECORDED_IDS
    np.testing.assert_allclose(found["x"], RECORDED_X, rtol=1e-6)


RECORDED_X = [-1.165243, -1.853671, -0.391391, -0.310139]
RECORDED_IDS = [7, 0, 4, 8, 3, 2]


@given(seed=st.integers(0, 2**32), other=st.integers(0, 2**32), name=st.text(max_size=5))
def test_seed_and_name_decide(seed, other, name):
    spec = TensorSpec(name, "float64", (8,))
    first = make_inputs([spec], seed)[name]
    assert (first == make_inputs([spec], seed)[name]).all()
    assert (first == make_inputs([spec], other)[name]).all() == (seed == other)
    assert not (first == make_inputs([TensorSpec(name + "x", "float64", (8,))], seed)[name + "x"]).all()


def test_inputs_are_about_normal():
    array = make_inputs([TensorSpec("x", "float64", (20000,))])["x"]
    assert abs(array.mean()) < 0.05 and abs(array.std() - 1) < 0.05


@given(array=finite)
def test_equal_arrays_pass_with_zero_error(array):
    (found,) = compare({"y": array}, {"y": array.copy()}, rtol=0, atol=0)
    assert found.passed and found.max_abs == found.max_rel == found.mean_abs == 0
    assert found.worst is None and found.reason == ""


@given(array=finite.filter(lambda a: a.size), data=st.data())
def test_the_worst_element_is_found(array, data):
    index = data.draw(st.integers(0, array.size - 1))
    changed = array.copy().reshape(-1)
    changed[index] += 7
    (found,) = compare({"y": changed.reshape(array.shape)}, {"y": array})
    assert found.worst == tuple(np.unravel_index(index, array.shape))
    assert math.isclose(found.max_abs, 7, rel_tol=1e-3)
    assert math.isclose(found.mean_abs, 7 / array.size, rel_tol=1e-3)
    assert not found.passed and "largest difference" in found.reason


@given(array=finite.filter(lambda a: a.size and a.dtype.kind == "f"), bad=st.sampled_from([np.nan, np.inf, -np.inf]))
def test_nan_and_infinity_on_one_side_never_pass(array, bad):
    spoiled = array.copy()
    spoiled.flat[-1] = bad
    for got, wanted in ((spoiled, array), (array, spoiled)):
        (found,) = compare({"y": got}, {"y": wanted}, rtol=1e9, atol=1e9)
        assert not found.passed and found.mismatched == 1
        assert found.worst == tuple(np.unravel_index(array.size - 1, array.shape))
    (found,) = compare({"y": spoiled}, {"y": spoiled.copy()}, rtol=0, atol=0)
    assert found.passed and found.mismatched == 0


def test_a_pass_that_proves_nothing_says_so():
    nothing = np.full(3, np.nan, np.float32)
    (found,) = compare({"y": nothing}, {"y": nothing.copy()})
    assert found.passed and found.reason == "every element is NaN or infinite on both sides"


def test_opposite_infinities_differ():
    (found,) = compare({"y": np.array([np.inf])}, {"y": np.array([-np.inf])})
    assert not found.passed and found.mismatched == 1


@given(scale=st.floats(1e-3, 1e3), rtol=st.floats(1e-6, 1e-2))
def test_the_tolerance_is_relative_to_the_output(scale, rtol):
    wanted = np.array([scale, 0.0])
    inside, outside = (np.array([scale, scale * rtol * factor]) for factor in (0.99, 1.01))
    assert compare({"y": inside}, {"y": wanted}, rtol=rtol, atol=0)[0].passed
    assert not compare({"y": outside}, {"y": wanted}, rtol=rtol, atol=0)[0].passed


def test_zero_expected_and_absolute_tolerance():
    (found,) = compare({"y": np.array([1e-7], np.float32)}, {"y": np.zeros(1, np.float32)})
    assert found.passed and found.max_rel == math.inf
    assert json.loads(json.dumps(found.as_dict(), allow_nan=False))["max_rel"] == "inf"


def test_integers_and_booleans_are_exact_even_near_the_ends():
    top = np.iinfo(np.int64).max
    (found,) = compare({"y": np.array([top])}, {"y": np.array([top - 1])})
    assert not found.passed and found.max_abs == 1
    (found,) = compare({"y": np.array([0], np.uint8)}, {"y": np.array([255], np.uint8)})
    assert found.max_abs == 255
    assert not compare({"y": np.array([True])}, {"y": np.array([False])})[0].passed


def test_short_floats_have_tolerances_of_their_size():
    wanted = np.array([1.0], ml_dtypes.bfloat16)
    assert compare({"y": np.array([1.0078125], ml_dtypes.bfloat16)}, {"y": wanted})[0].passed
    assert not compare({"y": np.array([1.2], ml_dtypes.bfloat16)}, {"y": wanted})[0].passed
    order = ["float64", "float32", "float16", "bfloat16", "float8_e4m3fn"]
    assert sorted(order, key=lambda name: default_tolerance(name).rtol) == order


def test_wrong_shape_or_dtype_does_not_pass():
    (found,) = compare({"y": np.zeros((2, 1), np.float32)}, {"y": np.zeros(2, np.float32)})
    assert not found.passed and found.reason == "is float32[2, 1], expected float32[2]"
    assert not compare({"y": np.zeros(2)}, {"y": np.zeros(2, np.float32)})[0].passed


def test_a_missing_output_is_named():
    with pytest.raises(UsageError, match="no output named 'y'"):
        compare({"z": np.zeros(1)}, {"y": np.zeros(1)})
