"""The grammar of tensors on the command line."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from webtensorc_runtime.dtypes import numpy_dtype
from webtensorc_runtime.errors import InvalidFileError, UsageError

from webtensorc.cli.values import DTYPES, FileValue, format_value, parse_binding, parse_value

NATIVE = sorted(name for name in DTYPES.values() if hasattr(np, name))
shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal in dtype, shape and bits, but that any NaN is like any other."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    return np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")


@given(data=st.data(), name=st.sampled_from(NATIVE), shape=shapes)
def test_what_is_written_is_read_back(data: st.DataObject, name: str, shape: tuple[int, ...]) -> None:
    array = data.draw(hnp.arrays(np.dtype(name), shape))
    read = parse_value(format_value(array))
    assert isinstance(read, np.ndarray)
    assert same(read, array)


@given(st.lists(st.floats(width=16), max_size=5))
def test_bfloat16_is_read_back(values: list[float]) -> None:
    array = np.array(values, np.float32).astype(numpy_dtype("bfloat16"))
    read = parse_value(format_value(array))
    assert isinstance(read, np.ndarray)
    assert read.dtype == array.dtype
    assert np.array_equal(read.astype(np.float32), array.astype(np.float32), equal_nan=True)


@given(name=st.sampled_from(["int2", "int4", "uint2", "uint4"]), data=st.data())
def test_narrow_integers_are_read_back(name: str, data: st.DataObject) -> None:
    bits, lowest = int(name[-1]), 0 if name[0] == "u" else -(2 ** (int(name[-1]) - 1))
    numbers = data.draw(st.lists(st.integers(lowest, lowest + 2**bits - 1), max_size=5))
    array = np.array(numbers, np.int8).astype(numpy_dtype(name))
    read = parse_value(format_value(array))
    assert isinstance(read, np.ndarray)
    assert (read.dtype, read.tolist()) == (array.dtype, numbers)


@given(st.text(min_size=1))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse_binding(text)
    except UsageError as error:
        assert str(error).startswith("error[usage]")


@given(name=st.text(st.characters(exclude_characters="="), min_size=1))
def test_any_name_without_equals_sign_is_kept(name: str) -> None:
    assert parse_binding(f"{name}=@x.npy") == (name, FileValue(Path("x.npy")))


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("x=2x3xf32=0.5", "x", np.full((2, 3), 0.5, np.float32)),
        ("x=4xi32=[1 2 3 4]", "x", np.array([1, 2, 3, 4], np.int32)),
        ("x=4xi32=[1, 2,3 ,4]", "x", np.array([1, 2, 3, 4], np.int32)),
        ("x=2x2xi32=[[1 2][3 4]]", "x", np.array([[1, 2], [3, 4]], np.int32)),
        ("x=2x2xi32=[1 2 3 4]", "x", np.array([[1, 2], [3, 4]], np.int32)),
        ("x=f64=1e-3", "x", np.array(1e-3)),
        ("x=2xfloat32=inf", "x", np.array([np.inf, np.inf], np.float32)),
        ("x=2xi1=[true false]", "x", np.array([True, False])),
        ("x=0xf32=[]", "x", np.zeros(0, np.float32)),
        ("x=2x0xf32=[[][]]", "x", np.zeros((2, 0), np.float32)),
        ("x=2xf32", "x", np.zeros(2, np.float32)),
        ("x=1xc64=[1+2j]", "x", np.array([1 + 2j], np.complex64)),
        ("input:0=1xu8=255", "input:0", np.array([255], np.uint8)),
        ("a=b=1xu8=1", "a=b", np.array([1], np.uint8)),
        ("4xf32=1", "", np.ones(4, np.float32)),
    ],
)
def test_examples(text: str, name: str, expected: np.ndarray) -> None:
    got_name, value = parse_binding(text)
    assert got_name == name
    assert isinstance(value, np.ndarray)
    assert same(value, expected)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x", "cannot read `x`"),
        ("x=0.5", "cannot read"),
        ("x=2xq7=1", "cannot read"),
        ("x=2xf32=[1 2", "`]` is missing"),
        ("x=2xf32=1]", "`]` without `[`"),
        ("x=2xf32=1 2", "one number or one list"),
        ("x=2xf32=", "one number or one list"),
        ("x=2xf32=[1 2 3]", "shape 3, not shape 2"),
        ("x=2x2xf32=[[1][2 3 4]]", "rows of different lengths, not shape 2x2"),
        ("x=2x3xf32=[[1 2][3 4][5 6]]", "shape 3x2, not shape 2x3"),
        ("x=i8=300", "an element is not a int8"),
        ("x=i4=8", "an element is not a int4"),
        ("x=u4=-1", "an element is not a uint4"),
        ("x=i32=1.5", "an element is not a int32"),
        ("x=i1=maybe", "an element is not a bool"),
        ("x=99999999999x9xf32=0", "too many elements"),
    ],
)
def test_refusals_say_why(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=None) as caught:
        parse_binding(text)
    assert says in caught.value.message


def test_long_arrays_are_cut_short() -> None:
    assert format_value(np.arange(100, dtype=np.int32), limit=3) == "100xi32=[0 1 2 ...]"


def test_files_are_read(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.arange(3))
    assert FileValue(tmp_path / "x.npy").read().tolist() == [0, 1, 2]


def test_files_that_are_no_arrays_are_refused(tmp_path: Path) -> None:
    objects, text, archive = tmp_path / "o.npy", tmp_path / "t.npy", tmp_path / "a.npy"
    np.save(objects, np.array([{}], object), allow_pickle=True)
    text.write_text("no array")
    with archive.open("wb") as file:
        np.savez(file, x=np.zeros(1))
    pickled = tmp_path / "p.npy"
    pickled.write_bytes(pickle.dumps([1]))
    headers = {"huge": f"({10**20}, 8)", "negative": "(-1, 8)", "code": "__import__('os')._exit(1)", "deep": "(" * 3000}
    for name, shape in headers.items():
        header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}".ljust(6000).encode()
        (tmp_path / name).write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(32))
    for path in (objects, text, archive, pickled, tmp_path / "missing.npy", *(tmp_path / name for name in headers)):
        with pytest.raises(InvalidFileError) as caught:
            FileValue(path).read()
        assert caught.value.file == str(path)
