"""Artifact: one target's compiled module. Bundle: graph, weights and every artifact as one deterministic file."""

from __future__ import annotations

import hashlib
import mmap
import os
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from webtensorc_runtime import safetensors, zip_layout
from webtensorc_runtime.container import GRAPH, MANIFEST, comment_for, in_memory, open_container
from webtensorc_runtime.digest import PIECE
from webtensorc_runtime.manifest import Manifest, Member, Variant, oldest_reader

from webtensorc import scratch
from webtensorc.errors import DiagnosticError, OutOfResourcesError, UsageError
from webtensorc.model import Model
from webtensorc.phase import Phase
from webtensorc.plan import passes_after

__all__ = ["Artifact", "Bundle", "Sealed"]

Pieces = Iterable[memoryview]


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
class Sealed:
    """Size and checksums of one member's bytes, so that bytes once read need not be read again to be listed."""

    size: int
    crc: int
    sha256: tuple[str, ...]

    @classmethod
    def of(cls, pieces: Pieces) -> Sealed:
        """Read `pieces` once and seal them; nothing is kept."""
        size, crc, done, current = 0, 0, [], hashlib.sha256()
        for piece in pieces:
            while len(piece):
                part = piece[: PIECE - size % PIECE]
                crc = zlib.crc32(part, crc)
                current.update(part)
                size += len(part)
                piece = piece[len(part) :]
                if size % PIECE == 0:
                    done.append(current.hexdigest())
                    current = hashlib.sha256()
        if size % PIECE or not size:
            done.append(current.hexdigest())
        return cls(size, crc, tuple(done))

    @classmethod
    def of_weights(cls, weights: Mapping[str, Any]) -> Sealed:
        """Seal the member that will hold `weights`: what a cache keeps beside them."""
        return cls.of(safetensors.encode(weights))


@dataclass(frozen=True)
class Bundle:
    """A model and its compiled artifacts; equal content gives equal bytes, wherever and whenever it is written.

    Attributes:
        model: the graph without weights, the weights, the signature.
        artifacts: one per target, labels distinct.
        versions: versions of what made the artifacts, by package name.
        own_weights: what artifacts for particular sizes read besides the model's weights, by name.
        sealed_weights: checksums of the weights' member where they are known already; trusted.
    """

    model: Model
    artifacts: tuple[Artifact, ...]
    versions: Mapping[str, str]
    own_weights: Mapping[str, np.ndarray] = field(default_factory=dict)
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
        weights = safetensors.arrays(members[safetensors.MEMBER], container.file)
        graph = bytes(members[GRAPH])
        own = {name: weights.pop(name) for each in manifest.variants for name in each.weights if name in weights}
        done = passes_after(Phase.GRAPH, manifest.variants[0].plan) if manifest.variants else ()
        model = Model(
            manifest.name,
            graph,
            weights,
            manifest.inputs,
            manifest.outputs,
            dims=manifest.dims,
            done=done,
            constraints=manifest.constraints,
            changed_by=manifest.changed_by,
        )
        artifacts = tuple(_artifact(variant, members[variant.module]) for variant in manifest.variants)
        return cls(model, artifacts, manifest.versions, own)

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
        modules = zip(_module_names(self.artifacts), self.artifacts, strict=True)
        return {GRAPH: self.model.graph, **{name: artifact.module for name, artifact in modules}}

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
    """A member name for each artifact: its label in characters that every file system takes, numbered if need be."""
    names: list[str] = []
    for artifact in artifacts:
        stem = re.sub(r"[^a-z0-9._-]+", "-", artifact.label.lower()).strip("-.")[:80] or "module"
        name, number = f"modules/{stem}.vmfb", 1
        while name in names:
            number += 1
            name = f"modules/{stem}-{number}.vmfb"
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
