"""`device=` and `threads=`: what they mean, what is refused, and how many workers there really are."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import webtensorc_runtime
from webtensorc_runtime import IncompatibleMachineError, UsageError, accelerators, cpu
from webtensorc_runtime.device import Execution, open_device, resolve

from webtensorc.artifact import Bundle

IDENTITY = ("return %a : tensor<4xf32>", "a:float32[4]", "r:float32[4]")


@pytest.mark.parametrize(
    ("device", "threads", "mode", "workers"),
    [
        (None, None, "inline", 0),
        ("cpu", None, "inline", 0),
        (None, None, "task", 6),
        ("cpu", None, "task", 6),
        (None, 1, "task", 0),
        (None, 3, "task", 3),
        (None, 3, "inline", 0),
        ("local-sync", None, "task", 0),
        ("local-sync", 1, "task", 0),
        ("local-task", None, "inline", 6),
        ("local-task", 1, "inline", 1),
        ("local-task", 4, "inline", 4),
    ],
)
def test_meaning(
    monkeypatch: pytest.MonkeyPatch, device: str | None, threads: int | None, mode: str, workers: int
) -> None:
    monkeypatch.setattr(cpu, "usable_cores", lambda: 6)
    assert resolve(device, threads, mode) == Execution(workers)


def test_one_core_has_no_use_for_a_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu, "usable_cores", lambda: 1)
    assert resolve(None, None, "task") == Execution(0)


@pytest.mark.parametrize(
    ("device", "threads", "message"),
    [
        ("gpu", None, "unknown device `gpu`"),
        ("", None, "unknown device ``"),
        ("vulkan://", None, "unknown device `vulkan://`"),
        ("local-sync", 2, "cannot use 2 threads"),
        (None, 0, "from 1 to 1024, not 0"),
        (None, -1, "not -1"),
        (None, 2.0, "not 2.0"),
        (None, True, "not True"),
        (None, 5000, "not 5000"),
    ],
)
def test_refused(compiled: Callable[..., Bundle], device: str | None, threads: object, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        webtensorc_runtime.load(compiled(*IDENTITY), device=device, threads=threads)
    assert caught.value.exit_code == 2
    if "unknown device" in message:
        assert str(caught.value.hint).endswith("devices: cpu, local-sync, local-task, cuda, vulkan, auto, fastest")


@pytest.mark.parametrize(("given", "meant"), [("vulka://0", "vulkan"), ("CUDA", "cuda"), ("local-tsk", "local-task")])
def test_a_misspelt_device_gets_a_suggestion(given: str, meant: str) -> None:
    with pytest.raises(UsageError, match=f"unknown device `{given}`") as caught:
        resolve(given, None, "task")
    assert str(caught.value.hint).startswith(f"did you mean `{meant}`? devices: cpu, ")


def test_accelerators(monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve("vulkan://1", None, "task") == Execution(0, "vulkan://1")
    with pytest.raises(UsageError, match="`vulkan` has no threads"):
        resolve("vulkan", 2, "task")

    def create(runtime: object, device: str) -> None:
        raise accelerators.UnavailableError("the library is not there")

    monkeypatch.setattr(accelerators, "create", create)
    with pytest.raises(IncompatibleMachineError, match="`cuda` is not available: the library is not there") as caught:
        open_device(None, Execution(0, "cuda"))
    assert caught.value.exit_code == 6


def test_the_compilers_advice_and_overriding_it(compiled: Callable[..., Bundle]) -> None:
    bundle = compiled(*IDENTITY, mode="task")
    advised = webtensorc_runtime.load(bundle)
    assert advised.workers == (cpu.usable_cores() if cpu.usable_cores() > 1 else 0)
    for options, mode, workers in (({"threads": 1}, "inline", 0), ({"threads": 3}, "task", 3)):
        module = webtensorc_runtime.load(bundle, **options)
        assert (module.mode, module.workers) == (mode, workers)
        np.testing.assert_array_equal(module(np.ones(4, np.float32))[0], np.ones(4))


WORKERS = """
import os, sys, numpy as np, webtensorc_runtime
def threads(): return len(os.listdir("/proc/self/task"))
webtensorc_runtime.load(sys.argv[1], device="local-sync")(np.ones(4, np.float32))
base = threads()
kept = []
for workers in (3, 3, 5):
    kept.append(webtensorc_runtime.load(sys.argv[1], device="local-task", threads=workers))
    kept[-1](np.ones(4, np.float32))
    print(threads() - base)
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="counts threads in /proc")
def test_threads_that_exist(compiled: Callable[..., Bundle], tmp_path: Path) -> None:
    """`threads=3` makes three workers, a second module with three shares them, five are a pool of their own."""
    compiled(*IDENTITY).save(tmp_path / "m.wtb")
    done = subprocess.run(
        [sys.executable, "-c", WORKERS, tmp_path / "m.wtb"], capture_output=True, text=True, check=True
    )
    first, second, third = map(int, done.stdout.split())
    assert second == first
    assert third - first == first + 2  # each pool has its workers and the same number of helpers


