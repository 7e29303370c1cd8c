"""A fake CUDA driver, with which tests run Python programs for GPUs without one."""
