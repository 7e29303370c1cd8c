"""Summaries of Modules: the calls inside them and what each call costs."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from typing import Any, Protocol, cast

from farrier.input_info import InputInfo
from farrier.modules.containers import check_depth
from farrier.tensor import Tensor
from farrier_compiler.diagnostics import Scope, explain, here, scope
from farrier_compiler.graph import Node, TensorType, Value, topological
from farrier_compiler.ops.contraction import Contraction
from farrier_runtime.errors import ArgumentError
from farrier_runtime.wording import signature_text


class Summarized(Protocol):
    """A Module, as far as summaries use it."""

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        """Compute its outputs."""
        ...

    def named_parameters(self) -> Iterable[tuple[str, Tensor]]:
        """Yield its parameters with their names."""
        ...

    def state_dict(self) -> Mapping[str, Tensor]:
        """Return its parameters and buffers by name."""
        ...


Call = tuple[Scope, Any]

# Collects calls of Modules as they end, with their results, or None.
recorder: ContextVar[list[Call] | None] = ContextVar("recorder", default=None)


@dataclass(frozen=True)
class SummaryRow:
    """One call of a Module.

    Attributes:
        name: the dotted name, as in `state_dict`; that of the outermost Module is empty.
        class_name: the Module's class.
        depth: the number of calls that it is nested in.
        outputs: the shape and data type of each tensor that the call returns.
        parameters: the number of elements of its parameters, without its children's.
        bytes: the memory of these parameters.
        multiply_adds: those of its matrix products and convolutions, without its children's.
        repeated: whether the Module was called before, with the same parameters.
    """

    name: str
    class_name: str
    depth: int
    outputs: tuple[TensorType, ...]
    parameters: int
    bytes: int
    multiply_adds: int
    repeated: bool


@dataclass(frozen=True, repr=False)
class Summary:
    """The calls inside a Module, printed as a table.

    Attributes:
        rows: the calls in order, each before those inside of it.
        parameters: the number of elements of all parameters, including those of Modules that are
            not called; shared ones count once.
        bytes: the memory of all parameters.
        multiply_adds: the sum over all calls.
    """

    rows: tuple[SummaryRow, ...]
    parameters: int
    bytes: int
    multiply_adds: int

    def __repr__(self) -> str:
        lines = [_HEAD, *self._cells(), ("Total", "", *map(_number, self._totals()))]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        texts = [_aligned(line, widths) for line in lines]
        rule = "-" * max(map(len, texts))
        return "\n".join([texts[0], rule, *texts[1:-1], rule, texts[-1]])

    def _cells(self) -> Iterator[tuple[str, ...]]:
        callers: list[str] = []
        for row in self.rows:
            del callers[row.depth :]
            prefix = f"{callers[-1]}." if callers and callers[-1] else ""
            callers.append(row.name)
            label = f"{row.name.removeprefix(prefix)}: {row.class_name}".removeprefix(": ")
            outputs = ", ".join(type.describe() for type in row.outputs) or "-"
            held = [_number(count) for count in (row.parameters, row.bytes)]
            if row.repeated and row.parameters:
                held = ["(again)"] * 2
            yield ("  " * row.depth + label, outputs, *held, _number(row.multiply_adds))

    def _totals(self) -> tuple[int, int, int]:
        return self.parameters, self.bytes, self.multiply_adds


_HEAD = ("Layer", "Output", "Parameters", "Bytes", "Multiply-adds")


def _number(count: int) -> str:
    return f"{count:,}" if count else "-"


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Return a line of the table: texts to the left, numbers to the right."""
    texts = [cell.ljust(width) for cell, width in zip(cells[:2], widths[:2], strict=True)]
    numbers = [cell.rjust(width) for cell, width in zip(cells[2:], widths[2:], strict=True)]
    return "  ".join([*texts, *numbers])


# ------------------------------------------------------------------ collecting the calls


def summarize(module: Summarized, inputs: Sequence[Any], named: Mapping[str, Any]) -> Summary:
    """Call a module with tensors of unknown elements, and return the calls inside it."""
    _check_arguments(module, inputs, named)
    arguments = [_unknown(argument, f"input{index}") for index, argument in enumerate(inputs)]
    keywords = {name: _unknown(argument, name) for name, argument in named.items()}
    calls: list[Call] = []

    def watched() -> None:
        recorder.set(calls)
        scope.set(None)  # names begin at this module, wherever it is summarized
        module(*arguments, **keywords)

    copy_context().run(watched)
    rows = tuple(_rows(calls))
    parameters, bytes = _held(module.state_dict().values())
    return Summary(rows, parameters, bytes, sum(row.multiply_adds for row in rows))


