"""Printers of a function's IRs, for FileCheck tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import farrier as fr
from farrier.compiling.trace import trace
from farrier_compiler.for_iree.builder import IreeBuilder
from farrier_compiler.for_iree.vnni import VnniBuilder
from farrier_compiler.graph import Graph
from farrier_compiler.passes import Pass, run_passes
from farrier_compiler.stablehlo.builder import Builder
from farrier_compiler.stablehlo.lower import lower

Info: TypeAlias = fr.InputInfo | fr.DimensionInputInfo
Passes: TypeAlias = str | Sequence[Pass]


def graph(
    function: Callable[..., Any], *args: Info, passes: Passes = "", name: str = "main"
) -> None:
    """Print the graph that a function traces to, after some passes."""
    print(_traced(function, args, passes, name))


def stablehlo(
    function: Callable[..., Any], *args: Info, passes: Passes = "", name: str = "main"
) -> None:
    """Print the portable StableHLO of a function, verified."""
    _print(function, args, Builder, passes, name)


def iree_input(
    function: Callable[..., Any], *args: Info, passes: Passes = "", name: str = "main"
) -> None:
    """Print IREE's input for a function, verified."""
    _print(function, args, IreeBuilder, f"{passes},legalize_for_iree".lstrip(","), name)


def vnni_input(
    function: Callable[..., Any], *args: Info, passes: Passes = "", name: str = "main"
) -> None:
    """Print IREE's input for a function and a CPU with AVX-512 VNNI, verified."""
    _print(function, args, VnniBuilder, f"{passes},legalize_for_iree".lstrip(","), name)


def error(function: Callable[..., Any], *args: Info) -> None:
    """Print the error that tracing a function raises."""
    try:
        trace(function, args)
    except fr.FarrierError as raised:
        print(f"{type(raised).__name__}: {raised}\n")
    else:
        raise AssertionError(f"{function.__name__} raised no error")


def _print(
    function: Callable[..., Any],
    args: tuple[Info, ...],
    builder: type[Builder],
    passes: Passes,
    name: str,
) -> None:
    program = lower([_traced(function, args, passes, name)], builder)
    program.verify()
    print(f"// {name}\n{program.text()}")


def _traced(
    function: Callable[..., Any], args: tuple[Info, ...], passes: Passes, name: str
) -> Graph:
    traced = trace(function, args, name=name).graph
    return run_passes(traced, passes) if passes else traced
