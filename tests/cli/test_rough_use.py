"""The command line where surroundings are not kind: signals, closed or full streams and disks, odd names."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from webtensorc.cli import failure

WEBTENSORC = f"{sys.executable} -m webtensorc.cli"
# Where tests run in the background or under nohup, children are born deaf to these; a user's shell gives them ears.
HEARING = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
import webtensorc.cli as c
c.main()
"""


def shell(line: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A bash line in a folder, `webtensorc` standing for this one."""
    words = line.replace("webtensorc ", f"{WEBTENSORC} ")
    return subprocess.run(
        ["bash", "-c", words],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (signal.SIGINT, "starting"),
        (signal.SIGINT, "importing"),
        (signal.SIGINT, "reading"),
        (signal.SIGINT, "compiling"),
        (signal.SIGTERM, "importing"),
        (signal.SIGHUP, "compiling"),
    ],
)
def test_signals_leave_nothing_at_any_moment(model: Path, tmp_path: Path, number: signal.Signals, moment: str) -> None:
    scratch, out = tmp_path / "scratch", tmp_path / "out"
    scratch.mkdir()
    out.mkdir()
    source = model
    if moment in ("importing", "reading"):  # JAX is imported and traces: native code that survives no exception
        source = _onnx_model(tmp_path)
    arguments = ["compile", str(source), "-o", str(out / "m.wtb"), "--no-cache", "-v"]
    running = subprocess.Popen(
        [sys.executable, "-c", HEARING, *arguments],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=out,
        env={**os.environ, "TMPDIR": str(scratch)},
    )
    assert running.stderr is not None
    if moment == "compiling":
        running.stderr.readline()  # the first step is done
    else:
        _wait_for_library(running.pid, {"starting": "_socket", "importing": "jaxlib", "reading": "ml_dtypes"}[moment])
    stdout, stderr = _end(running, number)
    assert running.returncode == 128 + number, stderr
    assert stdout == ""
    assert "Traceback" not in stderr
    assert stderr.splitlines()[-1] == ("interrupted" if number == signal.SIGINT else f"ended by {number.name}")
    assert list(out.iterdir()) == [] and list(scratch.iterdir()) == []


@pytest.mark.slow
def test_a_signal_ends_what_is_just_being_imported(tmp_path: Path) -> None:
    """The main thread is put to rest inside the import, so that the module stays without its functions."""
    (tmp_path / "half.py").write_text(
        "import sys, time, types\n"
        "from webtensorc.cli.interrupt import end_on_signals\n"
        "sys.modules['webtensorc.workers'] = types.ModuleType('webtensorc.workers')\n"
        "end_on_signals()\n"
        "print('listening', flush=True)\n"
        "time.sleep(100)\n"
    )
    running = subprocess.Popen(
        [sys.executable, tmp_path / "half.py"], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "listening\n"
    assert _end(running, signal.SIGTERM) == ("", "ended by SIGTERM\n")
    assert running.returncode == 128 + signal.SIGTERM


def _end(process: subprocess.Popen[str], number: signal.Signals) -> tuple[str, str]:
    """What the process printed on both streams, up to its end by that signal."""
    process.send_signal(number)
    try:
        return process.communicate(timeout=120)
    finally:
        process.kill()
        process.communicate()  # an end that does not come must not leave open files to the tests after this one


def _wait_for_library(process: int, name: str) -> None:
    """Until the process has mapped a native library of that name."""
    for _ in range(6000):
        try:
            if name in Path(f"/proc/{process}/maps").read_text():
                return
        except OSError:  # it has ended: whoever waits will say how
            return
        time.sleep(0.01)


def _onnx_model(folder: Path) -> Path:
    import onnx
    from onnx import TensorProto, helper

    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [4]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "relu", [x], [y])
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), folder / "relu.onnx"
    )
    return folder / "relu.onnx"


def test_a_worker_ends_with_its_parent(model: Path, tmp_path: Path) -> None:
    """Also where the parent had no chance to end it."""
    running = subprocess.Popen(
        [sys.executable, "-m", "webtensorc.cli", "compile", str(model), "--no-cache", "-o", "m.wtb", "-v"],
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert running.stderr is not None
    while b"graph: " not in running.stderr.readline():
        pass
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
    assert children
    running.kill()
    running.communicate()
    for _ in range(1000):
        if not any(_runs(child) for child in children):
            return
        time.sleep(0.01)
    pytest.fail("the worker goes on without its parent")


def _runs(process: str) -> bool:
    try:
        return "webtensorc.worker" in Path(f"/proc/{process}/cmdline").read_text()
    except OSError:
        return False


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("webtensorc passes >&-", 0),
        ("webtensorc passes 2>&-", 0),
        ("webtensorc passes <&- >&- 2>&-", 0),
        ("webtensorc nonsense 2>&-", 2),
        ("webtensorc nonsense 2>/dev/full", 2),
        ("webtensorc passes --format json >/dev/full", 5),
        ("webtensorc passes --format json | head -c 1 >/dev/null; exit ${PIPESTATUS[0]}", None),
    ],
)
def test_streams_that_are_closed_or_full(tmp_path: Path, line: str, code: int | None) -> None:
    done = shell(line, tmp_path)
    assert done.returncode in ((0, failure.BROKEN_PIPE) if code is None else (code,))
    assert "Traceback" not in done.stderr and "internal" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_compiling_with_every_stream_closed(model: Path, tmp_path: Path) -> None:
    """The bundle's file must not take the number of a closed stream and be printed into."""
    done = shell(f"webtensorc compile {model} -o m.wtb <&- >&- 2>&-", tmp_path)
    assert done.returncode == 0
    assert shell("webtensorc inspect m.wtb", tmp_path).returncode == 0


@pytest.mark.parametrize("cache", ["", "--no-cache"], ids=["the bundle does not fit", "the worker's files do not fit"])
def test_a_full_disk(model: Path, tmp_path: Path, cache: str) -> None:
    """A limit on the size of files stands for the full disk: writes fail half way through."""
    work = tmp_path / "work"
    work.mkdir()
    assert shell(f"webtensorc compile {model} -o ../whole.wtb", work).returncode == 0  # fills the cache
    done = shell(f"ulimit -f 4; webtensorc compile {model} -o m.wtb {cache} --format json", work, TMPDIR=str(work))
    assert done.returncode == 5, done.stderr
    assert "error[out-of-resources]: the disk is full" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(work.iterdir()) == []


def test_a_full_disk_leaves_the_old_bundle(model: Path, tmp_path: Path) -> None:
    assert shell(f"webtensorc compile {model} -o m.wtb", tmp_path).returncode == 0
    before = (tmp_path / "m.wtb").read_bytes()
    done = shell(f"ulimit -f 4; webtensorc compile {model} -o m.wtb", tmp_path)
    assert done.returncode == 5
    assert [each.name for each in tmp_path.iterdir()] == ["m.wtb"]
    assert (tmp_path / "m.wtb").read_bytes() == before


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ("/dev/null", "`/dev/null` is not a regular file"),
        ("-", "not to standard output"),
        ("no/m.wtb", "there is no folder `no`"),
        (".", "is a folder"),
    ],
)
def test_places_that_take_no_file(cli, model: Path, bundle: Path, output: str, says: str) -> None:
    compiled = cli("compile", model, "-o", output)
    ran = cli("run", bundle, "--output", f"result0=@{output}")
    for outcome in (compiled, ran):
        assert (outcome.code, outcome.out) == (2, "")
        assert says in outcome.err
    assert Path("/dev/null").is_char_device()


