"""From a bundle to a module that runs: open, choose, verify while the engine is imported, bind the weights."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from webtensorc_runtime import accelerators, choice, cpu, declaration, safetensors
from webtensorc_runtime import device as devices
from webtensorc_runtime.container import Container, open_container
from webtensorc_runtime.errors import FallbackWarning, IncompatibleMachineError, UsageError
from webtensorc_runtime.manifest import Variant
from webtensorc_runtime.select import Machine, Selection, select

if TYPE_CHECKING:
    from webtensorc_runtime.engine import Program


def load(
    source: str | os.PathLike[str] | bytes | Any,
    *,
    device: str | None = None,
    threads: int | None = None,
    variant: str | None = None,
    fallback: bool = False,
    specialise: bool = False,
) -> Any:
    """Load the variant of a bundle that suits this machine best; see `webtensorc_runtime.load`."""
    devices.kind_of(device)
    loading = _Loading(_open(source), threads, variant)
    try:
        return loading.best(device, fallback)
    except IncompatibleMachineError as error:
        loading.checking.wait()
        if not specialise:
            raise
        return _Loading(_open(_specialised(source, device, error)), threads, None).best(device, fallback)
    finally:
        loading.checking.wait()


class _Loading:
    """One bundle being loaded, on one device or another."""

    def __init__(self, container: Container, threads: int | None, variant: str | None) -> None:
        self.container = container
        self.checking = container.verify_in_background()
        self.threads = threads
        self.variant = variant

    def best(self, device: str | None, fallback: bool) -> Any:
        """The module for the first device that takes it, or the quickest of all where that is asked."""
        asked, made = device not in ("auto", "fastest"), []
        refusals: list[IncompatibleMachineError] = []
        for each in choice.candidates(device, self.container.manifest.variants, fallback):
            try:
                made.append(self.on(each, self.threads if asked or each == "cpu" else None))
            except IncompatibleMachineError as error:
                refusals.append(error)
                continue
            if device != "fastest":
                break
        if not made:
            raise _joined(refusals, choice.passed_over(device, self.container.manifest.variants))
        if asked and refusals:
            reason = "; ".join((refusals[0].message, *refusals[0].notes))
            made[0].fallback = reason
            warnings.warn(FallbackWarning(f"running on the processor instead of `{device}`: {reason}"), stacklevel=4)
        return made[0] if len(made) == 1 else choice.fastest(made)

    def on(self, device: str | None, threads: int | None) -> Any:
        """The module for one device."""
        selection = self._select(device)
        # Refuses what it must before anything is loaded.
        devices.resolve(device, threads, selection.variant.mode)
        # The slow imports, while the digests are computed.
        from webtensorc_runtime.engine import native
        from webtensorc_runtime.module import Module

        native()
        self.checking.wait()
        manifest, chosen = self.container.manifest, selection.variant
        self.slots = safetensors.parse(self.container.members[safetensors.MEMBER], self.container.file)

        def program(variant: Variant) -> Program:
            return self._program(variant, device, threads)

        if not manifest.dims:
            return Module(manifest, selection, program(chosen))
        from webtensorc_runtime.dynamic import DynamicModule

        special = [each for each in manifest.variants if each.general == chosen.label]
        return DynamicModule(manifest, selection, program(chosen), special, program)

    def _select(self, device: str | None) -> Selection:
        general = [each for each in self.container.manifest.variants if not each.general]
        return select(general, _machine(device), self.container.file, self.variant)

    def _program(self, chosen: Variant, device: str | None, threads: int | None) -> Program:
        from webtensorc_runtime.engine import Program

        container, execution = self.container, devices.resolve(device, threads, chosen.mode)
        weights = container.members[safetensors.MEMBER]
        made = Program(container.members[chosen.module], weights, self.slots, execution, container.file)
        sides = container.manifest.inputs, container.manifest.outputs
        inputs, outputs = ([spec.at(chosen.sizes) for spec in specs] for specs in sides)
        declaration.check(made.declaration, inputs, outputs, made.destinations, container.file)
        return made


def _machine(device: str | None) -> Machine:
    """What variants for a device are matched against.

    Raises:
        IncompatibleMachineError: the device has no driver, or is not there.
    """
    kind = devices.kind_of(device)
    if device is None or kind == "cpu":
        return Machine(cpu.architecture(), cpu.features())
    from webtensorc_runtime.engine import native

    try:
        found = accelerators.find(native(), device)
    except accelerators.UnavailableError as error:
        raise devices.unavailable(device, error) from None
    return Machine(cpu.architecture(), found.features, kind, found.memory_bytes)


def _joined(refusals: Sequence[IncompatibleMachineError], passed_over: tuple[str, ...]) -> IncompatibleMachineError:
    """One error for all devices that were tried, and those that were `passed_over`, a line each."""
    first, *others = refusals
    if others:
        reasons = (line for each in refusals for line in (each.message, *(f"  {note}" for note in each.notes)))
        hint = others[-1].hint
        return IncompatibleMachineError(
            "no device of this machine runs the bundle",
            file=next((each.file for each in refusals if each.file), None),
            doing=first.doing,
            notes=(*reasons, *passed_over),
            hint=hint,
        )
    first.notes = (*first.notes, *passed_over)
    return first


def _specialised(source: Any, device: str | None, error: IncompatibleMachineError) -> Any:
    """The bundle's graph compiled on this machine for its own device.

    Raises:
        IncompatibleMachineError: `error`, if there is no compiler here.
    """
    try:
        from webtensorc.specialise import for_device
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.partition(".")[0] != "webtensorc":
            raise
        error.hint = "install webtensorc on this machine to have the bundle compiled here"
        raise error from None
    return for_device(source, devices.kind_of(None if device in ("auto", "fastest") else device))


def _open(source: Any) -> Container:
    if isinstance(source, str | os.PathLike | bytes | bytearray | memoryview):
        return open_container(source)
    if hasattr(source, "to_buffer"):
        return open_container(source.to_buffer())
    raise UsageError(f"a bundle is a path, bytes or a Bundle object, not {type(source).__name__}")
