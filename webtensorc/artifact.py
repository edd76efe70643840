"""Artifact: one target's compiled module. Bundle: graph, weights and every artifact as one deterministic file."""

from __future__ import annotations

import mmap
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from webtensorc_runtime import safetensors, zip_layout
from webtensorc_runtime.container import GRAPH, MANIFEST, comment_for, in_memory, open_container
from webtensorc_runtime.manifest import Manifest, Member, Variant, oldest_reader

from webtensorc import scratch
from webtensorc.errors import DiagnosticError, OutOfResourcesError, UsageError
from webtensorc.model import Model
from webtensorc.phase import Phase
from webtensorc.plan import passes_after
from webtensorc.sealed import Sealed
from webtensorc.variants import Special, read_special, sized_graph, written

__all__ = ["Artifact", "Bundle"]


@dataclass(frozen=True)
class Artifact:
    """One target's compiled module.

    Attributes:
        label: the target's specification, unique in a bundle (`x86-64-v3`).
        device: kind of device: `cpu`, `vulkan`, `cuda`.
        features: what the device must have, in LLVM's feature names.
        module: the module's bytes (VMFB).
        plan: the compilation plan as text.
        flags: flags of the native compiler.
        mode: `inline` for programs that run on the calling thread, `task` for those worth a pool of workers.
        report: facts about the compiled program, JSON-ready.
        architecture: instruction set as `uname -m` names it (`x86_64`); empty where any will do.
        general, sizes, weights: of one for particular sizes, as `webtensorc_runtime.manifest.Variant` has them.
    """

    label: str
    device: str
    features: tuple[str, ...]
    module: bytes
    plan: str
    flags: tuple[str, ...]
    mode: str
    report: dict[str, Any]
    architecture: str = ""
    general: str = ""
    sizes: Mapping[str, int] = field(default_factory=dict)
    weights: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bundle:
    """A model and its compiled artifacts; equal content gives equal bytes, wherever and whenever it is written.

    Attributes:
        model: the graph without weights, the weights, the signature.
        artifacts: one per target, labels distinct.
        versions: versions of what made the artifacts, by package name.
        own_weights: what artifacts for particular sizes read besides the model's weights, by name.
        specials: the graphs that artifacts for particular sizes are compiled from.
        prepack: whether weights are stored as GPUs read them, too, where the bundle is for GPUs.
        sealed_weights: checksums of the weights' member where they are known already; trusted.
    """

    model: Model
    artifacts: tuple[Artifact, ...]
    versions: Mapping[str, str]
    own_weights: Mapping[str, np.ndarray] = field(default_factory=dict)
    specials: tuple[Special, ...] = ()
    prepack: bool = False
    sealed_weights: Sealed | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        labels = [artifact.label for artifact in self.artifacts]
        if len(set(labels)) != len(labels):
            raise UsageError("two artifacts of one bundle have the same label", notes=tuple(labels))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the bundle to `path`, atomically: afterwards there is the whole new file or what was there before.

        Raises:
            UsageError: nothing can be written there (no folder, no permission, a device).
            OutOfResourcesError: the disk is full.
        """
        target = Path(path)
        try:
            with scratch.replacing(target) as partial, partial.open("xb") as file:
                for piece in self._pieces():
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
        except (OSError, ValueError) as error:  # ValueError: a null character in the name
            raise _cannot_write(target, error) from None

    @classmethod
    def load(cls, path: str | os.PathLike[str] | bytes) -> Bundle:
        """Read a bundle back, every digest checked; weights and modules of a file are mapped, not copied.

        Raises:
            InvalidFileError: not a bundle, damaged, unsafe, or of a schema not read here.
        """
        container = open_container(path)
        container.verify_in_background().wait()
        manifest, members = container.manifest, container.members
        stored = safetensors.arrays(members[safetensors.MEMBER], container.file)
        own = {name: stored[name] for each in manifest.variants for name in each.weights if name in stored}
        weights = {name: array for name, array in stored.items() if name not in own}
        done = passes_after(Phase.GRAPH, manifest.variants[0].plan) if manifest.variants else ()
        model = Model(
            manifest.name,
            bytes(members[GRAPH]),
            weights,
            manifest.inputs,
            manifest.outputs,
            dims=manifest.dims,
            done=done,
            constraints=manifest.constraints,
            changed_by=manifest.changed_by,
        )
        artifacts = tuple(_artifact(variant, members[variant.module]) for variant in manifest.variants)
        specials = tuple(
            read_special(each, model, bytes(members[each.graph]), stored, container.file)
            for each in manifest.sized_graphs
        )
        return cls(model, artifacts, manifest.versions, own, specials, manifest.prepack)

    def to_bytes(self) -> bytes:
        """The bytes that `save` writes."""
        return b"".join(self._pieces())

    def to_buffer(self) -> mmap.mmap:
        """The same bytes in page-aligned memory, where the runtime uses them in place."""
        buffer = in_memory(self._layout.size)
        for piece in self._pieces():
            buffer.write(piece)
        return buffer

    @property
    def manifest(self) -> Manifest:
        """What the bundle says of itself."""
        return self._sealed[0]

    @property
    def _weights(self) -> dict[str, np.ndarray]:
        return {**self.model.weights, **self.own_weights}

    @cached_property
    def _members(self) -> dict[str, bytes]:
        """Every member but the manifest and the weights, which are streamed."""
        graphs = zip(_graph_names(self.specials), (each.model.graph for each in self.specials), strict=True)
        modules = zip(_module_names(self.artifacts), (each.module for each in self.artifacts), strict=True)
        return {GRAPH: self.model.graph, **dict(graphs), **dict(modules)}

    @cached_property
    def _sealed(self) -> tuple[Manifest, dict[str, Sealed]]:
        sealed = {name: Sealed.of((memoryview(data),)) for name, data in self._members.items()}
        sealed[safetensors.MEMBER] = self.sealed_weights or Sealed.of_weights(self._weights)
        names = _module_names(self.artifacts)
        manifest = Manifest(
            name=self.model.name,
            inputs=self.model.inputs,
            outputs=self.model.outputs,
            versions=dict(self.versions),
            members={name: Member(each.size, each.sha256) for name, each in sealed.items()},
            variants=tuple(_variant(artifact, name) for artifact, name in zip(self.artifacts, names, strict=True)),
            oldest_reader=oldest_reader(self.model.dims, self.model.constraints),
            dims=self.model.dims,
            constraints=self.model.constraints,
            changed_by=self.model.changed_by,
            sized_graphs=tuple(map(sized_graph, self.specials, _graph_names(self.specials))),
            prepack=self.prepack,
        )
        return manifest, sealed

    @cached_property
    def _text(self) -> bytes:
        return self.manifest.to_json()

    @cached_property
    def _layout(self) -> zip_layout.Layout:
        sealed = {MANIFEST: Sealed.of((memoryview(self._text),)), **self._sealed[1]}
        entries = [zip_layout.Entry(name, each.size, each.crc) for name, each in sealed.items()]
        return zip_layout.plan_layout(entries, comment_for(self.manifest, sealed[MANIFEST].sha256[0]))

    def _pieces(self) -> Iterator[memoryview]:
        data = {MANIFEST: self._text, **self._members}
        for placed in self._layout.members:
            yield memoryview(placed.header)
            if placed.entry.name == safetensors.MEMBER:
                yield from safetensors.encode(self._weights)
            else:
                yield memoryview(data[placed.entry.name])
        yield memoryview(self._layout.tail)


def _module_names(artifacts: Sequence[Artifact]) -> list[str]:
    return _member_names("modules", "vmfb", [each.label for each in artifacts])


def _graph_names(specials: Sequence[Special]) -> list[str]:
    return _member_names("graphs", "mlirbc", [written(each.sizes) for each in specials])


def _member_names(folder: str, ending: str, labels: Sequence[str]) -> list[str]:
    """A member name for each label: the label in characters that every file system takes, numbered if need be."""
    names: list[str] = []
    for label in labels:
        stem = re.sub(r"[^a-z0-9._-]+", "-", label.lower()).strip("-.")[:80] or folder[:-1]
        name, number = f"{folder}/{stem}.{ending}", 1
        while name in names:
            number += 1
            name = f"{folder}/{stem}-{number}.{ending}"
        names.append(name)
    return names


def _variant(artifact: Artifact, module: str) -> Variant:
    return Variant(
        label=artifact.label,
        device=artifact.device,
        architecture=artifact.architecture,
        features=tuple(sorted(artifact.features)),
        module=module,
        mode=artifact.mode,
        flags=artifact.flags,
        plan=artifact.plan,
        report=artifact.report,
        general=artifact.general,
        sizes=artifact.sizes,
        weights=artifact.weights,
    )


def _artifact(variant: Variant, module: memoryview) -> Artifact:
    return Artifact(
        label=variant.label,
        device=variant.device,
        features=variant.features,
        module=bytes(module),
        plan=variant.plan,
        flags=variant.flags,
        mode=variant.mode,
        report=dict(variant.report),
        architecture=variant.architecture,
        general=variant.general,
        sizes=variant.sizes,
        weights=variant.weights,
    )


def _cannot_write(target: Path, error: OSError | ValueError) -> DiagnosticError:
    if exhausted := OutOfResourcesError.of(error):
        exhausted.file, exhausted.doing = str(target), "writing the bundle"
        return exhausted
    return UsageError(
        f"cannot write the bundle: {(getattr(error, 'strerror', None) or str(error)).lower()}",
        file=str(target),
        doing="writing the bundle",
        hint="check the folder and its permissions",
    )
