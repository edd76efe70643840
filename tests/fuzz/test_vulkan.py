"""Drawn nodes on a Vulkan device (Mesa's lavapipe will do): results as `test_fuzz` has them, and kernels inspected.

The suite draws one small batch a family, always the same; `make fuzz` draws as many as WEBTENSORC_FUZZ says, each time
others.
"""

from __future__ import annotations

import shutil
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

import pytest
import webtensorc_runtime
from families import declared
from fuzzing.batches import check_batches
from fuzzing.case import Case, given, model
from fuzzing.oracle import difference, expected

import webtensorc
from webtensorc import onnx_backend

sys.path.append(str(Path(__file__).resolve().parents[1] / "targets"))
import inspection
import kernels
from vulkan_device import needs_vulkan

CASES_A_BATCH = 6
FAMILIES = declared()


@pytest.mark.slow
@needs_vulkan
@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
@pytest.mark.parametrize("name", FAMILIES)
def test_family_on_vulkan(name: str, tmp_path: Path) -> None:
    check_batches(FAMILIES[name].cases(CASES_A_BATCH), lambda cases: assert_agree(cases, tmp_path))


def assert_agree(cases: Sequence[Case], folder: Path) -> None:
    """Kernels that are valid and without complaints give what the oracle gives; `folder` is for files."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = onnx_backend.specialise(model(cases), given(cases))
        if made.model is None:
            return
        bundle = webtensorc.compile(made.model, ["spirv"], cache=False)
        if shutil.which("spirv-val"):
            kernels.check_all(bundle, folder)
        complaints = [
            each for kernel in kernels.spirv(bundle.artifacts[0].module) for each in inspection.complaints(kernel)
        ]
        assert not complaints, f"{complaints} {cases!r}"
        found = iter(made.assembled(webtensorc_runtime.load(bundle, device="vulkan")(*made.inputs)))
        for case in cases:
            for name, wanted in zip(case.outputs, expected(case), strict=True):
                wrong = difference(case, next(found), wanted)
                assert not wrong, f"{name}: {wrong} ({case.oracle})\n{case!r}"
