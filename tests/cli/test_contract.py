"""What every verb keeps: exit codes, data on stdout and talk on stderr, JSON, NO_COLOR, no tracebacks."""

from __future__ import annotations

import errno
import json
import os
import pty
import re
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from webtensorc.cli import building, failure
from webtensorc.errors import OutOfResourcesError, TimeLimitError

ROOT = Path(__file__).resolve().parents[2]


def error_of(outcome) -> dict[str, object]:
    """The error that `--format json` puts on standard output, after checking that people are told as well."""
    data = outcome.data["error"]
    assert outcome.err.rstrip().splitlines()[-1] or outcome.err
    assert data["exit_code"] == outcome.code
    assert f"error[{data['kind']}]: {data['message']}" in outcome.err
    return data


def test_0_and_1_an_expectation_that_holds_and_one_that_does_not(cli, bundle: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "y.npy", np.array([3, 3, 3, 3], np.float32))
    inputs = ("--input", "arg0=4xf32=1", "--input", "arg1=4xf32=2")
    right = cli("run", bundle, *inputs, "--expected", f"result0=@{tmp_path / 'y.npy'}")
    assert (right.code, right.err) == (0, "")
    assert right.out.startswith("result0=4xf32=[3.0 3.0 3.0 3.0]\n")
    wrong = cli("run", bundle, *inputs, "--expected", "result0=4xf32=3.01")
    assert wrong.code == 1
    assert "FAILED" in wrong.out
    loose = cli("run", bundle, *inputs, "--expected", "result0=4xf32=3.01", "--rtol", "0.01")
    assert loose.code == 0


def test_2_unknown_inputs_list_the_expected_ones(cli, bundle: Path) -> None:
    outcome = cli("run", bundle, "--input", "arg2=4xf32=1", "--format", "json")
    assert outcome.code == 2
    data = error_of(outcome)
    assert data["notes"] == ["expected: arg0: float32[4]", "expected: arg1: float32[4]"]
    assert "did you mean" in str(data["hint"])


@pytest.mark.parametrize(
    ("value", "says"),
    [("arg0=5xf32=1", "`arg0` is float32[4], not float32[5]"), ("arg0=4xi32=1", "`arg0` is float32[4], not int32[4]")],
)
def test_2_wrong_shapes_and_dtypes(cli, bundle: Path, value: str, says: str) -> None:
    outcome = cli("run", bundle, "--input", value)
    assert outcome.code == 2
    assert says in outcome.err


@pytest.mark.parametrize("verb", ["compile", "run", "verify", "check", "inspect", "bench", "opt"])
@pytest.mark.parametrize("content", [None, b"", b"plain text", b"PK\x03\x04 no archive", b"\x89PNG\r\n\x1a\n"])
def test_3_files_that_are_no_models(cli, tmp_path: Path, verb: str, content: bytes | None) -> None:
    path = tmp_path / "model.onnx"
    if content is not None:
        path.write_bytes(content)
    more = {"compile": ("-o", tmp_path / "m.wtb"), "opt": ("--pass", "remove-dead")}.get(verb, ())
    outcome = cli(verb, path, *more, "--format", "json")
    assert outcome.code == 3
    assert error_of(outcome)["file"] == str(path)
    assert "Traceback" not in outcome.err
    assert {each.name for each in tmp_path.iterdir()} <= {"model.onnx"}


def test_3_damaged_bundle(cli, bundle: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        module = next(info for info in archive.infolist() if info.filename.endswith(".vmfb"))
    data = bytearray(bundle.read_bytes())
    data[module.header_offset + 200] ^= 1
    (tmp_path / "bad.wtb").write_bytes(data)
    for verb in ("inspect", "run"):
        outcome = cli(verb, tmp_path / "bad.wtb")
        assert outcome.code == 3, verb
        assert outcome.out == ""


def test_4_everything_unsupported_is_listed(cli, tmp_path: Path) -> None:
    import onnx
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node("Relu", ["x"], ["a"], name="first"),
        helper.make_node("Frobnicate", ["a"], ["b"], name="second", domain="example.org"),
        helper.make_node("Frobnicate", ["b"], ["c"], name="third", domain="example.org"),
        helper.make_node("Twiddle", ["c"], ["y"], name="fourth", domain="example.org"),
    ]
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [4]) for name in "xy")
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("example.org", 1)]
    model = helper.make_model(helper.make_graph(nodes, "odd", [x], [y]), opset_imports=opsets, ir_version=10)
    onnx.save(model, tmp_path / "odd.onnx")
    text = cli("check", tmp_path / "odd.onnx")
    assert text.code == 4
    assert "OPERATOR" in text.out
    data = cli("check", tmp_path / "odd.onnx", "--format", "json").data
    assert {each["count"] for each in data["unsupported"]} == {1, 2}
    assert [sorted(each["nodes"]) for each in sorted(data["unsupported"], key=lambda e: -e["count"])] == [
        ["second", "third"],
        ["fourth"],
    ]
    compiled = cli("compile", tmp_path / "odd.onnx", "-o", tmp_path / "odd.wtb", "--format", "json")
    assert compiled.code == 4
    assert error_of(compiled)["kind"] == "unsupported"
    assert not (tmp_path / "odd.wtb").exists()


