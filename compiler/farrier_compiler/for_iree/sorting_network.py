"""Batcher's bitonic network: a sort of integers along a dimension whose size is a power of two."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

from farrier_compiler.for_iree.term import IreeTerm
from farrier_compiler.types.tensor_type import Shape
from farrier_runtime import dtypes

# The elements of a tensor that differ in some dimensions of size 2 only, by their indices there.
Parts = Mapping[tuple[int, ...], IreeTerm]


def network(x: IreeTerm, dim: int) -> IreeTerm:
    """Emit a sort of integers along a dimension whose size is a power of two."""
    shape = x.type.shape
    inner, levels = math.prod(shape[dim + 1 :]), shape[dim].bit_length() - 1
    for level in range(1, levels + 1):
        x = _merge(x, level, inner, last=level == levels)
    return x.reshape(shape)


def _merge(x: IreeTerm, level: int, inner: int, last: bool) -> IreeTerm:
    """Emit sorted runs of `2**level` elements, from sorted halves of them.

    The second half has to descend. Complements ascend where numbers descend, so every second run
    is stored as complements: all comparisons are of one kind, and few kernels do.
    """
    steps = 2 - level % 2  # two steps a kernel: memory is what they wait for
    parity, run = 1 if last else 2, inner << (level - steps)
    view = (x.type.size // (parity * inner << level), parity, *[2] * steps, run)
    parts = {
        bits: _complemented(part, level > 1 and bits[0] == 1)
        for bits, part in _parts(x, view).items()
    }
    x = _exchanged(parts, view)
    for distance in range(level - steps - 2, -1, -2):
        run = inner << distance
        view = (x.type.size // (4 * run), 1, 2, 2, run)
        x = _exchanged(_parts(x, view), view)
    return x


def _parts(x: IreeTerm, view: Shape) -> Parts:
    """Return the parts of a tensor of shape `(groups, parity, 2, ..., 2, run)`."""
    viewed = x.reshape(view)
    return {bits: _part(viewed, bits) for bits in itertools.product((0, 1), repeat=len(view) - 3)}


def _part(x: IreeTerm, bits: Sequence[int]) -> IreeTerm:
    groups, parity, *_, run = x.type.shape
    start, limit = [0, 0, *bits, 0], [groups, parity, *(bit + 1 for bit in bits), run]
    out = x.type.with_shape((groups, parity, *[1] * len(bits), run))
    part = x.hlo.slice(out, x.value, start, limit, [1] * len(start))
    return x.of(part).reshape((groups, parity, run))


def _complemented(part: IreeTerm, stored: bool) -> IreeTerm:
    """Emit complements of the second runs only; `stored`: now all elements are complements."""
    if part.type.shape[1] == 1:
        return part.call("bitwise_not") if stored else part
    return part.call("bitwise_not").where(iota_of(part, 1).compare("equal", int(not stored)), part)


def _exchanged(parts: Parts, view: Shape) -> IreeTerm:
    """Emit a tensor of its parts, ordered along its dimensions of size 2, the first one first."""
    kept = [0, 1, len(view) - 1]
    wide = {
        bits: part.of(part.hlo.broadcast_in_dim(part.value, view, kept))
        for bits, part in parts.items()
    }
    for dim in range(2, len(view) - 1):
        rest = itertools.product((0, 1), repeat=len(view) - 2 - dim)
        wide = {bits: _lower_and_upper(wide[0, *bits], wide[1, *bits], dim) for bits in rest}
    return wide[()]


def _lower_and_upper(x: IreeTerm, y: IreeTerm, dim: int) -> IreeTerm:
    """Emit the smaller of two at the dimension's index 0, and the larger at 1."""
    first = iota_of(x, dim).compare("equal", 0)
    return x.call("minimum", y).where(first, x.call("maximum", y))


def iota_of(x: IreeTerm, dim: int) -> IreeTerm:
    """Emit the int32 indices along a dimension of a tensor's shape."""
    return x.of(x.hlo.iota(x.type.with_dtype(dtypes.int32), dim))
