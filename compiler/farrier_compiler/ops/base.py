"""What every op is: attributes, `infer`, `reference`, `lower`, and its place in the registry."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from farrier_compiler.graph import Shape, TensorType
from farrier_compiler.requirements import broadcast_size
from farrier_compiler.sizes import SymbolicSize, substitute
from farrier_runtime.dtypes import dtype, float32, int4, int8
from farrier_runtime.errors import ArgumentError, DtypeError, ShapeError

if TYPE_CHECKING:
    from farrier_compiler.graph import Array, Value
    from farrier_compiler.stablehlo import Builder, HloValue

REGISTRY: dict[str, type[Op]] = {}


class Op:
    """A primitive of the graph: a frozen dataclass whose fields are its attributes.

    A subclass is registered under the snake-case form of its name, unless it is marked
    `abstract`. It says what it is in `infer`, `reference` and `lower`; families share them.
    """

    name: ClassVar[str] = ""

    def __init_subclass__(cls, abstract: bool = False) -> None:
        super().__init_subclass__()
        if not abstract:
            cls.name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()
            REGISTRY[cls.name] = cls

    def infer(self, *types: Any, **_: Any) -> TensorType | tuple[TensorType, ...]:
        """Return the result's type, or a tuple of them, for operands of these types.

        Raises:
            ShapeError: the shapes do not fit; the text names them.
            DtypeError: the data types do not fit; the text names them.
        """
        raise NotImplementedError(type(self).__name__)

    def result_types(self, operands: Sequence[Value]) -> TensorType | tuple[TensorType, ...]:
        """Return what `infer` does for operands; ops that depend on constants look at them too."""
        types = [
            type if (type := value.type).quantization is None else type.plain for value in operands
        ]
        found, static = _kept_types(self, *types)
        # What calls decide is recorded each time.
        return found if static else self.infer(*types)

    def check_operands(self, operands: Sequence[Value]) -> None:
        """Refuse what users cannot mean: bad constants, and quantised operands that do not mix.

        Passes may make such things from what users did mean.
        """

    def reads_quantized(self, operands: Sequence[Value]) -> bool:
        """Return whether the op takes its first operand as a quantised tensor."""
        return False

    def reference(self, *arrays: Any, **_: Any) -> Array | tuple[Array, ...]:
        """Compute the op with numpy: oracle, constant folder and eager evaluator at once."""
        raise NotImplementedError(type(self).__name__)

    def lower(
        self, hlo: Builder, out: Any, *values: Any, **_: Any
    ) -> HloValue | tuple[HloValue, ...]:
        """Emit the op through a builder; `out` is the node's result type (a tuple for several)."""
        raise NotImplementedError(type(self).__name__)

    def operand_names(self, count: int) -> list[str]:
        """Return what error messages call the operands."""
        names = {1: ["input"], 2: ["left", "right"]}
        return names.get(count) or [f"operand {index}" for index in range(count)]


@functools.lru_cache(4096)
def _kept_types(op: Op, *types: TensorType) -> tuple[TensorType | tuple[TensorType, ...], bool]:
    """Return what `infer` does, and whether nothing in it is left to calls."""
    static = all(type.is_static for type in types) and not is_symbolic(op)
    return op.infer(*types), static


def evaluate(op: Op, out: TensorType | tuple[TensorType, ...], arrays: list[Array]) -> list[Array]:
    """Run an op's reference and return arrays of exactly the node's types.

    Floats of 16 bits and less are computed in float32 and rounded once, 4-bit integers in int8.
    """
    types = out if isinstance(out, tuple) else (out,)
    wide = [array.astype(_WIDER.get(array.dtype, array.dtype), copy=False) for array in arrays]
    with np.errstate(all="ignore"):
        results = op.reference(*wide)
        results = results if isinstance(results, tuple) else (results,)
        return [
            np.asarray(result).astype(type.dtype.numpy, copy=False)
            for result, type in zip(results, types, strict=True)
        ]


def is_symbolic(op: Op) -> bool:
    """Return whether an attribute holds a symbolic size, so that `reference` cannot run."""
    return any(True for _ in symbolic_sizes(op))


def symbolic_sizes(op: Op) -> Iterator[int]:
    """Yield the symbolic sizes that attributes hold."""
    for value in vars(op).values():
        yield from _symbols(value)


def _symbols(value: Any) -> Iterator[int]:
    if isinstance(value, tuple):
        for part in cast("tuple[Any, ...]", value):
            yield from _symbols(part)
    elif isinstance(value, SymbolicSize):
        yield value


def with_sizes(op: Op, sizes: Mapping[str, int]) -> Op:
    """Return an op with numbers in place of dimensions, by their names."""
    fields = {name: _substituted(value, sizes) for name, value in vars(op).items()}
    return replace(cast("Any", op), **fields)


def _substituted(value: Any, sizes: Mapping[str, int]) -> Any:
    if isinstance(value, tuple):
        return tuple(_substituted(part, sizes) for part in cast("tuple[Any, ...]", value))
    return substitute(value, sizes) if isinstance(value, SymbolicSize) else value


