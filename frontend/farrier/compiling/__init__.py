"""Tracing, compiling and running functions."""
