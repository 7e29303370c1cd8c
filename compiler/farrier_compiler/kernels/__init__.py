"""Kernels written as MLIR text."""
