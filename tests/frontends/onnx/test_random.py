"""Random operators, judged by their distribution: ONNX prescribes no generator."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper

from webtensorc import onnx_backend

COUNT = 20000


@pytest.mark.parametrize("seed", [{}, {"seed": 7.0}])
def test_uniform_and_normal(seed: dict[str, float]) -> None:
    node = helper.make_node("RandomUniform", [], ["y"], shape=[COUNT], low=-1.0, high=3.0, **seed)
    (uniform,) = onnx_backend.run_node(node, [])
    assert uniform.min() >= -1 and uniform.max() < 3
    assert abs(uniform.mean() - 1) < 0.05 and abs(uniform.var() - 16 / 12) < 0.05
    node = helper.make_node("RandomNormal", [], ["y"], shape=[COUNT], mean=2.0, scale=0.5, **seed)
    (normal,) = onnx_backend.run_node(node, [])
    assert abs(normal.mean() - 2) < 0.02 and abs(normal.std() - 0.5) < 0.02


@pytest.mark.parametrize("seed", [{}, {"seed": 7.0}])
def test_bernoulli_follows_its_probabilities(seed: dict[str, float]) -> None:
    chances = np.repeat(np.array([0, 0.2, 0.5, 1], np.float32), COUNT).reshape(4, COUNT)
    (drawn,) = onnx_backend.run_node(helper.make_node("Bernoulli", ["x"], ["y"], **seed), [chances])
    assert set(np.unique(drawn)) == {0, 1}
    np.testing.assert_allclose(drawn.mean(1), chances[:, 0], atol=0.02)


def test_nodes_without_a_seed_draw_different_numbers() -> None:
    drawn = [
        onnx_backend.run_node(helper.make_node("RandomNormal", [], ["y"], name=name, shape=[8]), [])[0] for name in "ab"
    ]
    assert not np.array_equal(*drawn)
