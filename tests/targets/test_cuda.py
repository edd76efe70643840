"""CUDA: architectures, and PTX that NVIDIA's assembler accepts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import kernels
import numpy as np
import pytest
import target_models
from jax import export, lax
from webtensorc_runtime.manifest import Variant
from webtensorc_runtime.select import Machine, select, why_not

import webtensorc
from webtensorc import tools
from webtensorc.errors import UsageError
from webtensorc.registry import make_target

needs_ptxas = pytest.mark.skipif(kernels.PTXAS is None, reason="no ptxas: pip install nvidia-cuda-nvcc")


@pytest.mark.parametrize(
    "text", ["cuda{arch=sm_61}", "cuda{arch=sm_91}", "cuda{arhc=sm_80}", "cuad", "cuda{cubin=true}"]
)
def test_what_does_not_exist_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        make_target(text)
    assert caught.value.hint


def test_a_later_gpu_runs_what_an_earlier_one_does() -> None:
    targets = [make_target(label) for label in ("cuda", "cuda{arch=sm_80}", "cuda{arch=sm_89}")]
    variants = [Variant(t.label, t.device(), "", tuple(t.features()), "m", "task", (), "") for t in targets]
    machine = Machine("x86_64", frozenset(f"sm_{n}" for n in range(50, 87)), "cuda")
    chosen = select(variants, machine, "m.wtb")
    assert chosen.variant.label == "cuda{arch=sm_80}"  # more of the GPU than the baseline
    assert chosen.rejected[1] == ("cuda{arch=sm_89}", "needs sm_87, sm_89 which this GPU lacks")
    assert select(variants[::2], machine, "m.wtb").variant.label == "cuda"


def test_code_for_one_architecture_runs_on_no_later_one() -> None:
    target = make_target("cuda{arch=sm_90a}")
    variant = Variant(target.label, target.device(), "", tuple(target.features()), "m", "task", (), "")
    hopper, blackwell = (
        Machine("x86_64", frozenset({*(f"sm_{n}" for n in range(50, last + 1)), f"sm_{last}a"}), "cuda")
        for last in (90, 100)
    )
    assert why_not(variant, hopper) is None
    assert why_not(variant, blackwell) == "needs sm_90a which this GPU lacks"
    assert "sm_90a" not in make_target("cuda{arch=sm_100}").features()


@pytest.fixture(scope="module")
def modules() -> dict[str, list[str]]:
    """The PTX modules in bundles of a small network, by target."""
    found = {}
    for label in ("cuda{arch=sm_80}", "cuda{arch=sm_90,tf32=true}"):
        bundle = webtensorc.compile(_network(), targets=[label], cache=False)
        found[label] = kernels.ptx(bundle.artifacts[0].module)
    return found


def _network() -> Any:
    """Convolution with a residual, depthwise, pooling, products of a matrix and a vector, attention, softmax."""
    draw = np.random.default_rng(0).standard_normal
    shapes = ((3, 3, 32, 32), (3, 3, 1, 32), (32, 96), (32, 64))
    w, alone, dense, last = (jnp.asarray(draw(shape, np.float32)) for shape in shapes)

    def network(x: jax.Array) -> jax.Array:
        numbers = ("NHWC", "HWIO", "NHWC")
        y = jax.nn.relu(lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=numbers) + x)
        y = lax.conv_general_dilated(y, alone, (1, 1), "SAME", dimension_numbers=numbers, feature_group_count=32)
        y = lax.reduce_window(y, -jnp.inf, lax.max, (1, 3, 3, 1), (1, 1, 1, 1), "SAME")
        q, k, v = jnp.split((y.reshape(64, 32) @ dense).reshape(64, 3, 4, 8).transpose(1, 2, 0, 3), 3)
        mixed = jax.nn.softmax(q[0] @ k[0].transpose(0, 2, 1)) @ v[0]
        return jax.nn.softmax(mixed.transpose(1, 0, 2).reshape(64, 32).mean(0) @ last)

    return export.export(jax.jit(network), platforms=["cpu"])(jax.ShapeDtypeStruct((1, 8, 8, 32), jnp.float32))


@pytest.mark.slow
def test_every_thread_has_work_of_its_own(modules: dict[str, list[str]]) -> None:
    for label, texts in modules.items():
        assert len(texts) >= 6, label
        for text in texts:
            several = re.search(r"\.(?:req|max)ntid (\d+)", text)
            assert several is None or int(several[1]) == 1 or "%tid.x" in text, f"{label}: {text[:400]}"


@pytest.mark.slow
def test_products_go_through_shared_memory_and_matrix_units(modules: dict[str, list[str]]) -> None:
    for label, texts in modules.items():
        products = [text for text in texts if "cp.async" in text]
        assert len(products) >= 3, label  # the convolution, the dense layer, scores and their mix
        assert all(("mma.sync" in text) == ("tf32=true" in label) for text in products)
        assert all("fma.rn.f32" in text or "mma.sync" in text for text in products)


@pytest.mark.slow
@needs_ptxas
def test_registers_do_not_spill(modules: dict[str, list[str]], tmp_path: Path) -> None:
    for text in (text for texts in modules.values() for text in texts):
        frames = re.findall(
            r"(\d+) bytes stack frame, (\d+) bytes spill stores", kernels.assemble(text, "sm_90", tmp_path)
        )
        assert frames
        assert set(frames) == {("0", "0")}


@pytest.mark.slow
@needs_ptxas
@pytest.mark.parametrize("label", ["cuda{arch=sm_75}", "cuda{arch=sm_80}"])
def test_ptx_is_accepted(label: str, tmp_path: Path) -> None:
    """For the architecture itself and for a Hopper. Assemblers of today know none before sm_75."""
    from iree.compiler import compile_str

    target = make_target(label)
    flags = [*target.flags(3), f"--iree-hal-dump-executable-binaries-to={tmp_path}"]
    compile_str(target_models.CONTRACTIONS, input_type="stablehlo", extra_args=flags)
    (file,) = tmp_path.glob("*.ptx")
    text = file.read_text()
    written = f"sm_{target.compute_capability}"
    assert re.search(rf"^\.target {written}\b", text, re.MULTILINE)
    assert len(re.findall(r"^\.visible \.entry", text, re.MULTILINE)) >= 2
    for arch in (written, "sm_90"):
        kernels.assemble(text, arch, tmp_path)


TWO_KERNELS = """
func.func @main(%a: tensor<4x8xf32>, %b: tensor<8x16xf32>) -> (tensor<4x16xf32>, tensor<4x8xf32>) {
  %0 = stablehlo.dot_general %a, %b, contracting_dims = [1] x [0]
    : (tensor<4x8xf32>, tensor<8x16xf32>) -> tensor<4x16xf32>
  %1 = stablehlo.exponential %a : tensor<4x8xf32>
  return %0, %1 : tensor<4x16xf32>, tensor<4x8xf32>
}
"""
"""A kernel of ours and one of the native compiler's."""


