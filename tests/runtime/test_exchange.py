"""DLPack of the types that numpy lacks."""

from __future__ import annotations

from collections.abc import Callable

import jax
import ml_dtypes
import numpy as np
import pytest
import webtensorc_runtime
from runtime_models import MLIR
from webtensorc_runtime import exchange

from webtensorc.artifact import Bundle


class Owner:
    """An array of a package that knows nothing but DLPack's first version."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def __dlpack__(self) -> object:
        return exchange.to_dlpack(self.array)

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


@pytest.mark.parametrize("dtype", ["bfloat16", "float8_e4m3fn", "float8_e5m2"])
def test_they_go_in_and_out_without_a_copy(compiled: Callable[..., Bundle], dtype: str) -> None:
    body = f"return %a : tensor<64x{MLIR[dtype]}>"
    module = webtensorc_runtime.load(compiled(body, f"a:{dtype}[64]", f"r:{dtype}[64]"))
    given = jax.numpy.arange(64).astype(dtype)
    taken = exchange.from_dlpack(given)
    assert (taken.dtype, taken.ctypes.data) == (dtype, given.unsafe_buffer_pointer())
    (result,) = module.on_device(Owner(np.array(given)))
    back = jax.numpy.from_dlpack(result)
    assert (back.dtype, back.unsafe_buffer_pointer()) == (dtype, result.to_host().ctypes.data)
    np.testing.assert_array_equal(np.asarray(back), np.asarray(given))


def test_strides_are_kept() -> None:
    array = np.arange(12).reshape(3, 4).astype(ml_dtypes.bfloat16)
    for each in (array.T, array[:, ::2], array[1:2, 1]):
        np.testing.assert_array_equal(exchange.from_dlpack(Owner(each)), each)


class Negated(Owner):
    """Like the imaginary part of a conjugate in PyTorch: the memory is not what the tensor is."""

    def is_neg(self) -> bool:
        return True

    def resolve_neg(self) -> Owner:
        return Owner(-self.array)


def test_a_negation_that_is_only_noted_is_done() -> None:
    given = np.arange(4, dtype=np.float32)
    np.testing.assert_array_equal(exchange.from_dlpack(Negated(given)), -given)


def test_pytorchs_negated_tensors() -> None:
    torch = pytest.importorskip("torch", reason="no PyTorch: `make torch` installs it")
    given = torch.complex(torch.ones(4), torch.arange(4.0)).conj().imag
    assert given.is_neg()
    np.testing.assert_array_equal(exchange.from_dlpack(given), -np.arange(4))


def test_a_type_that_dlpack_lacks_is_refused() -> None:
    with pytest.raises(BufferError):
        exchange.to_dlpack(np.ones(4, ml_dtypes.int4))
