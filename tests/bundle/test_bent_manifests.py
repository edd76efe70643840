"""Bundles with right checksums whose manifest is not what this version writes: refused, or of no consequence."""

from __future__ import annotations

import copy
import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx.parser
import pytest
import webtensorc_runtime
from hypothesis import given, settings
from hypothesis import strategies as st
from webtensorc_runtime import DiagnosticError, zip_layout
from webtensorc_runtime.manifest import SCHEMA

import webtensorc
from webtensorc.artifact import Bundle
from webtensorc.cli.app import run

KIND = "tensor<4xf32>"
ADD = f"func.func @main(%x: {KIND}, %y: {KIND}) -> {KIND} {{ %0 = stablehlo.add %x, %y : {KIND} return %0 : {KIND} }}"
ODD = [None, True, -1, 0, 3, 10**12, 10**30, 1.5, float("nan"), "x", "\ud800", "float32", [], {}, [[]], {"a": 1}, ["a"]]
ODD += [[[1]] * 3, [10**12], json.loads("[" * 500 + "]" * 500)]


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    path = tmp_path_factory.mktemp("bent") / "add.mlir"
    path.write_text(ADD)
    return unpacked(webtensorc.compile(path, cache=False))


def unpacked(bundle: Bundle) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(bundle.to_bytes())) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def sealed(members: dict[str, bytes], manifest: Any) -> bytes:
    """A bundle of these members with this manifest, every checksum right."""
    text = json.dumps(manifest).encode()
    reader = json.loads(members["manifest.json"])["oldest_reader"]
    members = {**members, "manifest.json": text}
    entries = [zip_layout.Entry(name, len(data), zlib.crc32(data)) for name, data in members.items()]
    comment = f"webtensorc bundle schema={SCHEMA} reader={reader} manifest-sha256={hashlib.sha256(text).hexdigest()}"
    layout = zip_layout.plan_layout(entries, comment.encode())
    return b"".join(placed.header + members[placed.entry.name] for placed in layout.members) + layout.tail


def places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from places(value, (*path, key))


def test_the_sample_is_good(members: dict[str, bytes]) -> None:
    ones = np.ones(4, np.float32)
    module = webtensorc_runtime.load(sealed(members, json.loads(members["manifest.json"])))
    assert module(ones, ones)[0].tolist() == [2, 2, 2, 2]


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_one_value_is_another(
    members: dict[str, bytes], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    manifest = json.loads(members["manifest.json"])
    *above, last = data.draw(st.sampled_from(list(places(manifest))))
    bent = copy.deepcopy(manifest)
    place = bent
    for key in above:
        place = place[key]
    place[last] = data.draw(st.sampled_from(ODD))
    bundle = sealed(members, bent)
    path = tmp_path_factory.getbasetemp() / "bent.wtb"
    path.write_bytes(bundle)
    ones = np.ones(4, np.float32)
    try:
        assert webtensorc_runtime.load(bundle)(ones, ones)[0].tolist() == [2, 2, 2, 2]
    except DiagnosticError as error:
        assert error.exit_code in (3, 6), error
    try:
        Bundle.load(path)
    except DiagnosticError as error:
        assert error.exit_code == 3, error
    assert run(["inspect", str(path), "--plan", "--memory", "--schedule"]) in (0, 3)


def test_one_value_of_a_graph_for_particular_sizes_is_another() -> None:
    """Loaders have no use for it, but do not take everything for it either."""
    model = onnx.parser.parse_model(
        """<ir_version: 9, opset_import: ["" : 17]>
        less (float[n] x) => (float[n] y) <float[1] one = {1}> { y = Sub (x, one) }"""
    )
    members = unpacked(webtensorc.compile(model, dims={"n": [4]}, optimization_level=0, cache=False))
    manifest = json.loads(members["manifest.json"])
    refused = []
    for *above, last in (each for each in places(manifest) if each[0] == "sized_graphs"):
        for odd in ODD:
            bent = copy.deepcopy(manifest)
            place = bent
            for key in above:
                place = place[key]
            place[last] = odd
            try:
                Bundle.load(sealed(members, bent))
            except DiagnosticError as error:
                assert error.exit_code == 3, error
                refused.append((above, last))
    assert {last for _, last in refused} >= {"sizes", "n", "graph", "weights", "inputs", "outputs", "changed_by"}


def test_a_module_that_is_no_module(members: dict[str, bytes], tmp_path: Path) -> None:
    """The digest is right, the engine's own check of the FlatBuffer is what refuses."""
    manifest = json.loads(members["manifest.json"])
    name = manifest["variants"][0]["module"]
    for junk in (b"", b"junk" * 100, members[name][:200], bytes(len(members[name]))):
        manifest["members"][name] = {"size": len(junk), "sha256": [hashlib.sha256(junk).hexdigest()]}
        with pytest.raises(webtensorc_runtime.InvalidFileError):
            webtensorc_runtime.load(sealed({**members, name: junk}, manifest))