@pytest.fixture
def two_kernels(tmp_path: Path) -> Path:
    path = tmp_path / "model.mlir"
    path.write_text(TWO_KERNELS)
    return path


@pytest.mark.slow
@needs_ptxas
def test_machine_code_lies_beside_the_ptx(two_kernels: Path) -> None:
    """GPUs of the architecture load it, others compile the PTX; the driver must know the assembler's format."""
    label = "cuda{arch=sm_90,cubin=true}"
    (artifact,) = webtensorc.compile(two_kernels, targets=[label], cache=False).artifacts
    images = kernels.cuda_images(artifact.module)
    assert len(images) == 2
    for image in images:
        assert image.startswith(kernels.FATBIN)
        (text,), (code,) = kernels.ptx(image), kernels.cubins(image)
        (name,) = re.findall(r"\.entry (\w+)", text)
        assert (code.architecture, code.kernels) == ("sm_90", [name])
    version = tools.versions(["ptxas"])["ptxas"]
    assert f"cuda{version.partition('.')[0]}.0" in artifact.features
    assert f"ptxas {version}" in artifact.plan
    assert webtensorc.compile(two_kernels, targets=[label], cache=False).artifacts[0].module == artifact.module


def test_without_an_assembler_there_is_no_machine_code(two_kernels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UsageError, match="no `ptxas` here") as caught:
        webtensorc.compile(two_kernels, targets=["cuda{arch=sm_90,cubin=true}"])
    assert caught.value.hint == "pip install nvidia-cuda-nvcc"


@pytest.mark.slow
def test_a_driver_that_is_too_old_for_the_ptx(two_kernels: Path) -> None:
    (variant,) = webtensorc.compile(two_kernels, targets=["cuda{arch=sm_80}"], cache=False).manifest.variants
    has = {f"sm_{n}" for n in range(50, 91)}
    needs = "cuda11.6"  # PTX 7.6, which the native compiler writes
    assert why_not(variant, Machine("x86_64", frozenset(has), "cuda")) == f"needs {needs} which this GPU lacks"
    assert why_not(variant, Machine("x86_64", frozenset({*has, needs}), "cuda")) is None


@pytest.mark.slow
@pytest.mark.parametrize("label", ["cuda", "cuda{arch=sm_75}"])
@pytest.mark.parametrize("shape", [(64, 256, 128), (128, 64, 64)])
def test_products_of_halves_for_gpus_before_ampere(label: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    """They were written for instructions that those GPUs lack, which ended the native compiler."""
    m, k, n = shape
    a, b = (jax.ShapeDtypeStruct(each, jnp.float16) for each in ((m, k), (k, n)))
    exported = export.export(jax.jit(jnp.matmul), platforms=["cpu"])(a, b)
    bundle = webtensorc.compile(exported, [label], cache=False)
    if kernels.PTXAS is not None:
        kernels.check_all(bundle, tmp_path)
