"""Parser of quantised types in graph text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from farrier_compiler.graph.syntax import Cursor
from farrier_compiler.types.elements import parse_element
from farrier_compiler.types.uniform import Quantization
from farrier_runtime.dtypes import dtype


def read(cursor: Cursor) -> tuple[dtype, Quantization]:
    """Step over a quantised type after its `!`, and return its storage type and parameters.

    Raises:
        ParseError: something else comes.
    """
    cursor.expect("quant.uniform")
    cursor.expect("<")
    storage, limits = _dtype(cursor), None
    if cursor.accept("<"):
        limits = (_whole(cursor), _whole(cursor, ":"))
        cursor.expect(">")
    cursor.expect(":")
    expressed, axis, block = _dtype(cursor), None, None
    if cursor.accept(":"):
        if cursor.accept("{"):
            block = tuple(cursor.items("}", lambda: _block_size(cursor)))
        else:
            axis = _whole(cursor)
    cursor.expect(",")
    pairs = list(_pairs(cursor, expressed))
    cursor.expect(">")
    scale, zero_point = (tuple(part) for part in zip(*pairs, strict=True))
    return storage, Quantization(expressed, scale, zero_point, axis, block, limits)


def _dtype(cursor: Cursor) -> dtype:
    token = cursor.next
    literal = cursor.literal()
    if not isinstance(literal, dtype):
        cursor.fail(f"expected a data type, such as f32, but found {token.shown()}", token)
    return literal


def _whole(cursor: Cursor, after: str = "") -> int:
    if after:
        cursor.expect(after)
    token = cursor.next
    literal: Any = cursor.literal()
    if type(literal) is not int:
        cursor.fail(f"expected a whole number, but found {token.shown()}", token)
    return literal


def _block_size(cursor: Cursor) -> int:
    _whole(cursor)
    return _whole(cursor, ":")


def _pairs(cursor: Cursor, expressed: dtype) -> Iterator[tuple[float, int]]:
    if cursor.accept("{"):
        for pairs in cursor.items("}", lambda: list(_pairs(cursor, expressed))):
            yield from pairs
        return
    token = cursor.take("number", "a scale")
    scale = parse_element(token.text, expressed)
    if scale is None or not float(scale) > 0:
        cursor.fail(f"{token.text} is not a valid scale of {expressed}", token)
    yield float(scale), _whole(cursor) if cursor.accept(":") else 0
