"""The static schedule: read from compiled programs, checked against what those programs must do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from webtensorc.iree.session import Session
from webtensorc.phase import Phase
from webtensorc.registry import make_target
from webtensorc.schedule import Access, Resource, Schedule, Step, extract

FLAGS = make_target("x86-64-v3").flags(3)
MLP = """
func.func public @main(%x: tensor<32x64xf32>, %w: tensor<64x48xf32>, %v: tensor<48x16xf32>) -> tensor<32x16xf32> {
  %0 = stablehlo.dot_general %x, %w, contracting_dims = [1] x [0]
    : (tensor<32x64xf32>, tensor<64x48xf32>) -> tensor<32x48xf32> loc("first")
  %1 = stablehlo.tanh %0 : tensor<32x48xf32>
  %2 = stablehlo.dot_general %1, %v, contracting_dims = [1] x [0]
    : (tensor<32x48xf32>, tensor<48x16xf32>) -> tensor<32x16xf32> loc("second")
  %3 = stablehlo.tanh %2 : tensor<32x16xf32>
  return %3 : tensor<32x16xf32>
}
"""
PADDED = """
func.func public @main(%x: tensor<8x8xf32>) -> tensor<8x6xf32> {
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %0 = stablehlo.tanh %x : tensor<8x8xf32>
  %1 = stablehlo.pad %0, %zero, low = [1, 1], high = [1, 1], interior = [0, 0]
    : (tensor<8x8xf32>, tensor<f32>) -> tensor<10x10xf32>
  %2 = stablehlo.slice %1 [0:8, 2:8] : (tensor<10x10xf32>) -> tensor<8x6xf32>
  %3 = stablehlo.transpose %1, dims = [1, 0] : (tensor<10x10xf32>) -> tensor<10x10xf32>
  %4 = stablehlo.dot_general %3, %1, contracting_dims = [1] x [0]
    : (tensor<10x10xf32>, tensor<10x10xf32>) -> tensor<10x10xf32>
  %5 = stablehlo.slice %4 [0:8, 2:8] : (tensor<10x10xf32>) -> tensor<8x6xf32>
  %6 = stablehlo.add %2, %5 : tensor<8x6xf32>
  return %6 : tensor<8x6xf32>
}
"""


def read(text: str) -> Schedule:
    session = Session(FLAGS)
    module = session.parse(text)
    session.advance(Phase.GRAPH, Phase.STREAM)
    with session.context:
        return extract(module.operation)


@pytest.fixture(scope="module")
def mlp() -> Schedule:
    return read(MLP)


def test_two_dispatches_one_intermediate(mlp: Schedule) -> None:
    assert [step.kind for step in mlp.steps] == ["dispatch", "dispatch"]
    assert mlp.is_static
    assert mlp.arena_bytes == mlp.max_live() == 32 * 48 * 4


def test_the_second_dispatch_reads_what_the_first_wrote(mlp: Schedule) -> None:
    first, second = mlp.steps
    (written,) = [a for a in first.accesses if a.mode != "read"]
    assert mlp.resources[written.resource].kind == "transient"
    assert Access(written.resource, "read", written.offset, written.length) in second.accesses
    assert first.time < second.time


def test_arguments_and_result_are_external(mlp: Schedule) -> None:
    external = [r for r in mlp.resources if r.kind == "external"]
    assert sorted(r.size or 0 for r in external) == sorted([32 * 64 * 4, 64 * 48 * 4, 48 * 16 * 4, 32 * 16 * 4])
    assert {"argument0", "argument1", "argument2"} <= {r.name for r in external}


def test_work_counts_multiplications_and_additions(mlp: Schedule) -> None:
    products = 2 * 32 * 48 * 64 + 2 * 32 * 16 * 48
    functions = 32 * 48 + 32 * 16
    assert products + functions <= mlp.flops <= products + 10 * functions


def test_source_names_reach_the_steps(mlp: Schedule) -> None:
    assert any("first" in step.locations for step in mlp.steps)
    assert any("second" in step.locations for step in mlp.steps)


def test_json_round_trip(mlp: Schedule) -> None:
    assert Schedule.from_json(json.loads(json.dumps(mlp.to_json()))) == mlp


def test_small_programs_run_inline(mlp: Schedule) -> None:
    assert mlp.mode() == "inline"


def test_large_programs_use_threads() -> None:
    assert read(MLP.replace("32x", "4096x")).mode() == "task"


def test_dynamic_shapes_are_not_static() -> None:
    schedule = read(MLP.replace("32x", "?x"))
    assert not schedule.is_static
    assert schedule.max_live() is None
    assert schedule.mode() == "task"


def test_partial_writes_are_updates_that_keep_the_border() -> None:
    schedule = read(PADDED)
    fills = [step for step in schedule.steps if step.kind == "fill"]
    (filled,) = [step.accesses[0] for step in fills] or [None]
    assert filled is not None, "the border of the padding is filled first"
    assert any(Access(filled.resource, "update", filled.offset, filled.length) in s.accesses for s in schedule.steps)


def test_max_live_of_a_schedule_made_by_hand() -> None:
    arena = Resource("transient", "arena", 300)

    def step(time: int, *accesses: tuple[Any, int, int]) -> Step:
        return Step("other", "s", time, 0, tuple(Access(0, mode, at, size) for mode, at, size in accesses))

    schedule = Schedule(
        (arena,),
        (
            step(0, ("write", 0, 100)),
            step(1, ("read", 0, 100), ("write", 100, 50)),
            step(2, ("read", 100, 50), ("write", 150, 150)),
            step(3, ("read", 150, 150)),
        ),
    )
    assert schedule.arena_bytes == 300
    assert schedule.max_live() == 200


@pytest.mark.parametrize("time", [-1, 1, 10**12])
def test_a_step_that_nothing_leads_up_to_is_refused(time: int) -> None:
    data = Schedule((), (Step("other", "s", 0, 0, ()),)).to_json()
    assert Schedule.from_json(data).steps[0].time == 0
    data["steps"][0]["time"] = time
    with pytest.raises(ValueError, match="time"):
        Schedule.from_json(data)
