"""A loaded model: call it with arrays, get arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from webtensorc_runtime.constraints import Constraint
from webtensorc_runtime.dims import Bounds
from webtensorc_runtime.dtypes import numpy_dtype
from webtensorc_runtime.engine import Program
from webtensorc_runtime.errors import UsageError
from webtensorc_runtime.manifest import Manifest, TensorSpec
from webtensorc_runtime.select import Selection
from webtensorc_runtime.tensors import ALIGNMENT, Slot, check_names, element_of, expectations

if TYPE_CHECKING:
    from concurrent.futures import Future

    from webtensorc_runtime.resident import DeviceArray

_ndarray = np.ndarray


class Module:
    """One variant of a bundle, ready to run. Made by `webtensorc_runtime.load`.

    Safe to call from several threads: calls of one module run one after the other (its buffers and the engine's context
    are shared), while other Python threads go on. Load the bundle again for calls side by side; the file's weights are
    in memory once all the same.

    Attributes:
        name: the model's name.
        inputs, outputs: name, dtype and shape of each, in order.
        dims: the open dimensions of the inputs and their bounds; none but for a model of dynamic shape.
        constraints: what the sizes of open dimensions must keep besides.
        variant: label of the variant that runs.
        rejected: (label, reason) of every other variant.
        mode: `inline` (on the calling thread), `task` (on `workers` threads) or `device` (on an accelerator).
        workers: number of worker threads, 0 where the calling thread does the work.
        device: what runs it: `cpu`, or an accelerator as it was asked for (`vulkan://0`).
        fallback: why the processor runs it and not the device that was asked for; empty where there was no need to.
    """

    def __init__(self, manifest: Manifest, selection: Selection, program: Program) -> None:
        self._describe(manifest)
        self.variant = selection.variant.label
        self.rejected = selection.rejected
        self.mode = program.execution.mode
        self.workers = program.execution.workers
        self.device = program.memory.name
        self.fallback = ""
        self._program = program
        self._lock = program.lock
        report = selection.variant.report
        overwritten, alignment = report.get("overwritten", ()), report.get("alignment", ALIGNMENT)
        self._inputs = tuple(
            Slot(spec, program.memory, index in overwritten, alignment) for index, spec in enumerate(manifest.inputs)
        )
        self._staged = None
        if not program.destinations:
            for spec in manifest.outputs:
                element_of(spec)
            self._dtypes = [numpy_dtype(spec.dtype) for spec in manifest.outputs]
            return
        self._outputs = tuple(Slot(spec, program.memory) for spec in manifest.outputs)
        if not any(slot.large for slot in (*self._inputs, *self._outputs)):
            self._staged = program.arguments([slot.staging()[1] for slot in (*self._inputs, *self._outputs)])
            self._fast = tuple((slot.staging()[0], slot.dtype, slot.shape) for slot in self._inputs)
            self._answers = tuple(slot.staging()[0] for slot in self._outputs)

    def _describe(self, manifest: Manifest) -> None:
        self.name = manifest.name
        self.inputs: tuple[TensorSpec, ...] = manifest.inputs
        self.outputs: tuple[TensorSpec, ...] = manifest.outputs
        self.dims: tuple[Bounds, ...] = manifest.dims
        self.constraints: tuple[Constraint, ...] = manifest.constraints
        self._names = tuple(spec.name for spec in manifest.inputs)
        self._known = frozenset(self._names)
        self._results = tuple(spec.name for spec in manifest.outputs)

    def __call__(self, *arrays: Any) -> tuple[np.ndarray, ...]:
        """Run the model on its inputs in order; the outputs in order, as arrays that own their memory.

        Inputs are numpy arrays or anything with `__dlpack__` or `__array__`, of exactly the dtypes and shapes of
        `inputs`. A large input that is C-contiguous and 64-byte aligned is read where it lies, so it must not change
        during the call.

        Raises:
            UsageError: wrong number, dtype or shape.
        """
        if len(arrays) != len(self._inputs):
            self._check_count(arrays)
        if self._staged is not None:
            # Small models: everything is prepared, and this loop is most of what a call costs in Python.
            with self._lock:
                for (staging, dtype, shape), array in zip(self._fast, arrays, strict=False):
                    if type(array) is not _ndarray or array.dtype is not dtype or array.shape != shape:
                        break
                    staging[...] = array
                else:
                    self._program.invoke(self._staged)
                    return tuple([answer.copy() for answer in self._answers])
        # Outside the lock: converting may run the caller's code.
        converted = [slot.convert(array) for slot, array in zip(self._inputs, arrays, strict=True)]
        with self._lock:
            return self._run(converted)

    def run(self, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Run the model on inputs by name; outputs by name, as `__call__`.

        Raises:
            UsageError: unknown or missing names, wrong dtype or shape.
        """
        if inputs.keys() != self._known:
            check_names(tuple(inputs), self.inputs)
        arrays = [inputs[name] for name in self._names]
        return dict(zip(self._results, self(*arrays), strict=False))

    def submit(self, *arrays: Any) -> Future[tuple[np.ndarray, ...]]:
        """Begin a call and return at once; its `result()` is what `__call__` returns, or raises what that would raise.

        Calls of one module run in the order in which they were submitted, on a thread of their own. The arrays must not
        change until the call is done. In asynchronous code: `await asyncio.wrap_future(module.submit(x))`.
        """
        from webtensorc_runtime import asynchronous

        return asynchronous.queue(self).submit(self, *arrays)

    def to_device(self, *arrays: Any) -> tuple[DeviceArray, ...]:
        """The inputs in order as arrays in the device's memory, which calls then read where they lie.

        On the processor an aligned contiguous array is not copied, and must not be written to while a call reads it.

        Raises:
            UsageError: wrong number, dtype or shape.
        """
        from webtensorc_runtime import resident

        self._check_count(arrays)
        memory = self._program.memory
        return tuple(resident.send(array, slot, memory) for array, slot in zip(arrays, self._inputs, strict=True))

    def on_device(self, *arrays: Any) -> tuple[DeviceArray, ...]:
        """Run the model as `__call__` does, and leave the outputs in the device's memory.

        Inputs are what `__call__` takes, or results of this method and of `to_device`, of this module or another one on
        the same device: those are not copied.

        Raises:
            UsageError: wrong number, dtype or shape.
        """
        from webtensorc_runtime import resident

        self._check_count(arrays)
        program = self._program
        converted = [
            array if isinstance(array, resident.DeviceArray) else slot.convert(array)
            for slot, array in zip(self._inputs, arrays, strict=True)
        ]
        if not program.destinations:
            produced = self(*converted)
            specs = zip(self.outputs, produced, strict=True)
            slots = (Slot(TensorSpec(spec.name, spec.dtype, each.shape), program.memory) for spec, each in specs)
            return tuple(resident.send(each, slot, program.memory) for each, slot in zip(produced, slots, strict=True))
        results = resident.receive(self._outputs, program.memory)
        with self._lock:
            given = [
                resident.view(array, slot, program.memory) for slot, array in zip(self._inputs, converted, strict=True)
            ]
            program.invoke(program.arguments([*given, *(each.view for each in results)]))
        return tuple(results)

    @property
    def allocated_bytes(self) -> int:
        """Bytes that the device has taken for buffers so far, for all modules on it, given back or not.

        A call of a model of static shape adds nothing to it once there has been one before: what it gives the caller
        is numpy's memory, and all else is used again.
        """
        return self._program.memory.allocated

    def __repr__(self) -> str:
        given, made = ", ".join(map(str, self.inputs)), ", ".join(map(str, self.outputs))
        return f"<Module {self.name}({given}) -> ({made}), variant {self.variant}, {self.mode}>"

    def _check_count(self, arrays: Sequence[Any]) -> None:
        if len(arrays) != len(self.inputs):
            raise UsageError(
                f"the model takes {len(self.inputs)} inputs, got {len(arrays)}",
                doing="calling the model",
                notes=expectations(self.inputs),
            )

    def _run(self, arrays: list[np.ndarray]) -> tuple[np.ndarray, ...]:
        program = self._program
        given = [slot.read_from(array) for slot, array in zip(self._inputs, arrays, strict=True)]
        if not program.destinations:
            produced = program.invoke(program.arguments(given))
            return tuple(program.copy_out(produced, index, dtype) for index, dtype in enumerate(self._dtypes))
        targets = [slot.write_to() for slot in self._outputs]
        program.invoke(program.arguments([*given, *(view for _, view in targets)]))
        return tuple(
            array if slot.large else array.copy() for slot, (array, _) in zip(self._outputs, targets, strict=True)
        )