AFFINITIES = """
import os, sys, time, numpy as np, webtensorc_runtime
workers = int(sys.argv[2])
module = webtensorc_runtime.load(sys.argv[1], device="local-task", threads=workers)
deadline = time.monotonic() + 10
while time.monotonic() < deadline:  # a thread's first act is to tie itself
    module(np.ones(4, np.float32))
    tasks = [int(each) for each in os.listdir("/proc/self/task")]
    pool = [each for each in tasks if open(f"/proc/self/task/{each}/comm").read().startswith("iree-worker")]
    if len(pool) == workers and all(len(os.sched_getaffinity(each)) == 1 for each in pool):
        break
print(len(pool), *sorted(min(os.sched_getaffinity(each)) for each in pool if len(os.sched_getaffinity(each)) == 1))
"""


@pytest.mark.skipif(not cpu.cores_are_ours(), reason="the process has no processors of its own")
def test_workers_have_a_core_each(compiled: Callable[..., Bundle], tmp_path: Path) -> None:
    """As many workers as cores are tied to different ones."""
    compiled(*IDENTITY).save(tmp_path / "m.wtb")
    cores = cpu.usable_cores()
    done = subprocess.run(
        [sys.executable, "-c", AFFINITIES, tmp_path / "m.wtb", str(cores)], capture_output=True, text=True, check=True
    )
    found, *tied = map(int, done.stdout.split())
    assert found == len(set(tied)) == cores
    assert set(tied) <= os.sched_getaffinity(0)


def test_a_quota_leaves_workers_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu, "_quota", lambda: 0.5)
    assert not cpu.cores_are_ours()


FORKED = """
import os, sys, numpy as np, webtensorc_runtime
ones = np.ones(4, np.float32)
pooled = webtensorc_runtime.load(sys.argv[1], device="local-task", threads=2)
inline = webtensorc_runtime.load(sys.argv[1], threads=1)
pooled(ones), inline(ones)
child = os.fork()
if not child:
    try:
        pooled(ones)
    except webtensorc_runtime.DiagnosticError as error:
        print(error.message, flush=True)
    again = webtensorc_runtime.load(sys.argv[1], device="local-task", threads=2)
    print(inline(ones)[0].tolist(), again(ones)[0].tolist(), flush=True)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
print(pooled(ones)[0].tolist())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_says_so_instead_of_waiting_forever(compiled: Callable[..., Bundle], tmp_path: Path) -> None:
    compiled(*IDENTITY).save(tmp_path / "m.wtb")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKED, tmp_path / "m.wtb"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    message, child, parent = done.stdout.splitlines()
    assert "before this process was forked" in message
    assert child == "[1.0, 1.0, 1.0, 1.0] [1.0, 1.0, 1.0, 1.0]"
    assert parent == "[1.0, 1.0, 1.0, 1.0]"
