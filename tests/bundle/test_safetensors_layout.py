"""weights.safetensors: round trips of every element type and shape, the rules of the format, bad headers."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from webtensorc_runtime import safetensors
from webtensorc_runtime.dtypes import DTYPES, numpy_dtype
from webtensorc_runtime.errors import InvalidFileError

NATIVE = {
    "BOOL": 1,
    "U8": 1,
    "I8": 1,
    "F8_E5M2": 1,
    "F8_E4M3": 1,
    "F8_E8M0": 1,
    "I16": 2,
    "U16": 2,
    "F16": 2,
    "BF16": 2,
}
NATIVE |= {"I32": 4, "U32": 4, "F32": 4, "F64": 8, "I64": 8, "U64": 8, "C64": 8}


def encoded(weights: dict[str, np.ndarray]) -> memoryview:
    return memoryview(b"".join(safetensors.encode(weights)))


shapes = st.lists(st.integers(0, 5), max_size=3).map(tuple)
names = st.text(min_size=1, max_size=8).filter(lambda s: not s.startswith("__"))


@settings(deadline=None)
@given(st.dictionaries(names, st.tuples(st.sampled_from(sorted(DTYPES)), shapes), max_size=6), st.randoms())
def test_round_trip(spec: dict, random: object) -> None:
    weights = {}
    for name, (dtype, shape) in spec.items():
        raw = np.frombuffer(random.randbytes(math.prod(shape) * DTYPES[dtype].size), np.uint8)
        raw = raw & 1 if dtype == "bool" else raw
        weights[name] = raw.view(numpy_dtype(dtype)).reshape(shape)
    member = encoded(weights)
    assert len(member) == safetensors.encoded_size(weights)
    back = safetensors.arrays(member, "-")
    assert list(back) == list(weights)
    for name, array in weights.items():
        assert back[name].dtype == array.dtype and back[name].shape == array.shape
        assert back[name].tobytes() == array.tobytes()


@pytest.mark.parametrize("dtype", sorted(DTYPES))
def test_sizes_agree_with_numpy(dtype: str) -> None:
    assert numpy_dtype(dtype).itemsize == DTYPES[dtype].size
    assert numpy_dtype(dtype).name == dtype


def test_any_reader_of_the_format_accepts_it() -> None:
    """Known types, tensors contiguous from 0 in offset order, sizes that match, metadata of text."""
    weights = {f"t/{name}": np.ones((3, 1), numpy_dtype(name)) for name in DTYPES}
    member = encoded(weights | {"scalar": np.array(1.5), "none": np.zeros((0, 2), np.int16)})
    size = int.from_bytes(member[:8], "little")
    header = json.loads(bytes(member[8 : 8 + size]))
    metadata = header.pop("__metadata__")
    assert all(isinstance(value, str) for value in metadata.values())
    assert metadata["t/int4"] == "int4"
    end = 0
    for row in sorted(header.values(), key=lambda row: row["data_offsets"]):
        assert row["data_offsets"][0] == end
        end = row["data_offsets"][1]
        assert end - row["data_offsets"][0] == math.prod(row["shape"]) * NATIVE[row["dtype"]]
    assert 8 + size + end == len(member)
    assert header["scalar"]["shape"] == []


def test_nothing_is_copied() -> None:
    array = np.arange(4096, dtype=np.float32)
    pieces = list(safetensors.encode({"w": array}))
    assert any(np.shares_memory(np.frombuffer(piece, np.uint8), array) for piece in pieces if len(piece))
    member = encoded({"w": array})
    assert np.shares_memory(safetensors.arrays(member, "-")["w"], np.frombuffer(member, np.uint8))


def with_header(table: object, data: bytes = bytes(64)) -> memoryview:
    text = json.dumps(table).encode() if not isinstance(table, bytes) else table
    text += b" " * (-(8 + len(text)) % 64)
    return memoryview(len(text).to_bytes(8, "little") + text + data)


def row(dtype: object = "F32", shape: object = (16,), offsets: object = (0, 64)) -> dict:
    return {"a": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}


@pytest.mark.parametrize(
    "member",
    [
        memoryview(b""),
        memoryview(b"1234567"),
        memoryview((1 << 62).to_bytes(8, "little") + b"{}"),
        with_header(b"{"),
        with_header(b"[" * 100_000),
        with_header([]),
        with_header({"a": 1}),
        with_header(row(dtype="F31")),
        with_header(row(shape=(15,))),
        with_header(row(shape=(-16,), offsets=(0, -64))),
        with_header(row(shape=(16.0,))),
        with_header(row(shape=("16",))),
        with_header(row(offsets=(0, 1 << 60), shape=(1 << 58,))),
        with_header(row(offsets=(64, 128))),
        with_header(row(), bytes(65)),
        with_header(row(), bytes(63)),
        with_header({**row(), "__metadata__": {"a": "int4"}}),
        with_header({**row("U8", (64,)), "b": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}),
    ],
)
def test_bad_headers(member: memoryview) -> None:
    with pytest.raises(InvalidFileError, match="weights' header is malformed"):
        safetensors.parse(member, "m.wtb")
