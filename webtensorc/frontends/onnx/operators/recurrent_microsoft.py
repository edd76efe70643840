"""Recurrent networks of ONNX Runtime's domain `com.microsoft`: what its quantiser makes of an LSTM.

Source: ONNX Runtime, docs/ContribOperators.md, opset 1 of the domain.
"""

from __future__ import annotations

from webtensorc.frontends.onnx.operators.linear_microsoft import dynamic_quantize_matmul
from webtensorc.frontends.onnx.operators.recurrent import Direction, Product, long_short_term
from webtensorc.frontends.onnx.operators.recurrent_options import options_of
from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import Value


@op("DynamicQuantizeLSTM", domain="com.microsoft")
def dynamic_quantize_lstm(
    x: Value,
    w: Value,
    r: Value,
    b: Value,
    sequence_lens: Value,
    initial_h: Value,
    initial_c: Value,
    p: Value,
    w_scale: Value,
    w_zero: Value,
    r_scale: Value,
    r_zero: Value,
    *,
    activation_alpha: tuple[float, ...] | None = None,
    activation_beta: tuple[float, ...] | None = None,
    activations: tuple[str, ...] | None = None,
    clip: float | None = None,
    direction: Direction = "forward",
    hidden_size: int | None = None,
    input_forget: int = 0,
) -> Value:
    """LSTM with weights [directions, input, 4 * hidden] of 8 bits, a scale each or one a column.

    The whole input, and in every step the state, are quantised over their range.
    """
    options = options_of(
        direction, ("Sigmoid", "Tanh", "Tanh"), activations, activation_alpha, activation_beta, clip, layout=0
    )

    def products(index: int) -> tuple[Product, Product]:
        def from_input(whole: Value) -> Value:
            return dynamic_quantize_matmul(whole, w[index], w_scale[index], w_zero[index])

        def from_state(before: Value) -> Value:
            return dynamic_quantize_matmul(before, r[index], r_scale[index], r_zero[index])

        return from_input, from_state

    initial = (initial_h, initial_c)
    return long_short_term(x, options, r.shape[1], products, b, sequence_lens, initial, p, bool(input_forget))
