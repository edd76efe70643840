"""The same function gives the same bytes wherever its source lies and wherever it is compiled."""

import subprocess
import sys

_SCRIPT = """
import hashlib, sys
import jax, jax.numpy as jnp, numpy as np
from jax import export
from webtensorc.frontends import load_model

W = np.arange(4096, dtype=np.float32).reshape(64, 64)

@jax.jit
def inner(x):
    return jnp.tanh(x @ W)

{padding}
def model(x):
    return {{"a": inner(x), "b": jax.nn.softmax(inner(x) + 1)}}

exported = export.export(jax.jit(model))(np.ones((2, 64), np.float32))
loaded = load_model(exported)
open("model.jax", "wb").write(exported.serialize())
again = load_model("model.jax")
assert again.graph == loaded.graph
assert __file__.encode() not in loaded.graph and b".py" not in loaded.graph
print(hashlib.sha256(loaded.graph).hexdigest(), list(loaded.weights), loaded.inputs, loaded.outputs)
"""


def test_graphs_do_not_depend_on_directory_line_or_hash_seed(tmp_path):
    outputs = set()
    for number, folder in enumerate(("here", "some where/else")):
        place = tmp_path / folder
        place.mkdir(parents=True)
        script = place / f"script{number}.py"
        script.write_text(_SCRIPT.format(padding="\n" * number * 7))
        environment = {"PYTHONHASHSEED": str(number), "PATH": "/usr/bin:/bin", "LC_ALL": "C" if number else "C.UTF-8"}
        done = subprocess.run(
            [sys.executable, str(script)], cwd=place, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        outputs.add(done.stdout)
    assert len(outputs) == 1
    assert "constant_0" in outputs.pop()
