"""Engines that take turns: each in a process of its own, called only while all others wait.

A process each, because engines bring thread pools and libraries that disturb each other, and because one that crashes
must not end the others. `python -m benchmarks.latency.turns PEER MODEL INPUTS OUTPUTS THREADS` is the child: it
prepares, saves its outputs, says so in a line of JSON, and then for each line that it reads measures for so many
seconds and answers with the seconds of each call.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

SETTLE = 0.03
"""Seconds of calls at the beginning of a turn that do not count: caches and thread pools are cold."""


class Turn:
    """One engine with one model, waiting to be called."""

    def __init__(self, peer: str, model: Path, inputs: Path, threads: int) -> None:
        """Start the engine's process, with as many processors as it may use, and prepare the model.

        Raises:
            RuntimeError: it cannot; the message is the engine's.
        """
        self._outputs = model.parent / f"{peer}.npz"
        arguments = [sys.executable, "-m", "benchmarks.latency.turns", peer, model, inputs, self._outputs, threads]
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
        self._child = subprocess.Popen(
            list(map(str, arguments)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        started = time.perf_counter()
        answer = self._answer()
        self.prepare_seconds = time.perf_counter() - started
        if "error" in answer:
            raise RuntimeError(answer["error"])
        self.version: str = answer["version"]

    def outputs(self) -> list[np.ndarray]:
        """What the engine computes, in the model's order."""
        with np.load(self._outputs) as found:
            return [found[name] for name in found.files]

    def measure(self, seconds: float) -> list[float]:
        """Seconds of each call."""
        assert self._child.stdin
        print(seconds, file=self._child.stdin, flush=True)
        times: list[float] = self._answer()["times"]
        return times

    def end(self) -> None:
        """End the process."""
        self._child.kill()
        self._child.wait()

    def _answer(self) -> Any:
        assert self._child.stdout
        line = self._child.stdout.readline()
        return json.loads(line) if line else {"error": f"ended with status {self._child.wait()}"}


def _serve(peer: str, model: str, inputs: str, outputs: str, threads: int) -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what an engine prints must not be taken for an answer
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    try:
        with np.load(inputs) as given:
            prepared = importlib.import_module(f"benchmarks.latency.peers.{peer}").prepare(model, dict(given), threads)
        np.savez(outputs, *map(np.asarray, prepared.call()))
    except Exception as error:  # the engines' exceptions share no base class
        print(json.dumps({"error": f"{type(error).__name__}: {str(error).strip()[:200]}"}), file=answers, flush=True)
        return
    print(json.dumps({"version": prepared.version}), file=answers, flush=True)
    for line in sys.stdin:
        _calls(prepared.call, SETTLE)
        print(json.dumps({"times": _calls(prepared.call, float(line))}), file=answers, flush=True)


def _calls(call: Any, seconds: float) -> list[float]:
    times: list[float] = []
    end = time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return times


if __name__ == "__main__":
    _serve(*sys.argv[1:5], int(sys.argv[5]))
