"""Errors against float64: webtensorc as it is, `--precise`, and ONNX Runtime, on the same float32 model and input.

    python benchmarks/accuracy.py [NAME ...]

NAME is a network of `python -m benchmarks`, squeezenet by default, whose weights are random. The reference is the
same graph with weights and input widened to float64, run by XLA. An error is the root mean square, and the largest, of
an output's deviations, by the root mean square of the output.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.latency import zoo


def widened(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with every float32 tensor a float64 one."""
    wide = onnx.ModelProto()
    wide.CopyFrom(model)
    tensors = [*wide.graph.initializer]
    for node in wide.graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                tensors.append(attribute.t)
            if node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.FLOAT:
                attribute.i = TensorProto.DOUBLE
    for tensor in tensors:
        if tensor.data_type == TensorProto.FLOAT:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float64), tensor.name))
    for info in (*wide.graph.input, *wide.graph.output, *wide.graph.value_info):
        if info.type.tensor_type.elem_type == TensorProto.FLOAT:
            info.type.tensor_type.elem_type = TensorProto.DOUBLE
    return wide


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=["squeezenet"], choices=zoo.names())
    options = parser.parse_args()
    print(f"{'':12}{'webtensorc':>22}{'--precise':>22}{'onnxruntime':>22}  ratio of root mean squares")
    with tempfile.TemporaryDirectory() as folder:
        for name in options.names:
            errors = measure(zoo.write(name, Path(folder)))
            cells = "".join(f"{rms:12.2e}{most:10.1e}" for rms, most in errors)
            print(f"{name:12}{cells}  {errors[0][0] / errors[2][0]:.2f} {errors[1][0] / errors[2][0]:.2f}", flush=True)


def measure(path: Path) -> list[tuple[float, float]]:
    """Root mean square and largest error of webtensorc's two ways and of ONNX Runtime."""
    import webtensorc_runtime

    import webtensorc
    from webtensorc.frontends import load_model
    from webtensorc.reference import run_onnxruntime
    from webtensorc.reference_xla import run_xla

    given = zoo.inputs(path)
    wide = {name: array.astype(np.float64) if array.dtype == np.float32 else array for name, array in given.items()}
    exact = run_xla(load_model(widened(onnx.load(path))), wide)
    found = [webtensorc_runtime.load(webtensorc.compile(path, precise=precise)).run(given) for precise in (False, True)]
    found.append(run_onnxruntime(path, given))
    first = next(iter(exact))
    size = float(np.sqrt(np.mean(exact[first] ** 2)))
    apart = [np.abs(each[first] - exact[first]) / size for each in found]
    return [(float(np.sqrt(np.mean(each**2))), float(each.max())) for each in apart]


if __name__ == "__main__":
    main()
