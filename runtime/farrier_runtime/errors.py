"""The errors that Farrier raises, each also of the builtin type that a Python user would catch."""

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
    """Shapes are not valid for the operation."""


class DtypeError(FarrierError, TypeError):
    """Data types are not valid for the operation."""


class UnsupportedError(FarrierError, TypeError):
    """The object does not support the operation: tensors cannot be iterated over or changed."""


class InputError(FarrierError, ValueError):
    """A compiled function was called with inputs that do not match its signature."""


class ArtifactError(FarrierError, ValueError):
    """A file is not an artifact or weight file, is damaged, or was made by another version."""


class DeviceError(FarrierError, RuntimeError):
    """The machine lacks the requested device, driver, CPU features or memory."""


class CompileError(FarrierError, RuntimeError):
    """The compiler refused a program, or crashed on it."""


class ParseError(FarrierError, ValueError):
    """A text is not valid: graph text, a pipeline or a command-line argument."""
