"""All four families of passes find work on real models, and leaving one out can be seen."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from fixtures import jax_models, random_weights
from webtensorc import registry
from webtensorc.cli.app import run
from webtensorc.driver import Request, compile_source
from webtensorc.pass_api import Family


def packaged(package: str, *path: str) -> Path:
    spec = importlib.util.find_spec(package)
    assert spec and spec.origin, f"{package} is not installed"
    return Path(spec.origin).parent.joinpath(*path)


def decoder() -> Any:
    return jax_models.export_closed_over(jax_models.transformer(layers=2, width=64, heads=4, vocabulary=256, length=32))


MODELS: dict[str, Any] = {
    "resnet50": lambda: (random_weights.build("resnet50"), {}),
    "decoder": lambda: (decoder(), {}),
    "magika": lambda: (packaged("magika", "models", "standard_v3_3", "model.onnx"), {"bytes": (1, 2048)}),
    "silero": lambda: (packaged("silero_vad", "data", "silero_vad.onnx"), {"input": (1, 576), "state": (2, 1, 128)}),
}
WORK = {
    "resnet50": {
        *("fold-constants", "fold-batch-norm", "channels-last", "pointwise-to-matmul", "remove-dead"),
        *("merge-matmuls", "generate-kernels", "plan-arena"),
    },
    "decoder": {
        *("fold-constants", "merge-duplicates", "remove-dead", "merge-matmuls", "fuse-epilogue"),
        "generate-kernels",
    },
    "magika": {"channels-last", "generate-kernels", "plan-arena"},
    "silero": {"remove-dead"},
}
"""What each pass at least must find something to do on."""


SIZES = (("max-live", ""), ("arena", ""), ("arena", "-before"))


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_passes_find_work(name: str) -> None:
    source, shapes = MODELS[name]()
    compilation = compile_source(Request(source, input_shapes=shapes, strict=True))
    records = [record for part in compilation.records.values() for record in part if record["changes"]]
    assert {record["step"] for record in records} >= WORK[name]
    report = compilation.bundle.artifacts[0].report
    if "plan-arena" in WORK[name]:
        least, now, before = (report[f"{name}-bytes{end}"] for name, end in SIZES)
        assert least <= now and (now < before or before == least)  # magika's is the least from the start


def test_one_model_alone_has_work_for_all_families() -> None:
    families = {name: {registry.passes()[each].family for each in work} for name, work in WORK.items()}
    assert families["resnet50"] == set(Family)


@pytest.mark.slow
def test_the_effect_of_each_family(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "decoder.jax"
    path.write_bytes(decoder().serialize())
    assert run(["bench", str(path), "--ablate", "--iterations", "2", "--format", "json", "-q"]) == 0
    results = json.loads(capfd.readouterr().out)["results"]
    assert list(results) == ["all passes", *(f"no {family.value}" for family in Family)]
    everything = results["all passes"]
    assert results["no fusion"]["dispatches"] > everything["dispatches"]
    assert results["no allocation"]["arena_bytes"] >= everything["arena_bytes"] >= everything["max_live_bytes"]
    for family in ("dataflow", "tiling"):  # other code; what it is worth, `make bench` measures
        assert results[f"no {family}"]["module_bytes"] != everything["module_bytes"]
