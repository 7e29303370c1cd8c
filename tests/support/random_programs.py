"""Random programs of public functions, on static and dynamic sizes that may be 0."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pytest

import farrier as fr
import farrier_runtime
from farrier import Tensor
from farrier.compiling.trace import trace
from farrier_compiler.driver import Options, compile_graphs
from farrier_compiler.driver.targets import Target
from farrier_compiler.graph import Array, Graph
from farrier_compiler.graph.specialize import specialize
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype
from support.perturbed import expected
from support.random_steps import STEPS

Item = TypeVar("Item")

STATIC = (0, 1, 1, 2, 2, 3, 3, 4, 5, 7, 8, 17)
LARGEST = 40
"""The upper bound of dynamic sizes."""

DTYPES = (
    *[dtypes.float32] * 8,
    *(dtypes.float64, dtypes.float16, dtypes.bfloat16, dtypes.float8),
    *(dtypes.int32, dtypes.int32, dtypes.int64, dtypes.int16, dtypes.int8),
    *(dtypes.uint8, dtypes.uint16, dtypes.uint32, dtypes.uint64, dtypes.bool),
)


@dataclass(frozen=True)
class Program:
    """A traced program, and calls of it.

    Attributes:
        graph: what it computes.
        sizes: the size of each dynamic dimension, by its name, for each call.
        seed: decides the elements of the inputs.
    """

    graph: Graph
    sizes: tuple[dict[str, int], ...]
    seed: int

    def arrays(self, sizes: dict[str, int]) -> list[Array]:
        """Return elements for the inputs of a call."""
        generator = np.random.default_rng(self.seed)
        arrays: list[Array] = []
        for value in self.graph.inputs:
            shape = [sizes.get(str(size), size) for size in value.type.shape]
            arrays.append(elements(generator, shape, value.type.dtype))
        return arrays


def elements(generator: np.random.Generator, shape: Sequence[int], dtype: dtype) -> Array:
    """Return small numbers that every data type holds exactly: halves, or whole numbers."""
    if dtype is dtypes.bool:
        return generator.integers(0, 2, shape).astype(np.bool_)
    low = 0 if dtype.is_unsigned else -6
    numbers = generator.integers(low, 7, shape)
    return (numbers / 2 if dtype.is_floating else numbers).astype(dtype.numpy)


def sizes(x: Tensor) -> tuple[int, ...]:
    """Return the sizes of a traced tensor, which compare as expressions."""
    return x.value.type.shape


class Sketch:
    """A random program under construction.

    Args:
        seed: decides everything.
        inputs: the inputs, to which functions are applied as they are chosen.
    """

    def __init__(self, seed: int, inputs: Sequence[Tensor]) -> None:
        self.random = random.Random(seed)
        self.generator = np.random.default_rng(seed)
        self.tensors = list(inputs)

    def whole(self, low: int, high: int) -> int:
        """Choose a whole number, both bounds included."""
        return self.random.randint(low, high)

    def one(self, items: Sequence[Item]) -> Item:
        """Choose an item.

        Raises:
            ValueError: there is none.
        """
        if not items:
            raise ValueError("no item to choose")
        return self.random.choice(items)

    def coin(self, chance: float = 0.5) -> bool:
        """Choose yes or no."""
        return self.random.random() < chance

    def pick(self, suits: Callable[[Tensor], bool] = lambda tensor: True) -> Tensor:
        """Choose a tensor, most likely a recent one.

        Raises:
            ValueError: none suits.
        """
        suitable = [tensor for tensor in self.tensors if suits(tensor)]
        if not suitable:
            raise ValueError("no tensor suits")
        return self.one(suitable[-3:] if self.coin() else suitable)

    def ranked(self, least: int, most: int = 6) -> Tensor:
        """Choose a tensor of numbers by its rank."""
        return self.pick(lambda x: least <= x.rank <= most and x.dtype is not dtypes.bool)

    def floats(self, least: int = 0, most: int = 6) -> Tensor:
        """Choose a tensor of floating-point numbers by its rank; others are converted."""
        x = self.ranked(least, most)
        return x if x.dtype.is_floating else fr.cast(x, fr.float32)

    def integers(self) -> Tensor:
        """Choose a tensor of integers; others are converted."""
        x = self.ranked(0)
        return x if x.dtype.is_integer else fr.cast(fr.clamp(x, -9.0, 9.0), fr.int32)

    def dim(self, x: Tensor) -> int:
        """Choose a dimension."""
        return self.whole(-x.rank, x.rank - 1)

    def dims(self, x: Tensor) -> tuple[int, ...] | None:
        """Choose some dimensions, or None for all."""
        if self.coin(0.2):
            return None
        return tuple(dim for dim in range(x.rank) if self.coin())

    def constant(self, shape: Sequence[int], dtype: dtype) -> Tensor:
        """Return a constant; a third of them are filled with one number."""
        array = elements(self.generator, shape, dtype)
        if self.coin(0.33):
            array = np.full(shape, elements(self.generator, (), dtype), dtype.numpy)
        return Tensor(array)

    def weights(self, shape: Sequence[Any], dtype: dtype) -> Tensor:
        """Return a tensor of a shape: a constant if all its sizes are numbers."""
        if all(type(size) is int for size in shape):
            return self.constant(shape, dtype)
        return fr.ones(shape, dtype)

    def partner(self, x: Tensor) -> Tensor:
        """Return a tensor that broadcasts against x: of its shape, of some dims, or a scalar."""
        alike = [y for y in self.tensors if y.dtype is x.dtype and sizes(y) == sizes(x)]
        if alike and self.coin():
            return self.one(alike)
        shape = [size if self.coin() else 1 for size in x.shape]
        return self.weights(shape[self.whole(0, len(shape)) :], x.dtype)

    def step(self) -> None:
        """Apply a random function; leave out one that refuses its operands."""
        try:
            outcome = self.one(STEPS)(self)
        except (fr.FarrierError, ValueError, ZeroDivisionError):
            return
        parts = outcome if isinstance(outcome, tuple) else (outcome,)
        self.tensors += [part for part in parts if _is_small(part)]


def _is_small(x: Tensor) -> bool:
    if x.rank > 6:
        return False
    sizes = [size if type(size) is int else LARGEST for size in x.shape]
    return math.prod(sizes) <= 200_000


def program(seed: int, name: str) -> Program:
    """Return the program that a seed decides."""
    chance = random.Random(seed)
    named = _dimensions(chance)
    infos = [_input(chance, named) for _ in range(chance.randint(1, 3))]

    def function(*inputs: Tensor) -> tuple[Tensor, ...]:
        sketch = Sketch(seed, inputs)
        for _ in range(chance.choice([1, 2, 2, 3, 3, 4, 6, 9, 14])):
            sketch.step()
        results = sketch.tensors[len(inputs) :] or list(inputs)
        return (results[-1], *(chance.choice(results) for _ in range(chance.randint(0, 2))))

    graph = trace(function, infos, name=name).graph
    used = {dimension.name: dimension for dimension in graph.dimensions()}
    calls = 3 if used else 1
    sizes = tuple(
        {key: _size(chance, dim.min, call) for key, dim in used.items()} for call in range(calls)
    )
    return Program(graph, sizes, seed)


def _dimensions(chance: random.Random) -> list[fr.NamedDimension]:
    """Return the dynamic dimensions that inputs share; a third of the programs has none."""
    names = "nm"[: chance.randint(0, 2)]
    return [fr.NamedDimension(name, chance.choice([0, 0, 1, 1, 2]), 8, LARGEST) for name in names]


def _size(chance: random.Random, least: int, call: int) -> int:
    return least if call == 0 else chance.choice([max(least, 1), 2, 3, 5, 8, 17])


def _input(chance: random.Random, named: Sequence[fr.NamedDimension]) -> fr.InputInfo:
    rank = chance.choice([0, 1, 1, 2, 2, 2, 3, 3, 4, 4, 5])
    shape = [
        chance.choice(named) if named and chance.random() < 0.4 else chance.choice(STATIC)
        for _ in range(rank)
    ]
    return fr.InputInfo(shape, chance.choice(DTYPES))


def check_together(seeds: Iterable[int], target: str = "cpu") -> None:
    """Compile the programs of some seeds to one module, and compare every call with the references.

    Raises:
        AssertionError: a program is refused, or a result is wrong; the message names its seed.
    """
    programs = [program(seed, f"p{seed}") for seed in seeds]
    graphs = [one.graph for one in programs]
    try:
        compiled = compile_graphs(graphs, [Target.parse(target)], Options(cache=False))
    except fr.CompileError as error:
        raise AssertionError(f"the programs {seeds} do not compile: {error}") from None
    module = farrier_runtime.load(compiled.to_bytes(), device="cpu")
    for one in programs:
        for sizes in one.sizes:
            _check_call(module[one.graph.name], one, sizes)


def _check_call(run: farrier_runtime.Executable, program: Program, sizes: dict[str, int]) -> None:
    arrays, label = program.arrays(sizes), f"program {program.seed} with {sizes}"
    try:
        outcomes = expected(specialize(program.graph, sizes), arrays, program.seed)
    except fr.FarrierError:
        with pytest.raises(fr.InputError):
            run(*arrays)
        return
    results = run(*arrays)
    parts = results if isinstance(results, tuple) else (results,)
    for part, outcome in zip(parts, outcomes, strict=True):
        outcome.check(np.asarray(part), label)