def test_a_link_keeps_leading_to_its_file(cli, model: Path, tmp_path: Path) -> None:
    (tmp_path / "link.wtb").symlink_to("real.wtb")
    assert cli("compile", model, "-o", tmp_path / "link.wtb").code == 0
    assert (tmp_path / "link.wtb").is_symlink()
    assert (tmp_path / "real.wtb").is_file()


def test_modules_of_the_folder_are_not_run(model: Path, tmp_path: Path) -> None:
    for name in ("pickle.py", "queue.py", "webtensorc.py"):
        (tmp_path / name).write_text("raise SystemExit('run by mistake')")
    command = [Path(sys.executable).with_name("webtensorc"), "compile", model, "-o", "m.wtb", "--no-cache"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_names_of_any_kind(model: Path, tmp_path: Path) -> None:
    for name in ("sp ace", "ünï", "new\nline", os.fsdecode(b"not\xffutf8"), "--like-an-option", "a=b:c"):
        folder = tmp_path / "f"
        folder.mkdir()
        source = folder / f"{name}.mlir"
        source.write_text(model.read_text())
        words = [sys.executable, "-m", "webtensorc.cli"]
        for arguments in (
            ["compile", "-o", f"{name}.wtb", "--", source],
            ["inspect", "--format", "json", "--", f"{name}.wtb"],
        ):
            for encoding in ("utf-8", "ascii"):
                done = subprocess.run(
                    [*words, *arguments],
                    cwd=folder,
                    env={**os.environ, "PYTHONIOENCODING": encoding},
                    capture_output=True,
                    check=False,
                )
                assert done.returncode == 0, (name, done.stderr)
                assert done.stdout
        for each in folder.iterdir():
            each.unlink()
        folder.rmdir()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("run", "BUNDLE", "--rtol", "nan"), "nan is not a number"),
        (("run", "BUNDLE", "--atol", "-1"), "not in the range"),
        (("compile", "MODEL", "--timeout", "nan"), "nan is not a number"),
        (("compile", "MODEL", "--dim", "n=" + "9" * 30), "is not NAME=N"),
        (("compile", "MODEL", "--dump-ir", "/proc/no"), "cannot make the folder `/proc/no`"),
        (("compile", "MODEL", "--dim", "n=²"), "is not NAME=N"),
        (("compile", "MODEL", "--input-shape", "x:" + "9" * 30), "is not NAME:AxBxC"),
        (("run", "BUNDLE", "--dim", "batch=2"), "no named dimension 'batch'"),
        (("inspect", "BUNDLE", "--input-shape", "arg0:5"), "cannot take the shape 5"),
        (("run", "BUNDLE", "--output", "result0=@a.npy", "--output", "result0=@b.npy"), "gives `result0` twice"),
        (("verify", "MODEL", "--target", "host", "--target", "x86-64-v2"), "one --target at a time"),
        (("verify", "BUNDLE", "--against", "onnxruntime"), "needs the ONNX file"),
        (("bench", "BUNDLE", "--against", "onnxruntime"), "needs the ONNX file"),
    ],
)
def test_refused_words(cli, model: Path, bundle: Path, arguments: tuple[str, ...], says: str) -> None:
    paths = {"MODEL": str(model), "BUNDLE": str(bundle)}
    outcome = cli(*[paths.get(word, word) for word in arguments])
    assert (outcome.code, outcome.out) == (2, "")
    assert says in outcome.err


