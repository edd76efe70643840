"""From a bundle to a module that runs: open, choose, verify while the engine is imported, bind the weights."""

from __future__ import annotations

import os
from typing import Any

from webtensorc_runtime import cpu, declaration, safetensors
from webtensorc_runtime import device as devices
from webtensorc_runtime.container import Container, open_container
from webtensorc_runtime.errors import UsageError
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
        machine = Machine(cpu.architecture(), cpu.features(), kind)
        selection = select(container.manifest.variants, machine, container.file, variant)
        execution = devices.resolve(device, threads, selection.variant.mode)
        # The slow imports, while the digests are computed.
        from webtensorc_runtime.engine import Program, native
        from webtensorc_runtime.module import Module

        native()
    finally:
        checking.wait()
    weights = container.members[safetensors.MEMBER]
    slots = safetensors.parse(weights, container.file)
    program = Program(container.members[selection.variant.module], weights, slots, execution, container.file)
    manifest = container.manifest
    declaration.check(program.declaration, manifest.inputs, manifest.outputs, program.destinations, container.file)
    return Module(manifest, selection, program)


def _open(source: Any) -> Container:
    if isinstance(source, str | os.PathLike | bytes | bytearray | memoryview):
        return open_container(source)
    if hasattr(source, "to_buffer"):
        return open_container(source.to_buffer())
    raise UsageError(f"a bundle is a path, bytes or a Bundle object, not {type(source).__name__}")
