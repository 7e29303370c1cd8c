"""Expected results of graphs, and how far small errors in intermediate results move them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ml_dtypes import finfo

from farrier_compiler.graph import Array, Graph, Node, Value
from farrier_compiler.graph.node import run_reference
from farrier_runtime.dtypes import BY_NUMPY, dtype
from support.tolerances import RELATIVE

# Ops with exact results, where operands and results have few binary digits.
EXACT = {
    *("abs", "add", "broadcast", "cast", "ceil", "clamp", "concatenate", "convolution", "cumsum"),
    *("dot_general", "floor", "full", "gather", "iota", "max", "max_pool", "maximum", "min"),
    *("minimum", "multiply", "negative", "optimization_barrier", "pad", "prod", "reshape"),
    *("reverse", "round", "sign", "size_of", "slice", "sort", "subtract", "sum", "sum_pool"),
    *("top_k", "transpose", "where"),
}
# Ops whose results small errors may change altogether, as all that give integers or bools.
CHOOSES = {"ceil", "floor", "floor_divide", "fmod", "quantize", "remainder", "round", "sign"}
# Every inexact result is perturbed by this many units in the last place.
_UNITS = 4


@dataclass(frozen=True)
class Expected:
    """A result, and what errors in intermediate results make of it.

    Attributes:
        exact: the result, computed by the ops' references.
        perturbed: the results of further runs, whose inexact values are perturbed.
        is_sure: whether no choice depends on inexact numbers, which errors may change.
    """

    exact: Array
    perturbed: tuple[Array, ...]
    is_sure: bool

    def check(self, result: Array, label: str) -> None:
        """Compare a result, where small errors in intermediate results change it little.

        Raises:
            AssertionError: it differs.
        """
        assert (result.shape, result.dtype) == (self.exact.shape, self.exact.dtype), label
        if not self.is_sure:
            return
        dtype = BY_NUMPY[result.dtype]
        runs = [np.asarray(run).astype(np.float64) for run in (self.exact, *self.perturbed)]
        nominal, others, given = runs[0], runs[1:], result.astype(np.float64)
        stable = np.logical_and.reduce([_alike(other, nominal, dtype) for other in others])
        allowed = _allowed(nominal, others, dtype)
        with np.errstate(invalid="ignore"):
            right = (given == nominal) | (np.abs(given - nominal) <= allowed)
        right |= np.isnan(given) & np.isnan(nominal)
        wrong = stable & ~right
        assert not wrong.any(), f"{label}: {given[wrong][:5]}, expected {nominal[wrong][:5]}"


def _alike(other: Array, nominal: Array, dtype: dtype) -> Array:
    """Return where a perturbed run is finite, infinite or NaN as the exact one is."""
    if not dtype.is_floating:
        return other == nominal
    both = np.isfinite(other) & np.isfinite(nominal)
    return both | (other == nominal) | (np.isnan(other) & np.isnan(nominal))


def _allowed(nominal: Array, others: Sequence[Array], dtype: dtype) -> Array:
    if not dtype.is_floating:
        return np.zeros(nominal.shape)
    finite = np.abs(nominal[np.isfinite(nominal)])
    magnitude = np.abs(nominal) + finite.max(initial=0.0)
    with np.errstate(invalid="ignore"):
        moved = np.max([np.abs(other - nominal) for other in others], axis=0)
    moved = np.where(np.isfinite(moved), moved, 0.0)
    return RELATIVE[dtype] * magnitude + 8 * moved + float(finfo(dtype.numpy).tiny)


def expected(graph: Graph, arrays: Sequence[Array], seed: int = 0, runs: int = 2) -> list[Expected]:
    """Return the results of a graph of static sizes.

    Args:
        graph: what to interpret.
        arrays: the inputs, halves or whole numbers.
        seed: decides the errors.
        runs: the number of perturbed runs.
    """
    exact, *others = [_Run(graph, arrays, [seed, run]) for run in range(runs + 1)]
    results = [run.outputs for run in others]
    return [
        Expected(output, tuple(run[index] for run in results), value not in exact.unsure)
        for index, (value, output) in enumerate(zip(graph.outputs, exact.outputs, strict=True))
    ]


class _Run:
    """A run of a graph, in which errors are put into inexact values; the first has none.

    Attributes:
        unsure: values that depend on choices by inexact numbers.
        outputs: the graph's results.
    """

    def __init__(self, graph: Graph, arrays: Sequence[Array], seed: list[int]) -> None:
        self.unsure: set[Value] = set()
        self._generator = np.random.default_rng(seed) if seed[-1] else None
        self._values = dict(zip(graph.inputs, arrays, strict=True))
        self._exact = set(graph.inputs)
        for node in graph.nodes:
            self._node(node)
        self.outputs = [self._elements(value) for value in graph.outputs]

    def _elements(self, value: Value) -> Array:
        data = self._values.get(value, value.data)
        assert data is not None
        return data

    def _node(self, node: Node) -> None:
        types = tuple(value.type for value in node.results)
        operands = [self._elements(value) for value in node.operands]
        for value, result in zip(
            node.results, run_reference(node.op, types, operands), strict=True
        ):
            is_exact = self._is_exact(node)
            chooses = not value.type.dtype.is_floating or node.op.name in CHOOSES
            if (chooses and not is_exact) or not self.unsure.isdisjoint(node.operands):
                self.unsure.add(value)
            if is_exact and (not value.type.dtype.is_floating or _is_short(result, node)):
                self._exact.add(value)
            elif self._generator is not None and value.type.dtype.is_floating:
                result = _with_errors(result, self._generator)
            self._values[value] = result

    def _is_exact(self, node: Node) -> bool:
        return all(value in self._exact or value.data is not None for value in node.operands)


def _is_short(result: Array, node: Node) -> bool:
    """Return whether all numbers have few binary digits, so that none was rounded."""
    eighths = result.astype(np.float64) * 8
    digits = finfo(result.dtype).nmant + 1
    with np.errstate(invalid="ignore"):
        short = (eighths == np.rint(eighths)) & (np.abs(eighths) <= 2.0**digits)
    return node.op.name in EXACT and bool(short.all())


def _with_errors(result: Array, generator: np.random.Generator) -> Array:
    unit = float(finfo(result.dtype).eps) * _UNITS
    with np.errstate(all="ignore"):
        moved = result.astype(np.float64) * (1 + generator.uniform(-unit, unit, result.shape))
        return np.asarray(moved).astype(result.dtype)
