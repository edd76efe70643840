"""CUDA: architectures, and PTX that NVIDIA's assembler accepts."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import target_models
from webtensorc_runtime.manifest import Variant
from webtensorc_runtime.select import Machine, select

from webtensorc.errors import UsageError
from webtensorc.registry import make_target

_WHEEL = next(Path(sys.prefix).glob("lib/python*/site-packages/nvidia/*/bin/ptxas"), None)
PTXAS = shutil.which("ptxas") or (str(_WHEEL) if _WHEEL else None)


@pytest.mark.parametrize("text", ["cuda{arch=sm_61}", "cuda{arch=sm_90}", "cuda{arhc=sm_80}", "cuad"])
def test_what_does_not_exist_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        make_target(text)
    assert caught.value.hint


def test_a_later_gpu_runs_what_an_earlier_one_does() -> None:
    targets = [make_target(label) for label in ("cuda", "cuda{arch=sm_80}", "cuda{arch=sm_89}")]
    variants = [Variant(t.label, t.device(), "", tuple(t.features()), "m", "task", (), "") for t in targets]
    machine = Machine("x86_64", frozenset(f"sm_{n}" for n in range(50, 87)), "cuda")
    chosen = select(variants, machine, "m.wtb", "cuda{arch=sm_80}")
    assert chosen.rejected[1] == ("cuda{arch=sm_89}", "needs sm_89 which this GPU lacks")
    assert select(variants[::2], machine, "m.wtb").variant.label == "cuda"


@pytest.mark.slow
@pytest.mark.skipif(PTXAS is None, reason="no ptxas: pip install nvidia-cuda-nvcc")
@pytest.mark.parametrize("label", ["cuda{arch=sm_75}", "cuda{arch=sm_80}"])
def test_ptx_is_accepted(label: str, tmp_path: Path) -> None:
    """For the architecture itself and for a Hopper. Assemblers of today know none before sm_75."""
    from iree.compiler import compile_str

    target = make_target(label)
    flags = [*target.flags(3), f"--iree-hal-dump-executable-binaries-to={tmp_path}"]
    compile_str(target_models.CONTRACTIONS, input_type="stablehlo", extra_args=flags)
    (kernels,) = tmp_path.glob("*.ptx")
    (written,) = target.features()
    assert re.search(rf"^\.target {written}\b", kernels.read_text(), re.MULTILINE)
    assert len(re.findall(r"^\.visible \.entry", kernels.read_text(), re.MULTILINE)) >= 2
    for arch in (written, "sm_90"):
        command = [str(PTXAS), f"-arch={arch}", str(kernels), "-o", str(tmp_path / "kernels.cubin")]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
