"""Sorting for IREE 3.13, whose own sort is a bubble sort and gives wrong orders of equal keys.

Each key is packed into one integer with its place in memory: no two are equal, so that one order
is right, the stable one. Few are sorted by counting, many by Batcher's bitonic network (K. E.
Batcher, Sorting networks and their applications, 1968), `n log2(n) (log2(n) + 1) / 4` exchanges.

A network works on a power of two, the `capacity`, of which the keys fill the first `size`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from farrier_compiler.for_iree.loops import IreeLoops
from farrier_compiler.for_iree.sort_keys import sort_key
from farrier_compiler.for_iree.sorting_network import iota_of, network
from farrier_compiler.for_iree.term import IreeTerm
from farrier_compiler.mlir.module import MlirModule
from farrier_compiler.sizes import upper_bound
from farrier_compiler.stablehlo.emitter import HloValue
from farrier_compiler.types.numbers import identity_element, limits, lowest
from farrier_compiler.types.tensor_type import Shape, TensorType
from farrier_runtime import dtypes
from farrier_runtime.dtypes import dtype

if TYPE_CHECKING:
    pass

# Up to this size, counting compiles faster than a network and runs as fast.
COUNTED = 32
# How many numbers a selection compares with each other; where more are wanted, it sorts all.
CANDIDATES = 512
# Into how many rows a selection folds its numbers: the fewer, the more steps it takes.
FOLDS = (4, 16)


def sort(hlo: Sorting, values: Sequence[HloValue], dim: int, descending: bool) -> list[HloValue]:
    """Emit a stable sort of tensors along a dimension by the first one."""
    key = values[0]
    if key.type.shape[dim] == 1 or key.type.size == 0:
        return list(values)
    if not key.type.is_static:
        return _sort_rows(hlo, values, dim, descending)
    places = _sorted_places(sort_key(IreeTerm(hlo, key), descending), dim)
    return [
        _index(places, dim).value if hlo.counts(x, dim) else _take(IreeTerm(hlo, x), places).value
        for x in values
    ]


def largest(hlo: Sorting, x: HloValue, count: int, dim: int) -> list[HloValue] | None:
    """Emit the largest elements along a dimension in order, and their int32 indices.

    Returns None where sorting all elements is faster, or the only way: for keys of 64 bits.
    """
    if x.type.dtype.bits == 64 or x.type.size == 0 or not 0 < count * FOLDS[0] <= CANDIDATES:
        return None
    last = x.type.rank - 1
    if not x.type.is_static:
        rows = _rows(hlo, x, dim, _last_number(x.type.dtype, descending=True))
        selected = _largest_of_last(hlo, rows, count)
        return [_from_rows(hlo, value, x.type.shape, dim, count) for value in selected]
    selected = _largest_of_last(hlo, _exchange_dims(hlo, x, dim, last), count)
    return [_exchange_dims(hlo, value, dim, last) for value in selected]


def _exchange_dims(hlo: Sorting, x: HloValue, dim: int, other: int) -> HloValue:
    if dim == other:
        return x
    order = list(range(x.type.rank))
    order[dim], order[other] = other, dim
    return hlo.transpose(x.type.with_shape(x.type.shape[d] for d in order), x, order)


def _largest_of_last(hlo: Sorting, x: HloValue, count: int) -> list[HloValue]:
    size = x.type.shape[-1]
    packed = _pack(sort_key(IreeTerm(hlo, x), descending=True))
    columns = _Columns(x.type.size, (size,))
    smallest = _smallest(packed.reshape((x.type.size // size, size)), count, columns)
    shape = (*x.type.shape[:-1], count)
    places = columns.place(smallest).reshape(shape)
    return [_take(IreeTerm(hlo, x), places).value, columns.column(smallest).reshape(shape).value]


# ---------------------------------------------------------------------- symbolic sizes


def _sort_rows(
    hlo: Sorting, values: Sequence[HloValue], dim: int, descending: bool
) -> list[HloValue]:
    """Sort rows of the dimension's largest size, whose ends are filled with what comes last."""
    key = values[0]
    filled = _rows(hlo, key, dim, _last_number(key.type.dtype, descending))
    places = _sorted_places(sort_key(IreeTerm(hlo, filled), descending), 1)
    results: list[HloValue] = []
    for x in values:
        if hlo.counts(x, dim):
            row = _index(places, 1)
        else:
            rows = filled if x is key else _rows(hlo, x, dim, 0)
            row = _take(IreeTerm(hlo, rows), places)
        results.append(_from_rows(hlo, row.value, x.type.shape, dim, x.type.shape[dim]))
    return results


