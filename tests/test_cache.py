"""The compile cache: equality, two writers, eviction, corruption, and directories that cannot be used."""

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webtensorc import cache as module
from webtensorc.cache import Cache, CacheWarning, default_root

KEY = {"kind": "module", "plan": ["a", 1], "version": "1"}


def _age(entry, seconds):
    folder = next(iter(entry.files.values())).parent
    stat = folder.stat()
    os.utime(folder, (stat.st_atime - seconds, stat.st_mtime - seconds))


def test_what_is_put_is_got(tmp_path):
    cache = Cache(tmp_path / "c")
    assert cache.get(KEY) is None
    source = tmp_path / "weights.bin"
    source.write_bytes(b"w" * 1000)
    stored = cache.put(KEY, {"module.vmfb": b"code", "weights": source})
    assert stored is not None
    found = Cache(tmp_path / "c").get({"version": "1", "plan": ["a", 1], "kind": "module"})
    assert found == stored
    assert found.read("module.vmfb") == b"code"
    assert found.path("weights").read_bytes() == source.read_bytes()
    assert found.digests["module.vmfb"] == "5694d08a2e53ffcae0c3103e5ad6f6076abd960eb1f8a56577040bc1028f702b"
    assert cache.size() > 1004


def test_paths_are_linked_not_copied(tmp_path):
    source = tmp_path / "weights.bin"
    source.write_bytes(b"w")
    stored = Cache(tmp_path / "c").put(KEY, {"w": source})
    assert stored is not None and stored.path("w").samefile(source)


def test_paths_are_copied_where_they_cannot_be_linked(tmp_path, monkeypatch):
    def refuse(*_args):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    source = tmp_path / "weights.bin"
    source.write_bytes(bytes(range(256)) * 5000)
    stored = Cache(tmp_path / "c").put(KEY, {"w": source})
    assert stored is not None and stored.read("w") == source.read_bytes()
    monkeypatch.setattr(os, "copy_file_range", refuse)
    stored = Cache(tmp_path / "c").put({"other": 1}, {"w": source})
    assert stored is not None and stored.read("w") == source.read_bytes()


@settings(max_examples=50, deadline=None)
@given(
    one=st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=3) | st.booleans() | st.none()),
    two=st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=3) | st.booleans() | st.none()),
)
def test_only_an_equal_key_hits(one, two, tmp_path_factory):
    cache = Cache(tmp_path_factory.mktemp("c"))
    cache.put(one, {"f": b"1"})
    # JSON keeps 1 and true apart where Python's == does not.
    assert (cache.get(two) is not None) == (json.dumps(one, sort_keys=True) == json.dumps(two, sort_keys=True))


