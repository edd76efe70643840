"""BiasGelu of ONNX Runtime's own domain: gelu(x + bias)."""

from __future__ import annotations

import jax

from webtensorc.frontends.onnx.registry import op
from webtensorc.frontends.onnx.values import Value


@op("BiasGelu", domain="com.microsoft")
def bias_gelu(x: Value, bias: Value) -> Value:
    """gelu(x + bias), with the error function (com.microsoft BiasGelu, opset 1)."""
    return jax.nn.gelu(x + bias, approximate=False)