def _rows(hlo: Sorting, x: HloValue, dim: int, fill: float) -> HloValue:
    """Emit a matrix with a dimension as its rows, filled up to the largest sizes there can be.

    Of a symbolic number of rows, IREE refuses a network: `no unbounded stack allocations`.
    """
    x = _exchange_dims(hlo, x, dim, x.type.rank - 1)
    capacity = tuple(map(upper_bound, x.type.shape))
    high = [most - size for most, size in zip(capacity, x.type.shape, strict=True)]
    zeros = [0] * len(high)
    number = hlo.full(x.type.with_shape(()), fill)
    filled = hlo.pad(x.type.with_shape(capacity), x, number, zeros, high, zeros)
    return hlo.reshape(x.type.with_shape((math.prod(capacity[:-1]), capacity[-1])), filled)


def _from_rows(hlo: Sorting, rows: HloValue, shape: Shape, dim: int, size: int) -> HloValue:
    """Emit a tensor of a shape but for one dimension, of the first elements of rows."""
    last = len(shape) - 1
    outer = list(shape)
    outer[dim], outer[last] = outer[last], size
    capacity = (*map(upper_bound, outer[:-1]), rows.type.shape[-1])
    split = hlo.reshape(rows.type.with_shape(capacity), rows)
    zeros, ones = [0] * len(shape), [1] * len(shape)
    part = hlo.slice(rows.type.with_shape(outer), split, zeros, outer, ones)
    return _exchange_dims(hlo, part, dim, last)


def _last_number(dtype: dtype, descending: bool) -> float:
    """Return what no element of a data type comes behind."""
    if descending:
        return lowest(dtype)
    return math.nan if dtype.is_floating else identity_element("min", dtype)


# ---------------------------------------------------------------------- keys and their places


def _sorted_places(key: IreeTerm, dim: int) -> IreeTerm:
    """Emit the places of integers in order; 64-bit ones are sorted by the lower half first."""
    low, *high = _halves(key)
    places = _sorted_places_of_half(low, dim)
    for half in high:
        places = _take(places, _sorted_places_of_half(_take(half, places), dim))
    return places


def _halves(key: IreeTerm) -> list[IreeTerm]:
    """Return 64-bit integers as two numbers of 32 bits, others as they are."""
    if key.type.dtype.bits < 64:
        return [key]
    return [half.bitcast(dtypes.int64) for half in (key & 0xFFFFFFFF, key.call("shift_right", 32))]


def _sorted_places_of_half(key: IreeTerm, dim: int) -> IreeTerm:
    size = key.type.shape[dim]
    packed = _pack(key)
    if size <= COUNTED:
        ordered = _by_counting(packed, dim, size)
    else:
        capacity = _power_of_two(size)
        ordered = _first(network(_extended(packed, dim, capacity), dim), dim, size)
    return _place(ordered, key.type.size)


def _pack(key: IreeTerm) -> IreeTerm:
    """Emit integers that hold keys of at most 32 bits, and below them their places."""
    size, bits = key.type.size, _place_bits(key.type.size)
    short = min(key.type.dtype.bits, 32) + bits < 32
    wide = key.convert(dtypes.int32 if short else dtypes.int64)
    places = key.hlo.iota(wide.type.with_shape((size,)), 0)
    return wide.call("shift_left", bits) + key.of(places).reshape(key.type.shape)


def _place(packed: IreeTerm, size: int) -> IreeTerm:
    """Emit the places that packed integers hold, in a tensor of so many elements."""
    return (packed & ((1 << _place_bits(size)) - 1)).convert(dtypes.int32)


def _place_bits(size: int) -> int:
    return (size - 1).bit_length()


def _power_of_two(size: int) -> int:
    """Return the smallest power of two that is not below a size."""
    return 1 << (size - 1).bit_length()


def _take(x: IreeTerm, places: IreeTerm) -> IreeTerm:
    """Emit the elements at places in memory."""
    flat = x.reshape((x.type.size,))
    out = places.type.with_dtype(x.type.dtype)
    return x.of(x.hlo.gather(out, flat.value, places.value, 0))


def _index(places: IreeTerm, dim: int) -> IreeTerm:
    """Emit the indices along a dimension of a tensor's own places."""
    shape = places.type.shape
    size, inner = shape[dim], math.prod(shape[dim + 1 :])
    index = places / inner if inner > 1 else places
    return index.call("fmod", size) if places.type.size > size * inner else index


def _extended(x: IreeTerm, dim: int, capacity: int) -> IreeTerm:
    """Emit a tensor with the largest number behind its own along a dimension.

    By concatenation: IREE cannot schedule two paddings of one shape, one after the other.
    """
    before, after = x.type.shape[:dim], x.type.shape[dim + 1 :]
    missing = capacity - x.type.shape[dim]
    if not missing:
        return x
    rest = x.hlo.full(x.type.with_shape((*before, missing, *after)), limits(x.type.dtype)[1])
    out = x.type.with_shape((*before, capacity, *after))
    return x.of(x.hlo.concatenate(out, [x.value, rest], dim))


def _first(x: IreeTerm, dim: int, size: int) -> IreeTerm:
    """Emit the first elements along a dimension."""
    shape = list(x.type.shape)
    if shape[dim] == size:
        return x
    shape[dim] = size
    ones = [1] * len(shape)
    out = x.type.with_shape(shape)
    return x.of(x.hlo.slice(out, x.value, [0] * len(shape), shape, ones))


