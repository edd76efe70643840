"""Bundles that are cut off, damaged, unsafe or of another time: always one kind of error, naming file and member."""

import hashlib
import io
import json
import os
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from webtensorc_runtime import load, zip_layout
from webtensorc_runtime.container import open_container

from webtensorc.artifact import Artifact, Bundle
from webtensorc.errors import InvalidFileError
from webtensorc.model import Model, TensorSpec


def make() -> Bundle:
    weights = {"w": np.arange(700, dtype=np.float32), "empty": np.zeros((0, 3), np.int8)}
    model = Model("m", bytes(range(256)) * 5, weights, (TensorSpec("x", "float32", (1,)),), ())
    return Bundle(model, (Artifact("a", "cpu", (), b"code" * 200, "plan", (), "inline", {}),), {"v": "1"})


GOOD = make().to_bytes()


def read(data: bytes) -> None:
    container = open_container(data)
    container.verify_in_background().wait()


def refused(data: bytes, message: str | None = None, place: str | None = None) -> InvalidFileError:
    with pytest.raises(InvalidFileError, match=message) as caught:
        read(data)
    assert caught.value.exit_code == 3
    assert caught.value.file == "<memory>"
    if place is not None:
        assert caught.value.place == f"member {place}"
    return caught.value


def rebuilt(change: Callable[[dict, dict], None], order: list[str] | None = None) -> bytes:
    """The good bundle with `change(members, manifest)` applied and every checksum made right again."""
    with zipfile.ZipFile(io.BytesIO(GOOD)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(members["manifest.json"])
    change(members, manifest)
    members["manifest.json"] = json.dumps(manifest).encode()
    names = order or list(members)
    entries = [zip_layout.Entry(name, len(members[name]), zlib.crc32(members[name])) for name in names]
    digest = hashlib.sha256(members["manifest.json"]).hexdigest()
    schema = f"schema={manifest.get('schema', 1)} reader={manifest.get('oldest_reader', 1)}"
    layout = zip_layout.plan_layout(entries, f"webtensorc bundle {schema} manifest-sha256={digest}".encode())
    return b"".join(placed.header + members[placed.entry.name] for placed in layout.members) + layout.tail


def listed(members: dict, manifest: dict, name: str, content: bytes = b"x") -> None:
    members[name] = content
    manifest["members"][name] = {"size": len(content), "sha256": [hashlib.sha256(content).hexdigest()]}


def test_the_sample_is_good_and_so_is_rebuilding() -> None:
    read(GOOD)
    read(rebuilt(lambda members, manifest: None))


def test_truncated_anywhere() -> None:
    with zipfile.ZipFile(io.BytesIO(GOOD)) as archive:
        borders = [at for info in archive.infolist() for at in (info.header_offset, info.header_offset + 30)]
        borders += [archive.start_dir]
    near = {at + by for at in (*borders, len(GOOD)) for by in (-1, 0, 1)}
    for size in sorted({*range(0, len(GOOD), 64), *near}):
        if 0 <= size < len(GOOD):
            refused(GOOD[:size])


def test_one_flipped_bit_anywhere() -> None:
    for at in [*range(0, len(GOOD), 23), *range(len(GOOD) - 700, len(GOOD))]:
        for bit in (0, 5):
            damaged = bytearray(GOOD)
            damaged[at] ^= 1 << bit
            refused(bytes(damaged))


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_arbitrary_bytes(data: bytes) -> None:
    refused(data)


@settings(deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=60))
def test_overwritten_stretches(at: int, junk: bytes) -> None:
    data = GOOD[:at] + junk + GOOD[at + len(junk) :]
    if data != GOOD:
        refused(data)


def test_bytes_added_before_or_after() -> None:
    refused(GOOD + b"\0")
    refused(b"\0" + GOOD)
    refused(GOOD + GOOD[:100])


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/evil", "a\\b", "C:evil", "a//b", "./a", "a\nb"])
def test_unsafe_names(name: str) -> None:
    refused(rebuilt(lambda members, manifest: listed(members, manifest, name)), "name is unsafe")


def test_duplicate_members() -> None:
    def add(members: dict, manifest: dict) -> None:
        listed(members, manifest, "extra")

    order = ["manifest.json", "graph.mlirbc", "modules/a.vmfb", "weights.safetensors", "extra", "extra"]
    refused(rebuilt(add, order), "two members have this name", "extra")
    upper = rebuilt(lambda members, manifest: (add(members, manifest), listed(members, manifest, "EXTRA")))
    refused(upper, "two members have this name", "EXTRA")


def test_members_the_manifest_does_not_list() -> None:
    refused(rebuilt(lambda members, manifest: members.update(stray=b"x")), "does not list it", "stray")


