"""What ONNX Runtime's optimisers write: fused operators of its own domain, compared with itself."""

from __future__ import annotations

from typing import Any

import numpy as np
from fuzzing.case import Array, Case, Known
from fuzzing.draw import Drawer, array, case, family, flag, integer, pick, shape

from families.convolutions import image, ints, window

LOOSE = {"oracle": "onnxruntime", "rtol": 5e-5}
FLOAT = np.float32


def fused(draw: Drawer, opset: int, operator: str, inputs: list[Any], **options: Any) -> Case:
    return case(draw, min(opset, 20), operator, inputs, **{"how": LOOSE, "domain": "com.microsoft", **options})


def small(draw: Drawer, *sizes: int) -> Array:
    return array(draw, FLOAT, sizes) / FLOAT(4)


@family(since=13)
def gelus(draw: Drawer, opset: int) -> Case:
    operator = pick(draw, "Gelu", "BiasGelu", "FastGelu", "QuickGelu")
    x = array(draw, FLOAT, shape(draw, 1, 3, smallest=1))
    takes_bias = operator == "BiasGelu" or (operator == "FastGelu" and flag(draw))
    inputs = [x, array(draw, FLOAT, x.shape[-1:])] if takes_bias else [x]
    alpha = pick(draw, None, 1.0) if operator == "QuickGelu" else None
    return fused(draw, opset, operator, inputs, alpha=alpha)


@family(since=13)
def fused_matmul(draw: Drawer, opset: int) -> Case:
    m, k, n, b = (integer(draw, 1, 4) for _ in range(4))
    turns = [pick(draw, None, 0, 1) for _ in range(2)]
    batches = [pick(draw, None, 1) for _ in range(2)] if flag(draw) else [None, None]
    batched = flag(draw) or any(batches)
    arrays = []
    for rows, columns, turn, rotate in ((m, k, turns[0], batches[0]), (k, n, turns[1], batches[1])):
        sizes = [columns, rows] if turn else [rows, columns]
        if batched:
            sizes = [sizes[0], b, sizes[1]] if rotate else [b, *sizes]
        arrays.append(array(draw, FLOAT, sizes))
    flags = {"transA": turns[0], "transB": turns[1], "transBatchA": batches[0], "transBatchB": batches[1]}
    return fused(draw, opset, "FusedMatMul", arrays, alpha=pick(draw, None, 0.5), **flags)


@family(since=13)
def fused_conv(draw: Drawer, opset: int) -> Case:
    kernel = ints(draw, 2, 1, 3)
    options = window(draw, kernel, simple=True)
    each, maps = integer(draw, 1, 3), integer(draw, 1, 3)
    x = array(draw, FLOAT, (1, each, *image(draw, kernel, options)))
    inputs = [x, array(draw, FLOAT, (maps, each, *kernel)), array(draw, FLOAT, (maps,)) if flag(draw) else None]
    activation = pick(draw, None, "Relu", "Sigmoid", "Tanh", "LeakyRelu", "Clip")
    numbers = {"LeakyRelu": [0.25], "Clip": [-1.0, 2.0]}.get(activation or "")
    return fused(draw, opset, "FusedConv", inputs, activation=activation, activation_params=numbers, **options)


@family(since=17)
def skip_normalization(draw: Drawer, opset: int) -> Case:
    simplified = flag(draw)
    width = integer(draw, 2, 6)
    x, skip = (array(draw, FLOAT, (2, 3, width)) for _ in range(2))
    vectors = [array(draw, FLOAT, (width,)) if index == 0 or flag(draw) else None for index in range(3)]
    operator = "SkipSimplifiedLayerNormalization" if simplified else "SkipLayerNormalization"
    inputs = [x, skip, vectors[0], *([] if simplified else [vectors[1]]), vectors[2]]
    wanted = [True, False, False, flag(draw)]
    return fused(draw, opset, operator, inputs, outputs=wanted, epsilon=pick(draw, None, 1e-2))


@family(since=17)
def simplified_normalization(draw: Drawer, opset: int) -> Case:
    sizes = shape(draw, 2, 3, smallest=2)
    inputs = [array(draw, FLOAT, sizes), array(draw, FLOAT, sizes[-1:])]
    return fused(draw, opset, "SimplifiedLayerNormalization", inputs, domain="", epsilon=pick(draw, None, 1e-2))


