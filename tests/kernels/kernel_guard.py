"""Run compiled kernels on buffers between pages that may not be touched: an access outside ends the process.

Reads a pickled (target, kernels, lists of operands, expected results) from standard input; exits 0 if all results are
right. Each kernel runs twice, on buffers that end where a forbidden page begins and on ones that begin where one ends.
"""

from __future__ import annotations

import ctypes
import mmap
import pickle
import sys
from typing import Any

import iree.compiler
import iree.runtime
import numpy as np
from webtensorc_kernels.executable import Kernel
from webtensorc_runtime import cpu

from webtensorc import registry
from webtensorc.rewrite import run_passes

PAGE = mmap.PAGESIZE
ALIGNMENT = 64
"""Of buffers, as the runtime asks for; up to so many bytes behind a buffer are therefore not guarded."""


DTYPES = {
    "f32": np.dtype(np.float32),
    "i64": np.dtype(np.int64),
    "i32": np.dtype(np.int32),
    "i8": np.dtype(np.int8),
}
ELEMENTS = {
    "f": iree.runtime.HalElementType.FLOAT_32,
    "l": iree.runtime.HalElementType.SINT_64,
    "i": iree.runtime.HalElementType.SINT_32,
    "b": iree.runtime.HalElementType.SINT_8,
}
"""By what numpy calls a dtype in one letter."""


class Guarded:
    """An array with a forbidden page right before or right behind it."""

    def __init__(self, array: np.ndarray, *, at_end: bool) -> None:
        size = -(-array.nbytes // PAGE) * PAGE
        self._map = mmap.mmap(-1, size + 2 * PAGE)
        base = ctypes.addressof(ctypes.c_char.from_buffer(self._map))
        libc = ctypes.CDLL(None, use_errno=True)
        for forbidden in (base, base + PAGE + size):
            assert libc.mprotect(ctypes.c_void_p(forbidden), PAGE, 0) == 0
        offset = (size - array.nbytes) // ALIGNMENT * ALIGNMENT if at_end else 0
        self.memory = (ctypes.c_uint8 * array.nbytes).from_address(base + PAGE + offset)
        self.array = np.frombuffer(self.memory, array.dtype).reshape(array.shape)
        self.array[...] = array


def module(kernels: list[Kernel]) -> str:
    """A module with a function `f0`, `f1`, ... per kernel; the last argument is where the first result goes."""
    parts = []
    for i, kernel in enumerate(kernels):
        types = ["tensor<" + "x".join(map(str, (*view.shape, view.element))) + ">" for view in kernel.views]
        inputs, results = types[: -kernel.results], types[-kernel.results :]
        arguments = [f"%a{n}" for n in range(len(inputs))]
        signature = ", ".join(f"{a}: {t}" for a, t in zip(arguments, inputs, strict=True))
        parts += [
            kernel.text(f"kernel{i}"),
            f"func.func @f{i}({signature}, %y: {results[0]} {{iree.abi.output = 0 : index}}) -> {results[0]} {{",
            f"  %r:{len(results)} = flow.dispatch @kernel{i}::@kernel{i}({', '.join(arguments)})"
            f" : ({', '.join(inputs)}) -> ({', '.join(results)})",
            f"  return %r#0 : {results[0]}\n}}",
        ]
    return run_passes("module {\n" + "\n".join(parts) + "\n}", ["fill-kernels"]).ir


def run(function: Any, device: Any, operands: list[np.ndarray], empty: np.ndarray, *, at_end: bool) -> np.ndarray:
    held = [Guarded(array, at_end=at_end) for array in (*operands, empty)]
    memory = iree.runtime.MemoryType.HOST_LOCAL | iree.runtime.MemoryType.DEVICE_VISIBLE
    usage = iree.runtime.BufferUsage.DEFAULT
    views = [
        iree.runtime.HalBufferView(
            device.allocator.import_host_allocation(each.memory, memory, usage),
            each.array.shape,
            int(ELEMENTS[each.array.dtype.char]),
        )
        for each in held
    ]
    function(*views)
    return held[-1].array.copy()


def main() -> None:
    target, kernels, operands, expected = pickle.load(sys.stdin.buffer)
    assert registry.make_target(target).features() <= cpu.features()  # as the loader: so tiles may be used
    flags = registry.make_target(target).flags(3)
    binary = iree.compiler.compile_str(module(kernels), extra_args=list(flags))
    config = iree.runtime.Config("local-sync")
    loaded = iree.runtime.load_vm_module(iree.runtime.VmModule.copy_buffer(config.vm_instance, binary), config)
    for i, (kernel, arrays, result) in enumerate(zip(kernels, operands, expected, strict=True)):
        for at_end in (False, True):
            views = zip(arrays, kernel.views, strict=False)
            given = [array.astype(DTYPES[view.element]).reshape(view.shape) for array, view in views]
            y = kernel.views[-kernel.results]
            found = run(loaded[f"f{i}"], config.device, given, np.full(y.shape, 99, DTYPES[y.element]), at_end=at_end)
            # Winograd and exponentials round, sums of whole numbers do not.
            is_rounded = y.element == "f32" and (kernel.results > 1 or not np.array_equal(result, np.rint(result)))
            tolerance = 2e-5 * np.abs(result[np.isfinite(result)]).max(initial=0) if is_rounded else 0
            why = f"kernel {i}: {kernel.why}"
            np.testing.assert_allclose(found, result.reshape(found.shape), rtol=0, atol=tolerance, err_msg=why)


if __name__ == "__main__":
    main()
