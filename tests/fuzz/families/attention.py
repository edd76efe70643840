"""Attention as ONNX defines it."""

from __future__ import annotations

import numpy as np
from fuzzing.case import Case
from fuzzing.draw import Drawer, array, case, family, flag, integer, pick

LOOSE = {"rtol": 5e-5}


@family(since=23)
def attention(draw: Drawer, opset: int) -> Case:
    kind = pick(draw, np.float32, np.float16)
    batch, kv_heads, groups = integer(draw, 1, 2), integer(draw, 1, 2), integer(draw, 1, 2)
    heads = kv_heads * groups
    new, old, width, value = integer(draw, 1, 4), integer(draw, 1, 4), integer(draw, 1, 4), integer(draw, 1, 4)
    flat = flag(draw)
    options: dict[str, object] = {
        "is_causal": pick(draw, None, 0, 1),
        "scale": pick(draw, None, 0.5),
        "softcap": pick(draw, None, 2.0),
    }
    if flat:
        options |= {"q_num_heads": heads, "kv_num_heads": kv_heads}

    def part(count: int, length: int, size: int) -> np.ndarray:
        return array(draw, kind, (batch, length, count * size) if flat else (batch, count, length, size))

    past = integer(draw, 1, 3) if flag(draw) else 0
    inputs = [part(heads, new, width), part(kv_heads, old, width), part(kv_heads, old, value)]
    mask = None
    if flag(draw):
        sizes = pick(draw, (new, past + old), (batch, 1, new, past + old), (1, heads, new, past + old))
        mask = array(draw, kind, sizes) if flag(draw) else np.ones(sizes, bool)
        if mask.dtype == bool:
            mask[..., past + old - 1 :] = past + old == 1
    inputs.append(mask)
    if past:
        inputs += [array(draw, kind, (batch, kv_heads, past, size)) for size in (width, value)]
    wanted = [True, bool(past), bool(past)]
    return case(draw, opset, "Attention", inputs, outputs=wanted, how=LOOSE, **options)


@family(since=23)
def rotary_embedding(draw: Drawer, opset: int) -> Case:
    batch, heads, length, half = integer(draw, 1, 2), integer(draw, 1, 2), integer(draw, 1, 4), integer(draw, 1, 3)
    size = 2 * half + pick(draw, 0, 2)
    partial = size != 2 * half
    flat = flag(draw)
    x = array(draw, np.float32, (batch, length, heads * size) if flat else (batch, heads, length, size))
    positions = flag(draw)
    tables = (8, half) if positions else (batch, length, half)
    rng = np.random.default_rng(integer(draw, 0, 99))
    where = rng.integers(0, 8, (batch, length)).astype(np.int64) if positions else None
    inputs = [x, array(draw, np.float32, tables), array(draw, np.float32, tables), where]
    return case(
        draw,
        opset,
        "RotaryEmbedding",
        inputs,
        interleaved=pick(draw, None, 0, 1),
        num_heads=heads if flat else None,
        rotary_embedding_dim=2 * half if partial else None,
    )


@family()
def loss(draw: Drawer, opset: int) -> Case:
    opset = max(opset, 12)
    operator = pick(draw, "NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss")
    classes = integer(draw, 2, 4)
    rest = tuple(integer(draw, 1, 3) for _ in range(integer(draw, 0, 2)))
    x = array(draw, np.float32, (2, classes, *rest))
    rng = np.random.default_rng(integer(draw, 0, 99))
    target = rng.integers(0, classes, (2, *rest)).astype(np.int64)
    ignore = pick(draw, None, 0, 1)
    target.flat[0] = 1 - (ignore or 0)  # something is left
    weight = np.abs(array(draw, np.float32, (classes,))) + np.float32(0.5) if flag(draw) else None
    reduction = pick(draw, None, "mean", "sum", "none")
    outputs = 2 if operator.startswith("Softmax") and flag(draw) else 1
    options = {"reduction": reduction, "ignore_index": ignore}
    return case(draw, opset, operator, [x, target, weight], outputs=outputs, how=LOOSE, **options)