@family(since=13)
def embed_normalization(draw: Drawer, opset: int) -> Case:
    batch, length, width = integer(draw, 1, 2), integer(draw, 1, 4), 4
    rng = np.random.default_rng(integer(draw, 0, 99))
    ids, segments = (rng.integers(0, n, (batch, length)).astype(np.int32) for n in (6, 2))
    has_segments = flag(draw)
    mask = rng.integers(0, 2, (batch, length)).astype(np.int32) if flag(draw) else None
    inputs = [
        ids,
        segments if has_segments else None,
        array(draw, FLOAT, (6, width)),
        array(draw, FLOAT, (5, width)),
        array(draw, FLOAT, (2, width)) if has_segments else None,
        array(draw, FLOAT, (width,)),
        array(draw, FLOAT, (width,)),
        mask,
    ]
    return fused(draw, opset, "EmbedLayerNormalization", inputs, outputs=2, epsilon=1e-5)


@family(since=13)
def multi_head_attention(draw: Drawer, opset: int) -> Case:
    batch, heads, size = integer(draw, 1, 2), integer(draw, 1, 2), pick(draw, 2, 4)
    new, total = integer(draw, 1, 3), integer(draw, 1, 4)
    width = heads * size
    rng = np.random.default_rng(integer(draw, 0, 99))
    form = pick(draw, "apart", "split", "cached")
    past = integer(draw, 1, 3) if form == "cached" else 0
    keys = new if past else total
    sizes = (batch, heads, keys, size) if form == "split" else (batch, keys, width)
    inputs: list[Any] = [small(draw, batch, new, width), *(small(draw, *sizes) for _ in range(2))]
    total = past + keys
    bias = small(draw, 3 * width) if form == "apart" and flag(draw) else None
    mask = None
    if flag(draw):
        mask = rng.integers(0, 2, (batch, total)).astype(np.int32)
        mask[:, 0] = 1
    added = small(draw, pick(draw, 1, batch), pick(draw, 1, heads), new, total) if flag(draw) else None
    inputs += [bias, mask, added, *(small(draw, batch, heads, past, size) for _ in range(2) if past)]
    causal = pick(draw, None, 0, 1) if past else None
    wanted = [True, bool(past), bool(past)]
    options = {"scale": pick(draw, None, 0.5), "unidirectional": causal}
    return fused(draw, opset, "MultiHeadAttention", inputs, outputs=wanted, num_heads=heads, **options)


@family(since=13)
def attention(draw: Drawer, opset: int) -> Case:
    batch, heads, size, new = integer(draw, 1, 2), integer(draw, 1, 2), pick(draw, 2, 4), integer(draw, 1, 3)
    width, wide = integer(draw, 2, 4), heads * size
    past = integer(draw, 1, 2) if flag(draw) else 0
    rng = np.random.default_rng(integer(draw, 0, 99))
    total = past + new
    mask = None
    if flag(draw):
        mask = rng.integers(0, 2, pick(draw, (batch, total), (batch, new, total))).astype(np.int32)
        mask[..., 0] = 1
    elif flag(draw) and not past:
        mask = rng.integers(1, total + 1, (batch,)).astype(np.int32)
    inputs = [
        small(draw, batch, new, width),
        small(draw, width, 3 * wide),
        small(draw, 3 * wide),
        mask,
        small(draw, 2, batch, heads, past, size) if past else None,
    ]
    options = {"unidirectional": pick(draw, None, 0, 1), "scale": pick(draw, None, 0.5)}
    return fused(draw, opset, "Attention", inputs, outputs=2 if past else 1, num_heads=heads, **options)


@family(since=13)
def qattention(draw: Drawer, opset: int) -> Case:
    batch, heads, size, new, width = 1, integer(draw, 1, 2), 4, integer(draw, 1, 3), integer(draw, 2, 4)
    wide = heads * size
    inputs = [
        array(draw, np.uint8, (batch, new, width), wild=True),
        Known(array(draw, np.int8, (width, 3 * wide))),
        small(draw, 3 * wide),
        FLOAT(0.0625),
        FLOAT(0.125),
        None,
        np.uint8(integer(draw, 0, 255)),
        np.int8(0),
    ]
    return fused(draw, opset, "QAttention", inputs, num_heads=heads, unidirectional=pick(draw, None, 0, 1))


