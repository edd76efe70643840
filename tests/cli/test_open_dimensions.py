"""Open dimensions on the command line: bounds, variants, sizes of random inputs, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

OPEN = """
module @open {
  func.func @main(%x: tensor<?x4xf32> loc("x"), %y: tensor<4xf32> loc("y")) -> tensor<?x4xf32> {
    %shape = stablehlo.constant dense<[4]> : tensor<1xi32>
    %b = stablehlo.get_dimension_size %x, dim = 0 : (tensor<?x4xf32>) -> tensor<i32>
    %n = stablehlo.reshape %b : (tensor<i32>) -> tensor<1xi32>
    %s = stablehlo.concatenate %n, %shape, dim = 0 : (tensor<1xi32>, tensor<1xi32>) -> tensor<2xi32>
    %z = stablehlo.dynamic_broadcast_in_dim %y, %s, dims = [1] : (tensor<4xf32>, tensor<2xi32>) -> tensor<?x4xf32>
    %0 = stablehlo.add %x, %z : tensor<?x4xf32>
    return %0 : tensor<?x4xf32>
  }
}
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "open.mlir"
    path.write_text(OPEN)
    return path


@pytest.fixture
def bundle(cli, model: Path, tmp_path: Path) -> Path:
    path = tmp_path / "open.wtb"
    assert cli("compile", model, "-o", path, "--dim", "x_0=2,1..8", "-q").code == 0
    return path


def test_inspect_names_bounds_and_variants(cli, bundle: Path) -> None:
    data = cli("inspect", bundle, "--format", "json").data
    assert data["inputs"][0]["shape"] == ["x_0", 4]
    assert data["dims"] == [{"name": "x_0", "least": 1, "most": 8, "step": 1}]
    assert [each["sizes"] for each in data["variants"]] == [{}, {"x_0": 2}]
    assert "x_0=1..8" in cli("inspect", bundle).out


def test_random_inputs_choose_a_size_and_say_so(cli, bundle: Path) -> None:
    ran = cli("run", bundle, "--format", "json")
    rows = ran.data["outputs"]["result0"]["shape"][0]
    assert 1 <= rows <= 8
    assert f"sizes not given are random: x_0={rows}" in ran.err
    assert cli("run", bundle, "--dim", "x_0=2", "--format", "json").data["outputs"]["result0"]["shape"] == [2, 4]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--input", "x=9x4xf32"), "dimension `x_0` of input `x` is 9, outside of its bounds 1..8"),
        (("--dim", "x_0=9"), "dimension `x_0` cannot be 9: its bounds are 1..8"),
        (("--dim", "z=1"), "no named dimension 'z'"),
        (("--input", "x=2x5xf32"), "`x` is float32[x_0, 4], not float32[2, 5]"),
    ],
)
def test_wrong_sizes_exit_2(cli, bundle: Path, arguments: tuple[str, ...], message: str) -> None:
    refused = cli("run", bundle, *arguments)
    assert refused.code == 2
    assert message in refused.err


def test_verify_tries_several_sizes(cli, bundle: Path) -> None:
    verified = cli("verify", bundle, "--format", "json")
    assert verified.code == 0
    assert len(verified.data["outputs"]) == 3


def test_check_and_bench_take_open_models(cli, model: Path, bundle: Path) -> None:
    assert cli("check", model).code == 0
    assert cli("bench", bundle, "--iterations", "1", "--warmup", "0").code == 0
