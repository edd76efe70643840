"""Operators that ONNX's own definitions compute: the values of their attributes, which no schema tells."""

from __future__ import annotations

from typing import Literal

from webtensorc.frontends.onnx.registry import definition

Reduction = Literal["mean", "sum", "none"]


@definition("NegativeLogLikelihoodLoss")
def negative_log_likelihood_loss(*, reduction: Reduction = "mean") -> None:
    """The loss of log probabilities (NegativeLogLikelihoodLoss, opset 12)."""


@definition("SoftmaxCrossEntropyLoss")
def softmax_cross_entropy_loss(*, reduction: Reduction = "mean") -> None:
    """The loss of scores (SoftmaxCrossEntropyLoss, opset 12)."""


@definition("CausalConvWithState")
def causal_conv_with_state(*, activation: Literal["none", "silu", "swish"] = "none") -> None:
    """A convolution along time that hands its last inputs on (CausalConvWithState, opset 27)."""


@definition("LinearAttention")
def linear_attention(*, update_rule: Literal["gated_delta", "linear", "gated", "delta"] = "gated_delta") -> None:
    """Attention whose state is a matrix (LinearAttention, opset 27)."""
