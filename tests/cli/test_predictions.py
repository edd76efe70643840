"""What `plan MODEL` and `inspect --schedule` predict, and the picture of memory."""

from __future__ import annotations

from pathlib import Path

import pytest

import webtensorc

TARGET = "x86-64-v3"
MODEL = """
module @chain {
  func.func public @main(%x: tensor<1x16x16x32xf32>, %w: tensor<3x3x32x32xf32>, %v: tensor<32x48xf32>)
      -> tensor<256x48xf32> {
    %0 = stablehlo.convolution(%x, %w) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f],
      window = {pad = [[1, 1], [1, 1]]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
      : (tensor<1x16x16x32xf32>, tensor<3x3x32x32xf32>) -> tensor<1x16x16x32xf32>
    %1 = stablehlo.tanh %0 : tensor<1x16x16x32xf32>
    %2 = stablehlo.reshape %1 : (tensor<1x16x16x32xf32>) -> tensor<256x32xf32>
    %3 = stablehlo.dot_general %2, %v, contracting_dims = [1] x [0]
      : (tensor<256x32xf32>, tensor<32x48xf32>) -> tensor<256x48xf32>
    return %3 : tensor<256x48xf32>
  }
}
"""


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("chain") / "chain.mlir"
    path.write_text(MODEL)
    return path


@pytest.fixture(scope="module")
def chain_bundle(chain: Path) -> Path:
    webtensorc.compile(chain, targets=[TARGET, "x86-64-v2"], cache=False).save(chain.with_suffix(".wtb"))
    return chain.with_suffix(".wtb")


def test_plan_says_what_a_bundle_says(cli, chain: Path, chain_bundle: Path) -> None:
    (plan,) = cli("plan", chain, "--target", TARGET, "--format", "json").data
    (variant,) = cli("inspect", chain_bundle, "--target", TARGET, "--format", "json").data["variants"]
    kernels = variant["report"]["kernels"]
    assert plan["report"]["kernels"] == kernels
    assert plan["report"]["schedule"] == variant["report"]["schedule"]
    by_family = {facts["family"]: facts for facts in kernels.values()}
    assert by_family.keys() == {"winograd", "direct"}
    assert by_family["winograd"]["predicted"]["1"] < by_family["winograd"]["instead"]["direct"]
    for facts in kernels.values():
        assert facts["predicted"]["1"] >= facts["predicted"]["2"] >= facts["predicted"]["8"] > 0
        assert min(facts["compute_bound"], facts["memory_bound"]) > 0
        assert facts["why"]


def test_precise_takes_the_definition(cli, chain: Path) -> None:
    (plan,) = cli("plan", chain, "--target", TARGET, "--precise", "--format", "json").data
    assert {facts["family"] for facts in plan["report"]["kernels"].values()} == {"direct"}


def test_both_print_a_line_per_kernel(cli, chain: Path, chain_bundle: Path) -> None:
    planned = cli("plan", chain, "--target", TARGET).out
    inspected = cli("inspect", chain_bundle, "--target", TARGET, "--schedule").out
    table = planned[planned.index("KERNEL ") :].rstrip()
    assert "Winograd F(2x2, 3x3)" in table and "direct would take" in table
    assert "predicted for one core" in table
    assert table in inspected


def test_memory_is_drawn(cli, chain_bundle: Path, tmp_path: Path) -> None:
    drawing = tmp_path / "memory.svg"
    shown = cli("inspect", chain_bundle, "--target", TARGET, "--memory", "--svg", drawing)
    assert shown.code == 0, shown.err
    assert "1.000 times the lower bound" in shown.out
    assert "BUFFER" in shown.out
    assert drawing.read_text().startswith("<svg ")


def test_a_drawing_is_of_one_compiled_variant(cli, chain: Path, chain_bundle: Path, tmp_path: Path) -> None:
    drawing = tmp_path / "memory.svg"
    assert "name one with --target" in cli("inspect", chain_bundle, "--svg", drawing).err
    assert "give a bundle" in cli("inspect", chain, "--svg", drawing).err
    assert cli("inspect", chain_bundle, "--target", TARGET, "--svg", tmp_path).code == 2
    assert not drawing.exists()
