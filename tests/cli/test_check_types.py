"""`check` names what a target has no element type for, with the operations and nodes that use it."""

from __future__ import annotations

from pathlib import Path

DOUBLES = """
func.func @main(%x: tensor<4xf64>, %y: tensor<4xf32>) -> (tensor<4xf64>, tensor<4xf32>) {
  %0 = stablehlo.add %x, %x : tensor<4xf64> loc("sum")
  %1 = stablehlo.add %y, %y : tensor<4xf32> loc("other")
  return %0, %1 : tensor<4xf64>, tensor<4xf32>
}
"""


def test_a_type_that_a_target_lacks(cli, tmp_path: Path) -> None:
    path = tmp_path / "doubles.mlir"
    path.write_text(DOUBLES)
    assert cli("check", path, "--target", "x86-64-v3").code == 0
    outcome = cli("check", path, "--target", "x86-64-v3", "--target", "metal", "--format", "json")
    assert outcome.code == 4
    (item,) = outcome.data["unsupported"]
    assert (item["operator"], item["reason"]) == ("stablehlo.add", "target `metal` has no f64")
    assert item["nodes"] == ["sum"]
