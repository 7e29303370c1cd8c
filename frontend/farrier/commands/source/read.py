"""Reading of programs from files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from farrier.commands.command_line import UsageError
from farrier.commands.files import check_file
from farrier.commands.inputs import types as inputs
from farrier.commands.source import calibration, model, stablehlo
from farrier.commands.source.base import Source
from farrier.commands.source.graph import GraphSource
from farrier.modules.module import Module
from farrier_runtime.errors import ArgumentError, ParseError

_ONLY_PYTHON = {
    "input": "--input",
    "seed": "--seed",
    "dummy_parameters": "--dummy-parameters",
    "quantize": "--quantize",
}


def read(path: Path, name: str, options: argparse.Namespace) -> Source:
    """Return the program that MODEL and its options describe.

    Raises:
        FarrierError: MODEL or an option is not valid; the text says why.
    """
    if path.suffix == ".py":
        return _trace(path, name, options)
    for attribute, option in _ONLY_PYTHON.items():
        if getattr(options, attribute) not in ([], None, False):
            raise UsageError(f"{option} is for Python models; {path} declares its inputs itself.")
    if path.suffix == ".mlir":
        return stablehlo.read(path, options)
    return _read_graph(path, options)


def _trace(path: Path, name: str, options: argparse.Namespace) -> GraphSource:
    from farrier.compiling.trace import trace

    types = inputs.parse(options.input)
    function = model.load(path, name)
    _set_parameters(function, f"{path}:{name}", options)
    args, kwargs = inputs.bind(function, types)
    if options.quantize is not None:
        function = calibration.quantized(function, f"{path}:{name}", types, options)
    with model.user_code(path):
        traced = trace(function, args, kwargs, options.function_name)
    return GraphSource(traced.graph.name, traced.graph, traced.result)


def _set_parameters(function: Callable[..., Any], label: str, options: argparse.Namespace) -> None:
    given = [options.weights is not None, options.seed is not None, options.dummy_parameters]
    if sum(given) > 1:
        raise UsageError("Give one of --weights, --seed and --dummy-parameters.")
    if not isinstance(function, Module):
        if any(given):
            raise ArgumentError(f"{label} is a function, which has no parameters to set.")
        return
    if options.weights is not None:
        check_file(Path(options.weights))
        function.load_weights(options.weights)
    if options.seed is not None:
        function.reset_parameters(options.seed)
    if options.dummy_parameters:
        function.initialize_dummy_parameters()
    if not any(given) and _unset(function):
        print(
            f"farrier: warning: {label} has parameters without a value; random ones are used. "
            "Give --weights FILE for trained ones.",
            file=sys.stderr,
        )
        function.reset_parameters(0)
    _check_set(function, label)


def _unset(module: Module) -> list[str]:
    from farrier.modules.parameter import OptionalParameter, is_unset

    return [
        name
        for name, tensor in module.state_dict().items()
        if is_unset(tensor) and not isinstance(tensor, OptionalParameter)
    ]


def _check_set(module: Module, label: str) -> None:
    unset = _unset(module)
    if unset:
        more = f" and {len(unset) - 3} more" if len(unset) > 3 else ""
        raise ArgumentError(
            f"{label} has parameters without a value: {', '.join(unset[:3])}{more}. "
            "Give --weights FILE."
        )


def _read_graph(path: Path, options: argparse.Namespace) -> GraphSource:
    from farrier_compiler.graph.parser import parse_graph

    try:
        graph = parse_graph(_text(path), _weights(options))
    except ParseError as error:
        raise ParseError(f"{path}: {error}") from None
    unset = [name for name, value in graph.constants.items() if value.data is None]
    if unset:
        raise ArgumentError(
            f"{path} names constants without elements: {', '.join(unset)}. Give --weights FILE."
        )
    graph.name = options.function_name or graph.name
    count = len(graph.outputs)
    return GraphSource(graph.name, graph, 0 if count == 1 else {"tuple": list(range(count))})


def _weights(options: argparse.Namespace) -> Mapping[str, Any]:
    from farrier import weights

    if options.weights is None:
        return {}
    check_file(Path(options.weights))
    return weights.load(options.weights)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ArgumentError(f"{path} is not a text file: {error}.") from None
