"""Every error that Farrier raises on purpose, each also the builtin a Python user would catch."""

from __future__ import annotations


class FarrierError(Exception):
    """The base of all of Farrier's errors.

    Attributes:
        explained: whether the text already shows the user's line.
    """

    explained: bool = False


class ArgumentError(FarrierError, ValueError):
    """An argument has a value that cannot be used."""


class ShapeError(FarrierError, ValueError):
    """Shapes do not fit the operation."""


class DtypeError(FarrierError, TypeError):
    """Data types do not fit the operation."""


class InputError(FarrierError, ValueError):
    """A compiled function was called with inputs that do not match its signature."""


class ArtifactError(FarrierError, ValueError):
    """A file is no artifact of ours, is damaged, or was made by another version."""


class DeviceError(FarrierError, RuntimeError):
    """The machine lacks the device, driver or CPU features that were asked for."""


class CompileError(FarrierError, RuntimeError):
    """The compiler refused a program, or died of it."""


class ParseError(FarrierError, ValueError):
    """Text is not what it should be: graph text, a pipeline, a command-line argument."""
