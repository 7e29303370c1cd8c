"""Parser of graph text."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import inspect
import typing
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from farrier_compiler.graph import quantized_types
from farrier_compiler.graph.attributes import fields
from farrier_compiler.graph.graph import Graph
from farrier_compiler.graph.node import REGISTRY, Node, Op, Value
from farrier_compiler.graph.syntax import Cursor, Token, described, fits
from farrier_compiler.sizes import SIZE_FUNCTIONS, SymbolicSize, floor_divide, symbol
from farrier_compiler.types.elements import Array, parse_element
from farrier_compiler.types.tensor_type import TensorType
from farrier_runtime.dimension import Dimension
from farrier_runtime.dtypes import BY_NUMPY, BY_SHORT_NAME, dtype
from farrier_runtime.errors import FarrierError, ParseError
from farrier_runtime.hints import did_you_mean


def parse_graph(text: str, constants: Mapping[str, Any] | None = None) -> Graph:
    """Return the graph that a text describes.

    Args:
        text: graph text as `print_graph` writes it; `#` begins a comment.
        constants: arrays for constants, by name. A constant with elements neither here nor in the
            text has no `data`: such a graph can be read, but not lowered.

    Raises:
        ParseError: the text is not valid; the message shows the place.

    Example:
        >>> graph = parse_graph("graph @f(%x: f32[2]) -> f32[2] { return %x }")
        >>> graph.inputs[0].type.shape
        (2,)
    """
    return _Parser(text, constants or {}).graph()


class _Parser(Cursor):
    """Recursive descent over the tokens of one graph."""

    def __init__(self, text: str, arrays: Mapping[str, Any]) -> None:
        super().__init__(text, "Graph text")
        self.arrays = arrays
        self.values: dict[str, Value] = {}
        self.dimensions: dict[str, Dimension] = {}
        self.scalars: dict[tuple[str, dtype], Value] = {}

    # -------------------------------------------------------------- the graph

    def graph(self) -> Graph:
        self.expect("graph")
        token = self.take("constant", "the graph's name, such as @main")
        name = self.unquote(token, token.text[1:])
        if self.accept("["):
            self.items("]", self._dimension)
        self.expect("(")
        inputs = self.items(")", self._input)
        self.expect("->")
        results = self._results()
        self.expect("{")
        constants = dict(self._constants())
        nodes = tuple(self._nodes())
        outputs = self._outputs(results)
        self.expect("}")
        self.take("end", "the end of the text")
        names = tuple(name for name, _ in results)
        return Graph(name, tuple(inputs), tuple(outputs), nodes, constants, names)

    def _dimension(self) -> None:
        token = self._dimension_name()
        self.expect("in")
        self.expect("(")
        bounds = self.items(")", self._size)
        name = self.unquote(token, token.text)
        if name in self.dimensions:
            self.fail(f"the dimension '{name}' is defined twice", token)
        if len(bounds) != 3:
            self.fail(f"'{name}' needs three numbers: its min, opt and max", token)
        try:
            self.dimensions[name] = Dimension(name, *bounds)
        except FarrierError as error:
            self.fail(str(error).rstrip("."), token)

    def _dimension_name(self) -> Token:
        kind = "string" if self.next.kind == "string" else "word"
        return self.take(kind, "the name of a dimension")

    def _known_dimension(self) -> Dimension:
        token = self._dimension_name()
        name = self.unquote(token, token.text)
        if name not in self.dimensions:
            self.fail(f"there is no dimension '{name}'{did_you_mean(name, self.dimensions)}", token)
        return self.dimensions[name]

    def _input(self) -> Value:
        token = self.take("value", "an input, such as %x")
        self.expect(":")
        value = Value(self._type(), name=self.unquote(token, token.text[1:]))
        if self.accept("="):
            value.dimension = self._known_dimension()
        self._bind(token, value)
        return value

    def _results(self) -> list[tuple[str, TensorType]]:
        if not self.accept("("):
            return [("output0", self._type())]
        return self.items(")", self._named_result)

    def _named_result(self) -> tuple[str, TensorType]:
        kind = "string" if self.next.kind == "string" else "word"
        token = self.take(kind, "the name of an output")
        self.expect(":")
        return self.unquote(token, token.text), self._type()

    def _constants(self) -> Iterator[tuple[str, Value]]:
        while self.accept("constant"):
            token = self.take("constant", "the constant's name, such as @weight")
            name = self.unquote(token, token.text[1:])
            self.expect(":")
            type = self._type()
            if not type.is_static:
                self.fail(f"a constant's sizes are numbers, but its type is {type}", token)
            written = self._elements(type) if self.accept("=") else None
            data = self._given(token, name, type) if name in self.arrays else written
            value = Value(type, None, data, name)
            self._bind(token, value)
            yield name, value

    def _given(self, token: Token, name: str, type: TensorType) -> Array:
        data = np.asarray(self.arrays[name])
        dtype = BY_NUMPY.get(data.dtype)
        if dtype is not type.dtype or data.shape != type.shape:
            self.fail(f"the data given for '{name}' is {dtype or data.dtype} {data.shape}", token)
        return data

    def _nodes(self) -> Iterator[Node]:
        while self.next.kind == "value":
            results = [self._result()]
            while self.accept(","):
                results.append(self._result())
            self.expect("=")
            node = self._operation()
            self._check_results(results, node)
            for (token, _), value in zip(results, node.results, strict=True):
                self._bind(token, value)
            yield node

    def _result(self) -> tuple[Token, TensorType]:
        token = self.take("value", "a result, such as %0")
        self.expect(":")
        return token, self._type()

    def _operation(self) -> Node:
        token = self.take("word", "the name of an op")
        if token.text not in REGISTRY:
            self.fail(f"there is no op '{token.text}'{did_you_mean(token.text, REGISTRY)}", token)
        self.expect("(")
        operands = self.items(")", self._operand)
        op = self._op(token, REGISTRY[token.text])
        if not _takes(op, len(operands)):
            self.fail(f"{op.name} does not take {len(operands)} operands", token)
        try:
            return Node(op, operands)
        except FarrierError as error:
            self.fail(str(error).rstrip("."), token)
        except ValueError:  # attributes whose rank differs from the operands'
            described = ", ".join(str(value.type) for value in operands)
            self.fail(f"{op.name} with these attributes does not take ({described})", token)

    def _op(self, token: Token, op: type[Op]) -> Op:
        given: dict[str, Any] = {}
        if self.accept("{"):
            given = dict(self.items("}", lambda: self._attribute(op)))
        for field in fields(op):
            if field.default is dataclasses.MISSING and field.name not in given:
                self.fail(f"{op.name} needs the attribute '{field.name}'", token)
        return op(**given)

    def _attribute(self, op: type[Op]) -> tuple[str, Any]:
        hints = _hints(op)
        names = [field.name for field in fields(op)]
        token = self.take("word", "the name of an attribute")
        if token.text not in names:
            suggestion = did_you_mean(token.text, names)
            self.fail(f"{op.name} has no attribute '{token.text}'{suggestion}", token)
        self.expect("=")
        place, start = self.next, self.position
        value = self.literal()
        if isinstance(value, SymbolicSize) and hints[token.text] is not int:
            self.position = start  # `true` and `f32` may be names of dimensions too
            value = super().literal()
        if not fits(value, hints[token.text]):
            expected = described(hints[token.text])
            self.fail(f"{op.name}'s attribute '{token.text}' must be {expected}", place)
        return token.text, value

    def _check_results(self, results: list[tuple[Token, TensorType]], node: Node) -> None:
        token = results[0][0]
        if len(results) != len(node.results):
            self.fail(f"{node.op.name} has {len(node.results)} results, not {len(results)}", token)
        for (token, type), value in zip(results, node.results, strict=True):
            if not type.agrees(value.type):
                self.fail(f"{node.op.name} returns {value.type} here, not {type}", token)
            value.type = type  # the text may leave out the scales of a constant

    def _outputs(self, results: list[tuple[str, TensorType]]) -> list[Value]:
        start = self.next
        if not self.accept("return"):
            self.fail(f"expected an op's result or 'return', but found {start.shown()}")
        outputs = [] if self.next.text == "}" else [self._operand()]
        while self.accept(","):
            outputs.append(self._operand())
        types = [value.type for value in outputs]
        if types != [type for _, type in results]:
            returned = ", ".join(map(str, types)) or "nothing"
            self.fail(f"the graph returns {returned}, which does not match its signature", start)
        return outputs

    # -------------------------------------------------------------- values and types

    def _bind(self, token: Token, value: Value) -> None:
        if token.text in self.values:
            self.fail(f"{token.text} is defined twice", token)
        self.values[token.text] = value

    def _operand(self) -> Value:
        token = self.next
        if token.kind not in ("value", "constant"):
            return self._scalar()
        self.advance()
        if token.text not in self.values:
            self.fail(f"{token.text} is not defined{did_you_mean(token.text, self.values)}", token)
        return self.values[token.text]

    def _scalar(self) -> Value:
        token = self._take_element("a value")
        self.expect(":")
        dtype = self._dtype()
        key = token.text, dtype
        if key not in self.scalars:
            self.scalars[key] = Value(TensorType((), dtype), None, self._element(token, dtype))
        return self.scalars[key]

    def _take_element(self, expected: str) -> Token:
        token = self.next
        if token.kind != "number" and token.text not in ("true", "false"):
            self.fail(f"expected {expected}, but found {token.shown()}")
        return self.advance()

    def _element(self, token: Token, dtype: dtype) -> Array:
        element = parse_element(token.text, dtype)
        if element is None:
            self.fail(f"{token.text} is not a valid {dtype}", token)
        return element

    def _dtype(self) -> dtype:
        token = self.take("word", "a data type, such as f32")
        if token.text not in BY_SHORT_NAME:
            suggestion = did_you_mean(token.text, BY_SHORT_NAME)
            self.fail(f"there is no data type '{token.text}'{suggestion}", token)
        return BY_SHORT_NAME[token.text]

    def _type(self) -> TensorType:
        quantization = None
        if self.accept("!"):
            dtype, quantization = quantized_types.read(self)
        else:
            dtype = self._dtype()
        self.expect("[")
        start = self.next
        shape = tuple(self.items("]", self._size))
        if not all(isinstance(size, SymbolicSize) or size >= 0 for size in shape):
            self.fail("the size of a dimension is a whole number", start)
        if quantization is not None and not quantization.fits(shape):
            self.fail(f"the scales do not fit the shape {shape}", start)
        return TensorType(shape, dtype, quantization)

    def literal(self) -> Any:
        """Step over an attribute's value, which may be or contain sizes."""
        if not self.dimensions:
            return super().literal()
        start = self.position
        with contextlib.suppress(ParseError):
            size = self._size()
            computed = isinstance(size, SymbolicSize) or self.position > start + 1
            if computed and self.next.text in (",", ")", "}"):
                return size
        self.position = start
        return super().literal()

    def _size(self) -> int:
        total = self._product()
        while self.next.text in ("+", "-"):
            sign = 1 if self.advance().text == "+" else -1
            total = total + self._product() * sign
        return total

    def _product(self) -> int:
        product = self._factor()
        while self.next.text in ("*", "//"):
            operation = self.advance()
            divides, factor = operation.text == "//", self._factor()
            if divides and factor == 0:
                self.fail("a size cannot be divided by 0", operation)
            product = floor_divide(product, factor) if divides else product * factor
        return product

    def _factor(self) -> int:
        if self.accept("-"):
            return -self._factor()
        if self.accept("("):
            size = self._size()
            self.expect(")")
            return size
        if self.next.text in SIZE_FUNCTIONS:
            token = self.advance()
            self.expect("(")
            sizes = self.items(")", self._size)
            if not sizes:
                self.fail(f"{token.text} needs sizes", token)
            return SIZE_FUNCTIONS[token.text](*sizes)
        if self.dimensions and self.next.kind in ("word", "string"):
            return symbol(self._known_dimension())
        token = self.take("number", "the size of a dimension")
        if not token.text.lstrip("-").isdecimal():
            self.fail("the size of a dimension is a whole number", token)
        return int(token.text)

    def _elements(self, type: TensorType) -> Array:
        elements = self._nested(type.shape, type.dtype)
        return np.array(elements, type.dtype.numpy).reshape(type.shape)

    def _nested(self, shape: tuple[int, ...], dtype: dtype) -> list[Array]:
        if not shape:
            return [self._element(self._take_element("an element"), dtype)]
        start = self.expect("[")
        rows = self.items("]", lambda: self._nested(shape[1:], dtype))
        if len(rows) != shape[0]:
            self.fail(f"expected {shape[0]} elements, but found {len(rows)}", start)
        return [element for row in rows for element in row]


@functools.cache
def _hints(op: type[Op]) -> dict[str, Any]:
    return typing.get_type_hints(op)


def _takes(op: Op, count: int) -> bool:
    fixed, variable = _operand_counts(type(op))
    return count == fixed or (variable and count > fixed)


@functools.cache
def _operand_counts(op: type[Op]) -> tuple[int, bool]:
    """Return the least number of operands of an op, and whether it may have more."""
    _, *parameters = inspect.signature(op.reference).parameters.values()
    fixed = sum(p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters)
    return fixed, any(p.kind is p.VAR_POSITIONAL for p in parameters)
