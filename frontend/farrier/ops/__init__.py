"""Functional ops, a file for each family."""
