"""The version of farrier, farrier_compiler and farrier_runtime: they are released together."""

__version__ = "0.1.0"
