"""Versions of everything that matters to a bug report, read from package metadata without importing the packages."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from webtensorc._version import __version__

PACKAGES = ("iree-base-compiler", "iree-base-runtime", "jax", "jaxlib", "onnx", "numpy", "ml_dtypes", "onnxruntime")


def versions() -> dict[str, str]:
    """Package name to version, in a fixed order; `not installed` where a package is missing."""
    return {
        "webtensorc": __version__,
        "python": platform.python_version(),
        "platform": f"{platform.system().lower()} {platform.machine()}",
        **{name: _version(name) for name in PACKAGES},
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