@family(since=13)
def rotary_embedding(draw: Drawer, opset: int) -> Case:
    batch, heads, length, half = integer(draw, 1, 2), integer(draw, 1, 2), integer(draw, 1, 3), 4
    flat = flag(draw)
    size = 2 * half
    x = small(draw, *((batch, length, heads * size) if flat else (batch, heads, length, size)))
    rng = np.random.default_rng(integer(draw, 0, 99))
    places = rng.integers(0, 8, (batch, length)) if flag(draw) else rng.integers(0, 4, (1,))
    inputs = [x, places.astype(np.int64), small(draw, 8, half), small(draw, 8, half)]
    return fused(draw, opset, "RotaryEmbedding", inputs, interleaved=pick(draw, None, 0, 1))


@family(since=13)
def group_query_attention(draw: Drawer, opset: int) -> Case:
    batch, kv, size = integer(draw, 1, 2), integer(draw, 1, 2), 16
    heads = kv * integer(draw, 1, 2)
    past = integer(draw, 0, 3)
    new = integer(draw, 1, 3) if not past else 1
    total = past + new
    packed = flag(draw)
    rotary = flag(draw)
    width = (heads + 2 * kv) * size
    qkv = (
        [small(draw, batch, new, width), None, None]
        if packed
        else [small(draw, batch, new, count * size) for count in (heads, kv, kv)]
    )
    caches = [small(draw, batch, kv, past, size) for _ in range(2)]
    tables = [small(draw, 8, size // 2) for _ in range(2)] if rotary else [None, None]
    lengths = np.full((batch,), total - 1, np.int32)
    sink = small(draw, heads) if flag(draw) else None
    inputs = [*qkv, *caches, lengths, Known(np.asarray(total, np.int32)), *tables, None, None, sink]
    return fused(
        draw,
        opset,
        "GroupQueryAttention",
        inputs,
        outputs=3,
        smooth_softmax=pick(draw, None, 1) if sink is None else None,
        num_heads=heads,
        kv_num_heads=kv,
        do_rotary=1 if rotary else None,
        rotary_interleaved=pick(draw, None, 1) if rotary else None,
        local_window_size=pick(draw, None, 2),
        softcap=pick(draw, None, 2.0),
        scale=pick(draw, None, 0.5),
    )


@family(since=13)
def matmul_nbits(draw: Drawer, opset: int) -> Case:
    bits, block = pick(draw, 4, 8, 2), pick(draw, 16, 32)
    m, n, k = integer(draw, 1, 3), integer(draw, 1, 4), integer(draw, 1, 3) * block
    blocks = k // block
    b = array(draw, np.uint8, (n, blocks, block * bits // 8), wild=True)
    scales = np.abs(array(draw, FLOAT, (n * blocks,))) + FLOAT(0.25)
    zeros = array(draw, np.uint8, (n * -(-blocks * bits // 8),), wild=True) if flag(draw) else None
    inputs = [small(draw, m, k), Known(b), Known(scales), zeros if zeros is None else Known(zeros)]
    # ONNX Runtime takes zero points of reordered groups from elsewhere, and weights of two bits in them for others.
    if bits == 4 and zeros is None and flag(draw):
        rng = np.random.default_rng(integer(draw, 0, 99))
        inputs.append(Known(rng.permutation(np.repeat(np.arange(blocks), block)).astype(np.int32)))
    return fused(draw, opset, "MatMulNBits", inputs, K=k, N=n, bits=bits, block_size=block)


@family(since=13)
def integer_products(draw: Drawer, opset: int) -> Case:
    m, k, n = (integer(draw, 1, 5) for _ in range(3))
    columns = pick(draw, (), (n,))
    b_kind = pick(draw, np.int8, np.uint8)
    b = array(draw, b_kind, (k, n), wild=True)
    b_scale = np.full(columns, 0.125, FLOAT)
    b_zero = array(draw, b_kind, columns, wild=True) if flag(draw) else None
    bias = array(draw, FLOAT, (n,)) if flag(draw) else None
    if flag(draw):
        inputs = [array(draw, FLOAT, (m, k)), b, b_scale, b_zero, bias]
        return fused(draw, opset, "DynamicQuantizeMatMul", inputs)
    a_zero = np.uint8(integer(draw, 0, 255)) if flag(draw) else None
    inputs = [array(draw, np.uint8, (m, k), wild=True), b, FLOAT(0.25), b_scale, a_zero, b_zero, bias]
    return fused(draw, opset, "MatMulIntegerToFloat", inputs)
