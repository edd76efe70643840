"""JAX's primitive harnesses (`jax._src.internal_test_util.test_harnesses`), as JAX's own export test runs them.

A harness is exported, compiled and run, and its results are compared with JAX's on the CPU. Here are the harnesses that
exist in JAX's default 32-bit mode; `jax64_cases` has those that the 64-bit mode adds.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import batch
import jax
import jax.numpy as jnp
import jax_compare
import numpy as np
import webtensorc_runtime
from outcome import NotRunError, Outcome, attempt

import webtensorc
from webtensorc.errors import DiagnosticError
from webtensorc.frontends import load_model

TOGETHER = 16
"""Cases that are compiled as one model."""


@cache
def harnesses() -> dict[str, Any]:
    """The harnesses by `group/name`."""
    from jax._src.internal_test_util import test_harnesses

    found = {f"{each.group_name}/{each.name}": each for each in test_harnesses.all_harnesses}
    return dict(sorted(found.items()))


def cases() -> list[str]:
    """The names of all cases, in alphabetical order."""
    return list(harnesses())


def run(case: str) -> Outcome:
    """Run one case to its end."""

    def compared() -> None:
        prepared = _prepared(case)
        prepared.compare(webtensorc_runtime.load(webtensorc.compile(prepared.exported))(*prepared.inputs))

    return attempt(case, compared)


def run_together(cases: Sequence[str]) -> list[Outcome]:
    """Run cases compiled as one model; what cannot be part of it, or all if it cannot be compiled, each by itself."""
    prepared, models = {}, {}
    for case in cases:
        with suppress(Exception):  # whatever it raises, it raises again when it is run by itself
            prepared[case] = _prepared(case)
            models[case] = load_model(prepared[case].exported)
    results: dict[str, list[Any]] = {}
    with suppress(DiagnosticError):
        module = webtensorc_runtime.load(webtensorc.compile(batch.merged(models)))
        found = iter(module(*(each for case in models for each in prepared[case].inputs)))
        results = {case: [next(found) for _ in model.outputs] for case, model in models.items()}
    return [
        attempt(case, partial(prepared[case].compare, results[case])) if case in results else run(case)
        for case in cases
    ]


@dataclass(frozen=True)
class _Prepared:
    """An exported harness, what it is given, and what JAX makes of that."""

    harness: Any
    exported: Any
    leaves: list[Any]
    wanted: list[Any]

    @property
    def inputs(self) -> list[Any]:
        return [self.leaves[index] for index in self.exported.module_kept_var_idx]

    def compare(self, found: Sequence[Any]) -> None:
        jax_compare.check(self.harness, self.leaves, found, self.wanted)


def _prepared(case: str) -> _Prepared:
    harness = harnesses()[case]
    if not harness.filter("cpu"):
        raise NotRunError("JAX lists it as not implemented on the CPU")
    arguments = harness.dyn_args_maker(np.random.RandomState(zlib.adler32(harness.fullname.encode())))
    function = jax.jit(harness.dyn_fun)
    try:
        wanted = [np.asarray(each) for each in jax.tree.leaves(function(*arguments))]
    except Exception as error:
        raise NotRunError(f"JAX does not run it: {error}") from None
    leaves = [np.asarray(jnp.asarray(leaf)) for leaf in jax.tree.leaves(arguments)]  # in the mode's integer width
    return _Prepared(harness, jax.export.export(function)(*arguments), leaves, wanted)