def _wider() -> dict[np.dtype[Any], np.dtype[Any]]:
    from farrier_runtime.dtypes import DTYPES

    small = [d for d in DTYPES.values() if d.is_floating and d.bits <= 16]
    return {d.numpy: float32.numpy for d in small} | {int4.numpy: int8.numpy}


_WIDER = _wider()


DOMAINS: dict[str, str] = {
    "any": "any data type",
    "number": "a number",
    "floating": "a floating-point number",
    "signed": "a signed number",
    "integer": "an integer",
    "bool": "bool",
    "bits": "bool or an integer",
}


def in_domain(dtype: dtype, domain: str) -> bool:
    """Return whether a data type belongs to one of `DOMAINS`."""
    match domain:
        case "any":
            return True
        case "number":
            return dtype.is_floating or dtype.is_integer
        case "floating":
            return dtype.is_floating
        case "signed":
            return dtype.is_floating or (dtype.is_integer and not dtype.is_unsigned)
        case "integer":
            return dtype.is_integer
        case "bool":
            return dtype.short == "bool"
        case _:
            return dtype.is_integer or dtype.short == "bool"


def check_domain(name: str, type: TensorType, domain: str) -> None:
    """Refuse an operand whose data type the op does not take.

    Raises:
        DtypeError: naming the op, the type and what it takes.
    """
    if not in_domain(type.dtype, domain):
        raise DtypeError(
            f"{name} takes {DOMAINS[domain]}, but got {type.describe()}. "
            f"Convert it first, for example with fr.cast(x, fr.{_SUGGESTION[domain]})."
        )


_SUGGESTION = {
    "number": "float32",
    "floating": "float32",
    "signed": "int32",
    "integer": "int32",
    "bool": "bool",
    "bits": "int32",
}


def check_same_dtype(name: str, types: tuple[TensorType, ...]) -> None:
    """Refuse operands of different data types: nothing is cast silently.

    Raises:
        DtypeError: naming the op and the types.
    """
    first = types[0].dtype
    for other in types[1:]:
        if other.dtype is not first:
            described = " and ".join(type.describe() for type in types)
            raise DtypeError(
                f"{name} takes operands of one data type, but got {described}. "
                f"Cast one of them, for example with fr.cast(x, fr.{first})."
            )


def check_sum_dtype(name: str, own: dtype, wanted: dtype | None) -> None:
    """Refuse to sum integers as floats, or floats as integers.

    Raises:
        DtypeError: naming the op and the data types.
    """
    if wanted is not None and wanted.is_floating != own.is_floating:
        raise DtypeError(
            f"{name} of {own} cannot give {wanted}: floating-point operands have a "
            "floating-point result, and integers have an integer one."
        )


def check_same_quantization(name: str, operands: Sequence[Value]) -> None:
    """Refuse operands that stand for floats in different ways.

    Raises:
        ArgumentError: naming the op and the types.
    """
    first: TensorType | None = None
    for value in operands:
        if value.type.quantization is None:
            continue
        first, other = first or value.type, value.type
        if other.quantization != first.quantization:
            raise ArgumentError(
                f"{name} got operands that are quantized in different ways, "
                f"{first.describe()} and {other.describe()}. "
                "Dequantize them first, or pass the plain numbers: x.int_repr()."
            )


def broadcast_shapes(name: str, shapes: tuple[Shape, ...]) -> Shape:
    """Return the shape that shapes broadcast to, by numpy's rule.

    Raises:
        ShapeError: naming the op, the shapes and the dimension that differs.
    """
    if len(set(shapes)) == 1:
        return shapes[0]
    rank = max(map(len, shapes))
    return tuple(_broadcast_dim(name, shapes, offset) for offset in range(rank, 0, -1))


def _broadcast_dim(name: str, shapes: tuple[Shape, ...], offset: int) -> int:
    sizes = {shape[-offset] for shape in shapes if len(shape) >= offset} - {1}
    result: int | None = 1
    for size in sorted(sizes, key=str) if len(sizes) > 1 else sizes:
        result = broadcast_size(result, size)
        if result is None:
            listed = " and ".join(map(str, shapes))
            differ = " and ".join(
                map(str, sorted(sizes, key=lambda size: (len(str(size)), str(size))))
            )
            raise ShapeError(
                f"{name} cannot broadcast shapes {listed}: dimension {-offset} has sizes "
                f"{differ}. Sizes must be equal, or one of them 1."
            )
    return result


def normalize_dim(name: str, dim: int, rank: int) -> int:
    """Return a dimension counted from the front.

    Raises:
        ShapeError: the tensor has no such dimension.
    """
    if not -rank <= dim < rank:
        raise ShapeError(
            f"{name} got dim={dim}, but the tensor has {rank} dimensions: "
            + (f"dim must be in [{-rank}, {rank - 1}]." if rank else "a scalar has no dim.")
        )
    return dim % rank
