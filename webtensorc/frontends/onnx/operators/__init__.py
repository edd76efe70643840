"""The ONNX operators as JAX functions, one module per family; `registry` scans this package by file name."""
