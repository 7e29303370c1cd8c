"""Modules: layers with parameters, and what composes them."""
