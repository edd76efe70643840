"""A loaded model: call it with arrays, get arrays."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import numpy as np

from webtensorc_runtime.dtypes import numpy_dtype
from webtensorc_runtime.engine import Program
from webtensorc_runtime.errors import DiagnosticError, UsageError
from webtensorc_runtime.manifest import Manifest, TensorSpec
from webtensorc_runtime.select import Selection
from webtensorc_runtime.tensors import Input, check_names, element_of, expectations

_ndarray = np.ndarray


class Module:
    """One variant of a bundle, ready to run. Made by `webtensorc_runtime.load`.

    Safe to call from several threads: calls of one module run one after the other (its buffers and the engine's context
    are shared), while other Python threads go on. Load the bundle again for calls side by side; the file's weights are
    in memory once all the same.

    Attributes:
        name: the model's name.
        inputs, outputs: name, dtype and shape of each, in order.
        variant: label of the variant that runs.
        rejected: (label, reason) of every other variant.
        mode: `inline` (on the calling thread) or `task` (on `workers` threads).
        workers: number of worker threads, 0 where the calling thread does the work.
    """

    def __init__(self, manifest: Manifest, selection: Selection, program: Program) -> None:
        self.name = manifest.name
        self.inputs: tuple[TensorSpec, ...] = manifest.inputs
        self.outputs: tuple[TensorSpec, ...] = manifest.outputs
        self.variant = selection.variant.label
        self.rejected = selection.rejected
        self.mode = program.execution.mode
        self.workers = program.execution.workers
        self._program = program
        self._lock = threading.Lock()
        runtime = program.runtime
        self._list, self._view_type = runtime.VmVariantList, runtime.HalBufferView
        self._slots = tuple(Input(spec, runtime, program.allocator) for spec in manifest.inputs)
        self._results = tuple((spec.shape, _result_dtype(spec)) for spec in manifest.outputs)
        self._staged = self._arguments([slot.staged for slot in self._slots])
        self._all_small = not any(slot.large for slot in self._slots)

    def __call__(self, *arrays: Any) -> tuple[np.ndarray, ...]:
        """Run the model on its inputs in order; the outputs in order, as arrays that own their memory.

        Inputs are numpy arrays or anything with `__dlpack__` or `__array__`, of exactly the dtypes and shapes of
        `inputs`. A large input that is C-contiguous and 64-byte aligned is read where it lies, so it must not change
        during the call.

        Raises:
            UsageError: wrong number, dtype or shape.
        """
        slots = self._slots
        if len(arrays) != len(slots):
            raise UsageError(
                f"the model takes {len(slots)} inputs, got {len(arrays)}",
                doing="calling the model",
                notes=expectations(self.inputs),
            )
        for slot, array in zip(slots, arrays, strict=True):
            if type(array) is not _ndarray or array.dtype is not slot.dtype or array.shape != slot.shape:
                arrays = tuple(each.convert(value) for each, value in zip(slots, arrays, strict=True))
                break
        with self._lock:
            return self._run(arrays)

    def run(self, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Run the model on inputs by name; outputs by name, as `__call__`.

        Raises:
            UsageError: unknown or missing names, wrong dtype or shape.
        """
        check_names(tuple(inputs), self.inputs)
        results = self(*(inputs[spec.name] for spec in self.inputs))
        return {spec.name: array for spec, array in zip(self.outputs, results, strict=True)}

    def __repr__(self) -> str:
        given, made = ", ".join(map(str, self.inputs)), ", ".join(map(str, self.outputs))
        return f"<Module {self.name}({given}) -> ({made}), variant {self.variant}, {self.mode}>"

    def _run(self, arrays: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
        if self._all_small:
            arguments = self._staged
            for slot, array in zip(self._slots, arrays, strict=True):
                slot.staging[...] = array
        else:
            allocator = self._program.allocator
            arguments = self._arguments(
                [slot.place(array, allocator) for slot, array in zip(self._slots, arrays, strict=True)]
            )
        produced = self._list(len(self._results))
        try:
            self._program.invoke(arguments, produced)
        except RuntimeError as error:
            raise DiagnosticError(
                f"the engine failed: {error}", place=self.variant, doing="running the model"
            ) from None
        view_type = self._view_type
        return tuple(
            [
                # The engine's memory may belong to an input or a weight, so every result is copied out of it.
                _ndarray(shape, dtype, produced.get_as_object(index, view_type).map()).copy()
                for index, (shape, dtype) in enumerate(self._results)
            ]
        )

    def _arguments(self, views: list[Any]) -> Any:
        arguments = self._list(len(views))
        for view in views:
            arguments.push_ref(view)
        return arguments


def _result_dtype(spec: TensorSpec) -> np.dtype:
    element_of(spec)
    return numpy_dtype(spec.dtype)