def test_a_forged_hash_does_not_hit(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_digest_text", lambda _text: "0" * 64)
    cache = Cache(tmp_path)
    cache.put({"model": "a"}, {"f": b"a"})
    assert cache.get({"model": "b"}) is None
    assert cache.get({"model": "a"}) is not None
    stored = cache.put({"model": "b"}, {"f": b"b"})
    assert stored is not None and stored.read("f") == b"b"
    assert cache.get({"model": "a"}) is None


@pytest.mark.parametrize("damage", ["flip", "truncate", "remove", "index", "index-shape", "index-gone"])
def test_a_damaged_entry_is_removed_and_counts_as_a_miss(damage, tmp_path):
    cache = Cache(tmp_path)
    stored = cache.put(KEY, {"f": b"content", "g": b"more"})
    assert stored is not None
    path = stored.path("f")
    index = path.parent / "entry.json"
    if damage == "flip":
        path.write_bytes(b"Content")
    elif damage == "truncate":
        path.write_bytes(b"con")
    elif damage == "remove":
        path.unlink()
    elif damage == "index":
        index.write_text("{")
    elif damage == "index-shape":
        index.write_text("[]")
    else:
        index.unlink()
    assert cache.get(KEY) is None
    assert not path.parent.exists()
    assert cache.put(KEY, {"f": b"content"}) is not None
    assert cache.get(KEY) is not None


def test_a_damaged_entry_is_replaced_by_put(tmp_path):
    cache = Cache(tmp_path)
    stored = cache.put(KEY, {"f": b"content"})
    assert stored is not None
    stored.path("f").write_bytes(b"Content")
    again = cache.put(KEY, {"f": b"content"})
    assert again is not None and again.read("f") == b"content"


def test_the_least_recently_used_go_first(tmp_path):
    cache = Cache(tmp_path, max_bytes=5000)
    entries = {name: cache.put({"n": name}, {"f": name.encode() * 1500}) for name in "abc"}
    assert all(entries.values())
    for age, name in enumerate("cba"):
        _age(entries[name], 1000 * (age + 1))
    assert cache.get({"n": "a"}) is not None  # touched: now the youngest
    cache.put({"n": "d"}, {"f": b"d" * 1500})
    assert cache.size() <= 5000
    assert [cache.get({"n": name}) is not None for name in "abcd"] == [True, False, True, True]


def test_what_was_used_just_now_is_not_evicted(tmp_path):
    cache = Cache(tmp_path, max_bytes=3500)
    for name in "abc":
        cache.put({"n": name}, {"f": name.encode() * 1500})
    assert all(cache.get({"n": name}) for name in "abc")


def test_what_is_larger_than_the_cache_is_not_stored(tmp_path):
    cache = Cache(tmp_path, max_bytes=100)
    assert cache.put(KEY, {"f": b"x" * 101}) is None
    assert cache.size() == 0


def test_clear(tmp_path):
    cache = Cache(tmp_path)
    cache.put(KEY, {"f": b"1"})
    cache.clear()
    assert cache.size() == 0 and cache.get(KEY) is None
    assert not any((tmp_path / "tmp").iterdir())


def test_drafts_of_crashed_writers_are_swept(tmp_path):
    cache = Cache(tmp_path)
    cache.put(KEY, {"f": b"1"})
    abandoned = tmp_path / "tmp" / "abandoned"
    abandoned.mkdir()
    (abandoned / "f").write_bytes(b"x")
    cache.put({"n": 1}, {"f": b"1"})
    assert abandoned.exists()  # its writer may still be at it
    os.utime(abandoned, (0, 0))
    cache.put({"n": 2}, {"f": b"1"})
    assert not abandoned.exists()


@pytest.mark.parametrize("name", ["../f", "a/b", "entry.json", "", ".hidden"])
def test_names_stay_inside_the_entry(name, tmp_path):
    with pytest.raises(ValueError, match="not a file name"):
        Cache(tmp_path).put(KEY, {name: b"x"})


def test_a_directory_that_cannot_be_written_warns_once(tmp_path):
    (tmp_path / "file").write_text("in the way")
    said: list[str] = []
    cache = Cache(tmp_path / "file" / "cache", warn=said.append)
    assert cache.get(KEY) is None
    assert cache.put(KEY, {"f": b"1"}) is None
    assert cache.put(KEY, {"f": b"1"}) is None
    assert len(said) == 1 and str(tmp_path) in said[0] and "going on without it" in said[0]
    with pytest.warns(CacheWarning):
        Cache(tmp_path / "file" / "cache").put(KEY, {"f": b"1"})


def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "_write", full)
    said: list[str] = []
    assert Cache(tmp_path, warn=said.append).put(KEY, {"f": b"1"}) is None
    assert "No space left" in said[0]
    assert not any((tmp_path / "tmp").iterdir())


def test_the_default_root(monkeypatch, tmp_path):
    monkeypatch.setenv("WEBTENSORC_CACHE_DIR", str(tmp_path / "own"))
    assert default_root() == tmp_path / "own"
    monkeypatch.delenv("WEBTENSORC_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert default_root() == tmp_path / "xdg" / "webtensorc"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert default_root() == tmp_path / "home" / ".cache" / "webtensorc"


_WRITER = """
import sys
from pathlib import Path
from webtensorc.cache import Cache
root, number = Path(sys.argv[1]), int(sys.argv[2])
cache = Cache(root)
print("ready", flush=True)
sys.stdin.readline()
for turn in range(40):
    key = {"turn": turn}
    content = b"%d" % turn * 20000
    entry = cache.put(key, {"f": content, "g": b"g"})
    assert entry is not None and entry.read("f") == content, turn
    again = cache.get(key)
    assert again is not None and again.read("f") == content, turn
"""


def test_two_writers_of_the_same_keys(tmp_path):
    command = [sys.executable, "-W", "error", "-c", _WRITER, str(tmp_path)]
    writers = [
        subprocess.Popen([*command, str(number)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for number in range(2)
    ]
    for writer in writers:
        assert writer.stdout is not None and writer.stdout.readline() == b"ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write(b"go\n")
        writer.stdin.flush()
    for writer in writers:
        _, errors = writer.communicate()
        assert writer.returncode == 0, errors.decode()
    cache = Cache(tmp_path)
    for turn in range(40):
        entry = cache.get({"turn": turn})
        assert entry is not None and entry.read("f") == b"%d" % turn * 20000
    assert not any((tmp_path / "tmp").iterdir())


def test_a_reader_in_a_read_only_directory_hits_in_silence(tmp_path, monkeypatch):
    cache = Cache(tmp_path)
    cache.put(KEY, {"f": b"1"})

    def refuse(*_args, **_kwargs):
        raise PermissionError(30, "Read-only file system")

    monkeypatch.setattr(os, "utime", refuse)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert cache.get(KEY) is not None


def test_no_heavy_imports():
    code = "import sys, webtensorc.cache; print([m for m in ('numpy', 'jax', 'onnx', 'iree') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
