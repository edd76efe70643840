"""Parts of language models that ONNX Runtime has one node for: experts, recurrent states."""

from __future__ import annotations

import numpy as np
from fuzzing.case import Array, Case, Known
from fuzzing.draw import Drawer, array, family, flag, integer, pick
from hypothesis import strategies as st

from families.microsoft import FLOAT, fused, small


@family(since=13)
def experts(draw: Drawer, opset: int) -> Case:
    tokens, count, width, inner = integer(draw, 1, 4), integer(draw, 2, 4), 32, 32
    activation = pick(draw, "relu", "gelu", "silu", "identity", "swiglu")
    is_pair = activation == "swiglu"
    ranks = [draw(st.permutations(range(count))) for _ in range(tokens)]  # of equal ones nobody says which is chosen
    shares = [small(draw, tokens, width), np.asarray(ranks, FLOAT) / FLOAT(2)]
    sizes = [(count, (1 + is_pair) * inner, width), (count, width, inner)]
    options = {
        "activation_type": activation,
        "k": integer(draw, 1, count),
        "normalize_routing_weights": pick(draw, None, 1),
        **(
            {"swiglu_fusion": 1, "activation_alpha": 1.5, "activation_beta": 1.0, "swiglu_limit": 1.0}
            if is_pair
            else {}
        ),
    }
    if not is_pair or flag(draw):
        weights = [each for size in sizes for each in (small(draw, *size), small(draw, *size[:2]))]
        return fused(draw, opset, "MoE", [*shares, *weights], **options)
    bits = pick(draw, 4, 8)
    stored: list[Array | Known | None] = []
    for made, rows, given in sizes:
        packed = array(draw, np.uint8, (made, rows, given * bits // 8), wild=True)
        scales = np.abs(array(draw, FLOAT, (made, rows))) / FLOAT(1 << bits) + FLOAT(1 / 64)
        stored += [Known(packed), Known(scales), small(draw, made, rows)]
    options["normalize_routing_weights"] = 1  # ONNX Runtime divides by their sum even if it is told not to
    return fused(draw, opset, "QMoE", [*shares, *stored], expert_weight_bits=bits, **options)


@family(since=13)
def recurrent_states(draw: Drawer, opset: int) -> Case:
    batch, steps = integer(draw, 1, 2), integer(draw, 1, 4)
    if flag(draw):
        channels, taps, dilation = integer(draw, 1, 4), integer(draw, 2, 3), integer(draw, 1, 2)
        past = small(draw, batch, channels, (taps - 1) * dilation) if flag(draw) else None
        bias = small(draw, channels) if flag(draw) else None
        inputs = [small(draw, batch, channels, steps), small(draw, channels, 1, taps), bias, past]
        options = {"activation": pick(draw, None, "silu"), "dilation": dilation}
        return fused(draw, opset, "CausalConvWithState", inputs, outputs=2, **options)
    states, times, keys, values = integer(draw, 1, 2), integer(draw, 1, 2), 4, integer(draw, 1, 4)
    heads = states * times if flag(draw) else states
    rule = pick(draw, "linear", "gated", "delta", "gated_delta")
    inputs = [
        small(draw, batch, steps, count * size) for count, size in ((heads, keys), (states, keys), (states, values))
    ]
    inputs.append(small(draw, batch, states, keys, values) if flag(draw) else None)
    gates = states * pick(draw, 1, keys)
    inputs.append(-np.abs(small(draw, batch, steps, gates)) if "gated" in rule else None)
    inputs.append(np.minimum(np.abs(small(draw, batch, steps, states)), FLOAT(1)) if "delta" in rule else None)
    options = {"q_num_heads": heads, "kv_num_heads": states, "update_rule": rule}
    return fused(draw, opset, "LinearAttention", inputs, outputs=2, **options)
