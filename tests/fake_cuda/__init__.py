"""A fake CUDA driver: how tests build it and run a Python program with it, without a GPU."""
