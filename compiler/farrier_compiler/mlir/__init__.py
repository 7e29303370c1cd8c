"""IREE's compiler and its MLIR, as the only door to them."""
