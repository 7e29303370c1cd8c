"""Descriptions of run-time inputs: shapes, dynamic dimensions and data types."""

from __future__ import annotations

import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, SupportsIndex, cast

from farrier_compiler.diagnostics import explain
from farrier_compiler.sizes import symbol
from farrier_compiler.types.tensor_type import check_extent
from farrier_runtime.dimension import Dimension
from farrier_runtime.dtypes import DtypeLike, dtype as dtype_class, dtype_of
from farrier_runtime.errors import ArgumentError, DtypeError, FarrierError
from farrier_runtime.wording import shown

Range = Sequence[SupportsIndex]


@dataclass(frozen=True)
class Bounds:
    """The smallest, the usual and the largest of several sizes.

    Attributes:
        min: the smallest size of each dimension.
        opt: the size that is expected most often.
        max: the largest size.

    Example:
        >>> fr.InputInfo(((1, 4, 64), 128), fr.float32).shape_bounds.max
        (64, 128)
    """

    min: tuple[int, ...]
    opt: tuple[int, ...]
    max: tuple[int, ...]

    def is_static(self) -> bool:
        """Return whether every size is one number."""
        return self.min == self.opt == self.max


@dataclass(frozen=True, init=False)
class NamedDimension:
    """A dynamic dimension that inputs can share: dimensions of the same name have the same size.

    Args:
        name: its name in dumps and errors.
        min: the smallest size.
        opt: the size that is expected most often.
        max: the largest size.

    Raises:
        ArgumentError: the bounds are not `0 <= min <= opt <= max`.

    Example:
        >>> batch = fr.NamedDimension("batch", 1, 8, 64)
        >>> x = fr.InputInfo((batch, 2), fr.float32)
        >>> add = fr.compile(lambda x, y: x + y, args=[x, x], target="cpu")
        >>> add(fr.ones((3, 2)), fr.ones((3, 2))).shape
        (3, 2)
    """

    dimension: Dimension

    def __init__(
        self, name: str, min: SupportsIndex, opt: SupportsIndex, max: SupportsIndex
    ) -> None:
        try:
            object.__setattr__(self, "dimension", _dimension(name, (min, opt, max)))
        except FarrierError as error:
            raise explain(error) from None

    @property
    def name(self) -> str:
        """The name of the dimension."""
        return self.dimension.name

    @property
    def bounds(self) -> tuple[int, int, int]:
        """The smallest, the usual and the largest size."""
        return self.dimension.min, self.dimension.opt, self.dimension.max

    def __repr__(self) -> str:
        dimension = self.dimension
        return (
            f"NamedDimension({dimension.name!r}, {dimension.min}, {dimension.opt}, {dimension.max})"
        )


@dataclass(frozen=True, init=False, eq=False)
class InputInfo:
    """The shape and data type of an argument that is supplied at run time.

    Args:
        shape: the size of each dimension: a number, or `(min, opt, max)` or a `NamedDimension`
            for a dynamic one.
        dtype: the data type; numpy's and torch's are accepted too.

    Raises:
        ArgumentError: a size is not an integer, or is negative, or bounds are not in order.
        ShapeError: an array cannot have this shape.
        DtypeError: `dtype` is not a Farrier data type.

    Example:
        >>> fr.InputInfo((1, 1, 8, 8), fr.float32)
        InputInfo(shape=(1, 1, 8, 8), dtype=float32)
        >>> fr.InputInfo(((1, 4, 64), 128), fr.float32)
        InputInfo(shape=((1, 4, 64), 128), dtype=float32)
    """

    shape: tuple[Any, ...]
    dtype: dtype_class

    def __init__(
        self,
        shape: Sequence[SupportsIndex | Range | NamedDimension],
        dtype: DtypeLike,
    ) -> None:
        try:
            object.__setattr__(self, "shape", _shape(shape))
            object.__setattr__(self, "dtype", _data_type(dtype))
            static = tuple(size if isinstance(size, int) else 1 for size in self.shape)
            check_extent(static, self.dtype)
        except FarrierError as error:
            raise explain(error) from None

    @property
    def shape_bounds(self) -> Bounds:
        """The bounds of every dimension."""
        return _bounds(self.dimensions("input", set()))

    @property
    def dimension_names(self) -> dict[int, str]:
        """The names of named dimensions, by dim."""
        return {
            dim: size.name
            for dim, size in enumerate(self.shape)
            if isinstance(size, NamedDimension)
        }

    def dimensions(self, name: str, taken: set[str]) -> list[int | Dimension]:
        """Return sizes and dimensions; unnamed dimensions are named after the input."""
        return [
            size
            if isinstance(size, int)
            else size.dimension
            if isinstance(size, NamedDimension)
            else Dimension(_unused(f"{_plain(name)}_dim{dim}", taken), *size)
            for dim, size in enumerate(self.shape)
        ]

    def sizes(self, name: str, taken: set[str]) -> tuple[int, ...]:
        """Return the shape to trace a function with; new names are added to `taken`."""
        return tuple(_symbol(size) for size in self.dimensions(name, taken))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, InputInfo):
            return NotImplemented
        return self.shape_bounds == other.shape_bounds and self.dtype is other.dtype

    def __hash__(self) -> int:
        return hash((self.shape_bounds, self.dtype.name))


