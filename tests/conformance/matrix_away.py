"""Run elsewhere what was compiled here: for a machine that has the GPU, but neither the compiler nor the models.

    python tests/conformance/matrix.py --compile-to FOLDER '^cuda' '^spirv@gpu'     # where the compiler is
    python tests/conformance/matrix_away.py FOLDER > outcomes.json                  # where the GPU is
    python tests/conformance/matrix.py --take outcomes.json                         # and into docs/targets.md

There it needs numpy, ml_dtypes and IREE's runtime, and on the path `runtime_shim` and the folder of `webtensorc`, of
which it uses the comparison. Every case has a process of its own, since one that fails can take the device with it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import pickle
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import webtensorc_runtime
from outcome import AbsentError, Outcome, attempt
from webtensorc_runtime import accelerators, engine
from webtensorc_runtime.container import open_container

from webtensorc.compare import compare, cut_to_size

if TYPE_CHECKING:
    from webtensorc.artifact import Bundle

OF = ":"
"""Between the name of a model that is compiled with others and the name of one of its values."""
Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Packed:
    """A case on its way: its inputs and what they should give, by name; its bundle lies beside it."""

    case: str
    feed: Arrays
    expected: Arrays

    def write(self, folder: Path, bundle: Bundle) -> None:
        """Put both into the folder."""
        stem = hashlib.sha256(self.case.encode()).hexdigest()[:16]
        bundle.save(folder / f"{stem}.wtb")
        (folder / f"{stem}.pickle").write_bytes(pickle.dumps((self.case, dict(self.feed), dict(self.expected))))

    @classmethod
    def read(cls, bundle: Path) -> Packed:
        """The case of a bundle in such a folder. Pickles are programs: read your own."""
        return cls(*pickle.loads(bundle.with_suffix(".pickle").read_bytes()))


def differences(results: Arrays, expected: Arrays, names: Sequence[str]) -> dict[str, str]:
    """What is wrong with the results, by problem; of several problems, their names are in front of their values'."""
    found = {key: cut_to_size(results, key) for key in expected}
    wrong: dict[str, str] = {}
    for each in compare(found, expected):
        if not each.passed:
            owner, _, output = each.name.partition(OF) if len(names) > 1 else (names[0], "", each.name)
            wrong.setdefault(owner, f"{output}: {each.reason}")
    return wrong


def run(path: Path, software: bool) -> Outcome:
    """Run one case on the first GPU of its kind, or driver that computes on the processor."""
    packed, wrong = Packed.read(path), dict[str, str]()

    def attempted() -> None:
        variant = open_container(path).manifest.variants[0]
        device = _device(variant.device, software)
        results = webtensorc_runtime.load(path, device=device, variant=variant.label).run(packed.feed)
        wrong.update(differences(results, packed.expected, packed.case.partition("/")[2].split(",")))
        assert not wrong, wrong

    return replace(attempt(packed.case, attempted), wrong=wrong)


def _device(kind: str, software: bool) -> str:
    try:
        found = accelerators.devices(engine.native(), kind)
    except accelerators.UnavailableError as error:
        raise AbsentError(str(error)) from None
    for each in found:
        if each.is_software == software:
            return each.uri
    raise AbsentError(f"none of {len(found)} devices is {'software' if software else 'a GPU'}")


def _in_a_process(path: Path, given: argparse.Namespace) -> Outcome:
    command = [sys.executable, __file__, str(path), *(["--software"] if given.software else [])]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=given.limit)
    except subprocess.TimeoutExpired:
        return Outcome(Packed.read(path).case, "crash", "it did not end within the time limit", 0.0)
    if done.returncode or not done.stdout:
        reason = (done.stderr.strip().splitlines() or ["the process died"])[-1]
        return Outcome(Packed.read(path).case, "crash", reason[:600], 0.0)
    return Outcome(**json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Run a folder, or one bundle of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path)
    parser.add_argument("--software", action="store_true", help="on a driver that computes on the processor instead")
    parser.add_argument("--jobs", type=int, default=4, help="processes")
    parser.add_argument("--limit", type=float, default=120.0, help="seconds for one case")
    given = parser.parse_args()
    if given.path.is_file():
        print(json.dumps(asdict(run(given.path, given.software))))
        return
    with ThreadPoolExecutor(given.jobs) as executor:
        for outcome in executor.map(lambda path: _in_a_process(path, given), sorted(given.path.glob("*.wtb"))):
            print(json.dumps(asdict(outcome)), flush=True)


if __name__ == "__main__":
    main()
