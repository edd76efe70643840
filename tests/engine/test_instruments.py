"""What can be watched and where one can stop: dumps, times, changes, phases, one pass on its own."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jax
import numpy as np
import pytest
from iree.compiler import ir
from jax import export

from webtensorc.cli.app import run
from webtensorc.driver import Request, compile_source, lower
from webtensorc.phase import Phase
from webtensorc.plan import Options, Plan
from webtensorc.rewrite import run_passes

TARGET = "x86-64-v2"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """tanh(x w) for the transpose of a weight, which is work for the passes of the graph."""
    weight = np.arange(256, dtype=np.float32).reshape(64, 4)

    def function(x: jax.Array) -> jax.Array:
        return jax.numpy.tanh(x @ jax.numpy.asarray(weight).T)

    path = tmp_path_factory.mktemp("model") / "model.jax"
    path.write_bytes(export.export(jax.jit(function))(np.ones((2, 4), np.float32)).serialize())
    return path


@pytest.mark.slow
def test_dumps_records_and_steps_tell_the_same_story(model: Path, tmp_path: Path) -> None:
    heard: list[tuple[int, int, str]] = []
    request = Request(model, (TARGET,), dump_dir=tmp_path / "ir", strict=True)
    found = compile_source(request, lambda *step: heard.append(step))
    plan = request.plans()[0]
    graph = [step.spec.partition("{")[0] for step in plan.at(Phase.GRAPH)]
    lowered = [name for phase in list(Phase)[1:] for name in (phase.value, *(s.spec for s in plan.at(phase)))]
    assert [record["step"] for record in found.records["graph"]] == graph
    assert [record["step"] for record in found.records[TARGET]] == [name.partition("{")[0] for name in lowered]
    for record in (each for part in found.records.values() for each in part):
        assert record["seconds"] >= 0
        assert (record["changes"] is None) == (record["step"] in {phase.value for phase in Phase})
    assert sum(record["changes"] for record in found.records["graph"]) > 0
    dumped = sorted(path.name for path in (tmp_path / "ir" / "graph").iterdir())
    assert dumped == [f"{number:02}-{name}.mlir" for number, name in enumerate(["graph", *graph])]
    text = (tmp_path / "ir" / TARGET / "00-graph.mlir").read_text()
    assert "stablehlo.tanh" in text and ir.Module.parse(text, ir.Context())
    steps = [(at, of) for at, of, label in heard if label.startswith(f"{TARGET}: ")]
    assert steps == [(at, len(lowered)) for at in range(1, len(lowered) + 1)]


@pytest.mark.slow
@pytest.mark.parametrize("phase", list(Phase), ids=lambda phase: phase.value)
def test_stopping_after_a_phase_gives_its_module(phase: Phase, model: Path) -> None:
    text = lower(Request(model, (TARGET,)), phase)
    ir.Module.parse(text, ir.Context())
    assert ("stablehlo.tanh" in text) == (phase in (Phase.GRAPH, Phase.BOUND))
    if phase.order >= Phase.FLOW.order and phase is not Phase.VM:
        assert re.search(r"(flow|stream|hal)\.executable", text)
    if phase is Phase.VM:
        assert "vm.module" in text


@pytest.mark.slow
def test_a_pass_alone_on_the_module_of_its_phase(
    model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    stopped = ["compile", str(model), "--target", TARGET, "--disable-pass", "plan-arena", "--stop-after", "stream"]
    assert run(stopped) == 0
    stream = tmp_path / "stream.mlir"
    stream.write_text(capfd.readouterr().out)
    assert run(["opt", str(stream), "--pass", "plan-arena", "--target", TARGET, "--format", "json"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert found["passes"] == ["plan-arena"] and found["changes"] >= 0
    once = run_passes(stream.read_text(), ["plan-arena"], TARGET)
    assert (once.ir.rstrip(), once.changes) == (found["ir"].rstrip(), found["changes"])


def test_levels_and_choices_are_in_the_plan() -> None:
    def specs(*arguments: object) -> list[str]:
        return [step.spec for step in Plan.make(TARGET, Options(*arguments)).steps]  # type: ignore[arg-type]

    assert specs(0) == [each for each in specs(1) if each in specs(0)]
    assert set(specs(0)) < set(specs(1)) <= set(specs(2)) <= set(specs(3))
    assert "fold-constants{max-growth=0}" in specs(3, ("fold-constants{max-growth=0}",))
    assert not any(each.startswith("fold-constants") for each in specs(3, (), ("fold-constants",)))
    assert set(specs(0, (), (), True)) == set(specs(0)), "what is needed for correctness stays"
    precise = specs(3, (), (), True)
    assert not {"fold-batch-norm", "integer-contractions", "generate-kernels"} & set(precise)
    assert "generate-kernels{winograd=false,attention=false,reciprocals=false,parts=0.0}" in precise
    assert "generate-kernels{attention=false}" in specs(3, ("generate-kernels{attention=false}",), (), True)
    assert Plan.from_dict(Plan.make(TARGET).as_dict()) == Plan.make(TARGET)
    assert Plan.make(TARGET).digest != Plan.make(TARGET, Options(1)).digest
