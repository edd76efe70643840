"""The bytes of a bundle: what other ZIP tools see, determinism, alignment, large sizes, atomic writing."""

import hashlib
import io
import itertools
import json
import os
import resource
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from webtensorc_runtime import safetensors, zip_layout
from webtensorc_runtime.container import open_container

from webtensorc.artifact import Artifact, Bundle
from webtensorc.errors import OutOfResourcesError, UsageError
from webtensorc.model import Model, TensorSpec
from webtensorc.sealed import Sealed


def artifact(label: str, module: bytes = b"code", **changes: object) -> Artifact:
    given = {"features": ("fma", "avx2"), "plan": "plan\n", "flags": ("--x",), "mode": "task", "report": {"peak": 3}}
    return Artifact(label=label, device="cpu", module=module, **{**given, **changes})


def sample(weights: dict[str, np.ndarray] | None = None, **changes: object) -> Bundle:
    if weights is None:
        weights = {"w": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array(7, ml_dtypes.bfloat16)}
    model = Model("näme", b"graph", weights, (TensorSpec("x", "float32", (2, 3)),), (TensorSpec("y", "int64", ()),))
    given = {"artifacts": (artifact("x86-64-v3"), artifact("host{cpu=a/b}", b"other code")), "versions": {"b": "2"}}
    return Bundle(model, **{**given, **changes})


def as_zip(bundle: Bundle) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(bundle.to_bytes()))


