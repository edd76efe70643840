"""Large aligned arrays are used where they lie, whatever protocol they come by; results are written where they stay."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import webtensorc_runtime
from webtensorc_runtime.container import in_memory
from webtensorc_runtime.tensors import ALIGNMENT, ZERO_COPY_BYTES

from webtensorc.artifact import Bundle

COUNT = ZERO_COPY_BYTES // 4
DOUBLE = f"%r = stablehlo.add %a, %a : tensor<{COUNT}xf32>\nreturn %r : tensor<{COUNT}xf32>"


@pytest.fixture
def double(compiled: Callable[..., Bundle]) -> webtensorc_runtime.Module:
    return webtensorc_runtime.load(compiled(DOUBLE, f"a:float32[{COUNT}]", f"r:float32[{COUNT}]"))


def aligned(offset: int = 0) -> np.ndarray:
    raw = np.zeros(4 * COUNT + 2 * ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT + offset
    return raw[start : start + 4 * COUNT].view(np.float32)


def address(view: object) -> int:
    """Where the memory of an engine's buffer view lies."""
    return int(np.frombuffer(view.map(), np.uint8).ctypes.data)  # type: ignore[attr-defined]


LARGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage")


@pytest.mark.skipif(not LARGE_PAGES.exists(), reason="this system has no large pages")
def test_a_bundle_in_memory_asks_for_large_pages() -> None:
    memory = in_memory(5 << 20)
    where = np.frombuffer(memory, np.uint8).ctypes.data
    found = [each.split() for each in Path("/proc/self/smaps").read_text().splitlines()]
    ranges = [[int(end, 16) for end in words[0].split("-")] for words in found if "-" in words[0]]
    flags = [words[1:] for words in found if words[0] == "VmFlags:"]
    (mine,) = [each for (low, high), each in zip(ranges, flags, strict=True) if low <= where < high]
    assert "hg" in mine and "sh" not in mine  # proc_pid_smaps(5): huge page advise, shared


def test_an_aligned_input_is_read_where_it_lies(double: webtensorc_runtime.Module) -> None:
    array = aligned()
    assert address(double._inputs[0].read_from(array)) == array.ctypes.data
    array.flags.writeable = False
    assert address(double._inputs[0].read_from(array)) == array.ctypes.data


def test_other_inputs_are_copied(double: webtensorc_runtime.Module) -> None:
    for array in (aligned(4), np.zeros(2 * COUNT, np.float32)[::2]):
        assert address(double._inputs[0].read_from(array)) != array.ctypes.data


def test_a_jax_array_is_read_where_it_lies(double: webtensorc_runtime.Module) -> None:
    jnp = pytest.importorskip("jax.numpy")
    given = jnp.arange(COUNT, dtype=jnp.float32)
    converted = double._inputs[0].convert(given)
    assert converted.ctypes.data == given.unsafe_buffer_pointer()
    assert address(double._inputs[0].read_from(converted)) == given.unsafe_buffer_pointer()
    np.testing.assert_array_equal(double(given)[0], 2 * np.arange(COUNT, dtype=np.float32))


def test_results_go_out_by_dlpack_without_a_copy(double: webtensorc_runtime.Module) -> None:
    jax = pytest.importorskip("jax")
    array = aligned()
    array[:] = 3
    (result,) = double(array)
    taken = jax.numpy.from_dlpack(result, copy=False)
    assert taken.unsafe_buffer_pointer() == result.ctypes.data
    del double, result
    gc.collect()
    assert (np.asarray(taken) == 6).all()


def test_torch_tensors_go_in_and_out_without_a_copy(double: webtensorc_runtime.Module) -> None:
    torch = pytest.importorskip("torch", reason="no PyTorch: `make torch` installs it")
    given = torch.from_numpy(aligned())
    given[:] = 3
    converted = double._inputs[0].convert(given)
    assert converted.ctypes.data == given.data_ptr()
    assert address(double._inputs[0].read_from(converted)) == given.data_ptr()
    (result,) = double(given)
    taken = torch.from_dlpack(result)
    assert taken.data_ptr() == result.ctypes.data
    del double, result
    gc.collect()
    assert bool((taken == 6).all())


def test_a_large_result_is_written_where_it_stays(double: webtensorc_runtime.Module) -> None:
    kept, view = double._outputs[0].write_to()
    assert address(view) == kept.ctypes.data
    assert kept.ctypes.data % ALIGNMENT == 0


def test_memory_of_a_result_is_used_again_only_when_nothing_refers_to_it(double: webtensorc_runtime.Module) -> None:
    array = aligned()
    array[:] = 1
    (first,) = double(array)
    part, at = first[1:3], first.ctypes.data
    del first
    array[:] = 2
    (second,) = double(array)
    assert second.ctypes.data != at
    assert part.tolist() == [2, 2]
    del part
    gc.collect()
    (third,) = double(array)
    assert third.ctypes.data == at
