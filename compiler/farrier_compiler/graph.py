"""The op graph: tensor types, values, nodes, graphs, and the verifier that keeps them honest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from farrier_compiler.sizes import dimension_of, dimensions_of, is_static
from farrier_runtime.dimension import Dimension
from farrier_runtime.dtypes import dtype, int32
from farrier_runtime.errors import ArgumentError, FarrierError

if TYPE_CHECKING:
    from farrier_compiler.diagnostics import Location
    from farrier_compiler.ops.base import Op
    from farrier_compiler.uniform import Quantization

Array = np.ndarray[Any, np.dtype[Any]]
Shape = tuple[int, ...]
"""The size of each dimension: ints, and symbolic sizes where calls decide."""


@dataclass(frozen=True, slots=True)
class TensorType:
    """The type of a value: its shape, its data type, and what quantised elements stand for.

    Attributes:
        shape: the size of each dimension.
        dtype: the data type of the elements as they are stored.
        quantization: the constant scales and zero points of a quantised tensor. Only `quantize`
            gives it to its result; other ops see plain numbers, and so do types made from this one.

    Example:
        >>> from farrier_runtime.dtypes import float32
        >>> str(TensorType((2, 3), float32))
        'f32[2,3]'
    """

    shape: Shape
    dtype: dtype
    quantization: Quantization | None = None

    @property
    def plain(self) -> TensorType:
        """The type of the elements as plain numbers."""
        return self if self.quantization is None else TensorType(self.shape, self.dtype)

    def agrees(self, other: TensorType) -> bool:
        """Return whether types are equal, as far as both say what elements stand for."""
        known = self.quantization is not None and other.quantization is not None
        return self == other if known else self.plain == other.plain

    @property
    def rank(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @property
    def is_static(self) -> bool:
        """Whether all sizes are numbers."""
        return is_static(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        size = 1
        for length in self.shape:
            size *= length
        return size

    def with_shape(self, shape: Iterable[int]) -> TensorType:
        """Return this type with another shape."""
        return TensorType(tuple(shape), self.dtype)

    def with_dtype(self, dtype: dtype) -> TensorType:
        """Return this type with another data type."""
        return TensorType(self.shape, dtype)

    def describe(self) -> str:
        """Return the type in the words of error messages: `float32 (2, 3)`."""
        if self.quantization is not None:
            return f"{self.quantization.described(self.dtype.short, self.shape)} {self.shape}"
        return f"{self.dtype} {self.shape}"

    def __str__(self) -> str:
        if self.quantization is not None:
            element = self.quantization.text(self.dtype.short, self.shape)
            return f"{element}[{','.join(map(str, self.shape))}]"
        return f"{self.dtype.short}[{','.join(map(str, self.shape))}]"


class Value:
    """A tensor in a graph: an input, a constant, or a result of a node.

    Attributes:
        type: shape and data type.
        producer: the node that computes it; None for inputs and constants.
        data: the elements, where they are known.
        name: a name for people, where there is one.
        location: the user's line that made it.
        dimension: the dimension whose size an int32 input is; None for all other values.
    """

    __slots__ = ("__weakref__", "data", "dimension", "location", "name", "producer", "type")

    def __init__(
        self,
        type: TensorType,
        producer: Node | None = None,
        data: Array | None = None,
        name: str | None = None,
        location: Location | None = None,
        dimension: Dimension | None = None,
    ) -> None:
        self.type = type
        self.dimension = dimension
        self.producer = producer
        self.data = data
        self.name = name
        self.location = location

    @property
    def is_scalar_constant(self) -> bool:
        """Whether this is a known number, which graph text writes in place."""
        return self.data is not None and self.type.shape == ()

    def __repr__(self) -> str:
        return f"Value({self.name or '%'}: {self.type})"


def constant(
    data: Array, dtype: dtype, name: str | None = None, location: Location | None = None
) -> Value:
    """Return a constant value that holds `data`, whose numpy type must be `dtype`'s."""
    return Value(TensorType(data.shape, dtype), None, data, name, location)


