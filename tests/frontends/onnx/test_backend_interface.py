"""`webtensorc.onnx_backend` is an ONNX backend: onnx's own test runner takes it as it is."""

from __future__ import annotations

import unittest

import numpy as np
import onnx
import onnx.backend.base
import onnx.backend.test
import pytest
from onnx import TensorProto, helper

import webtensorc.onnx_backend

FEW = (
    r"^test_(add|matmul_2d|relu|reshape_zero_dim|softmax_axis_1|cast_FLOAT_to_DOUBLE|split_equal_parts_1d_opset18)_cpu$"
)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # onnx, while it computes its cases
def test_the_runner_of_onnx_runs_it() -> None:
    runner = onnx.backend.test.BackendTest(webtensorc.onnx_backend, __name__)
    runner.include(FEW)
    outcome = unittest.TestResult()
    for case in runner.test_cases.values():
        unittest.defaultTestLoader.loadTestsFromTestCase(case).run(outcome)
    assert outcome.wasSuccessful(), [text for _, text in (*outcome.failures, *outcome.errors)]
    assert outcome.testsRun - len(outcome.skipped) >= 6


@pytest.fixture(scope="module")
def double() -> onnx.ModelProto:
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "double", [x], [y])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def test_prepare_and_run(double: onnx.ModelProto) -> None:
    x = np.array([1, 2], np.float32)
    prepared = webtensorc.onnx_backend.prepare(double, "CPU")
    assert isinstance(prepared, onnx.backend.base.BackendRep)
    for inputs in ([x], {"x": x}):
        (y,) = prepared.run(inputs)
        np.testing.assert_array_equal(y, [2, 4])
    (y,) = webtensorc.onnx_backend.run_model(double, [x])
    np.testing.assert_array_equal(y, [2, 4])
    assert webtensorc.onnx_backend.supports_device("CPU")
    assert not webtensorc.onnx_backend.supports_device("TPU")


def test_run_node() -> None:
    node = helper.make_node("Relu", ["x"], ["y"])
    (y,) = webtensorc.onnx_backend.run_node(node, [np.array([-1, 2], np.float32)])
    np.testing.assert_array_equal(y, [0, 2])
