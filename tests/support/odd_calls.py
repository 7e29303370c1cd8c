"""Odd calls of public functions: docstrings' examples with one argument replaced."""

from __future__ import annotations

import ast
import copy
import decimal
import fractions
import inspect
import pathlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import farrier as fr
import farrier_runtime


def _nested(levels: int) -> list[Any]:
    nest: list[Any] = []
    for _ in range(levels):
        nest = [nest]
    return nest


def _circular() -> list[Any]:
    circle: list[Any] = []
    circle.append(circle)
    return circle


class Unreadable:
    """An object that raises whatever it is asked, even for its repr."""

    def __repr__(self) -> str:
        raise RuntimeError("unreadable")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("incomparable")

    __hash__ = None  # pyright: ignore[reportAssignmentType]


# Created afresh for each call, as a call may change or consume them.
ODD: Mapping[str, Callable[[], Any]] = {
    "None": lambda: None,
    "True": lambda: True,
    "-1": lambda: -1,
    "0": lambda: 0,
    "3": lambda: 3,
    "-100": lambda: -100,
    "2**40": lambda: 2**40,
    "2**63": lambda: 2**63,
    "2**64": lambda: 2**64,
    "-2**63-1": lambda: -(2**63) - 1,
    "10**400": lambda: 10**400,
    "0.5": lambda: 0.5,
    "1e400": lambda: 1e400,
    "-inf": lambda: -float("inf"),
    "nan": lambda: float("nan"),
    "1j": lambda: 1j,
    "decimal": lambda: decimal.Decimal("1.5"),
    "fraction": lambda: fractions.Fraction(1, 3),
    "''": lambda: "",
    "'x'": lambda: "x",
    "'\\0'": lambda: "\0",
    "'\\ud800'": lambda: "\ud800",
    "long": lambda: "n" * 5000,
    "b'x'": lambda: b"x",
    "path": lambda: pathlib.Path("/nonexistent/x"),
    "'/'": lambda: "/",
    "()": lambda: (),
    "[]": lambda: [],
    "[1]": lambda: [1],
    "(0,)": lambda: (0,),
    "(-1,)": lambda: (-1,),
    "(1, 2)": lambda: (1, 2),
    "(2**40, 2**40)": lambda: (2**40, 2**40),
    "(2**63,)": lambda: (2**63,),
    "(0.5,)": lambda: (0.5,),
    "(nan,)": lambda: (float("nan"),),
    "('a',)": lambda: ("a",),
    "(None,)": lambda: (None,),
    "((1, 2),)": lambda: ((1, 2),),
    "ragged": lambda: [[1], [1, 2]],
    "nested": lambda: _nested(200),
    "deep": lambda: _nested(2000),
    "circular": _circular,
    "{}": dict,
    "{1: 2}": lambda: {1: 2},
    "{'x': 1}": lambda: {"x": 1},
    "{1}": lambda: {1},
    "set": set,
    "range": lambda: range(3),
    "slice": lambda: slice(None),
    "...": lambda: ...,
    "generator": lambda: (x for x in (1, 2)),
    "object": object,
    "unreadable": Unreadable,
    "lambda": lambda: lambda: None,
    "type": lambda: int,
    "module": lambda: np,
    "np.int64": lambda: np.int64(3),
    "np.float16(nan)": lambda: np.float16("nan"),
    "np.datetime64": lambda: np.datetime64("2020-01-01"),
    "array()": lambda: np.array(1.5),
    "array([])": lambda: np.array([]),
    "array('a')": lambda: np.array(["a"]),
    "array(None)": lambda: np.array([None]),
    "array(complex)": lambda: np.array([1j]),
    "array(records)": lambda: np.zeros(2, [("a", "i4")]),
    "array(0, 3)": lambda: np.ones((0, 3), np.float32),
    "array rank 33": lambda: np.ones((1,) * 33, np.float32),
    "Tensor 1.0": lambda: fr.Tensor(1.0),
    "Tensor 2": lambda: fr.Tensor(2),
    "Tensor [True]": lambda: fr.Tensor([True]),
    "Tensor (0,)": lambda: fr.zeros((0,)),
    "Tensor int8 rank 3": lambda: fr.ones((1, 2, 3), dtype=fr.int8),
    "Tensor float16": lambda: fr.ones((2, 3), dtype=fr.float16),
    "Tensor float8": lambda: fr.ones((2,), dtype=fr.float8),
    "Tensor quantized": lambda: fr.quantize(fr.ones((2, 2)), 0.5, fr.int8),
    "Tensor int4": lambda: fr.ones((4,), dtype=fr.int4),
    "fr.float32": lambda: fr.float32,
    "fr.bool": lambda: fr.bool,
    "fr.floating": lambda: fr.floating,
    "np.float32": lambda: np.float32,
    "np.dtype": lambda: np.dtype("int16"),
    "'float32'": lambda: "float32",
    "dimension": lambda: fr.NamedDimension("n", 1, 2, 3),
    "InputInfo": lambda: fr.InputInfo((2, 3), fr.float32),
    "Module": lambda: fr.Linear(2, 2),
    "Module class": lambda: fr.Linear,
    "device": lambda: fr.device("cpu"),
    "error": lambda: ValueError("x"),
    "OrderedDict": lambda: OrderedDict(a=fr.ones((1,))),
}


