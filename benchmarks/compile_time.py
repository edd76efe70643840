"""How long `webtensorc compile` takes with an empty cache and then from the cache, each in a fresh process.

    python benchmarks/compile_time.py [NAME] [--rounds N]

NAME is one of fixtures/random_weights.py, resnet50 by default. Every round has a cache of its own, empty at first. The
two bundles must have equal bytes.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from processes import run

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "fixtures"))

import random_weights


def measure(model: Path, rounds: int) -> dict[str, float]:
    """Median seconds of wall time, `cold` and `cached`."""
    times: dict[str, list[float]] = {"cold": [], "cached": []}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            bundles = []
            for kind, found in times.items():
                bundle = Path(folder) / f"{kind}.wtb"
                arguments = ["-m", "webtensorc.cli", "compile", model, "-o", bundle, "-q"]
                found.append(run(arguments, {"WEBTENSORC_CACHE_DIR": f"{folder}/cache"}).wall)
                bundles.append(bundle.read_bytes())
            if bundles[0] != bundles[1]:
                raise SystemExit("the cached bundle is another one")
    return {kind: statistics.median(found) for kind, found in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", default="resnet50", choices=random_weights.names())
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        (model,) = random_weights.write(Path(folder), (options.name,))
        seconds = measure(model, options.rounds)
    ratio = seconds["cached"] / seconds["cold"]
    print(f"{options.name}: {seconds['cold']:.1f} s cold, {seconds['cached']:.2f} s cached, ratio {ratio:.3f}")


if __name__ == "__main__":
    main()
