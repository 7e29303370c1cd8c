"""Kernels that are written as MLIR text."""