# ---------------------------------------------------------------------- counting


def _by_counting(x: IreeTerm, dim: int, count: int) -> IreeTerm:
    """Emit the smallest integers along a dimension in order, of integers that all differ."""
    own = _across(x, x.type.rank, x.type.shape[dim])
    rank = _sum(_swapped(x, dim, x.type.shape[dim]).compare("less", own).convert(dtypes.int32))
    others = _swapped(x, dim, count)
    wanted = iota_of(others, dim).compare("equal", _swapped(rank, dim, count))
    return _sum(others.where(wanted, 0))


def _across(x: IreeTerm, dim: int, size: int) -> IreeTerm:
    """Emit a tensor repeated along a new dimension."""
    shape = (*x.type.shape[:dim], size, *x.type.shape[dim:])
    kept = [d + (d >= dim) for d in range(x.type.rank)]
    return x.of(x.hlo.broadcast_in_dim(x.value, shape, kept))


def _swapped(x: IreeTerm, dim: int, size: int) -> IreeTerm:
    """Emit a tensor with a dimension moved to the end and a new one in its place."""
    shape = (*x.type.shape[:dim], size, *x.type.shape[dim + 1 :], x.type.shape[dim])
    kept = [x.type.rank if d == dim else d for d in range(x.type.rank)]
    return x.of(x.hlo.broadcast_in_dim(x.value, shape, kept))


def _sum(x: IreeTerm) -> IreeTerm:
    """Emit the sums over the last dimension."""
    return x.of(x.hlo.reduce("sum", x.value, [x.type.rank - 1]))


# ---------------------------------------------------------------------- selecting


@dataclass(frozen=True)
class _Columns:
    """Where packed integers are in a matrix that was folded.

    Attributes:
        size: how many elements the tensor has to whose places they refer.
        widths: the number of columns at first, and after each folding.
    """

    size: int
    widths: tuple[int, ...]

    def place(self, packed: IreeTerm) -> IreeTerm:
        """Emit the places in the tensor."""
        return _place(packed, self.size)

    def row(self, packed: IreeTerm) -> IreeTerm:
        """Emit the rows."""
        return self.place(packed) / self.widths[0]

    def column(self, packed: IreeTerm) -> IreeTerm:
        """Emit the columns."""
        index = self.place(packed)
        for width in self.widths:
            index = index.call("fmod", width)
        return index


def _smallest(x: IreeTerm, count: int, columns: _Columns) -> IreeTerm:
    """Emit the smallest integers of each row in order.

    A row is folded to several, and each column's smallest number stands for it: the columns of
    the `count` smallest of these hold all that is wanted.
    """
    rows, size = x.type.shape
    if count == 1:
        return x.of(x.hlo.reduce("min", x.value, [1])).reshape((rows, 1))
    folds = min(max(CANDIDATES // 2 // count, FOLDS[0]), FOLDS[1])
    if size <= count * folds:
        return _by_counting(x, 1, count)
    width = -(-size // folds)
    folded = _extended(x, 1, folds * width).reshape((rows, folds, width))
    heads = x.of(x.hlo.reduce("min", folded.value, [1]))
    inner = _Columns(columns.size, (*columns.widths, width))
    candidates = _column_elements(folded, _smallest(heads, count, inner), inner)
    return _by_counting(candidates.reshape((rows, folds * count)), 1, count)


def _column_elements(folded: IreeTerm, heads: IreeTerm, columns: _Columns) -> IreeTerm:
    """Emit all elements of the columns that some integers stand for."""
    _, folds, width = folded.type.shape
    row, column = (_across(x, 1, folds) for x in (columns.row(heads), columns.column(heads)))
    return _take(folded, (row * folds + iota_of(row, 1)) * width + column)


class Sorting(IreeLoops):
    """Emits sorts and selections."""

    def __init__(self, program: MlirModule) -> None:
        super().__init__(program)
        self._iotas: set[tuple[HloValue, int]] = set()

    def sort(self, values: Sequence[HloValue], dim: int, descending: bool) -> list[HloValue]:
        """IREE's own sort is a bubble sort, and gives wrong orders of equal keys and NaN."""
        return sort(self, values, dim, descending)

    def top_k(self, x: HloValue, k: int, dim: int) -> list[HloValue]:
        """Select the few largest elements, without sorting the others."""
        return largest(self, x, k, dim) or super().top_k(x, k, dim)

    def iota(self, out: TensorType, dim: int) -> HloValue:
        """Record which tensors are iotas along `dim`: sorting one yields the permutation itself."""
        iota = super().iota(out, dim)
        if out.dtype is dtypes.int32:
            self._iotas.add((iota, dim))
        return iota

    def counts(self, x: HloValue, dim: int) -> bool:
        """Return whether a tensor is known to hold 0, 1, 2, ... along a dimension."""
        return (x, dim) in self._iotas
