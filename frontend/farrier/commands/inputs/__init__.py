"""Inputs on the command line, with their types, sizes and elements."""
