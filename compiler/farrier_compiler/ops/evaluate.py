"""Eager evaluation, which interprets graphs with the ops' numpy references."""

from __future__ import annotations

from collections.abc import Sequence

from farrier_compiler.graph import Node, Value, topological
from farrier_compiler.graph.node import is_symbolic, run_reference
from farrier_compiler.ops.creation import SizeOf
from farrier_compiler.sizes.words import ranges
from farrier_compiler.types.elements import Array
from farrier_runtime.errors import DeviceError, FarrierError, ShapeError


class UnknownValueError(FarrierError, RuntimeError):
    """A value is needed but not known: an input while tracing, or an unset parameter."""


def interpret(values: Sequence[Value]) -> list[Array]:
    """Return the elements of values, and compute those that are not known yet.

    A computed value keeps its elements and drops its producer, so that a long eager loop does not
    accumulate a graph.

    Raises:
        UnknownValueError: a value depends on an input of a function that is being traced, or on
            an unset parameter.
        DeviceError: there is not enough memory.
    """
    pending = topological(values)
    pending.reverse()
    while pending:
        _run(pending.pop())
    return [require_data(value) for value in values]


def _run(node: Node) -> None:
    arrays = [require_data(value) for value in node.operands]
    types = tuple(value.type for value in node.results)
    try:
        results = run_reference(node.op, types, arrays)
    except (TypeError, ShapeError):
        if is_symbolic(node.op):
            raise UnknownValueError(_size_unknown(node)) from None
        raise
    except MemoryError:
        raise DeviceError(_no_memory(node)) from None
    for value, data in zip(node.results, results, strict=True):
        value.data = data
        value.producer = None


def unknown_size(size: int) -> str:
    """Return the error text for a dynamic size whose number is requested during tracing."""
    return (
        f"The size '{size}' ({ranges(size)}) is known only when the compiled function is called, "
        "but its number is asked for while the function is traced. Use it in shapes, in arithmetic "
        "and as a tensor, or give InputInfo a number there."
    )


def _no_memory(node: Node) -> str:
    results = [value.type for value in node.results]
    described = ", ".join(type.describe() for type in results)
    gigabytes = sum(type.size * type.dtype.itemsize for type in results) / 1e9
    return (
        f"There is not enough memory to compute {node.op.name}: its result, {described}, takes "
        f"{gigabytes:.3g} GB, beside its operands and what NumPy needs in between. Compute less at "
        "once."
    )


def _size_unknown(node: Node) -> str:
    if isinstance(node.op, SizeOf):
        return unknown_size(node.op.size)
    described = ", ".join(value.type.describe() for value in node.results)
    return (
        f"The value of {node.op.name}, {described}, is not known: its sizes are those of a "
        "function that is being traced. Do not evaluate tensors of such sizes inside of it."
    )


def require_data(value: Value) -> Array:
    """Return the known elements of a value.

    Raises:
        UnknownValueError: they are not known.
    """
    if value.data is not None:
        return value.data
    name = f" '{value.name}'" if value.name else ""
    raise UnknownValueError(
        f"The value of{name or ' a tensor'}, {value.type.describe()}, is not known: it is an unset "
        "parameter, or an input of a function that is being traced. Set the parameter (or call "
        "reset_parameters()), and do not evaluate inputs inside a function that is compiled."
    )
