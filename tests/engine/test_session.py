"""What a session knows of the dialects in its module."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from webtensorc.iree.mlir import nested
from webtensorc.iree.session import Session

OPERATIONS = """
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %a = stablehlo.abs %x : tensor<4xf32>
  %b = chlo.sinh %a : tensor<4xf32> -> tensor<4xf32>
  %c = stablehlo.abs %b : tensor<4xf32>
  %d = chlo.sinh %c : tensor<4xf32> -> tensor<4xf32>
  return %d : tensor<4xf32>
}
"""


def test_a_dialect_without_bindings_is_not_looked_for_at_every_operation(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []

    class Listener:
        def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
            looked.append(name)

    monkeypatch.setattr(sys, "meta_path", [Listener(), *sys.meta_path])
    module = Session().parse(OPERATIONS)
    found = [op.name for op in nested(module.operation)]
    assert found.count("stablehlo.abs") == found.count("chlo.sinh") == 2
    assert len(looked) == len(set(looked))
