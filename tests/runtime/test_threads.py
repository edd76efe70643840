"""One module from many threads, many modules at once, and nothing lost over many calls."""

import os
import resource
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import webtensorc_runtime
from webtensorc_runtime import Module, cpu
from webtensorc_runtime.device import WORKER_STACK
from webtensorc_targets._flags import processor

import webtensorc
from fixtures import jax_models
from webtensorc.artifact import Bundle

Compile = Callable[..., Bundle]
CALLS = 300


def test_a_worker_has_room_for_the_largest_frame_of_a_kernel() -> None:
    """Kernels of the incomplete beta function, on [200, 300], take 240 KiB."""
    flags = processor("x86_64", "x86-64", (), 3)
    limits = [int(flag.partition("=")[2]) for flag in flags if "stack-allocation-limit" in flag]
    assert limits == [WORKER_STACK // 2]


def hammer(call: Callable[[np.ndarray], np.ndarray], size: int, calls: int = CALLS) -> None:
    """Eight threads, each with values of its own; any mixed-up buffer shows."""
    wrong: list[object] = []

    def work(number: int) -> None:
        try:
            for n in range(calls):
                value = np.float32(number * 1000 + n)
                result = call(np.full(size, value, np.float32))
                if not (result == value * 2).all():
                    wrong.append((number, n, result[:4]))
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize("destinations", [True, False], ids=["destinations", "results"])
@pytest.mark.parametrize("size", [4, 6000])
@pytest.mark.parametrize("device", ["local-sync", "local-task"])
def test_one_module_from_eight_threads(compiled: Compile, destinations: bool, size: int, device: str) -> None:
    body = f"%r = stablehlo.add %a, %a : tensor<{size}xf32>\nreturn %r : tensor<{size}xf32>"
    bundle = compiled(body, f"a:float32[{size}]", f"r:float32[{size}]", destinations=destinations)
    module = webtensorc_runtime.load(bundle, device=device)
    hammer(lambda x: module(x)[0], size)


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="only Linux has batch threads")
def test_who_calls_a_module_that_needs_every_core_stands_back(compiled: Compile) -> None:
    body = "%r = stablehlo.add %a, %a : tensor<4xf32>\nreturn %r : tensor<4xf32>"
    bundle = compiled(body, "a:float32[4]", "r:float32[4]", destinations=True, mode="task")
    policies = []

    def call(module: Module) -> None:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))  # whatever the thread that starts this one has
        module(np.zeros(4, np.float32))
        policies.append(os.sched_getscheduler(0))

    for threads in (1, max(cpu.usable_cores(), 2)):
        caller = threading.Thread(target=call, args=(webtensorc_runtime.load(bundle, threads=threads),))
        caller.start()
        caller.join()
    assert policies == [os.SCHED_OTHER, os.SCHED_BATCH]


def test_modules_side_by_side(compiled: Compile) -> None:
    body = "%r = stablehlo.add %a, %a : tensor<6000xf32>\nreturn %r : tensor<6000xf32>"
    bundle = compiled(body, "a:float32[6000]", "r:float32[6000]")
    modules = {}
    lock = threading.Lock()

    def call(x: np.ndarray) -> np.ndarray:
        with lock:
            me = threading.get_ident()
            modules.setdefault(me, None)
        if modules[me] is None:
            modules[me] = webtensorc_runtime.load(bundle, device="local-task", threads=2)
        return modules[me](x)[0]

    hammer(call, 6000, 100)


def test_loading_from_several_threads(compiled: Compile) -> None:
    data = compiled("return %a : tensor<4xf32>", "a:float32[4]", "r:float32[4]").to_bytes()
    hammer(lambda x: webtensorc_runtime.load(data)(x)[0] * 2, 4, 5)


def test_a_call_does_not_block_other_threads(compiled: Compile) -> None:
    """The interpreter lock is free while the model runs: a counter goes on."""
    kind = "tensor<400x400xf32>"
    body = f"%r = stablehlo.dot_general %a, %a, contracting_dims = [1] x [0] : ({kind}, {kind}) -> {kind}\n"
    body += f"return %r : {kind}"
    module = webtensorc_runtime.load(compiled(body, "a:float32[400,400]", "r:float32[400,400]"))
    done, counted = threading.Event(), []

    def count() -> None:
        n = 0
        while not done.is_set():
            n += 1
        counted.append(n)

    counter = threading.Thread(target=count)
    counter.start()
    for _ in range(5):
        module(np.ones((400, 400), np.float32))
    done.set()
    counter.join()
    assert counted[0] > 1000


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads /proc")
def test_ten_thousand_calls_keep_no_memory(add: Module, compiled: Compile) -> None:
    size = 25_000
    body = f"%r = stablehlo.add %a, %a : tensor<{size}xf32>\nreturn %r : tensor<{size}xf32>"
    large = webtensorc_runtime.load(compiled(body, f"a:float32[{size}]", f"r:float32[{size}]"))
    small, big = np.ones(4, np.float32), np.ones(size, np.float32)

    def calls(count: int) -> None:
        for _ in range(count):
            add(small, small)
            add.run({"a": small, "b": small})
        for _ in range(count // 10):
            large(big)

    calls(1000)
    before = resident()
    calls(10_000)
    assert resident() - before < 8 << 20  # one leaked large result per call would be 100 MB


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads /proc")
def test_loading_again_and_again_keeps_no_memory(compiled: Compile, tmp_path: Path) -> None:
    weights = {"w": np.arange(250_000, dtype=np.float32)}
    body = "%r = stablehlo.add %a, %w : tensor<250000xf32>\nreturn %r : tensor<250000xf32>"
    compiled(body, "a:float32[250000]", "r:float32[250000]", weights).save(tmp_path / "m.wtb")
    ones = np.ones(250_000, np.float32)

    def use(count: int) -> None:
        for _ in range(count):
            webtensorc_runtime.load(tmp_path / "m.wtb")(ones)

    use(10)
    before = resident()
    use(60)
    assert resident() - before < 16 << 20  # 60 leaked copies of the weights would be 60 MB


DROPPED = """
import os, sys, numpy as np, webtensorc_runtime
for _ in range(200):
    module = webtensorc_runtime.load(sys.argv[1], device="local-task", threads=2)
    module(*(np.ones(spec.shape, spec.dtype) for spec in module.inputs))
    del module
    os.listdir()  # leaves Python's lock and takes it again
"""


def test_a_module_dropped_right_after_a_call(tmp_path: Path) -> None:
    """Its workers may be the last to let go of the weights, and they do so without Python's lock."""
    exported = jax_models.export_closed_over(jax_models.transformer(width=64, vocabulary=512, length=48))
    webtensorc.compile(exported).save(tmp_path / "m.wtb")
    subprocess.run([sys.executable, "-c", DROPPED, tmp_path / "m.wtb"], check=True, timeout=300)
