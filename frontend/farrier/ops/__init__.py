"""Functional ops, one file for each family."""
