"""Attention, run by an interpreter of the code that writes it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_attention import arrays, attended, attentions, masked
from kernel_interpreter import Interpreter
from test_direct import machines
from webtensorc_kernels import attention
from webtensorc_kernels.attention import Attention
from webtensorc_kernels.epilogue import By
from webtensorc_kernels.machine import Machine


def interpreted(p: Attention, machine: Machine, by: By, operands: tuple[np.ndarray, ...]) -> np.ndarray:
    blocks = attention.choose(p, machine)
    names = ("%q", "%k", "%v", "%e0")
    code = Interpreter(blocks.lanes, dict(zip(names, operands, strict=True)))
    attention.generate(p, blocks, masked(by, p.rows), code)
    assert code.stored["%y"].all()
    return code.arrays["%y"]


@settings(deadline=None)
@given(attentions(), machines, st.sampled_from(("plane", "channel")))
def test_every_attention_is_right_and_stays_inside_its_buffers(p: Attention, machine: Machine, by: By) -> None:
    operands = arrays(p, by)
    np.testing.assert_allclose(interpreted(p, machine, by, operands), attended(p, *operands), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("keys", [5, 16, 21])
@pytest.mark.filterwarnings("ignore:invalid value")
def test_rows_without_numbers_give_none(keys: int) -> None:
    """A row of minus infinity, one with a nan, one with infinity; the others are untouched."""
    p = Attention(1, 9, keys, 4, 18)
    q, k, v, mask = arrays(p, "plane")
    mask[...] = 0
    mask[1], mask[3, 2], mask[5, 1] = -np.inf, np.nan, np.inf
    y = interpreted(p, Machine(16, 32, True, True, 1 << 20), "plane", (q, k, v, mask))
    expected = attended(p, q, k, v, mask)
    assert set(np.flatnonzero(np.isnan(expected).all(1))) == {1, 3, 5}
    np.testing.assert_allclose(y, expected, rtol=1e-9)


@given(attentions(keys=600, depth=128, outputs=200), machines)
def test_blocks_fit_the_registers_and_the_problem(p: Attention, machine: Machine) -> None:
    blocks = attention.choose(p, machine)
    assert 1 <= blocks.rows <= p.rows
    for vectors, extent in ((blocks.keys, p.keys), (blocks.outputs, p.outputs)):
        assert vectors == 1 or machine.fits(blocks.rows, vectors)
        assert vectors * blocks.lanes <= extent