def test_bench_compiles_a_bundle_for_the_target_asked(cli, bundle: Path) -> None:
    outcome = cli("bench", bundle, "--target", "x86-64-v2", "--iterations", "1", "--format", "json")
    assert outcome.data["variant"] == "x86-64-v2"


@pytest.mark.parametrize("text", ["", "garbage", "module {}", "func.func @main() { return %x : f32 }"])
def test_text_that_is_no_graph_is_an_invalid_file_for_opt(tmp_path: Path, text: str) -> None:
    (tmp_path / "m.mlir").write_text(text)
    done = shell("webtensorc opt - --pass remove-dead < m.mlir", tmp_path)
    assert done.returncode == 3, done.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["m.mlir"], "no reproducer of a user's mistake"


def test_two_compilations_into_one_file(model: Path, tmp_path: Path) -> None:
    line = (
        f"webtensorc compile {model} -o m.wtb -q --no-cache & webtensorc compile {model} -o m.wtb -q --no-cache & wait"
    )
    assert shell(line, tmp_path).stderr == ""
    assert [each.name for each in tmp_path.iterdir()] == ["m.wtb"]
    assert shell("webtensorc inspect m.wtb", tmp_path).returncode == 0


def test_the_same_seed_gives_the_same_inputs(cli, bundle: Path) -> None:
    first, again, other = (cli("run", bundle, "--seed", seed, "-q").out for seed in (1, 1, 2))
    assert first == again != other
    assert np.isfinite([float(word) for word in first.split("=[")[1].rstrip("]\n").split()]).all()


def test_environment_variables_that_make_no_sense(model: Path, tmp_path: Path) -> None:
    wrong = shell(f"webtensorc compile {model} -o m.wtb --no-cache", tmp_path, WEBTENSORC_STEP_LIMIT="soon")
    assert wrong.returncode == 2
    assert "WEBTENSORC_STEP_LIMIT is a number of seconds, not `soon`" in wrong.stderr
    fallback = shell(f"webtensorc compile {model} -o m.wtb --no-cache", tmp_path, TMPDIR="/nonexistent")
    assert fallback.returncode == 0, fallback.stderr
    useless = shell(f"webtensorc compile {model} -o m.wtb", tmp_path, WEBTENSORC_CACHE_DIR="/dev/null")
    assert useless.returncode == 0
    assert "the compile cache at /dev/null cannot be used" in useless.stderr
