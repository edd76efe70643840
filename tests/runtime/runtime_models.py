"""Small compiled models for the runtime's tests, made by iree.compiler directly."""

from collections.abc import Mapping

import numpy as np
from iree.compiler import compile_str

from webtensorc.model import TensorSpec

FLAGS = (
    "--iree-hal-target-device=local",
    "--iree-hal-local-target-device-backends=llvm-cpu",
    "--iree-llvmcpu-target-cpu=generic",
    "--iree-input-demote-f64-to-f32=false",
)
MLIR = {
    "float32": "f32",
    "float64": "f64",
    "float16": "f16",
    "bfloat16": "bf16",
    "bool": "i1",
    "int8": "i8",
    "uint8": "ui8",
    "int16": "i16",
    "uint16": "ui16",
    "int32": "i32",
    "uint32": "ui32",
    "int64": "i64",
    "uint64": "ui64",
    "complex64": "complex<f32>",
    "complex128": "complex<f64>",
    "float8_e4m3fn": "f8E4M3FN",
    "float8_e5m2": "f8E5M2",
}


def tensor(spec: TensorSpec) -> str:
    return "tensor<" + "".join(f"{size}x" for size in spec.shape) + MLIR[spec.dtype] + ">"


def parse(text: str) -> TensorSpec:
    """`x:float32[2,3]` as a specification."""
    name, _, rest = text.partition(":")
    dtype, _, sizes = rest.partition("[")
    return TensorSpec(name, dtype, tuple(int(size) for size in sizes.rstrip("]").split(",") if size))


def compile_function(
    body: str,
    takes: tuple[TensorSpec, ...],
    gives: tuple[TensorSpec, ...],
    weights: Mapping[str, np.ndarray],
    destinations: bool,
) -> bytes:
    stored = {name: tensor(TensorSpec(name, array.dtype.name, array.shape)) for name, array in weights.items()}
    globals_ = [f'util.global private @{n} = #flow.parameter.named<"model"::"{n}"> : {t}' for n, t in stored.items()]
    loads = [f"%{name} = util.global.load @{name} : {kind}" for name, kind in stored.items()]
    arguments = [f"%{spec.name}: {tensor(spec)}" for spec in takes]
    if destinations:
        arguments += [f"%to{n}: {tensor(spec)} {{iree.abi.output = {n} : index}}" for n, spec in enumerate(gives)]
    head = f"func.func @main({', '.join(arguments)}) -> ({', '.join(map(tensor, gives))})"
    text = "\n".join(["module @module {", *globals_, head + " {", *loads, body, "}", "}"])
    return compile_str(text, input_type="stablehlo", extra_args=list(FLAGS))
