"""What Vulkan says of a device that the engine's driver does not pass on: types of 16 and 64 bits.

The driver turns these features on wherever a device has them, but does not list them. Structures and numbers are those
of the Vulkan 1.1 specification and its header (vulkan_core.h).
"""

from __future__ import annotations

import ctypes
import functools
import sys
from typing import Any

_LIBRARY = {"win32": "vulkan-1.dll", "darwin": "libvulkan.1.dylib"}.get(sys.platform, "libvulkan.so.1")
_VERSION_1_1 = (1 << 22) | (1 << 12)
_APPLICATION_INFO, _INSTANCE_CREATE_INFO = 0, 1
_PROPERTIES_2, _ID_PROPERTIES = 1000059001, 1000071004

_FEATURES = {39: "Float64", 40: "Int64", 41: "Int16"}
"""Members of VkPhysicalDeviceFeatures by position (shaderFloat64, shaderInt64, shaderInt16), in the words of SPIR-V."""
_FEATURE_COUNT = 55


class _ApplicationInfo(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_uint32),
        ("next", ctypes.c_void_p),
        ("application", ctypes.c_char_p),
        ("application_version", ctypes.c_uint32),
        ("engine", ctypes.c_char_p),
        ("engine_version", ctypes.c_uint32),
        ("api_version", ctypes.c_uint32),
    )


class _InstanceCreateInfo(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_uint32),
        ("next", ctypes.c_void_p),
        ("flags", ctypes.c_uint32),
        ("application", ctypes.POINTER(_ApplicationInfo)),
        ("layer_count", ctypes.c_uint32),
        ("layers", ctypes.c_void_p),
        ("extension_count", ctypes.c_uint32),
        ("extensions", ctypes.c_void_p),
    )


class _IdProperties(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_uint32),
        ("next", ctypes.c_void_p),
        ("device_uuid", ctypes.c_ubyte * 16),
        ("rest", ctypes.c_ubyte * 32),
    )


class _Properties(ctypes.Structure):
    """VkPhysicalDeviceProperties2; of the properties in it, 824 bytes, nothing is read."""

    _fields_ = (("type", ctypes.c_uint32), ("next", ctypes.c_void_p), ("properties", ctypes.c_uint64 * 128))


@functools.cache
def types_of(uuid: str) -> frozenset[str]:
    """The SPIR-V capabilities among `Int16`, `Int64` and `Float64` of the device with a UUID, in hexadecimal.

    Empty where there is no such device, or no Vulkan of version 1.1.
    """
    try:
        return _with_instance(ctypes.CDLL(_LIBRARY), uuid) if uuid else frozenset()
    except (OSError, AttributeError):  # no library, or one without the functions of version 1.1
        return frozenset()


def _with_instance(library: Any, uuid: str) -> frozenset[str]:
    application = _ApplicationInfo(type=_APPLICATION_INFO, api_version=_VERSION_1_1)
    wanted = _InstanceCreateInfo(type=_INSTANCE_CREATE_INFO, application=ctypes.pointer(application))
    instance = ctypes.c_void_p()
    if library.vkCreateInstance(ctypes.byref(wanted), None, ctypes.byref(instance)):
        return frozenset()
    try:
        for device in _devices(library, instance):
            if _uuid(library, device) == uuid:
                return _capabilities(library, device)
        return frozenset()
    finally:
        library.vkDestroyInstance(instance, None)


def _devices(library: Any, instance: ctypes.c_void_p) -> list[ctypes.c_void_p]:
    count = ctypes.c_uint32()
    library.vkEnumeratePhysicalDevices(instance, ctypes.byref(count), None)
    found = (ctypes.c_void_p * count.value)()
    library.vkEnumeratePhysicalDevices(instance, ctypes.byref(count), found)
    return [ctypes.c_void_p(each) for each in found]


def _uuid(library: Any, device: ctypes.c_void_p) -> str:
    identity = _IdProperties(type=_ID_PROPERTIES)
    properties = _Properties(type=_PROPERTIES_2, next=ctypes.addressof(identity))
    library.vkGetPhysicalDeviceProperties2(device, ctypes.byref(properties))
    return bytes(identity.device_uuid).hex()


def _capabilities(library: Any, device: ctypes.c_void_p) -> frozenset[str]:
    flags = (ctypes.c_uint32 * _FEATURE_COUNT)()
    library.vkGetPhysicalDeviceFeatures(device, flags)
    return frozenset(name for at, name in _FEATURES.items() if flags[at])
