"""Programs of others that make a part of some modules: where they are, and which version.

NVIDIA's come with its toolkit or with the package `nvidia-cuda-nvcc` of the environment that webtensorc is in.
"""

from __future__ import annotations

import functools
import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from webtensorc.errors import UsageError

__all__ = ["find", "versions"]


def find(name: str) -> Path:
    """The program `name`: of the environment's own packages, else on the search path.

    Raises:
        UsageError: it is nowhere.
    """
    spec = importlib.util.find_spec("nvidia")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    packaged = (path for folder in folders for path in sorted(Path(folder).glob(f"*/bin/{name}")))
    found = next(packaged, None) or shutil.which(name)
    if found is None:
        raise UsageError(
            f"there is no `{name}` here",
            doing="looking for what the target's modules are made with",
            hint="pip install nvidia-cuda-nvcc",
        )
    return Path(found)


def versions(names: Iterable[str]) -> dict[str, str]:
    """Version of each program, by name.

    Raises:
        UsageError: one is nowhere, or does not say.
    """
    return {name: _version(str(find(name))) for name in names}


@functools.cache
def _version(path: str) -> str:
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    said = re.search(r"\bV(\d+(?:\.\d+)+)", done.stdout)
    if said is None:
        raise UsageError(f"`{path} --version` names no version", hint="is it NVIDIA's?")
    return said[1]
