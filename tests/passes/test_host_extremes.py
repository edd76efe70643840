"""What the host computes is NaN where either number is, as kernels have it: compiled and run, with and without."""

from __future__ import annotations

import iree.compiler
import iree.runtime
import numpy as np
import pytest

from webtensorc import registry
from webtensorc.rewrite import run_passes

NUMBERS = np.array([np.nan, -np.inf, -1, -0.0, 0.0, 2, np.inf], np.float32)


def called(name: str, passes: list[str]) -> np.ndarray:
    """The operation of all pairs of numbers, computed by the host."""
    text = f"""
        util.func public @f(%a: f32, %b: f32) -> f32 {{
          %0 = {name} %a, %b : f32
          util.return %0 : f32
        }}"""
    module = run_passes(text, passes).ir if passes else text
    binary = iree.compiler.compile_str(module, extra_args=list(registry.make_target("host").flags(3)))
    config = iree.runtime.Config("local-sync")
    loaded = iree.runtime.load_vm_module(iree.runtime.VmModule.copy_buffer(config.vm_instance, binary), config)
    return np.array([[loaded["f"](float(a), float(b)) for b in NUMBERS] for a in NUMBERS], np.float32)


@pytest.mark.parametrize(("name", "wanted"), [("arith.maximumf", np.maximum), ("arith.minimumf", np.minimum)])
def test_nan_stays_nan_on_the_host(name: str, wanted: np.ufunc) -> None:
    expected = wanted(*np.meshgrid(NUMBERS, NUMBERS, indexing="ij"))
    found = called(name, ["host-extremes"])
    np.testing.assert_array_equal(found, expected)
    assert not np.isnan(called(name, [])[1:, 0]).any()  # else the pass is needed no more
    zeros = [[True, False], [False, False]] if wanted is np.maximum else [[True, True], [True, False]]
    assert np.signbit(found[3:5, 3:5]).tolist() == zeros
