"""The process that holds the native compiler: `python -m webtensorc.worker` reads job folders from standard input.

It announces every step on standard output, one JSON object a line, and `{"done": true}` or `{"error": ...}` after each
job. After an error it ends, since the native library is not to be trusted then. `python -m webtensorc.worker FOLDER`
runs one job: that is how a reproducer is replayed.
"""

from __future__ import annotations

import json
import os
import pickle
import queue
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from webtensorc import machine_code, predictions, registry, schedule
from webtensorc import weights as weights_file
from webtensorc.errors import DiagnosticError, InternalError, OutOfResourcesError
from webtensorc.instrument import Instruments
from webtensorc.iree import capabilities
from webtensorc.job import Job, Kind
from webtensorc.phase import Phase
from webtensorc.plan import Plan
from webtensorc.program import Program

Announce = Callable[[dict[str, Any]], None]


def run(job: Job, announce: Announce) -> None:
    """Carry out one job, leaving the results in its folder."""
    if job.kind is Kind.GRAPH:
        _run_graph_passes(job, announce)
        return
    for index, plan in enumerate(job.plans):
        _make_module(job, index, plan, announce)


def _run_graph_passes(job: Job, announce: Announce) -> None:
    (plan,) = job.plans
    target = registry.make_target(plan.target) if plan.target else None
    weights = job.weights()
    program = Program(job.text(), weights, plan, target, instruments=_instruments(job, plan, announce))
    for step in plan.steps:
        program.run_pass(step)
    (job.result / "graph.mlir").write_text(program.text())
    weights_file.write(job.result / "weights.safetensors", weights)
    _write_json(job.result / "graph.json", {"names": list(weights), "records": _records(program)})


def _make_module(job: Job, index: int, plan: Plan, announce: Announce) -> None:
    target = registry.make_target(plan.target)
    last = Phase(job.stop_after) if job.stop_after else Phase.VM
    instruments = _instruments(job, plan, announce)
    program = Program(job.text(), job.weights(), plan, target, shapes=job.shapes, instruments=instruments)
    planned: schedule.Schedule | None = None
    needs: tuple[str, ...] = ()
    while program.phase is not last:
        program.advance()
        for step in plan.at(program.phase):
            program.run_pass(step)
        if program.phase is Phase.STREAM:
            planned = schedule.extract(program.module.operation)
        if program.phase is Phase.EXECUTABLE_TARGETS:
            needs = capabilities.declared(program.module.operation)
        if program.phase is Phase.HAL:
            needs += machine_code.assemble(program.module.operation, target.assembled_for)
    if planned is not None:
        _write_json(job.result / f"{index}.json", _facts(program, planned, needs))
    if job.stop_after:
        (job.result / f"{index}.mlir").write_text(str(program.module.operation))
    else:
        (job.result / f"{index}.vmfb").write_bytes(program.emit())


def _facts(program: Program, planned: schedule.Schedule, needs: tuple[str, ...]) -> dict[str, Any]:
    """What is known of a module besides its code, once its schedule is."""
    return {
        "features": needs,
        "mode": planned.mode(predictions.seconds(program.report)),
        "report": {**program.report, "overwritten": planned.overwritten(), "schedule": planned.to_json()},
        "records": _records(program),
    }


def _instruments(job: Job, plan: Plan, announce: Announce) -> Instruments:
    label = plan.target or "graph"
    folder = Path(job.dump_dir) / label if job.dump_dir else None
    return Instruments(folder, job.strict, on_step=lambda step: announce({"step": f"{label}: {step}"}))


def _records(program: Program) -> list[dict[str, Any]]:
    return [record.as_dict() for record in program.records]


def _write_json(path: Path, data: Any) -> None:
    path.write_text(json.dumps(data, sort_keys=True))


def _serve(folder: str, announce: Announce) -> bool:
    """Run one job and announce its end; False when the process must end too."""
    try:
        run(Job.read(Path(folder)), announce)
    except DiagnosticError as error:
        announce({"error": pickle.dumps(error).hex()})
        return False
    except Exception as error:
        if exhausted := OutOfResourcesError.of(error):
            announce({"error": pickle.dumps(exhausted).hex()})
            return False
        bug = InternalError(
            f"{type(error).__name__}: {error}",
            doing="compiling",
            notes=tuple(traceback.format_exc().splitlines()[-6:]),
        )
        announce({"error": pickle.dumps(bug).hex()})
        return False
    announce({"done": True})
    return True


def _orders() -> Iterator[str]:
    """Job folders from standard input. When that ends, nobody waits for a result, and the process ends at once."""
    orders: queue.Queue[str] = queue.Queue()

    def read() -> None:
        for line in sys.stdin:
            orders.put(line.strip())
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    while True:
        yield orders.get()


def main() -> None:
    """Serve jobs until standard input ends, or run the one named on the command line."""
    if len(sys.argv) == 2:
        run(Job.read(Path(sys.argv[1])), lambda event: print(event.get("step", ""), file=sys.stderr))
        return
    # The native library prints to descriptor 1 at times: keep it for events alone.
    events = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    for folder in _orders():
        if not _serve(folder, lambda event: print(json.dumps(event), file=events)):
            break
    events.flush()
    os._exit(0)  # tearing the native library down after an error has crashed


if __name__ == "__main__":
    main()
