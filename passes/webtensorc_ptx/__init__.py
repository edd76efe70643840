"""Kernels for NVIDIA GPUs, written as PTX: one file an idea, no tool of NVIDIA's needed.

Source of the instructions' meaning throughout: NVIDIA, Parallel Thread Execution ISA 8.x.
"""
