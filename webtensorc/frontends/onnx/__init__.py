"""The ONNX front end: operators are JAX functions, models are traced and exported to StableHLO."""

from webtensorc.frontends.onnx.check import check
from webtensorc.frontends.onnx.load import load

__all__ = ["check", "load"]
