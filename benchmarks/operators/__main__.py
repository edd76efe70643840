"""Operators alone and in short chains beside ONNX Runtime, in turns; wants a machine with nothing else to do.

    python -m benchmarks.operators [CASE ...] [--shapes] [--threads 1 2] [--seconds S] [--out docs/benchmarks]

A CASE is a name of `cases.py` or `rarer.py`, or the beginning of some; with `--shapes` of `shapes.py`, whose sizes no
register divides. Results go to OUT/operators.json (shapes.json) after each case, beside those that it has of other
cases; a page of the same name is drawn from it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.__main__ import compare, machine
from benchmarks.latency import report, zoo
from benchmarks.operators.cases import CASES, write
from benchmarks.operators.rarer import RARER
from benchmarks.operators.shapes import SHAPES

ENGINES = ["webtensorc", "onnxruntime"]


def document(title: str, results: dict[str, Any]) -> str:
    """The page of all results."""
    known = results["machine"]
    head = (
        f"{known['processor']}, {known['processors']} processors, Python {known['python']}, load {known['load']:.1f} "
        "at the start. Median milliseconds a call of models of one operator or a short chain (`benchmarks/operators`); "
        "the engines take turns, each in a process of its own. *Ratio* is ONNX Runtime over ours: above 1 "
        "we are faster. Made by `python -m benchmarks.operators`."
    )
    counts = sorted({threads for each in results["models"].values() for threads in each}, key=int)
    tables = [report.table(results["models"], threads) for threads in counts]
    return "\n\n".join([f"# {title} on the CPU beside ONNX Runtime", head, *tables]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", default=[""], metavar="CASE")
    parser.add_argument("--shapes", action="store_true", help="products and convolutions of odd sizes")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--seconds", type=float, default=0.4, help="for each engine with each case")
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    options = parser.parse_args()
    cases, title = (SHAPES, "Shapes") if options.shapes else (CASES | RARER, "Operators")
    names = [name for name in cases if name.startswith(tuple(options.cases))]
    if not names:
        parser.error(f"there is no such case; there are {', '.join(cases)}")
    options.out.mkdir(parents=True, exist_ok=True)
    kept = options.out / f"{title.lower()}.json"
    known = json.loads(kept.read_text(encoding="utf-8"))["models"] if kept.exists() else {}
    results: dict[str, Any] = {"machine": machine()}
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            path, inputs = Path(folder) / f"{name}.onnx", Path(folder) / "inputs.npz"
            write(cases[name], path)
            np.savez(inputs, **zoo.inputs(path))  # type: ignore[arg-type]
            for threads in options.threads:
                found = compare(path, inputs, ENGINES, threads, options.seconds)
                known.setdefault(name, {})[str(threads)] = found
                print(report.line(name, threads, found), flush=True)
        results["models"] = {case: known[case] for case in cases if case in known}
        kept.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        kept.with_suffix(".md").write_text(document(title, results), encoding="utf-8")


if __name__ == "__main__":
    main()