def test_check_says_yes(cli, model: Path) -> None:
    outcome = cli("check", model, "--target", "x86-64-v3", "--format", "json")
    assert outcome.code == 0
    assert outcome.data == {
        "file": str(model),
        "targets": ["x86-64-v3"],
        "supported": True,
        "unsupported": [],
        "warnings": [],
    }


def test_5_the_native_compiler_crashes(process, model: Path) -> None:
    done = process("compile", model, "-o", "m.wtb", "--no-cache", WEBTENSORC_STEP_LIMIT="0.0001")
    assert done.returncode == 5, done.stderr
    assert "error[compilation]" in done.stderr
    assert "Traceback" not in done.stderr
    assert "webtensorc-reproducer-" in done.stderr


def test_6_no_variant_fits_this_machine(cli, model: Path, bundle: Path, monkeypatch, tmp_path: Path) -> None:
    from webtensorc_runtime import cpu

    monkeypatch.setattr(cpu, "features", lambda: frozenset({"sse2"}))
    outcome = cli("run", bundle, "--format", "json")
    assert outcome.code == 6
    assert error_of(outcome)["kind"] == "incompatible-machine"


def test_101_bugs_leave_a_reproducer(cli, monkeypatch, model: Path, tmp_path: Path) -> None:
    def broken(*arguments: object, **options: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(building, "compile_request", broken)
    outcome = cli("compile", model, "-o", tmp_path / "m.wtb", "--format", "json")
    assert outcome.code == 101
    data = error_of(outcome)
    assert data["message"] == "RuntimeError: a bug"
    (folder,) = (tmp_path / "reproducers").iterdir()
    assert str(folder) in str(data["hint"])
    assert "in broken" in (folder / "traceback.txt").read_text()
    assert json.loads((folder / "command.json").read_text())["arguments"][0] == "compile"
    assert "Traceback" not in outcome.err


def test_124_the_time_limit(cli, model: Path, tmp_path: Path) -> None:
    outcome = cli("compile", model, "-o", tmp_path / "m.wtb", "--no-cache", "--timeout", "0.001", "--format", "json")
    assert outcome.code == TimeLimitError.exit_code == 124
    assert error_of(outcome)["kind"] == "time-limit"
    assert not (tmp_path / "m.wtb").exists()


@pytest.mark.parametrize(
    ("raised", "code", "says"),
    [
        (KeyboardInterrupt(), failure.INTERRUPTED, "interrupted"),
        (MemoryError(), OutOfResourcesError.exit_code, "not enough memory"),
        (OSError(errno.ENOSPC, "No space left on device", "/tmp/x"), OutOfResourcesError.exit_code, "the disk is full"),
        (PermissionError(errno.EACCES, "Permission denied", "model.onnx"), 3, "permission denied"),
    ],
)
def test_what_the_system_raises(cli, monkeypatch, model, tmp_path, raised, code, says) -> None:
    def broken(*arguments: object, **options: object) -> None:
        raise raised

    monkeypatch.setattr(building, "compile_request", broken)
    outcome = cli("compile", model, "-o", tmp_path / "m.wtb")
    assert outcome.code == code
    assert says in outcome.err
    assert "Traceback" not in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_control_c_leaves_nothing(model: Path, tmp_path: Path) -> None:
    # Where tests run in the background, children are born deaf to Ctrl-C; a user's shell gives them ears.
    script = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); import webtensorc.cli as c; c.main()"
    )
    arguments = ["compile", model, "-o", tmp_path / "m.wtb", "--no-cache", "-v"]
    running = subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stderr is not None
    seen = running.stderr.readline()  # it is at work
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == failure.INTERRUPTED, seen + err
    assert out == ""
    assert "Traceback" not in err
    assert "interrupted" in err
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_leaves_is_no_error(model: Path) -> None:
    command = f"{sys.executable} -m webtensorc.cli --help"
    done = subprocess.run(
        ["bash", "-c", f"{command} | true; exit ${{PIPESTATUS[0]}}"], capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, failure.BROKEN_PIPE)  # 0: everything was in the pipe before the reader left
    assert done.stderr == ""


