"""Devices other than the processor: what drivers find, and what the devices can do."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_CAPABILITY_MAJOR, _CAPABILITY_MINOR = 75, 76
"""CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR of the CUDA driver API (cuda.h)."""
_OLDEST_CAPABILITY = 50


class UnavailableError(Exception):
    """No driver or no device; the message is the reason in the driver's words, one line."""


@dataclass(frozen=True)
class Found:
    """A device of this machine.

    Attributes:
        uri: what `device=` takes (`vulkan://0`).
        name: the maker's name for it.
    """

    uri: str
    name: str


def devices(runtime: Any, kind: str) -> list[Found]:
    """The devices that the driver for `kind` finds; `runtime` is IREE's native module.

    Raises:
        UnavailableError: there is no driver, or it finds nothing.
    """
    found = _driver(runtime, kind).query_available_devices()
    if not found:
        raise UnavailableError(f"the {kind} driver finds no device")
    return [Found(f"{kind}://{number}", each["name"]) for number, each in enumerate(found)]


def create(runtime: Any, device: str) -> Any:
    """Open `vulkan` (the driver's choice), `vulkan://1` (by number) or `vulkan://GPU-...` (by the driver's path).

    Raises:
        UnavailableError: there is no driver, or no such device.
    """
    kind, _, which = device.partition("://")
    driver = _driver(runtime, kind)
    try:
        if not which:
            return driver.create_default_device()
        if not which.isdecimal():
            return driver.create_device_by_uri(device)
        found = driver.query_available_devices()
        if int(which) < len(found):
            return driver.create_device(found[int(which)])
    except Exception as error:  # whatever the status maps to
        raise UnavailableError(_reason(error)) from None
    raise UnavailableError(f"the {kind} driver finds {len(found)} device{'s' * (len(found) != 1)}, counted from 0")


def features(kind: str) -> frozenset[str]:
    """What the first device of a kind has, in the words of targets: compute capabilities as `sm_80`, or nothing."""
    return KINDS[kind]()


def _driver(runtime: Any, kind: str) -> Any:
    try:
        return runtime.create_hal_driver(kind)
    except Exception as error:  # whatever the status maps to
        raise UnavailableError(_reason(error)) from None


def _reason(error: Exception) -> str:
    """The last part of an IREE status, `FILE:LINE: CODE; text; text`, of its first line."""
    lines = str(error).strip().splitlines()
    _, mark, text = lines[0].partition("; ") if lines else ("", "", "")
    return text if mark else str(error) or type(error).__name__


def _compute_capabilities() -> frozenset[str]:
    """`sm_XY` of the first CUDA device and of all before it: the driver compiles PTX of an older one for it."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return frozenset()
    device, values = ctypes.c_int(), (ctypes.c_int(), ctypes.c_int())
    statuses = [driver.cuInit(0), driver.cuDeviceGet(ctypes.byref(device), 0)]
    for value, attribute in zip(values, (_CAPABILITY_MAJOR, _CAPABILITY_MINOR), strict=True):
        statuses.append(driver.cuDeviceGetAttribute(ctypes.byref(value), attribute, device))
    if any(statuses):
        return frozenset()
    return frozenset(f"sm_{each}" for each in range(_OLDEST_CAPABILITY, values[0].value * 10 + values[1].value + 1))


KINDS: dict[str, Callable[[], frozenset[str]]] = {"vulkan": frozenset, "cuda": _compute_capabilities}
"""Kinds of accelerators, and how to ask what one can do."""
