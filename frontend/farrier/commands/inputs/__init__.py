"""Inputs on the command line: their types, sizes and elements."""
