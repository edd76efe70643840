"""Size and checksums of a member of a bundle."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from webtensorc_runtime import safetensors
from webtensorc_runtime.digest import PIECE

Pieces = Iterable[memoryview]


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
