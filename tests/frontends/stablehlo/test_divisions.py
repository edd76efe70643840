"""Integer divisions by sizes that are 0, which ended the process while they were folded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import webtensorc_runtime

import webtensorc

SIZES = """func.func @main(%x: tensor<?xi32>) -> (tensor<i32>, tensor<i32>, tensor<2xi64>, tensor<?xi32>) {
  %five = stablehlo.constant dense<-5> : tensor<i32>
  %three = stablehlo.constant dense<3> : tensor<i32>
  %size = stablehlo.get_dimension_size %x, dim = 0 : (tensor<?xi32>) -> tensor<i32>
  %less = stablehlo.subtract %size, %three : tensor<i32>
  %r = stablehlo.remainder %five, %less : tensor<i32>
  %q = stablehlo.divide %five, %size : tensor<i32>
  %numbers = stablehlo.constant dense<[7, 8]> : tensor<2xi64>
  %zeros = stablehlo.constant dense<[0, 2]> : tensor<2xi64>
  %v = stablehlo.divide %numbers, %zeros : tensor<2xi64>
  %twice = stablehlo.add %x, %x : tensor<?xi32>
  %d = stablehlo.divide %x, %twice : tensor<?xi32>
  return %r, %q, %v, %d : tensor<i32>, tensor<i32>, tensor<2xi64>, tensor<?xi32>
}"""


@pytest.mark.parametrize("asked", ["0", "3", "0..", "4"])
def test_a_division_by_a_size_of_zero(tmp_path: Path, asked: str) -> None:
    """In a process of its own, which must not end of it: as a compiled model divides by a number of its inputs."""
    source, bundle = tmp_path / "model.mlir", tmp_path / "model.wtb"
    source.write_text(SIZES)
    command = [sys.executable, "-m", "webtensorc.cli", "compile", str(source), "--dim", f"arg0_0={asked}"]
    done = subprocess.run([*command, "-o", str(bundle)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    module = webtensorc_runtime.load(bundle)
    for size in (0, 3, 4) if asked.endswith("..") else (int(asked),):
        rest, quotient, numbers, each = module(np.arange(size, dtype=np.int32))
        assert rest == (-5 if size == 3 else -2 if size == 0 else 0)
        assert quotient == (-1 if size == 0 else int(-5 / size))
        assert list(numbers) == [-1, 4]
        assert list(each) == [-1, *[0] * (size - 1)][:size]


def test_divisions_by_other_numbers_are_left_as_they_are(tmp_path: Path) -> None:
    source = tmp_path / "model.mlir"
    source.write_text("""func.func @main(%x: tensor<?xi32>) -> tensor<?xi32> {
      %size = stablehlo.get_dimension_size %x, dim = 0 : (tensor<?xi32>) -> tensor<i32>
      %two = stablehlo.constant dense<2> : tensor<i32>
      %half = stablehlo.divide %size, %two : tensor<i32>
      %shape = stablehlo.reshape %half : (tensor<i32>) -> tensor<1xi32>
      %r = stablehlo.dynamic_iota %shape, dim = 0 : (tensor<1xi32>) -> tensor<?xi32>
      return %r : tensor<?xi32>
    }""")
    module = webtensorc_runtime.load(webtensorc.compile(source, dims={"arg0_0": (0, 64)}, cache=False))
    assert [list(module(np.zeros(size, np.int32))[0]) for size in (0, 1, 5)] == [[], [], [0, 1]]
