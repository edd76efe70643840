"""The runtime stands alone: what it imports, what its process prints, and that it maps the weights."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from webtensorc.artifact import Bundle

RUN = """
import sys
import webtensorc_runtime
light = set(sys.modules)
module = webtensorc_runtime.load(sys.argv[1])
import numpy as np
print(module(np.ones(4, np.float32))[0].tolist())
loaded = {name.split(".")[0] for name in sys.modules} | {".".join(n.split(".")[:2]) for n in sys.modules}
print(sorted(loaded & {"iree.compiler", "jax", "jaxlib", "onnx", "onnxruntime", "webtensorc", "ml_dtypes", "torch"}))
print(sorted(light & {"numpy", "iree", "ctypes", "hashlib", "json.tool"}))
"""


def run(script: str, *arguments: object) -> list[str]:
    done = subprocess.run([sys.executable, "-c", script, *map(str, arguments)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.splitlines()


def test_only_numpy_and_the_engines_runtime_are_imported(compiled: Callable[..., Bundle], tmp_path: Path) -> None:
    body = "%r = stablehlo.add %a, %w : tensor<4xf32>\nreturn %r : tensor<4xf32>"
    weights = {"w": np.arange(4, dtype=np.float32)}
    compiled(body, "a:float32[4]", "r:float32[4]", weights).save(tmp_path / "m.wtb")
    assert run(RUN, tmp_path / "m.wtb") == ["[1.0, 2.0, 3.0, 4.0]", "[]", "[]"]


MAPPED = """
import sys, webtensorc_runtime
from pathlib import Path
def anonymous():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))
import numpy as np
ones = np.ones((), np.float32)
webtensorc_runtime.load(sys.argv[2])(ones)
before = anonymous()
modules = [webtensorc_runtime.load(sys.argv[1]) for _ in range(3)]
print([float(module(ones)[0]) for module in modules])
print(anonymous() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
def test_weights_are_mapped_not_copied(compiled: Callable[..., Bundle], tmp_path: Path) -> None:
    """Three modules over 40 MB of weights cost the process less private memory than one copy."""
    body = """%z = stablehlo.constant dense<0.0> : tensor<f32>
      %s = stablehlo.reduce(%w init: %z) applies stablehlo.add across dimensions = [0]
        : (tensor<10000000xf32>, tensor<f32>) -> tensor<f32>
      %r = stablehlo.multiply %s, %a : tensor<f32>
      return %r : tensor<f32>"""
    weights = {"w": np.full(10_000_000, 0.5, np.float32)}
    compiled(body, "a:float32[]", "r:float32[]", weights).save(tmp_path / "big.wtb")
    compiled("return %a : tensor<f32>", "a:float32[]", "r:float32[]").save(tmp_path / "small.wtb")
    sums, grown = run(MAPPED, tmp_path / "big.wtb", tmp_path / "small.wtb")
    assert sums == "[5000000.0, 5000000.0, 5000000.0]"
    assert int(grown) < 20_000  # KiB


def test_loading_from_path_bytes_and_bundle(compiled: Callable[..., Bundle], tmp_path: Path) -> None:
    import webtensorc_runtime

    weights = {"w": np.arange(4, dtype=np.float32)}
    body = "%r = stablehlo.add %a, %w : tensor<4xf32>\nreturn %r : tensor<4xf32>"
    bundle = compiled(body, "a:float32[4]", "r:float32[4]", weights)
    bundle.save(tmp_path / "m.wtb")
    data = bundle.to_bytes()
    for source in (tmp_path / "m.wtb", str(tmp_path / "m.wtb"), data, bytearray(data), memoryview(data), bundle):
        np.testing.assert_array_equal(webtensorc_runtime.load(source)(np.ones(4, np.float32))[0], [1, 2, 3, 4])
    with pytest.raises(webtensorc_runtime.UsageError, match="not int"):
        webtensorc_runtime.load(3)
