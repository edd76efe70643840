"""Operators alone and in short chains, beside ONNX Runtime: `python -m benchmarks.operators`."""