@dataclass(frozen=True)
class OddCall:
    """The statements of an example, with one argument of the last one replaced.

    Attributes:
        name: the function, the parameter and the argument.
        before: the statements that come first.
        call: the call, which reads the argument as `odd_argument`.
        odd: creates the argument.
        names: what the statements may use besides.
    """

    name: str
    before: str
    call: ast.Expression
    odd: Callable[[], Any]
    names: Mapping[str, Any]

    def run(self) -> None:
        """Run the statements and the call; what they raise is for the caller to judge."""
        names = {**self.names, "fr": fr, "np": np, "farrier_runtime": farrier_runtime}
        exec(self.before, names)
        names["odd_argument"] = self.odd()
        eval(compile(self.call, "<odd call>", "eval"), names)


@dataclass(frozen=True)
class Example:
    """Statements that call a function, such as the example in its docstring.

    Attributes:
        function: the function's name in the statements, after the last dot.
        signature: its parameters, without `self`.
        statements: the statements, in order.
        kept: parameters whose arguments stay as they are.
        names: what the statements may use besides `fr`, `np` and `farrier_runtime`.
    """

    function: str
    signature: inspect.Signature
    statements: Sequence[str]
    kept: frozenset[str] = frozenset()
    names: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def calls(self) -> Iterator[OddCall]:
        """Yield all calls of the function, each with one argument replaced or added."""
        for position, source in enumerate(self.statements):
            before = "\n".join(self.statements[:position])
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.Call) and _called(node) == self.function:
                    yield from self._exchanged(before, node)

    def as_method(self) -> Example:
        """Return the example in which the function is a method of its first argument."""
        statements = [
            ast.unparse(_Methods(self.function).visit(ast.parse(source)))
            for source in self.statements
        ]
        parameters = list(self.signature.parameters.values())[1:]
        return Example(
            self.function, inspect.Signature(parameters), statements, self.kept, self.names
        )

    def _exchanged(self, before: str, node: ast.Call) -> Iterator[OddCall]:
        for parameter, changed in _variants(self.signature, node):
            if parameter in self.kept:
                continue
            call = ast.fix_missing_locations(ast.Expression(changed))
            for argument, odd in ODD.items():
                yield OddCall(
                    f"{self.function}({parameter}={argument})", before, call, odd, self.names
                )


class _Methods(ast.NodeTransformer):
    def __init__(self, function: str) -> None:
        self._function = function

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if _called(node) == self._function and node.args:
            node.func = ast.Attribute(node.args.pop(0), self._function, ast.Load())
        return node


def _called(node: ast.Call) -> str:
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _variants(signature: inspect.Signature, node: ast.Call) -> Iterator[tuple[str, ast.Call]]:
    """Yield the call with each argument replaced, and with each omitted parameter given."""
    odd = ast.Name("odd_argument", ast.Load())
    names = list(signature.parameters)
    for i in range(len(node.args)):
        changed = copy.deepcopy(node)
        changed.args[i] = odd
        yield names[i] if i < len(names) else f"{i}", changed
    for i, keyword in enumerate(node.keywords):
        changed = copy.deepcopy(node)
        changed.keywords[i].value = odd
        yield keyword.arg or "**", changed
    given = {*names[: len(node.args)], *[keyword.arg for keyword in node.keywords]}
    for parameter in signature.parameters.values():
        if parameter.name not in given and parameter.kind not in _VARIADIC:
            changed = copy.deepcopy(node)
            changed.keywords.append(ast.keyword(parameter.name, odd))
            yield parameter.name, changed


_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
