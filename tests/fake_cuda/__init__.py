"""A CUDA driver for tests that needs no GPU: build it, and run a Python program with it."""