class Node:
    """An op applied to operands.

    Attributes:
        op: what is computed: a frozen dataclass whose fields are the attributes.
        operands: the values it reads.
        results: the values it makes.
        location: the user's line that made it.
    """

    __slots__ = ("location", "op", "operands", "results")

    def __init__(self, op: Op, operands: Sequence[Value], location: Location | None = None) -> None:
        types = op.result_types(operands)
        self.op = op
        self.operands = tuple(operands)
        self.location = location
        if type(types) is tuple:
            self.results = tuple(Value(t, self, None, None, location) for t in types)
        else:
            self.results = (Value(types, self, None, None, location),)  # pyright: ignore[reportArgumentType]

    @property
    def result(self) -> Value:
        """The only result of an op that has one."""
        return self.results[0]

    def __repr__(self) -> str:
        return f"Node({self.op.name})"


@dataclass(slots=True)
class Graph:
    """A function on tensors.

    Attributes:
        name: the function's name.
        inputs: the arguments, in order, each with a name.
        outputs: the results, in order.
        nodes: the computation in topological order.
        constants: every constant that is not a scalar, by a unique name.
        output_names: one name for each output.
    """

    name: str
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    nodes: tuple[Node, ...] = ()
    constants: dict[str, Value] = field(default_factory=dict[str, Value])
    output_names: tuple[str, ...] = ()

    @classmethod
    def reaching(
        cls,
        name: str,
        inputs: Sequence[Value],
        outputs: Sequence[Value],
        names: Mapping[Value, str] | None = None,
        output_names: Sequence[str] = (),
    ) -> Graph:
        """Return the graph that computes `outputs` from `inputs`.

        Args:
            name: the function's name.
            inputs: the values that the caller will supply.
            outputs: the values to compute.
            names: names for constants, as in a `state_dict`.
            output_names: names for the outputs; `output0`, ... by default.

        Raises:
            ArgumentError: a value is needed that is neither input, constant nor computed.
        """
        default_names = tuple(f"output{index}" for index in range(len(outputs)))
        graph = cls(name, tuple(inputs), (), output_names=tuple(output_names) or default_names)
        return _check_set(graph.with_outputs(outputs, names or {}))

    def with_outputs(self, outputs: Sequence[Value], names: Mapping[Value, str]) -> Graph:
        """Return a graph of the same signature that computes other values.

        Args:
            outputs: the values to compute, one for each output name.
            names: names for constants.
        """
        graph = Graph(self.name, self.inputs, tuple(outputs), tuple(topological(outputs)))
        graph.output_names = self.output_names
        graph.constants = _name_constants(graph, names)
        return graph

    def dimensions(self) -> tuple[Dimension, ...]:
        """Return the dimensions that the inputs bring, in order."""
        found: dict[Dimension, None] = {}
        for value in self.inputs:
            found.update(dict.fromkeys(d for size in value.type.shape for d in dimensions_of(size)))
            if value.dimension:
                found[value.dimension] = None
        return tuple(found)

    def leaves(self) -> Iterator[Value]:
        """Yield every value that is used and not computed, once each, in order of first use."""
        seen: set[Value] = set()
        for node in self.nodes:
            for value in node.operands:
                if value.producer is None and value not in seen:
                    seen.add(value)
                    yield value
        for value in self.outputs:
            if value.producer is None and value not in seen:
                seen.add(value)
                yield value

    def users(self) -> dict[Value, list[Node]]:
        """Return the nodes that read each value."""
        users: dict[Value, list[Node]] = {}
        for node in self.nodes:
            for value in node.operands:
                users.setdefault(value, []).append(node)
        return users

    def __str__(self) -> str:
        from farrier_compiler.text import print_graph

        return print_graph(self)


def topological(outputs: Iterable[Value]) -> list[Node]:
    """Return the nodes that `outputs` need, producers before users."""
    order: list[Node] = []
    state: dict[Node, bool] = {}  # False: operands pending, True: done
    stack = [value.producer for value in reversed(list(outputs)) if value.producer is not None]
    while stack:
        node = stack[-1]
        if node not in state:
            state[node] = False
            stack.extend(
                value.producer
                for value in reversed(node.operands)
                if value.producer is not None and value.producer not in state
            )
            continue
        stack.pop()
        if not state[node]:
            state[node] = True
            order.append(node)
    return order


