"""This project: compiled for the machine, called through the loader."""

from __future__ import annotations

import webtensorc_runtime

import webtensorc
from benchmarks.latency.peers import Inputs, Prepared


def prepare(model: str, inputs: Inputs, threads: int) -> Prepared:
    """Compile, or take from the cache, and load."""
    module = webtensorc_runtime.load(webtensorc.compile(model), threads=threads)
    return Prepared(lambda: list(module.run(inputs).values()), webtensorc.__version__)
