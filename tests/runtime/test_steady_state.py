"""Once a model has been called, a call takes no memory for buffers: shown by the counter of the device's allocator."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import webtensorc_runtime
from webtensorc_runtime.device import Execution, open_device
from webtensorc_runtime.engine import native

from webtensorc.artifact import Bundle

PRODUCTS = """
%first = stablehlo.dot_general %a, %a, contracting_dims = [1] x [0]
  : (tensor<300x300xf32>, tensor<300x300xf32>) -> tensor<300x300xf32>
%second = stablehlo.dot_general %first, %a, contracting_dims = [1] x [0]
  : (tensor<300x300xf32>, tensor<300x300xf32>) -> tensor<300x300xf32>
return %second : tensor<300x300xf32>
"""


@pytest.mark.parametrize("device", ["local-sync", "local-task"])
def test_a_call_allocates_nothing(compiled: Callable[..., Bundle], device: str) -> None:
    module = webtensorc_runtime.load(compiled(PRODUCTS, "a:float32[300,300]", "b:float32[300,300]"), device=device)
    x = np.full((300, 300), 0.01, np.float32)
    before = module.allocated_bytes
    module(x)
    if device == "local-sync":  # what workers use of their pool is not counted
        assert module.allocated_bytes >= before + x.nbytes, "the counter counts"
    after = module.allocated_bytes
    for _ in range(3):
        np.testing.assert_allclose(module(x)[0], x @ x @ x, rtol=1e-4)
    assert module.allocated_bytes == after


def test_little_is_kept_of_many_sizes() -> None:
    """As a model of open sizes asks for them."""
    runtime = native()
    allocator = open_device(runtime, Execution(0)).allocator
    local, usage = int(runtime.MemoryType.DEVICE_LOCAL), int(runtime.BufferUsage.DEFAULT)

    def held() -> int:
        counts = allocator.statistics
        return counts["device_bytes_allocated"] - counts["device_bytes_freed"]

    before, sizes = held(), [n << 16 for n in range(1, 51)]
    for size in sizes:
        buffer = allocator.allocate_buffer(local, usage, size)
        del buffer
    assert held() - before <= 8 * max(sizes) < sum(sizes)
    allocator.trim()
    assert held() <= before
