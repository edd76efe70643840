"""Devices other than the processor: what drivers find, and what the devices can do."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from webtensorc_runtime import vulkan

_CAPABILITY_MAJOR, _CAPABILITY_MINOR = 75, 76
"""CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR of the CUDA driver API (cuda.h)."""
_OLDEST_CAPABILITY = 50
_OLDEST_CUDA = 11
"""The first whose drivers know PTX 7.0."""

_SPIRV_CAPABILITIES = {
    "shaderInt8": "Int8",
    "shaderFloat16": "Float16",
    "shaderIntegerDotProduct": "DotProduct",
    "storageBuffer8BitAccess": "StorageBuffer8BitAccess",
    "storageBuffer16BitAccess": "StorageBuffer16BitAccess",
    "cooperativeMatrix": "CooperativeMatrixKHR",
}
"""Features of Vulkan devices, as IREE's driver lists them, in the words of SPIR-V, which variants use (SPIR-V
specification, section 3.2.30, "Capability")."""
_SUBGROUP_OPERATIONS = {
    0x01: "GroupNonUniform",
    0x02: "GroupNonUniformVote",
    0x04: "GroupNonUniformArithmetic",
    0x08: "GroupNonUniformBallot",
    0x10: "GroupNonUniformShuffle",
    0x20: "GroupNonUniformShuffleRelative",
    0x40: "GroupNonUniformClustered",
    0x80: "GroupNonUniformQuad",
}
"""Bits of Vulkan's VkSubgroupFeatureFlagBits, in the words of SPIR-V."""

_ENDS_LOOPS = "llvmpipe"
"""The driver that ends all loops of an invocation after 65534 rounds (Mesa, `LP_MAX_TGSI_LOOP_ITERATIONS`)."""
_COMPUTE_STAGE = 0x20
"""VK_SHADER_STAGE_COMPUTE_BIT."""

_MEANINGS = {"VK_ERROR_INCOMPATIBLE_DRIVER": "Vulkan's loader is installed, but no driver for any device"}
"""What is meant by codes with which a driver says no more (Vulkan specification, vkCreateInstance)."""


class UnavailableError(Exception):
    """No driver or no device; the message is the reason in the driver's words, one line."""


@dataclass(frozen=True)
class Abilities:
    """What a device can do.

    Attributes:
        features: in the words of variants: `vulkan1.1` and SPIR-V capabilities, or compute capabilities (`sm_80`) and
            the driver's CUDA (`cuda12.0`); of versions, all that it can take the place of.
        memory_bytes: the device's own memory; 0 where the driver does not tell.
        is_software: a driver that computes on the processor, such as Mesa's lavapipe.
    """

    features: frozenset[str] = frozenset()
    memory_bytes: int = 0
    is_software: bool = False


@dataclass(frozen=True)
class Found(Abilities):
    """A device of this machine.

    Attributes, besides those of `Abilities`:
        uri: what `device=` takes (`vulkan://0`).
        path: the driver's own name for it, which `device=` takes as well (`vulkan://GPU-...`).
        name: the maker's name for it.
    """

    uri: str = ""
    path: str = ""
    name: str = ""


def devices(runtime: Any, kind: str) -> list[Found]:
    """The devices that the driver for `kind` finds; `runtime` is IREE's native module.

    Raises:
        UnavailableError: there is no driver, or it finds nothing.
    """
    driver = _driver(runtime, kind)
    try:
        listed = driver.query_available_devices()
    except Exception as error:  # whatever the status maps to
        raise UnavailableError(_reason(error)) from None
    if not listed:
        raise UnavailableError(f"the {kind} driver finds no device")
    found = []
    for number, each in enumerate(listed):
        able = KINDS[kind](number, _description(driver, each["device_id"]))
        uri = f"{kind}://{number}"
        found.append(Found(able.features, able.memory_bytes, able.is_software, uri, each["path"], each["name"]))
    return found


def find(runtime: Any, device: str) -> Found:
    """The device that `vulkan` (the first), `vulkan://1` (by number) or `vulkan://GPU-...` (by path) means.

    Raises:
        UnavailableError: there is no driver, or no such device.
    """
    kind, _, which = device.partition("://")
    found = devices(runtime, kind)
    for each in found:
        if which in ("", each.path) or device == each.uri:
            return each
    raise UnavailableError(f"the {kind} driver finds {len(found)} device{'s' * (len(found) != 1)}, counted from 0")


def create(runtime: Any, device: str) -> Any:
    """Open a device, named as for `find`.

    Raises:
        UnavailableError: there is no driver or no such device, or the driver is too old for IREE's.
    """
    kind = device.partition("://")[0]
    driver, number = _driver(runtime, kind), int(find(runtime, device).uri.rpartition("/")[2])
    try:
        return driver.create_device(driver.query_available_devices()[number])
    except Exception as error:  # whatever the status maps to
        raise UnavailableError(_reason(error)) from None


