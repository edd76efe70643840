"""PTX kernels, executed by `ptx_machine`, against their definitions in float64."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ptx_cases import RESIDUAL, array, check, convolution, run
from webtensorc_kernels.convolution import Convolution
from webtensorc_kernels.epilogue import Apply, Constant, Epilogue, Load
from webtensorc_ptx import attention, contraction, finish, hopper, softmax, vector
from webtensorc_ptx.choice import Gpu, choose
from webtensorc_ptx.contraction import Tile

CASES = {
    "float32": (Convolution.product(70, 72, 68), Tile(64, 64, (2, 2)), "f32"),
    "float32, large tile": (Convolution.product(130, 40, 128), Tile(128, 128, (2, 4)), "f32"),
    "float32, no dimension a multiple of four": (Convolution.product(33, 35, 37), Tile(32, 32, (1, 2)), "f32"),
    "tf32": (Convolution.product(70, 72, 68), Tile(64, 64, (2, 2)), "tf32"),
    "float16": (Convolution.product(70, 136, 72), Tile(64, 64, (2, 2)), "f16"),
    "bfloat16, four stages": (Convolution.product(128, 200, 256), Tile(128, 128, (2, 4), 4), "bf16"),
    "convolution": (
        Convolution(2, (9, 11), 8, 40, (3, 3), (5, 6), (2, 2), (1, 1), (1, 1)),
        Tile(32, 32, (1, 2)),
        "tf32",
    ),
    "dilated": (Convolution(1, (12, 12), 4, 36, (3, 3), (8, 8), (1, 1), (2, 2)), Tile(32, 32, (1, 2)), "f32"),
    "three channels": (
        Convolution(1, (16, 16), 3, 24, (7, 7), (8, 8), (2, 2), (1, 1), (3, 3)),
        Tile(32, 32, (1, 2)),
        "f32",
    ),
    "four splits": (Convolution.product(33, 300, 68), Tile(32, 64, (1, 2), 3, 4), "tf32"),
    "more splits than steps": (Convolution.product(33, 100, 64), Tile(32, 64, (1, 4), 2, 8), "f32"),
}


@pytest.mark.parametrize("case", CASES)
def test_contractions(case: str) -> None:
    problem, tile, precision = CASES[case]
    x = array((problem.batch, *problem.image, problem.channels), precision)
    w = array((*problem.kernel, problem.channels, problem.outputs), precision, 1)
    bias, residual = array((problem.outputs,), seed=2), array((problem.points, problem.outputs), seed=3)
    result = precision if precision == "bf16" else "f32"
    kernel = contraction.generate(problem, tile, precision, RESIDUAL, result)
    found = run(kernel, [x, w, bias, residual], residual.shape, result)
    expected = np.maximum(convolution(x, w, problem).reshape(residual.shape) + bias + residual, 0)
    check(found, expected, precision)


@pytest.mark.parametrize("precision", ["f32", "tf32"])
def test_several_products_at_once(precision: str) -> None:
    problem, shape = Convolution.product(70, 72, 68), (3, 70, 68)
    x, w, bias, residual = array((3, 70, 72)), array((3, 72, 68)), array((68,)), array(shape)
    kernel = contraction.generate(problem, Tile(64, 64, (2, 2)), precision, RESIDUAL, count=3)
    check(run(kernel, [x, w, bias, residual], shape), np.maximum(x @ w + bias + residual, 0), precision)


def test_results_row_by_row() -> None:
    x, w = array((3, 70, 72)), array((3, 72, 68))
    problem, tile = Convolution.product(70, 72, 68), Tile(64, 64, (2, 2))
    kernel = contraction.generate(problem, tile, "f32", Epilogue(), count=3, interleaved=True)
    check(run(kernel, [x, w], (70, 3, 68)), (x @ w.astype(float)).transpose(1, 0, 2))


@settings(max_examples=12, deadline=None)
@given(rows=st.integers(2, 70), depth=st.integers(1, 70), columns=st.integers(2, 70), sm=st.sampled_from([80, 90]))
def test_any_product(rows: int, depth: int, columns: int, sm: int) -> None:
    problem = Convolution.product(rows, depth, columns)
    tile = choose(problem, "f32", Gpu(sm))
    assert tile is not None
    x, w = array((rows, depth)), array((depth, columns))
    kernel = contraction.generate(problem, tile, "f32", Epilogue())
    check(run(kernel, [x, w], (rows, columns)), x.astype(float) @ w)


def test_large_problems_have_the_largest_tile() -> None:
    """Whose estimates are all alike; small ones have as many tiles as keep the GPU busy."""
    large, small = (choose(Convolution.product(n, n, n), "tf32", Gpu(90)) for n in (4096, 512))
    assert large is not None and (large.rows, large.columns, large.splits) == (128, 256, 1)
    assert small is not None and small.rows * small.columns < large.rows * large.columns


@pytest.mark.parametrize("precision", ["f16", "bf16"])
def test_warp_groups(precision: str) -> None:
    a, b = array((128, 320), precision), array((320, 512), precision)
    kernel = hopper.generate(Convolution.product(128, 320, 512), precision, Epilogue(), precision)
    expected = a.astype(np.float64) @ b.astype(np.float64)
    check(run(kernel, [a, b], expected.shape, precision), expected, precision)


@pytest.mark.parametrize(("depth", "outputs", "count"), [(300, 68, 1), (513, 64, 3), (1030, 100, 1)])
def test_vectors(depth: int, outputs: int, count: int) -> None:
    x, w, bias, residual = (
        array(shape) for shape in ((count, 1, depth), (count, depth, outputs), (outputs,), (count, 1, outputs))
    )
    for widest in (1, 132):
        kernel = vector.generate(depth, outputs, RESIDUAL, widest=widest, count=count)
        check(run(kernel, [x, w, bias, residual], residual.shape), np.maximum(x @ w.astype(float) + bias + residual, 0))


@pytest.mark.parametrize(("rows", "length"), [(3, 1000), (5, 513), (2, 20), (1, 5000)])
def test_softmax(rows: int, length: int) -> None:
    x = array((rows, length)) * np.float32(3)
    powers = np.exp(x.astype(float) - x.max(1, keepdims=True))
    check(run(softmax.generate(rows, length), [x], x.shape), powers / powers.sum(1, keepdims=True))


def test_softmax_of_what_is_masked() -> None:
    x = array((2, 40))
    x[:, 7:] = -np.inf
    powers = np.exp(x.astype(float) - x.max(1, keepdims=True))
    check(run(softmax.generate(2, 40), [x], x.shape), powers / powers.sum(1, keepdims=True))


@pytest.mark.parametrize(("past", "depth", "widest"), [(512, 64, 132), (40, 128, 1), (1100, 16, 4), (3, 32, 132)])
def test_attention_of_one_query(past: int, depth: int, widest: int) -> None:
    """With a cache and a new key and value, which are parts of two arrays, and masks of keys and of scores."""
    groups, new, cache = 3, array((9, depth)), array((2, 3, past, depth), seed=1)
    part = attention.Part
    keys, values = ((part(1, i * groups * past * depth, past), part(0, (i + 1) * groups * depth)) for i in range(2))
    problem = attention.Decoding(groups, depth, part(0, 0), keys, values)
    bias, mask = array((groups, 1, past + 1), seed=2), array((past + 1,), seed=3)
    mask[1::3] = -np.inf
    f32 = ("f32", "f32", "f32")
    scaled = (Constant("3.0 : f32"), Apply("arith.mulf", (-1, 0), "", f32))
    biased = (Load(0, "result"), Apply("arith.addf", (1, 2), "", f32))
    masked = (Load(1, "channel"), Apply("arith.addf", (3, 4), "", f32))
    assert problem.fits
    epilogue = Epilogue((*scaled, *biased, *masked), ("result", "channel"), (0, 0))
    kernel = attention.generate(problem, epilogue, widest=widest)
    q, *rest = new.astype(float).reshape(3, groups, 1, depth)
    k, v = (np.concatenate([old, young], 1) for old, young in zip(cache.astype(float), rest, strict=True))
    scores = 3 * (k @ q.transpose(0, 2, 1))[..., 0] + bias[:, 0] + mask
    powers = np.exp(scores - scores.max(1, keepdims=True))
    expected = (powers[:, None] @ v)[:, 0] / powers.sum(1, keepdims=True)
    check(run(kernel, [new, cache, bias, mask], (groups, depth)), expected)


@pytest.mark.parametrize(("name", "function"), [("math.exp", np.exp), ("math.tanh", np.tanh), ("math.erf", None)])
def test_functions(name: str, function: np.ufunc | None) -> None:
    """Within 5e-7 of the largest result; the kernel multiplies by the identity first."""
    x = np.linspace(-8, 8, 64 * 32, dtype=np.float32).reshape(64, 32)
    epilogue = Epilogue((Apply(name, (-1,), "", ("f32", "f32")),))
    kernel = contraction.generate(Convolution.product(64, 32, 32), Tile(32, 32, (1, 2)), "f32", epilogue)
    found = run(kernel, [x, np.eye(32, dtype=np.float32)], x.shape)
    from math import erf

    expected = np.vectorize(erf)(x.astype(float)) if function is None else function(x.astype(float))
    assert np.abs(found - expected).max() <= 5e-7 * np.abs(expected).max()


def test_what_cannot_be_written_is_not_supported() -> None:
    add = Apply("arith.addf", (-1, 0), "", ("f32", "f32", "f32"))
    assert finish.supports(Epilogue((Load(0, "point"), add), ("point",), (0,)))
    assert not finish.supports(Epilogue((Load(0, "plane"), add), ("plane",), (0,)))
    assert not finish.supports(Epilogue((Apply("math.sin", (-1,), "", ("f32", "f32")),)))


def test_the_machine_sees_a_missing_barrier() -> None:
    problem = Convolution.product(32, 64, 32)
    kernel = contraction.generate(problem, Tile(32, 32, (1, 2)), "f32", Epilogue())
    broken = contraction.Kernel(**{**vars(kernel), "body": kernel.body.replace("  bar.sync 0;\n", "", 1)})
    with pytest.raises(AssertionError, match="barrier"):
        run(broken, [array((32, 64)), array((64, 32))], (32, 32))
