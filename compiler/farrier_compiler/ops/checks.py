"""Checks that ops share: data types, broadcasting and dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from farrier_compiler.sizes.requirements import broadcast_size
from farrier_compiler.types.tensor_type import Shape, TensorType
from farrier_runtime.dtypes import dtype
from farrier_runtime.errors import ArgumentError, DtypeError, ShapeError

if TYPE_CHECKING:
    from farrier_compiler.graph import Value

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
    """Refuse an operand whose data type is outside the op's domain.

    Raises:
        DtypeError: it is; the text names the op, the type and the domain.
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
    """Refuse operands of different data types, since nothing is cast implicitly.

    Raises:
        DtypeError: they differ; the text names the op and the types.
    """
    first = types[0].dtype
    for other in types[1:]:
        if other.dtype is not first:
            described = " and ".join(type.describe() for type in types)
            raise DtypeError(
                f"{name} takes operands of one data type, but got {described}. "
                f"Cast one of them, for example with fr.cast(x, fr.{first})."
            )


def check_sum_dtype(name: str, operand: dtype, result: dtype | None) -> None:
    """Refuse to sum integers as floats, or floats as integers.

    Raises:
        DtypeError: the op would; the text names it and the data types.
    """
    if result is not None and result.is_floating != operand.is_floating:
        raise DtypeError(
            f"{name} of {operand} cannot give {result}: floating-point operands have a "
            "floating-point result, and integers have an integer one."
        )


def check_same_quantization(name: str, operands: Sequence[Value]) -> None:
    """Refuse operands that are quantised differently.

    Raises:
        ArgumentError: they are; the text names the op and the types.
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
        ShapeError: they do not; the text names the op, the shapes and the dimension that differs.
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
