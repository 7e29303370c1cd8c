"""The only interface to IREE's compiler and its MLIR."""
