"""What Vulkan says of a device that the engine's driver does not pass on: types of 16 and 64 bits, matrix products.

The driver turns these features on wherever a device has them, but does not list them. Structures and numbers are those
of the Vulkan 1.1 specification, the extension VK_KHR_cooperative_matrix and their header (vulkan_core.h).
"""

from __future__ import annotations

import ctypes
import functools
import sys
from collections.abc import Callable
from typing import Any

_LIBRARY = {"win32": "vulkan-1.dll", "darwin": "libvulkan.1.dylib"}.get(sys.platform, "libvulkan.so.1")
_VERSION_1_1 = (1 << 22) | (1 << 12)
_APPLICATION_INFO, _INSTANCE_CREATE_INFO = 0, 1
_PROPERTIES_2, _ID_PROPERTIES = 1000059001, 1000071004

_FEATURES = {39: "Float64", 40: "Int64", 41: "Int16"}
"""Members of VkPhysicalDeviceFeatures by position (shaderFloat64, shaderInt64, shaderInt16), in the words of SPIR-V."""
_FEATURE_COUNT = 55

_MATRIX_PROPERTIES, _SUBGROUP_SCOPE = 1000506001, 3
_COMPONENTS = {0: "f16", 1: "f32", 2: "f64", 3: "i8", 5: "i32", 7: "i8", 9: "i32", 1000141000: "bf16"}
"""VkComponentTypeKHR in MLIR's words, whose integers have no sign."""


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


class _MatrixProperties(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_uint32),
        ("next", ctypes.c_void_p),
        *((name, ctypes.c_uint32) for name in ("m", "n", "k", "a", "b", "c", "result", "saturating", "scope")),
    )


_Question = Callable[[Any, ctypes.c_void_p, ctypes.c_void_p], frozenset[str]]
"""What is to be found out, from the library, an instance and a device of it."""


@functools.cache
def types_of(uuid: str) -> frozenset[str]:
    """The SPIR-V capabilities among `Int16`, `Int64` and `Float64` of the device with a UUID, in hexadecimal.

    Empty where there is no such device, or no Vulkan of version 1.1.
    """
    return _asked(uuid, lambda library, instance, device: _capabilities(library, device))


@functools.cache
def matrices_of(uuid: str) -> frozenset[str]:
    """The products of matrices that subgroups of a device can compute, as `CooperativeMatrix16x8x16xf16xf32`.

    Those are rows, columns and depth, the type of both factors, and that of the sum. Only to be asked of a device with
    the extension VK_KHR_cooperative_matrix.
    """
    return _asked(uuid, _matrices)


def _asked(uuid: str, question: _Question) -> frozenset[str]:
    try:
        return _with_instance(ctypes.CDLL(_LIBRARY), uuid, question) if uuid else frozenset()
    except (OSError, AttributeError):  # no library, or one without the functions of version 1.1
        return frozenset()


def _with_instance(library: Any, uuid: str, question: _Question) -> frozenset[str]:
    application = _ApplicationInfo(type=_APPLICATION_INFO, api_version=_VERSION_1_1)
    wanted = _InstanceCreateInfo(type=_INSTANCE_CREATE_INFO, application=ctypes.pointer(application))
    instance = ctypes.c_void_p()
    if library.vkCreateInstance(ctypes.byref(wanted), None, ctypes.byref(instance)):
        return frozenset()
    try:
        for device in _devices(library, instance):
            if _uuid(library, device) == uuid:
                return question(library, instance, device)
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


def _matrices(library: Any, instance: ctypes.c_void_p, device: ctypes.c_void_p) -> frozenset[str]:
    library.vkGetInstanceProcAddr.restype = ctypes.c_void_p
    address = library.vkGetInstanceProcAddr(instance, b"vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR")
    if not address:
        return frozenset()
    query = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)(address)
    count = ctypes.c_uint32()
    query(device, ctypes.addressof(count), None)
    rows = (_MatrixProperties * count.value)(*(_MatrixProperties(type=_MATRIX_PROPERTIES) for _ in range(count.value)))
    query(device, ctypes.addressof(count), ctypes.addressof(rows))
    return frozenset(
        f"CooperativeMatrix{row.m}x{row.n}x{row.k}x{_COMPONENTS[row.a]}x{_COMPONENTS[row.c]}"
        for row in rows
        if row.scope == _SUBGROUP_SCOPE and (row.a, row.c) == (row.b, row.result) and {row.a, row.c} <= set(_COMPONENTS)
    )