@dataclass(frozen=True, init=False)
class DimensionInputInfo:
    """The bounds of a run-time input that is itself a size: an int32 scalar.

    Args:
        value_bounds: its smallest, usual and largest value.

    Raises:
        ArgumentError: the bounds are not `0 <= min <= opt <= max`.

    Example:
        >>> zeros = fr.compile(
        ...     lambda n: fr.zeros((n, 2)), args=[fr.DimensionInputInfo((1, 4, 8))], target="cpu"
        ... )
        >>> zeros(fr.DimensionSize(3)).shape
        (3, 2)
    """

    value_bounds: Bounds

    def __init__(self, value_bounds: Range) -> None:
        try:
            bounds = _bounds([_dimension("value", value_bounds)])
        except FarrierError as error:
            raise explain(error) from None
        object.__setattr__(self, "value_bounds", bounds)

    def dimension(self, name: str, taken: set[str]) -> Dimension:
        """Return the dimension whose size is an input of this name."""
        bounds = self.value_bounds
        unused = _unused(_plain(name), taken)
        return Dimension(unused, bounds.min[0], bounds.opt[0], bounds.max[0])

    def __repr__(self) -> str:
        bounds = self.value_bounds
        return f"DimensionInputInfo(({bounds.min[0]}, {bounds.opt[0]}, {bounds.max[0]}))"


def _plain(path: str) -> str:
    return re.sub(r"\W+", "_", path).strip("_")


def _unused(name: str, taken: set[str]) -> str:
    """Return a name that no other dimension has, since equal names mean equal sizes."""
    unused, count = name, 1
    while unused in taken:
        unused, count = f"{name}_{count}", count + 1
    taken.add(unused)
    return unused


def _symbol(size: int | Dimension) -> int:
    return size if isinstance(size, int) else symbol(size)


def _bounds(sizes: Sequence[int | Dimension]) -> Bounds:
    triples = [(s, s, s) if isinstance(s, int) else (s.min, s.opt, s.max) for s in sizes]
    return Bounds(*(tuple(triple[part] for triple in triples) for part in range(3)))


def _shape(shape: Any) -> tuple[Any, ...]:
    try:
        sizes = None if isinstance(shape, str) else tuple(shape)
    except TypeError:
        sizes = None
    if sizes is None:
        raise ArgumentError(
            f"InputInfo needs a shape: a sequence of sizes, such as (2, 3), but got {shown(shape)}."
        )
    return tuple(_size(size, sizes) for size in sizes)


def _size(size: Any, shape: Any) -> Any:
    if isinstance(size, NamedDimension):
        return size
    if isinstance(size, Sequence) and not isinstance(size, str):
        bounds = tuple(cast("Sequence[Any]", size))
        dimension = _dimension(shown(bounds), bounds)
        return dimension.min, dimension.opt, dimension.max
    if _is_whole(size) and int(size) >= 0:
        return int(size)
    raise ArgumentError(
        "InputInfo needs a shape of integers >= 0, of (min, opt, max) and of named dimensions, but "
        f"got {shown(shape)}."
    )


def _dimension(name: str, bounds: Any) -> Dimension:
    if not isinstance(name, str) or not name:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ArgumentError(f"A dimension needs a name, but got {shown(name)}.")
    sizes = tuple(cast("Sequence[Any]", bounds)) if isinstance(bounds, Sequence) else ()
    if len(sizes) != 3 or not all(map(_is_whole, sizes)):
        raise ArgumentError(f"Bounds are three integers, (min, opt, max), but got {shown(bounds)}.")
    if max(sizes) >= 2**63:
        raise ArgumentError(f"Bounds are sizes below 2**63, but got {shown(bounds)}.")
    return Dimension(name, *map(int, sizes))


def _is_whole(size: Any) -> bool:
    try:
        operator.index(size)
    except TypeError:
        return False
    return not isinstance(size, bool)


def _data_type(given: DtypeLike) -> dtype_class:
    dtype = dtype_of(given)
    if dtype is None:
        raise DtypeError(f"InputInfo needs a data type such as fr.float32, not {shown(given)}.")
    return dtype