def _name_constants(graph: Graph, names: Mapping[Value, str]) -> dict[str, Value]:
    constants: dict[str, Value] = {}
    inputs = set(graph.inputs)
    for value in graph.leaves():
        if value in inputs or value.is_scalar_constant:
            continue
        wanted = names.get(value) or value.name or f"c{len(constants)}"
        constants[_unique(wanted, constants)] = value
    return constants


def _check_set(graph: Graph) -> Graph:
    unset = [name for name, value in graph.constants.items() if value.data is None]
    if unset:
        raise ArgumentError(
            f"{', '.join(unset)}: no value is known. Set these parameters (load_state_dict, "
            "load_weights or reset_parameters), or pass them as arguments."
        )
    return graph


def _unique(name: str, taken: Mapping[str, Any]) -> str:
    candidate, count = name, 1
    while candidate in taken:
        candidate, count = f"{name}_{count}", count + 1
    return candidate


class VerificationError(FarrierError):
    """A graph breaks a rule that every graph keeps: a bug in a pass or in an op."""


def verify(graph: Graph) -> Graph:
    """Check every rule of a graph and return it.

    Operands are made before they are used; each node's result types are what its op infers;
    constants match their types; names are unique; every constant that is used is listed.

    Raises:
        VerificationError: naming the node and the rule.
    """
    known = set(graph.inputs) | set(graph.constants.values())
    for index, node in enumerate(graph.nodes):
        for value in node.operands:
            _check(
                value in known or value.is_scalar_constant,
                f"node {index} ({node.op.name}) reads {value!r}, which nothing before it makes",
            )
        _verify_types(index, node)
        known.update(node.results)
    _verify_dimensions(graph)
    for value in graph.outputs:
        _check(value in known or value.is_scalar_constant, f"output {value!r} is never made")
    _verify_names(graph)
    return graph


def _verify_types(index: int, node: Node) -> None:
    inferred = node.op.result_types(node.operands)
    types = inferred if isinstance(inferred, tuple) else (inferred,)
    found = tuple(value.type for value in node.results)
    _check(
        len(types) == len(found)
        and all(one.agrees(other) for one, other in zip(types, found, strict=True)),
        f"node {index} ({node.op.name}) has results {[str(t) for t in found]}, "
        f"but its op infers {[str(t) for t in types]}",
    )


def _verify_dimensions(graph: Graph) -> None:
    """Every dimension is the size of an input's dimension, or an input; a name has one meaning."""
    from farrier_compiler.ops.base import symbolic_sizes

    for value in graph.inputs:
        _check(
            value.dimension is None or (value.type.shape == () and value.type.dtype is int32),
            f"input '{value.name}' is the size '{value.dimension}', but its type is {value.type}",
        )
    sizes = [size for value in graph.inputs for size in value.type.shape]
    brought = {dimension_of(size) for size in sizes} | {v.dimension for v in graph.inputs}
    used = [d for size in sizes for d in dimensions_of(size)]
    for node in graph.nodes:
        held = [size for value in node.results for size in value.type.shape]
        used += [d for size in [*held, *symbolic_sizes(node.op)] for d in dimensions_of(size)]
    for dimension in used:
        _check(
            dimension in brought, f"no input has the size '{dimension}' ({dimension.range}) alone"
        )
    names = [d.name for d in graph.dimensions()]
    _check(len(set(names)) == len(names), f"dimensions of other bounds share a name: {names}")


def _verify_names(graph: Graph) -> None:
    inputs = [value.name for value in graph.inputs]
    _check(None not in inputs, "an input has no name")
    _check(len(set(inputs)) == len(inputs), f"inputs share a name: {inputs}")
    _check(
        len(graph.output_names) == len(graph.outputs),
        f"{len(graph.outputs)} outputs have {len(graph.output_names)} names",
    )
    for name, value in graph.constants.items():
        expected = np.empty(0, value.type.dtype.numpy).dtype
        _check(
            value.data is None
            or (value.data.shape == value.type.shape and value.data.dtype == expected),
            f"constant '{name}' holds other data than its type {value.type} says",
        )


def _check(holds: bool, complaint: str) -> None:
    if not holds:
        raise VerificationError(f"Invalid graph: {complaint}.")
