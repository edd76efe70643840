"""Read damaged binary files in a child process first, because the native readers may crash on them.

A flipped bit in MLIR bytecode can end the process (an error message that is no UTF-8 throws across the language border)
or keep it busy for ever. A child pays for that instead; what it survives is then read here.
"""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from functools import partial
from typing import Any

from webtensorc.frontends.detect import Format

_SECONDS = 40
_BYTES_A_SECOND = 20_000_000
"""Processor time that the child may take: a fixed part and one for size, each several times what is needed."""
_PATIENCE = 20
"""Times that limit until the child is given up, on a machine that is busy with other things."""
_REJECTED = 3


def complaints(data: bytes, form: Format) -> list[str] | None:
    """What is wrong with `data`, as far as the reader can say; None if it reads and verifies."""
    seconds = _SECONDS + len(data) // _BYTES_A_SECOND
    command = [sys.executable, "-P", "-m", __name__, form.name, str(seconds)]
    limit = _PATIENCE * seconds
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        return [f"reading it did not end within {limit} s"]
    if done.returncode == 0:
        return None
    if done.returncode < 0 and signal.Signals(-done.returncode).name == "SIGXCPU":
        return [f"reading it did not end within {seconds} s"]
    if done.returncode == _REJECTED:
        with contextlib.suppress(ValueError):
            return [str(note) for note in json.loads(done.stdout)]
    return ["the reader of this format crashed on it"]


def _main() -> int:
    from jaxlib.mlir import ir

    from webtensorc.errors import DiagnosticError, InvalidFileError, UsageError
    from webtensorc.frontends.stablehlo import canonical, source

    with contextlib.suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        seconds = int(sys.argv[2])
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    data = sys.stdin.buffer.read()
    with source.context(), ir.Location.unknown():
        try:
            module = source.parse(data, Format[sys.argv[1]], None, "")
            module.operation.get_asm(enable_debug_info=True, large_elements_limit=16)
            try:
                canonical.to_model(module, name="trial", file=None, pinner=partial(_sized, 1))
            except (ir.MLIRError, UsageError):  # a size of one may be too small, for what is called `b + 4`
                module = source.parse(data, Format[sys.argv[1]], None, "")
                canonical.to_model(module, name="trial", file=None, pinner=partial(_sized, 24))
        except InvalidFileError as error:
            print(json.dumps(error.notes or [error.message]))
            return _REJECTED
        except UnicodeDecodeError as error:
            print(json.dumps([f"a name in it is not UTF-8 ({error.reason})"]))
            return _REJECTED
        except DiagnosticError:
            pass  # valid, but not with these sizes or not for this version; whoever asked will say so
    return 0


def _sized(size: int, inputs: Any) -> Any:
    """The inputs, every open dimension of this size."""
    from webtensorc.frontends.stablehlo.shapes import Pinned

    return Pinned(tuple(tuple(size if each < 0 else each for each in one.shape) for one in inputs), {}, ())


if __name__ == "__main__":
    sys.exit(_main())
