"""Kernels for processors with vector registers, written out as MLIR: the code of a `stream.executable`.

The native compiler lowers such a kernel to machine code and changes nothing about its loops
(`#iree_codegen.no_pipeline`), so what a kernel file says is what runs. Each family of kernels is one file, on top of
`code` (writing MLIR), `machine` (what the target can do), `epilogue` (elementwise work on results still in registers)
and `executable` (the frame around a kernel, and how it is called).
"""
