"""The parent's side of the worker: start it, feed it jobs, and turn its crash or hang into an error."""

from __future__ import annotations

import atexit
import contextlib
import errno
import json
import os
import pickle
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path

from webtensorc.errors import (
    CompilationError,
    DiagnosticError,
    InternalError,
    OutOfResourcesError,
    TimeLimitError,
    UsageError,
)
from webtensorc.job import Job

STEP_LIMIT = 600.0
"""Seconds without a new step after which the native compiler counts as hung; `WEBTENSORC_STEP_LIMIT` overrides it."""

MOST_JOBS = 64
"""Jobs after which a worker is replaced: the native compiler (IREE 3.13) keeps some 2 MiB for good in each session."""

_idle: list[Worker] = []
_alive: weakref.WeakSet[Worker] = weakref.WeakSet()
_lock = threading.Lock()


class Worker:
    """One worker process, which has been given `jobs` jobs so far."""

    def __init__(self) -> None:
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the process)
        # Plug-ins that the parent can import must be importable there too.
        paths = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "TMPDIR": tempfile.gettempdir()}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "webtensorc.worker"],  # else modules come from where the user stands
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env=os.environ | paths,
            start_new_session=True,  # Ctrl-C goes to the parent, which ends this one
        )
        _alive.add(self)
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        self._buffer = b""
        self.jobs = 0

    def run(self, job: Job, on_step: Callable[[str], None], deadline: float | None) -> None:
        """Have one job done.

        Raises:
            DiagnosticError: what the worker reports.
            CompilationError: the process died or stopped making steps.
            TimeLimitError: `deadline` (of `time.monotonic`) passed.
        """
        assert self._process.stdin is not None
        self.jobs += 1
        try:
            self._process.stdin.write(f"{job.folder}\n".encode())
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._died() from None
        limit = _step_limit()
        while True:
            event = self._next_event(limit, deadline)
            if "step" in event:
                on_step(str(event["step"]))
            elif "error" in event:
                error: DiagnosticError = pickle.loads(bytes.fromhex(str(event["error"])))
                raise error
            else:
                return

    def _next_event(self, limit: float, deadline: float | None) -> dict[str, object]:
        assert self._process.stdout is not None
        give_up = time.monotonic() + limit
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._buffer:
                now = time.monotonic()
                if deadline is not None and now >= deadline:
                    raise TimeLimitError("the time limit ran out while compiling", hint="give --timeout more seconds")
                if now >= give_up:
                    raise CompilationError(
                        f"the native compiler made no progress for {limit:.0f} s and was ended", doing="compiling"
                    )
                if selector.select(min(give_up, deadline or give_up) - now):
                    read = os.read(self._process.stdout.fileno(), 65536)
                    if not read:
                        raise self._died()
                    self._buffer += read
        line, _, self._buffer = self._buffer.partition(b"\n")
        event: dict[str, object] = json.loads(line)
        return event

    def _died(self) -> DiagnosticError:
        code = self._process.wait()
        said = tuple(self.stderr().splitlines()[-5:])
        full = map(os.strerror, OutOfResourcesError.FULL_DISK)
        if any(reason in line for reason in full for line in said):
            hint = OutOfResourcesError.FREE_SPACE
            return OutOfResourcesError("the disk is full", doing="compiling", notes=said, hint=hint)
        how = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        return CompilationError(f"the native compiler crashed ({how})", doing="compiling", notes=said)

    def stderr(self) -> str:
        """What the process has printed to standard error so far."""
        self._stderr.seek(0)
        return self._stderr.read().decode(errors="replace")

    def kill(self) -> None:
        """End the process and every thread of it, at once."""
        _alive.discard(self)
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._stderr):
            assert stream is not None
            with contextlib.suppress(BrokenPipeError):
                stream.close()


def _step_limit() -> float:
    given = os.environ.get("WEBTENSORC_STEP_LIMIT", str(STEP_LIMIT))
    try:
        return float(given)
    except ValueError:
        raise UsageError(f"WEBTENSORC_STEP_LIMIT is a number of seconds, not `{given}`") from None


def run(job: Job, on_step: Callable[[str], None], deadline: float | None) -> None:
    """Have a worker do `job` until `deadline` (of `time.monotonic`); keep the worker for the next one if all went well.

    Raises:
        DiagnosticError: as `Worker.run`. For a failure that is not the user's (exit codes 5 and 101), the job's folder
            is kept as a reproducer and the error's `reproducer` and hint name it.
    """
    with _lock:
        worker = _idle.pop() if _idle else None
    worker = worker or Worker()
    try:
        worker.run(job, on_step, deadline)
    except (CompilationError, InternalError) as error:
        stderr = worker.stderr()
        worker.kill()
        _keep_reproducer(job, error, stderr)
        raise
    except BaseException:
        worker.kill()
        raise
    if worker.jobs < MOST_JOBS:
        with _lock:
            _idle.append(worker)
    else:
        worker.kill()


def _keep_reproducer(job: Job, error: CompilationError | InternalError, stderr: str) -> None:
    (job.folder / "error.txt").write_text(f"{error}\n")
    (job.folder / "stderr.txt").write_text(stderr)
    root = Path(os.environ.get("WEBTENSORC_REPRODUCER_DIR", "."))
    kept = root / f"webtensorc-reproducer-{os.urandom(4).hex()}"
    try:
        shutil.copytree(job.folder, kept)
    except OSError as problem:
        shutil.rmtree(kept, ignore_errors=True)
        error.notes += (f"no reproducer was written into {root}: {os.strerror(problem.errno or errno.ENOSPC)}",)
        return
    error.reproducer = kept
    replay = f"`{Path(sys.executable).name} -m webtensorc.worker {kept}` runs it again"
    error.hint = f"{error.hint}; {replay}" if error.hint else replay


@atexit.register
def end_all() -> None:
    """End every worker, also one at work."""
    for worker in list(_alive):
        worker.kill()
    _idle.clear()
