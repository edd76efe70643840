"""JAX's primitive harnesses (`jax._src.internal_test_util.test_harnesses`), as JAX's own export test runs them.

A harness is exported, compiled and run, and its results are compared with JAX's on the CPU. Here are the harnesses that
exist in JAX's default 32-bit mode; `jax64_cases` has those that the 64-bit mode adds.
"""

from __future__ import annotations

import zlib
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import jax_compare
import numpy as np
import webtensorc_runtime
from outcome import NotRunError, Outcome, attempt

import webtensorc


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
    return attempt(case, lambda: _run(harnesses()[case]))


def _run(harness: Any) -> None:
    if not harness.filter("cpu"):
        raise NotRunError("JAX lists it as not implemented on the CPU")
    arguments = harness.dyn_args_maker(np.random.RandomState(zlib.adler32(harness.fullname.encode())))
    function = jax.jit(harness.dyn_fun)
    try:
        wanted = [np.asarray(each) for each in jax.tree.leaves(function(*arguments))]
    except Exception as error:
        raise NotRunError(f"JAX does not run it: {error}") from None
    exported = jax.export.export(function)(*arguments)
    module = webtensorc_runtime.load(webtensorc.compile(exported))
    leaves = [np.asarray(jnp.asarray(leaf)) for leaf in jax.tree.leaves(arguments)]  # in the mode's integer width
    found = module(*(leaves[index] for index in exported.module_kept_var_idx))
    jax_compare.check(harness, leaves, found, wanted)
