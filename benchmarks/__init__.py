"""Measurements of the project; `python -m benchmarks` compares latency with other engines."""
