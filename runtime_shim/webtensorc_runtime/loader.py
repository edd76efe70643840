"""From a bundle to a module that runs: open, choose, verify while the engine is imported, bind the weights."""

from __future__ import annotations

import os
from typing import Any

from webtensorc_runtime import cpu, declaration, safetensors
from webtensorc_runtime import device as devices
from webtensorc_runtime.container import Container, open_container
from webtensorc_runtime.errors import UsageError
from webtensorc_runtime.manifest import Variant
from webtensorc_runtime.select import Machine, select


def load(
    source: str | os.PathLike[str] | bytes | Any,
    *,
    device: str | None = None,
    threads: int | None = None,
    variant: str | None = None,
) -> Any:
    """Load the variant of a bundle that suits this machine best; see `webtensorc_runtime.load`."""
    kind = devices.kind_of(device)
    container = _open(source)
    checking = container.verify_in_background()
    try:
        machine = Machine(cpu.architecture(), devices.features(kind), kind)
        general = [each for each in container.manifest.variants if not each.general]
        selection = select(general, machine, container.file, variant)
        devices.resolve(device, threads, selection.variant.mode)  # refuses what it must before anything is loaded
        # The slow imports, while the digests are computed.
        from webtensorc_runtime.engine import Program, native
        from webtensorc_runtime.module import Module

        native()
    finally:
        checking.wait()
    weights = container.members[safetensors.MEMBER]
    slots = safetensors.parse(weights, container.file)

    def program(chosen: Variant) -> Program:
        execution = devices.resolve(device, threads, chosen.mode)
        made = Program(container.members[chosen.module], weights, slots, execution, container.file)
        sides = container.manifest.inputs, container.manifest.outputs
        inputs, outputs = ([spec.at(chosen.sizes) for spec in specs] for specs in sides)
        declaration.check(made.declaration, inputs, outputs, made.destinations, container.file)
        return made

    manifest, chosen = container.manifest, selection.variant
    if not manifest.dims:
        return Module(manifest, selection, program(chosen))
    from webtensorc_runtime.dynamic import DynamicModule

    special = [each for each in manifest.variants if each.general == chosen.label]
    return DynamicModule(manifest, selection, program(chosen), special, program)


def _open(source: Any) -> Container:
    if isinstance(source, str | os.PathLike | bytes | bytearray | memoryview):
        return open_container(source)
    if hasattr(source, "to_buffer"):
        return open_container(source.to_buffer())
    raise UsageError(f"a bundle is a path, bytes or a Bundle object, not {type(source).__name__}")