def test_other_tools_read_it(tmp_path: Path) -> None:
    sample().save(tmp_path / "m.wtb")
    with zipfile.ZipFile(tmp_path / "m.wtb") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [
            "manifest.json",
            "graph.mlirbc",
            "modules/x86-64-v3.vmfb",
            "modules/host-cpu-a-b.vmfb",
            "weights.safetensors",
        ]
        assert archive.read("graph.mlirbc") == b"graph"
        assert archive.read("modules/host-cpu-a-b.vmfb") == b"other code"
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {info.external_attr >> 16 for info in archive.infolist()} == {0o100644}
    if shutil.which("unzip"):
        done = subprocess.run(["unzip", "-tq", tmp_path / "m.wtb"], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_manifest_says_everything_and_nothing_of_the_place() -> None:
    archive = as_zip(sample())
    text = archive.read("manifest.json")
    data = json.loads(text)
    assert data["inputs"] == [{"name": "x", "dtype": "float32", "shape": [2, 3]}]
    assert data["outputs"] == [{"name": "y", "dtype": "int64", "shape": []}]
    assert data["variants"][0]["features"] == ["avx2", "fma"]
    assert data["variants"][0]["report"] == {"peak": 3}
    for name, member in data["members"].items():
        content = archive.read(name)
        assert member == {"size": len(content), "sha256": [hashlib.sha256(content).hexdigest()]}
    assert hashlib.sha256(text).hexdigest() in archive.comment.decode()
    assert json.dumps(data, sort_keys=True, indent=1, ensure_ascii=False) + "\n" == text.decode()


def test_members_are_aligned_for_mapping() -> None:
    data = sample().to_bytes()
    container = open_container(data)
    for placed in zip_layout.plan_layout(
        [zip_layout.Entry(i.filename, i.file_size, i.CRC) for i in as_zip(sample()).infolist()], b""
    ).members:
        name, at = placed.entry.name, placed.data_offset
        assert data[at : at + placed.entry.size] == bytes(container.members[name])
        assert at % (4096 if name == "weights.safetensors" else 64) == 0
    slots = safetensors.parse(container.members["weights.safetensors"], "-")
    assert all(slot.offset % 64 == 0 for slot in slots.values())


def test_load_gives_the_bundle_back_with_weights_mapped(tmp_path: Path) -> None:
    bundle = sample()
    bundle.save(tmp_path / "m.wtb")
    back = Bundle.load(tmp_path / "m.wtb")
    assert [a.label for a in back.artifacts] == ["x86-64-v3", "host{cpu=a/b}"]
    assert back.artifacts[1].module == b"other code"
    assert (back.model.name, back.model.graph) == ("näme", b"graph")
    assert (back.model.inputs, back.model.outputs) == (bundle.model.inputs, bundle.model.outputs)
    assert list(back.model.weights) == ["w", "b"]
    for name, weight in back.model.weights.items():
        assert weight.dtype == bundle.model.weights[name].dtype
        np.testing.assert_array_equal(weight, bundle.model.weights[name])
        assert not weight.flags.owndata and not weight.flags.writeable
    assert back.to_bytes() == bundle.to_bytes() == (tmp_path / "m.wtb").read_bytes() == bytes(bundle.to_buffer())


SAVE = """
import sys, numpy as np
sys.path.insert(0, {folder!r})
from test_bundle_format import sample
sample().save("out.wtb")
"""


@pytest.mark.parametrize("seed", ["0", "1"])
def test_bytes_do_not_depend_on_the_surroundings(tmp_path: Path, seed: str) -> None:
    folder = tmp_path / f"some where {seed}"
    folder.mkdir()
    surroundings = {"PYTHONHASHSEED": seed, "TZ": "Asia/Tokyo", "LC_ALL": "C", "HOME": str(folder), "USER": "somebody"}
    script = SAVE.format(folder=str(Path(__file__).parent))
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, env={**os.environ, **surroundings}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert (folder / "out.wtb").read_bytes() == sample().to_bytes()


def test_order_of_versions_and_layout_in_memory_do_not_matter() -> None:
    weights = {"w": np.asfortranarray(np.arange(6, dtype=">f4").reshape(2, 3)), "b": np.array(7, ml_dtypes.bfloat16)}
    one = sample(versions={"a": "1", "b": "2"})
    other = sample(weights, versions={"b": "2", "a": "1"})
    assert one.to_bytes() == other.to_bytes()


@pytest.mark.parametrize("threshold", [1, 300, 4200])
def test_zip64_records(monkeypatch: pytest.MonkeyPatch, threshold: int) -> None:
    plain = sample().to_bytes()
    monkeypatch.setattr(zip_layout, "ZIP64_FROM", threshold)
    data = sample().to_bytes()
    assert data != plain
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 5
    container = open_container(data)
    container.verify_in_background().wait()
    assert bytes(container.members["graph.mlirbc"]) == b"graph"


def test_known_checksums_are_used_and_right(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = {"w": np.arange(100_000, dtype=np.float32)}
    sealed = Sealed.of_weights(weights)
    expected = sample(weights).to_bytes()
    monkeypatch.setattr(Sealed, "of_weights", None)
    assert sample(weights, sealed_weights=sealed).to_bytes() == expected


def test_large_weights_are_digested_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webtensorc.sealed.PIECE", 1000)
    data = b"".join(bytes([n % 251]) * 37 for n in range(100))
    whole = Sealed.of((memoryview(data),))
    split = Sealed.of(memoryview(data)[start : start + 613] for start in range(0, len(data), 613))
    assert whole == split
    assert whole.sha256 == tuple(hashlib.sha256(data[at : at + 1000]).hexdigest() for at in range(0, 3700, 1000))
    assert Sealed.of(()).sha256 == (hashlib.sha256().hexdigest(),)
    assert len(Sealed.of((memoryview(data[:2000]),)).sha256) == 2


def test_labels_must_differ_and_modules_never_collide() -> None:
    with pytest.raises(UsageError, match="same label"):
        sample(artifacts=(artifact("a"), artifact("a")))
    names = as_zip(sample(artifacts=(artifact("a{b}"), artifact("a-b"), artifact("A b"), artifact("..")))).namelist()
    assert names[2:6] == ["modules/a-b.vmfb", "modules/a-b-2.vmfb", "modules/a-b-3.vmfb", "modules/module.vmfb"]


@pytest.mark.parametrize("trouble", [OSError(28, "No space left on device"), KeyboardInterrupt(), MemoryError()])
def test_a_failed_write_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: BaseException
) -> None:
    target = tmp_path / "m.wtb"
    target.write_bytes(b"before")
    bundle = sample()
    whole = list(bundle._pieces())

    def fails(self: Bundle) -> object:
        yield from itertools.islice(whole, 4)
        raise trouble

    monkeypatch.setattr(Bundle, "_pieces", fails)
    expected = OutOfResourcesError if isinstance(trouble, OSError) else type(trouble)
    with pytest.raises(expected) as caught:
        bundle.save(target)
    if isinstance(trouble, OSError):
        assert "no space left" in caught.value.message and caught.value.exit_code == 5
        assert caught.value.file == str(target)
    assert target.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [target]


LIMITED = """
import resource, sys
sys.path.insert(0, {folder!r})
from test_bundle_format import sample
from webtensorc.errors import DiagnosticError
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
try:
    sample().save("out.wtb")
except DiagnosticError as error:
    print(error)
    sys.exit(error.exit_code)
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="needs RLIMIT_FSIZE")
def test_the_kernel_refusing_to_write_more(tmp_path: Path) -> None:
    script = LIMITED.format(folder=str(Path(__file__).parent))
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 5, done.stderr
    assert "the disk is full: file too large" in done.stdout and "out.wtb" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    for target in (tmp_path / "no" / "such" / "m.wtb", tmp_path):
        with pytest.raises(UsageError, match="cannot write"):
            sample().save(target)
    assert list(tmp_path.iterdir()) == []


def test_saving_over_an_open_bundle_leaves_the_open_one_alone(tmp_path: Path) -> None:
    path = tmp_path / "m.wtb"
    sample().save(path)
    first = Bundle.load(path)
    sample({"w": np.zeros((2, 3), np.float32), "b": np.array(7, ml_dtypes.bfloat16)}).save(path)
    assert first.model.weights["w"][1, 2] == 5
    assert Bundle.load(path).model.weights["w"][1, 2] == 0