def _check_arguments(module: Summarized, inputs: Sequence[Any], named: Mapping[str, Any]) -> None:
    signature = inspect.signature(module)
    check_depth("An argument of summary", [list(inputs), dict(named)])
    try:
        signature.bind(*inputs, **named)
    except TypeError as error:
        raise explain(
            ArgumentError(
                f"The arguments do not fit {type(module).__name__}{signature_text(module)}: "
                f"{error}. "
                "Pass an InputInfo, a tensor or an array for each parameter."
            )
        ) from None


def _unknown(argument: Any, name: str) -> Any:
    """Return an argument with a tensor of unknown elements in place of each tensor in it."""
    if isinstance(argument, list | tuple):
        items = [_unknown(item, name) for item in cast("Sequence[Any]", argument)]
        return items if isinstance(argument, list) else tuple(items)
    if isinstance(argument, dict):
        parts = cast("dict[Any, Any]", argument)
        return {key: _unknown(part, name) for key, part in parts.items()}
    if isinstance(argument, InputInfo):
        type = TensorType(argument.shape_bounds.opt, argument.dtype)
    elif isinstance(argument, Tensor) or hasattr(argument, "__array__"):
        type = (argument if isinstance(argument, Tensor) else Tensor(argument)).value.type
    else:
        return argument
    return Tensor.of(Value(type, None, None, name, here()))


def _rows(calls: Sequence[Call]) -> Iterator[SummaryRow]:
    """Yield the calls in the order in which they began; they are noted as they end."""
    inner: dict[Scope | None, list[Call]] = {}
    for place, result in calls:
        if _outermost(place) is place:
            caller = place.parent and _outermost(place.parent)
            inner.setdefault(caller, []).append((place, result))
    costs = _costs(calls)
    called: set[int] = set()
    pending = [(call, 0) for call in reversed(inner.get(None, []))]
    while pending:
        (place, result), depth = pending.pop()
        pending.extend((call, depth + 1) for call in reversed(inner.get(place, [])))
        yield _row(place, result, depth, costs[place], id(place.owner) in called)
        called.add(id(place.owner))


def _row(place: Scope, result: Any, depth: int, cost: int, repeated: bool) -> SummaryRow:
    module = cast("Summarized", place.owner)
    outputs = tuple(value.type for value in _values(result))
    held = _held(tensor for _, tensor in module.named_parameters())
    return SummaryRow(place.path(), type(module).__name__, depth, outputs, *held, cost, repeated)


def _held(tensors: Iterable[Tensor]) -> tuple[int, int]:
    """Return the number of elements and of bytes of the distinct tensors."""
    types = [tensor.value.type for tensor in dict.fromkeys(tensors)]
    return sum(type.size for type in types), sum(map(_bytes, types))


def _bytes(type: TensorType) -> int:
    return -(-type.size * type.dtype.bits // 8)  # rounded up: int4 is packed


def _outermost(place: Scope) -> Scope:
    """Return the call that a place belongs to: `super().__call__()` is part of its caller."""
    while place.parent is not None and place.parent.owner is place.owner:
        place = place.parent
    return place


def _values(result: Any) -> Iterator[Value]:
    """Yield the values of all tensors in a nested result."""
    if isinstance(result, Tensor):
        yield result.value
    elif isinstance(result, list | tuple):
        for part in cast("Sequence[Any]", result):
            yield from _values(part)
    elif isinstance(result, dict):
        for part in cast("dict[Any, Any]", result).values():
            yield from _values(part)


# ------------------------------------------------------------------ multiply-adds


def _costs(calls: Sequence[Call]) -> Counter[Scope | None]:
    """Return the multiply-adds of the ops that each call made itself."""
    costs: Counter[Scope | None] = Counter()
    for node in topological(value for _, result in calls for value in _values(result)):
        place = node.location.scope if node.location else None
        costs[place and _outermost(place)] += multiply_adds(node)
    return costs


def multiply_adds(node: Node) -> int:
    """Return the multiply-adds of a matrix product or a convolution; 0 for other ops."""
    if not isinstance(node.op, Contraction):
        return 0
    left, right, out = (value.type.shape for value in (*node.operands, node.result))
    return node.op.multiply_adds(left, right, out)
