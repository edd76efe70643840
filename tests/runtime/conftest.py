"""Fixtures of the runtime's tests."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import webtensorc_runtime
from runtime_models import FLAGS, compile_function, parse

from webtensorc.artifact import Artifact, Bundle
from webtensorc.model import Model


@pytest.fixture(scope="session")
def compiled() -> Callable[..., Bundle]:
    """`compiled(body, inputs, outputs, weights)`: a bundle whose one variant is that StableHLO function."""
    made: dict[Any, bytes] = {}

    def build(
        body: str,
        inputs: str,
        outputs: str,
        weights: Mapping[str, np.ndarray] | None = None,
        *,
        destinations: bool = True,
        mode: str = "inline",
    ) -> Bundle:
        takes, gives = tuple(map(parse, inputs.split())), tuple(map(parse, outputs.split()))
        weights = weights or {}
        key = (body, takes, gives, tuple(weights), destinations)
        if key not in made:
            made[key] = compile_function(body, takes, gives, weights, destinations)
        artifact = Artifact("generic", "cpu", (), made[key], "", FLAGS, mode, {}, "x86_64")
        return Bundle(Model("sample", b"", weights, takes, gives), (artifact,), {})

    return build


ADD = "%sum = stablehlo.add %a, %b : tensor<4xf32>\nreturn %sum : tensor<4xf32>"


@pytest.fixture(params=[True, False], ids=["destinations", "results"])
def add(request: pytest.FixtureRequest, compiled: Callable[..., Bundle]) -> webtensorc_runtime.Module:
    """c = a + b, four float32 each, in both calling conventions."""
    bundle = compiled(ADD, "a:float32[4] b:float32[4]", "c:float32[4]", destinations=request.param)
    return webtensorc_runtime.load(bundle)
