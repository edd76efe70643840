"""Programs that older versions of JAX have serialised, with their results (JAX's export back-compatibility data).

They are compiled, run and compared with the stored results, whatever platform they were exported for; exports whose
results are not stored have to load. All of them are read as any file is: the stored bytes are portable artifacts, or
what `Exported.serialize()` of that version wrote.
"""

from __future__ import annotations

import importlib
import pkgutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import ml_dtypes  # noqa: F401  (some of the stored arrays need its types)
import numpy as np
import webtensorc_runtime
from jax._src.internal_test_util import export_back_compat_test_data as data
from outcome import Outcome, attempt

import webtensorc
from webtensorc.frontends import load_model

_SIGNLESS = ("svd",)
"""Singular vectors are compared by size: their signs are arbitrary."""


@cache
def programs() -> dict[str, dict[str, Any]]:
    """The stored programs by `file/name`."""
    found = {}
    for info in pkgutil.walk_packages(data.__path__, f"{data.__name__}."):
        if not info.ispkg:
            module = importlib.import_module(info.name)
            file = info.name.removeprefix(f"{data.__name__}.")
            for each in getattr(module, "serializations", ()):
                found[f"{file}/version_{each['serialization_version']}"] = each
            for name, value in vars(module).items():
                found.update((f"{file}/{path}", each) for path, each in _programs(name, value))
    return dict(sorted(found.items()))


def _programs(path: str, value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict) and "mlir_module_serialized" in value:
        yield path, value
    elif isinstance(value, dict) and path.startswith("data"):
        for key, inner in value.items():
            yield from _programs(f"{path}.{key}", inner)


def cases() -> list[str]:
    """The names of all cases, in alphabetical order."""
    return list(programs())


def run(case: str) -> Outcome:
    """Run one case to its end."""
    return attempt(case, lambda: _run(case, programs()[case]))


def _run(case: str, stored: dict[str, Any]) -> None:
    inputs = [np.asarray(each) for each in stored.get("inputs", ())]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "program"
        file.write_bytes(stored.get("exported_serialized") or stored["mlir_module_serialized"])
        names = [f"arg{index}" for index in range(len(inputs))]
        try:
            model = load_model(file)
        except webtensorc.errors.UsageError:  # open dimensions, named by position or by JAX
            model = load_model(file, input_shapes={n: x.shape for n, x in zip(names, inputs, strict=True)})
    if "expected_outputs" not in stored:
        return
    module = webtensorc_runtime.load(webtensorc.compile(model))
    results = module(*inputs[: len(module.inputs)])
    wanted = [np.asarray(each) for each in stored["expected_outputs"]]
    assert len(results) == len(wanted), f"{len(results)} results instead of {len(wanted)}"
    if "eigh" in case.lower():  # of eigenvalues that are equal the vectors are arbitrary: A V = V W must hold
        vectors, values = wanted
        found = (results[0] * results[1][..., None, :]) @ np.conj(np.swapaxes(results[0], -1, -2))
        results, wanted = (found, results[1]), [(vectors * values) @ np.conj(vectors.T), values]
    for got, right in zip(results, wanted, strict=True):
        if any(each in case for each in _SIGNLESS):
            got, right = np.abs(got), np.abs(right)
        # Factors of well-conditioned matrices of four or five rows, some thousand units in the last place.
        tolerance = 1e-4 if right.dtype.itemsize // (1 + (right.dtype.kind == "c")) == 4 else 1e-10
        # An eigenvalue is as exact as the largest is.
        scale = np.abs(right).max(initial=1) if "eigh" in case.lower() else 1
        np.testing.assert_allclose(got, right, rtol=tolerance, atol=tolerance * scale)