def test_output_in_a_missing_folder_is_refused_early(cli, model: Path, tmp_path: Path) -> None:
    outcome = cli("compile", model, "-o", tmp_path / "no" / "m.wtb")
    assert outcome.code == 2
    assert "there is no folder" in outcome.err
    assert cli("compile", model, "-o", model).code == 2
    assert cli("compile", model, "-o", tmp_path).code == 2


def test_streams_and_quiet(cli, model: Path, tmp_path: Path) -> None:
    talk = cli("compile", model, "-o", tmp_path / "m.wtb", "--no-cache")
    assert re.search(r"^\[1/3\] reading the model \.\.\. \d+\.\d s$", talk.err, re.MULTILINE)
    assert re.search(r"^\[3/3\] .* \.\.\. \d+\.\d s$", talk.err, re.MULTILINE)
    assert "[" not in talk.out
    assert str(tmp_path / "m.wtb") in talk.out
    more = cli("compile", model, "-o", tmp_path / "m.wtb", "--no-cache", "-v")
    assert len(more.err) > len(talk.err)
    quiet = cli("compile", model, "-o", tmp_path / "m.wtb", "--no-cache", "-q")
    assert (quiet.code, quiet.err) == (0, "")


def test_compile_twice_comes_from_the_cache(cli, model: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("WEBTENSORC_CACHE_DIR", str(tmp_path / "cache"))
    first = cli("compile", model, "-o", tmp_path / "a.wtb", "--format", "json").data
    second = cli("compile", model, "-o", tmp_path / "b.wtb", "--format", "json").data
    assert first["cached"] == []
    assert second["cached"][0] == "graph"
    assert [each["target"] for each in second["variants"]] == second["cached"][1:]
    assert (tmp_path / "a.wtb").read_bytes() == (tmp_path / "b.wtb").read_bytes()


def test_every_verb_prints_json(cli, model: Path, bundle: Path, tmp_path: Path) -> None:
    for arguments in (
        ("compile", model, "-o", tmp_path / "m.wtb"),
        ("compile", model, "--stop-after", "flow"),
        ("run", bundle),
        ("check", model),
        ("inspect", model),
        ("inspect", bundle),
        ("verify", model),
        ("bench", bundle, "--iterations", "2", "--warmup", "0"),
        ("plan",),
        ("passes",),
        ("targets",),
        ("opt", model, "--pass", "remove-dead"),
    ):
        outcome = cli(*arguments, "--format", "json")
        assert outcome.code == 0, (arguments, outcome.err)
        assert isinstance(outcome.data, (dict, list))
        assert cli("--format", "json", *arguments, "-q").out[0] in "[{", "the group's --format is every verb's default"


def test_colours_only_on_a_terminal_that_wants_them() -> None:
    def on_terminal(**environment: str) -> bytes:
        parent, child = pty.openpty()
        kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
        subprocess.run(
            [sys.executable, "-m", "webtensorc.cli", "nonsense"],
            stderr=child,
            env={**kept, "TERM": "xterm", **environment},
            check=False,
        )
        os.close(child)
        with os.fdopen(parent, "rb") as stream:
            return stream.read1()

    assert b"\x1b[" in on_terminal()
    assert b"\x1b[" not in on_terminal(NO_COLOR="1")
    assert b"\x1b[" not in on_terminal(TERM="dumb")


def test_a_terminal_gets_a_bar_and_the_same_lines(model: Path, tmp_path: Path) -> None:
    parent, child = pty.openpty()
    done = subprocess.Popen(
        [sys.executable, "-m", "webtensorc.cli", "compile", str(model), "-o", str(tmp_path / "m.wtb"), "--no-cache"],
        stderr=child,
        stdout=subprocess.PIPE,
        env={**os.environ, "TERM": "xterm", "NO_COLOR": "1"},
    )
    os.close(child)
    seen = b""
    while True:
        try:
            part = os.read(parent, 65536)
        except OSError:  # the terminal's other side is closed
            break
        if not part:
            break
        seen += part
    os.close(parent)
    out, _ = done.communicate()
    assert done.returncode == 0
    assert "━".encode() in seen
    assert re.search(rb"\[3/3\] .* \.\.\. \d+\.\d s", seen)
    assert b"m.wtb" in out
    assert b"\x1b[3" not in seen, "NO_COLOR is honoured"
