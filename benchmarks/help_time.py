"""What `webtensorc --help` costs in a fresh process, beside a Python that does nothing, in turns.

python benchmarks/help_time.py [--rounds N]
"""

from __future__ import annotations

import argparse

from processes import in_turns, median_wall, run

IMPORTS = """
import sys
from webtensorc.cli.app import run
run(["--help"])
print(sorted({name.split(".")[0] for name in sys.modules} & {"iree", "jax", "jaxlib", "onnx", "numpy", "rich"}))
"""


def measure(rounds: int) -> dict[str, float]:
    """Median seconds of wall time of `--help` and of an empty program."""
    found = in_turns(
        rounds,
        help=lambda: run(["-m", "webtensorc.cli", "--help"]),
        nothing=lambda: run(["-c", "pass"]),
    )
    return {name: median_wall(runs) for name, runs in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    seconds = measure(options.rounds)
    print(f"webtensorc --help {seconds['help']:.3f} s, an empty program {seconds['nothing']:.3f} s")
    print(f"heavy packages it imports: {run(['-c', IMPORTS]).out.splitlines()[-1]}")


if __name__ == "__main__":
    main()