def _driver(runtime: Any, kind: str) -> Any:
    try:
        return runtime.create_hal_driver(kind)
    except Exception as error:  # whatever the status maps to
        raise UnavailableError(_reason(error)) from None


def _description(driver: Any, identifier: int) -> str:
    """What the driver has to say of a device; nothing, if it describes none."""
    try:
        return str(driver.dump_device_info(identifier))
    except Exception:  # whatever the status maps to
        return ""


def _reason(error: Exception) -> str:
    """The last part of an IREE status, `FILE:LINE: CODE; text; text`, of its first line."""
    lines = str(error).strip().splitlines()
    _, mark, text = lines[0].partition("; ") if lines else ("", "", "")
    said = text if mark else str(error) or type(error).__name__
    return next((f"{meaning} ({code})" for code, meaning in _MEANINGS.items() if code in said), said)


def vulkan_abilities(number: int, text: str) -> Abilities:
    """What IREE's Vulkan driver says of a device in `text`, lines of `key: value`."""
    said = dict(re.findall(r"^(\w+): (.*)$", text, re.MULTILINE))
    major, minor = map(int, re.findall(r"\d+", said.get("api", ""))[:2] or (1, 0))
    flags = dict(each.split("=", 1) for each in said.get("features", "").split() if "=" in each)
    able = {capability for flag, capability in _SPIRV_CAPABILITIES.items() if flags.get(flag) == "yes"}
    able |= vulkan.types_of(said.get("device_uuid", ""))
    if flags.get("cooperativeMatrix") == "yes":  # the function that is asked is there for such devices alone
        able |= vulkan.matrices_of(said.get("device_uuid", ""))
    if flags.get("subgroupSizeControl") == "yes":
        able |= _subgroup_sizes(said.get("subgroup", ""))
    operations = re.search(r"operations=(0x\w+)", said.get("subgroup", ""))
    able |= {each for bit, each in _SUBGROUP_OPERATIONS.items() if operations and int(operations[1], 16) & bit}
    if said.get("driver", _ENDS_LOOPS) != _ENDS_LOOPS:
        able.add("LongLoops")
    versions = {f"vulkan1.{each}" for each in range((minor if major == 1 else 9) + 1)}
    heaps = re.findall(r"^\s+\[\d+\] size=(\d+) flags=(0x\w+)", text, re.MULTILINE)
    local = [int(size) for size, heap_flags in heaps if int(heap_flags, 16) & 1]  # VK_MEMORY_HEAP_DEVICE_LOCAL_BIT
    return Abilities(frozenset(able | versions), max(local, default=0), said.get("type") == "cpu")


def _subgroup_sizes(said: str) -> set[str]:
    """`subgroup32` for each size that a compute kernel may demand."""
    numbers = {key: int(value, 0) for key, value in re.findall(r"(\w+)=(0x\w+|\d+)", said)}
    if not numbers.get("requiredSubgroupSizeStages", 0) & _COMPUTE_STAGE:
        return set()
    least, most = numbers.get("minSubgroupSize", 1), numbers.get("maxSubgroupSize", 0)
    return {f"subgroup{1 << power}" for power in range(8) if least <= 1 << power <= most}


def _cuda_abilities(number: int, text: str) -> Abilities:
    """`sm_XY` of a CUDA device and of all before it, whose PTX its driver compiles, and `sm_XYa` of its own."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return Abilities()
    device, major, minor, size = ctypes.c_int(), ctypes.c_int(), ctypes.c_int(), ctypes.c_size_t()
    version = ctypes.c_int()
    statuses = (
        driver.cuInit(0),
        driver.cuDriverGetVersion(ctypes.byref(version)),
        driver.cuDeviceGet(ctypes.byref(device), number),
        driver.cuDeviceGetAttribute(ctypes.byref(major), _CAPABILITY_MAJOR, device),
        driver.cuDeviceGetAttribute(ctypes.byref(minor), _CAPABILITY_MINOR, device),
        driver.cuDeviceTotalMem_v2(ctypes.byref(size), device),
    )
    if any(statuses):
        return Abilities()
    capability = major.value * 10 + minor.value
    older = {f"sm_{each}" for each in range(_OLDEST_CAPABILITY, capability + 1)}
    return Abilities(frozenset(older | {f"sm_{capability}a"} | _cuda_versions(version.value)), size.value)


def _cuda_versions(number: int) -> set[str]:
    """`cuda13.0` for 13000, and all before it."""
    known = number // 1000, number % 1000 // 10
    versions = ((major, minor) for major in range(_OLDEST_CUDA, known[0] + 1) for minor in range(10))
    return {f"cuda{major}.{minor}" for major, minor in versions if (major, minor) <= known}


KINDS: Mapping[str, Callable[[int, str], Abilities]] = {"cuda": _cuda_abilities, "vulkan": vulkan_abilities}
"""Kinds of accelerators, the preferred first, each with what tells a device's abilities from its number and the
driver's description."""
