"""Values, nodes and ops, the parts of a graph."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, cast
from weakref import ReferenceType

import numpy as np

from farrier_compiler.diagnostics import PRIMITIVES, Location
from farrier_compiler.sizes import SymbolicSize, substitute
from farrier_compiler.types.elements import Array
from farrier_compiler.types.tensor_type import TensorType, check_extent
from farrier_runtime.dimension import Dimension
from farrier_runtime.dtypes import DTYPES, dtype, float32, int4, int8


class Value:
    """A tensor in a graph: an input, a constant, or a result of a node.

    Attributes:
        type: shape and data type.
        producer: the node that computes it; None for inputs and constants.
        data: the elements, if they are known.
        name: a readable name, if it has one.
        location: the user's line that made it.
        dimension: the dimension whose size an int32 input is; None for all other values.
        holder: a weak reference to the Tensor that represents it outside graphs, if there is one.
    """

    __slots__ = (
        "__weakref__",
        "data",
        "dimension",
        "holder",
        "location",
        "name",
        "producer",
        "type",
    )

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
        self.holder: ReferenceType[Any] | None = None

    def __getstate__(self) -> tuple[None, dict[str, Any]]:
        """Return the state without producer and holder: copies have their elements."""
        names = ("data", "dimension", "location", "name", "type")
        state = {name: getattr(self, name) for name in names}
        return None, state | {"holder": None, "producer": None}

    @property
    def is_scalar_constant(self) -> bool:
        """Whether this is a constant scalar, which graph text writes inline."""
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
        op: the op, a frozen dataclass whose fields are the attributes.
        operands: the values it reads.
        results: the values it computes.
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
        for result in self.results:
            check_extent(result.type.shape, result.type.dtype)

    @property
    def result(self) -> Value:
        """The result of an op that has only one."""
        return self.results[0]

    def __repr__(self) -> str:
        return f"Node({self.op.name})"


REGISTRY: dict[str, type[Op]] = {}
"""All primitives by name."""


class Op:
    """A primitive of the graph: a frozen dataclass whose fields are its attributes.

    A subclass is registered under the snake-case form of its name, unless it is marked
    `abstract`. It is defined by `infer`, `reference` and `lower`, which families may share.
    """

    name: ClassVar[str] = ""
    reads_bits: ClassVar[bool] = False
    """Whether `reference` is given small floats as they are, not as float32."""

    def __init_subclass__(cls, abstract: bool = False) -> None:
        super().__init_subclass__()
        if not abstract:
            cls.name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()
            REGISTRY[cls.name] = cls
            PRIMITIVES.add(cls.name)

    def infer(self, *types: Any, **_: Any) -> TensorType | tuple[TensorType, ...]:
        """Return the result's type, or a tuple of them, for operands of these types.

        Raises:
            ShapeError: the shapes are not valid; the text names them.
            DtypeError: the data types are not valid; the text names them.
        """
        raise NotImplementedError(type(self).__name__)

    def result_types(self, operands: Sequence[Value]) -> TensorType | tuple[TensorType, ...]:
        """Return the types that `infer` returns; ops may also look at constant operands."""
        types = [
            type if (type := value.type).quantization is None else type.plain for value in operands
        ]
        inferred, static = _cached_types(self, *types)
        # Requirements on dynamic sizes must be recorded each time.
        return inferred if static else self.infer(*types)

    def check_operands(self, operands: Sequence[Value]) -> None:
        """Refuse operands that users cannot mean: bad constants, mismatched quantised operands.

        Passes may create such operands.
        """

    def reads_quantized(self, operands: Sequence[Value]) -> bool:
        """Return whether the op takes its first operand as a quantised tensor."""
        return False

    def reference(self, *arrays: Any, **_: Any) -> Array | tuple[Array, ...]:
        """Compute the op with numpy, for tests, constant folding and eager evaluation."""
        raise NotImplementedError(type(self).__name__)

    def lower(self, hlo: Any, out: Any, *values: Any, **_: Any) -> Any:
        """Emit the op through a builder; `out` is the node's result type (a tuple for several)."""
        raise NotImplementedError(type(self).__name__)

    def operand_names(self, count: int) -> list[str]:
        """Return the names of the operands in error messages."""
        names = {1: ["input"], 2: ["left", "right"]}
        return names.get(count) or [f"operand {index}" for index in range(count)]


@functools.lru_cache(4096)
def _cached_types(op: Op, *types: TensorType) -> tuple[TensorType | tuple[TensorType, ...], bool]:
    """Return the types that `infer` returns, and whether all sizes in it are static."""
    static = all(type.is_static for type in types) and not is_symbolic(op)
    return op.infer(*types), static


def run_reference(
    op: Op, out: TensorType | tuple[TensorType, ...], arrays: list[Array]
) -> list[Array]:
    """Run an op's reference and return arrays of exactly the node's types.

    Floats of at most 16 bits are computed in float32 and rounded once, 4-bit integers in int8.
    """
    types = out if isinstance(out, tuple) else (out,)
    if not op.reads_bits:
        arrays = [
            array.astype(_WIDER.get(array.dtype, array.dtype), copy=False) for array in arrays
        ]
    with np.errstate(all="ignore"):
        results = op.reference(*arrays)
        results = results if isinstance(results, tuple) else (results,)
        return [
            np.asarray(result).astype(type.dtype.numpy, copy=False)
            for result, type in zip(results, types, strict=True)
        ]


def is_symbolic(op: Op) -> bool:
    """Return whether an attribute holds a symbolic size, so that `reference` cannot run."""
    return any(True for _ in symbolic_sizes(op))


def symbolic_sizes(op: Op) -> Iterator[int]:
    """Yield the symbolic sizes in an op's attributes."""
    for value in vars(op).values():
        yield from _symbols(value)


def _symbols(value: Any) -> Iterator[int]:
    if isinstance(value, tuple):
        for part in cast("tuple[Any, ...]", value):
            yield from _symbols(part)
    elif isinstance(value, SymbolicSize):
        yield value


def with_sizes(op: Op, sizes: Mapping[str, int]) -> Op:
    """Return an op with sizes substituted for dimensions of these names."""
    fields = {name: _substituted(value, sizes) for name, value in vars(op).items()}
    return replace(cast("Any", op), **fields)


def _substituted(value: Any, sizes: Mapping[str, int]) -> Any:
    if isinstance(value, tuple):
        return tuple(_substituted(part, sizes) for part in cast("tuple[Any, ...]", value))
    return substitute(value, sizes) if isinstance(value, SymbolicSize) else value


def _wider() -> dict[np.dtype[Any], np.dtype[Any]]:
    small = [d for d in DTYPES.values() if d.is_floating and d.bits <= 16]
    return {d.numpy: float32.numpy for d in small} | {int4.numpy: int8.numpy}


_WIDER = _wider()