def test_members_that_are_listed_may_be_unknown() -> None:
    read(rebuilt(lambda members, manifest: listed(members, manifest, "schedule/later.json")))


def test_missing_members() -> None:
    refused(rebuilt(lambda members, manifest: members.pop("graph.mlirbc")), "missing", "graph.mlirbc")
    gone = rebuilt(lambda members, manifest: (members.pop("modules/a.vmfb"), manifest["members"].pop("modules/a.vmfb")))
    refused(gone, "module of variant 'a' is missing", "modules/a.vmfb")


@pytest.mark.parametrize("name", ["graph.mlirbc", "weights.safetensors"])
def test_members_that_every_bundle_has(name: str) -> None:
    data = rebuilt(lambda members, manifest: (members.pop(name), manifest["members"].pop(name)))
    refused(data, "missing", name)


def test_compressed_or_encrypted_members() -> None:
    for at, value, message in ((10, 8, "compressed"), (8, 1, "encrypted")):
        damaged = bytearray(GOOD)
        damaged[GOOD.index(b"PK\x01\x02") + at] |= value
        refused(bytes(damaged), message, "manifest.json")


def test_another_tools_zip(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("manifest.json", "{}")
    refused((tmp_path / "other.zip").read_bytes(), "no webtensorc bundle, or another tool")


def test_overlapping_members_and_sizes_beyond_the_file() -> None:
    first = GOOD.index(b"PK\x01\x02")
    second = GOOD.index(b"PK\x01\x02", first + 4)
    overlapping = bytearray(GOOD)
    overlapping[second + 42 : second + 46] = bytes(4)
    refused(bytes(overlapping), "overlap|damaged")
    beyond = bytearray(GOOD)
    beyond[second + 20 : second + 28] = (len(GOOD) + 1).to_bytes(4, "little") * 2
    refused(bytes(beyond), "beyond the end of the file", "graph.mlirbc")


def test_schemas_of_other_times() -> None:
    newer = refused(rebuilt(lambda members, manifest: manifest.update(schema=7, oldest_reader=5)))
    assert "needs a reader of schema 5" in newer.message and newer.hint and "schema 5" in newer.hint
    older = refused(rebuilt(lambda members, manifest: manifest.update(schema=0, oldest_reader=0)))
    assert "no longer read" in older.message
    read(rebuilt(lambda members, manifest: manifest.update(schema=2, oldest_reader=1, from_the_future=[1])))


@pytest.mark.parametrize(
    "change",
    [
        lambda members, manifest: manifest.pop("variants"),
        lambda members, manifest: manifest.update(inputs=3),
        lambda members, manifest: manifest["inputs"][0].update(shape=[-1]),
        lambda members, manifest: manifest["inputs"][0].update(shape=["a"]),
        lambda members, manifest: manifest["variants"][0].update(mode="fast"),
        lambda members, manifest: manifest["variants"][0].update(features="avx2"),
        lambda members, manifest: manifest.update(name=None),
        lambda members, manifest: manifest["members"]["graph.mlirbc"].update(sha256=[]),
    ],
)
def test_malformed_manifests(change: Callable[[dict, dict], None]) -> None:
    refused(rebuilt(change))


def test_manifests_that_are_no_json() -> None:
    for text in (b"", b"{", b"[]", b"\xff", b"[" * 100_000):
        names = [zip_layout.Entry("manifest.json", len(text), zlib.crc32(text))]
        comment = f"webtensorc bundle schema=1 reader=1 manifest-sha256={hashlib.sha256(text).hexdigest()}"
        layout = zip_layout.plan_layout(names, comment.encode())
        refused(layout.members[0].header + text + layout.tail, "malformed", "manifest.json")


def test_files_that_are_no_bundles(tmp_path: Path) -> None:
    (tmp_path / "empty.wtb").touch()
    (tmp_path / "text.wtb").write_text("hello")
    cases = {"empty.wtb": "empty", "text.wtb": "not a webtensorc bundle", "none": "No such file", ".": "not a regular"}
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        cases["pipe"] = "not a regular file"
    for name, message in cases.items():
        for opener in (load, Bundle.load):
            with pytest.raises(InvalidFileError, match=message) as caught:
                opener(tmp_path / name)
            assert caught.value.file == str(tmp_path / name)


def test_a_damaged_module_is_refused_before_anything_is_loaded() -> None:
    at = GOOD.index(b"codecode")
    error = None
    try:
        load(GOOD[:at] + b"C" + GOOD[at + 1 :])
    except InvalidFileError as caught:
        error = caught
    assert error is not None and error.place == "member modules/a.vmfb" and "digest" in error.message


def test_names_that_no_file_has() -> None:
    for name in ("a\0b", "x" * 5000):
        with pytest.raises(InvalidFileError, match="cannot open"):
            Bundle.load(name)
