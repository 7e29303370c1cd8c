"""Operations on dynamic dimensions in the forms that IREE 3.13 compiles.

It does not support `dynamic_reshape`, `real_dynamic_slice`, `dynamic_pad`, `dynamic_gather`, or
contractions of several dynamic dimensions: operations of tensor and linalg replace them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from farrier_compiler.for_iree.loops import Indices, IreeLoops, segments
from farrier_compiler.for_iree.reshapes import Group, reshape_groups
from farrier_compiler.mlir.module import Handle
from farrier_compiler.sizes import SymbolicSize, is_never, maximum, minimum
from farrier_compiler.stablehlo.builder import DimPairs
from farrier_compiler.stablehlo.emitter import HloValue
from farrier_compiler.stablehlo.names import i64s
from farrier_compiler.types.geometry import free_dims
from farrier_compiler.types.numbers import identity_element
from farrier_compiler.types.tensor_type import Shape, TensorType


class DynamicShapes(IreeLoops):
    """Emits operations on dynamic sizes in the forms that IREE compiles."""

    # ------------------------------------------------------------------ computed indices

    def expands(self, size: int, new: int) -> bool:
        """Return whether a dimension has one element: to IREE, expanding to 1 is the same."""
        return size == 1 and new != 1

    def dynamic_broadcast(self, x: HloValue, shape: Shape, dims: Sequence[int]) -> HloValue:
        """IREE must know which dimensions expand; where it does not, compute the indices."""
        sizes = [shape[dim] for dim in dims]
        x = self._with_unknown(x, sizes)
        if all(
            size in (1, new) or is_never(size, 1)
            for size, new in zip(x.type.shape, sizes, strict=True)
        ):
            return super().dynamic_broadcast(x, shape, dims)
        last = [self.index(size - 1) for size in x.type.shape]

        def source(result: Indices) -> list[Handle]:
            return [
                self.arith("minsi", result[dim], end) for dim, end in zip(dims, last, strict=True)
            ]

        return self._moved(x.type.with_shape(shape), x, source)

    def _with_unknown(self, x: HloValue, sizes: Sequence[int]) -> HloValue:
        """Hide static sizes behind equal dynamic ones: IREE would infer sizes of inputs."""
        pairs = zip(x.type.shape, sizes, strict=True)
        shape = [
            new if own != 1 and not isinstance(own, SymbolicSize) else own for own, new in pairs
        ]
        return self.with_sizes(x, tuple(shape))

    def dynamic_gather(
        self, out: TensorType, x: HloValue, index: HloValue, dim: int, numbers: str
    ) -> HloValue:
        """IREE does not support slices of dynamic sizes."""
        last, zero = self.index(x.type.shape[dim] - 1), self.index(0)
        rank = index.type.rank

        def source(result: Indices) -> list[Handle]:
            given = self.cast_index(self.extract(index, result[dim : dim + rank]), "index")
            clamped = self.arith("maxsi", self.arith("minsi", given, last), zero)
            return [*result[:dim], clamped, *result[dim + rank :]]

        return self._moved(out, x, source)

    def _moved(
        self, out: TensorType, x: HloValue, source: Callable[[Indices], list[Handle]]
    ) -> HloValue:
        """Emit a tensor of elements of `x`; `source` maps indices of the result to those of `x`."""
        carrier = self.signless(x)
        type = out.with_dtype(carrier.type.dtype)

        def body(_: Sequence[Handle]) -> list[Handle]:
            result = [
                self.single("linalg.index", "index", [], dim=f"{dim} : i64")
                for dim in range(out.rank)
            ]
            return [self.extract(carrier, source(result))]

        identity = ", ".join(f"d{dim}" for dim in range(out.rank))
        moved = self.generic(type, [], self.empty(type), [identity], body, 0)
        return self.bitcast(out.dtype, moved)

    # ------------------------------------------------------------------ shapes

    def dynamic_reshape(self, out: TensorType, x: HloValue) -> HloValue:
        """Merge and split neighbours, which IREE fuses; flow's operation does the rest."""
        carrier = self.signless(x)
        type = out.with_dtype(carrier.type.dtype)
        groups = reshape_groups(x.type.shape, out.shape)
        if groups is None:
            reshaped = self._flow_reshape(type, carrier)
        else:
            reshaped = self._split(type, self._merged(carrier, groups), groups)
        return self.bitcast(out.dtype, reshaped)

    def with_sizes(self, x: HloValue, shape: Shape) -> HloValue:
        """Emit a tensor with other expressions for its sizes, which are equal in every call."""
        if x.type.shape == shape:
            return x
        carrier = self.signless(x)
        resized = self._flow_reshape(carrier.type.with_shape(shape), carrier)
        return self.bitcast(x.type.dtype, resized)

    def concatenate(self, out: TensorType, values: Sequence[HloValue], dim: int) -> HloValue:
        """IREE requires the result's sizes: `expected type to be ... (size mismatch)`."""

        def sizes(x: HloValue) -> Shape:
            pairs = enumerate(zip(x.type.shape, out.shape, strict=True))
            return tuple(
                own if d == dim or isinstance(wanted, SymbolicSize) else wanted
                for d, (own, wanted) in pairs
            )

        return super().concatenate(out, [self.with_sizes(x, sizes(x)) for x in values], dim)

    def _flow_reshape(self, out: TensorType, x: HloValue) -> HloValue:
        before, after = self.dynamic_sizes(x.type.shape), self.dynamic_sizes(out.shape)
        return self.tensor(
            "flow.tensor.reshape",
            out,
            [x.handle, *before, *after],
            operandSegmentSizes=segments(1, len(before), len(after)),
        )

    def _merged(self, x: HloValue, groups: Sequence[Group]) -> HloValue:
        if all(len(group.before) == 1 for group in groups):
            return x
        shape = (math.prod(x.type.shape[dim] for dim in group.before) for group in groups)
        merged = [group.before for group in groups]
        return self.tensor(
            "tensor.collapse_shape",
            x.type.with_shape(shape),
            [x.handle],
            reassociation=_reassociation(merged),
        )

    def _split(self, out: TensorType, x: HloValue, groups: Sequence[Group]) -> HloValue:
        if all(len(group.after) == 1 for group in groups):
            return HloValue(x.handle, out)
        return self.tensor(
            "tensor.expand_shape",
            out,
            [x.handle, *self.dynamic_sizes(out.shape)],
            reassociation=_reassociation([group.after for group in groups]),
            static_output_shape=_static(out.shape),
        )

    def dynamic_slice(
        self, out: TensorType, x: HloValue, bounds: Sequence[Sequence[int]]
    ) -> HloValue:
        """Emit an operation of tensor; it refuses empty slices: `offset is out-of-bounds`."""
        if out.size == 0:
            return self.full(out, 0)
        start, _, step = bounds
        if any(n != 1 for n in step):
            return self._stepped(out, x, start, step)
        carrier = self.signless(x)
        part = self._part(out.with_dtype(carrier.type.dtype), carrier, start, step)
        return self.bitcast(out.dtype, part)

    def _stepped(
        self, out: TensorType, x: HloValue, start: Sequence[int], step: Sequence[int]
    ) -> HloValue:
        """Compute indices: IREE fuses steps wrongly (`unrealized_conversion_cast` in a reverse)."""
        pairs = [(self.index(first), self.index(n)) for first, n in zip(start, step, strict=True)]

        def source(result: Indices) -> list[Handle]:
            return [
                self.arith("addi", first, self.arith("muli", index, distance))
                for index, (first, distance) in zip(result, pairs, strict=True)
            ]

        return self._moved(out, x, source)

    def _part(
        self, out: TensorType, x: HloValue, start: Sequence[int], step: Sequence[int]
    ) -> HloValue:
        return self._at("tensor.extract_slice", out, [x], start, out.shape, step)

    def _at(
        self,
        name: str,
        out: TensorType,
        tensors: Sequence[HloValue],
        start: Sequence[int],
        sizes: Sequence[int],
        step: Sequence[int],
    ) -> HloValue:
        starts, extents = self.dynamic_sizes(start), self.dynamic_sizes(sizes)
        return self.tensor(
            name,
            out,
            [*(x.handle for x in tensors), *starts, *extents],
            operandSegmentSizes=segments(*[1] * len(tensors), len(starts), len(extents), 0),
            static_offsets=_static(start),
            static_sizes=_static(sizes),
            static_strides=_static(step),
        )

    def pad(
        self,
        out: TensorType,
        x: HloValue,
        value: HloValue,
        low: Sequence[int],
        high: Sequence[int],
        interior: Sequence[int],
    ) -> HloValue:
        """IREE pads dynamic sizes only outside; insert into a filled tensor otherwise."""
        amounts = (*low, *high)
        simple = not any(interior) and all(type(n) is int and n >= 0 for n in amounts)
        if (x.type.is_static and out.is_static) or simple:
            return super().pad(out, x, value, low, high, interior)
        return self.dynamic_pad(out, x, value, (low, high, interior))

    def dynamic_pad(
        self, out: TensorType, x: HloValue, value: HloValue, amounts: Sequence[Sequence[int]]
    ) -> HloValue:
        """Crop, then insert into a tensor filled with the padding."""
        low, high, interior = amounts
        carrier, fill = self.signless(x), self.signless(value)
        whole = out.with_dtype(carrier.type.dtype)
        step = [gap + 1 for gap in interior]
        begin = [_cropped(n, gap) for n, gap in zip(low, step, strict=True)]
        # The crop may end inside a gap, which leaves padding before the first element.
        first = [n + b * gap for n, b, gap in zip(low, begin, step, strict=True)]
        sizes = [
            _kept(size, b, gap, n)
            for size, b, gap, n in zip(x.type.shape, begin, step, high, strict=True)
        ]
        ones = (1,) * out.rank
        inner = self._part(carrier.type.with_shape(sizes), carrier, begin, ones)
        target = self.broadcast_in_dim(fill, whole.shape, ())
        padded = self._at("tensor.insert_slice", whole, [inner, target], first, sizes, step)
        return self.bitcast(out.dtype, padded)

    # ------------------------------------------------------------------ reductions, contractions

    def reduce(self, kind: str, x: HloValue, dims: Sequence[int]) -> HloValue:
        """Fill the result of an empty reduction: IREE cannot get the sizes of unsigned tensors."""
        if x.type.is_static or x.type.size != 0:
            reduced = super().reduce(kind, x, dims)
            # Their consumers would fuse into kernels that take minutes to compile for CUDA.
            return self.barrier(reduced) if _is_around_others(x.type.shape, dims) else reduced
        kept = (size for dim, size in enumerate(x.type.shape) if dim not in dims)
        return self.full(x.type.with_shape(kept), identity_element(kind, x.type.dtype))

    def dot_general(
        self, out: TensorType, lhs: HloValue, rhs: HloValue, batch: DimPairs, contracting: DimPairs
    ) -> HloValue:
        """IREE takes at most one batch dimension, and one each of rows, columns and sums."""
        if lhs.type.is_static and rhs.type.is_static:
            return super().dot_general(out, lhs, rhs, batch, contracting)
        if all(lhs.type.shape[dim] == 1 for dim in contracting[0]):
            return self._outer(out, lhs, rhs, batch, contracting)
        rows, columns = (
            free_dims(x.type.rank, tuple(batch[side]), tuple(contracting[side]))
            for side, x in enumerate((lhs, rhs))
        )
        groups = [[batch[0], rows, contracting[0]], [batch[1], contracting[1], columns]]
        plain = rows and columns and contracting[0] and not _has_unit(lhs.type, rhs.type, groups)
        # Static operands may be transposed: weights are, once, at load.
        moved = [x for x, side in zip((lhs, rhs), groups, strict=True) if not _is_sorted(side)]
        if not plain or not all(x.type.is_static for x in moved):
            return self._contraction(out, lhs, rhs, batch, contracting)
        left, right = map(self._as_matrices, map(self._packable, (lhs, rhs)), groups)
        lead = left.type.shape[:-2]
        shape = (*lead, left.type.shape[-2], right.type.shape[-1])
        dims, sums = tuple(range(len(lead))), ((len(lead) + 1,), (len(lead),))
        product = super().dot_general(out.with_shape(shape), left, right, (dims, dims), sums)
        return self.reshape(out, self.barrier(product))

    def _outer(
        self, out: TensorType, lhs: HloValue, rhs: HloValue, batch: DimPairs, contracting: DimPairs
    ) -> HloValue:
        """Multiply where sums have one term: IREE fails on its `dynamic_reshape` of these."""
        starts = len(batch[0]), lhs.type.rank - len(contracting[0])
        sides = zip((lhs, rhs), batch, contracting, starts, strict=True)
        return self.elementwise("multiply", out, *(self._factor(out, *side) for side in sides))

    def _factor(
        self, out: TensorType, x: HloValue, batch: Sequence[int], sums: Sequence[int], first: int
    ) -> HloValue:
        """Emit an operand in the shape of the result, which has its own dims from `first` on."""
        own = free_dims(x.type.rank, tuple(batch), tuple(sums))
        places = dict(
            zip((*batch, *own), (*range(len(batch)), *range(first, out.rank)), strict=False)
        )
        kept = sorted(places)
        wide = self.convert(x.type.with_dtype(out.dtype), x)
        factor = self.reshape(wide.type.with_shape(x.type.shape[dim] for dim in kept), wide)
        return self.broadcast_in_dim(factor, out.shape, [places[dim] for dim in kept])

    def _packable(self, x: HloValue) -> HloValue:
        """Data tiling fuses dynamic sizes wrongly: `no basis element may be non-positive`."""
        return x if x.type.is_static else self.barrier(x)

    def _as_matrices(self, x: HloValue, groups: Sequence[Sequence[int]]) -> HloValue:
        """Emit a matrix, or a stack of them, by merging each group of dimensions into one."""
        order = [dim for group in groups for dim in group]
        shape = [math.prod(x.type.shape[dim] for dim in group) for group in groups]
        if not _is_sorted(groups):
            x = self.transpose(x.type.with_shape(x.type.shape[d] for d in order), x, order)
        return self.reshape(x.type.with_shape(shape if groups[0] else shape[1:]), x)

    def _contraction(
        self, out: TensorType, lhs: HloValue, rhs: HloValue, batch: DimPairs, contracting: DimPairs
    ) -> HloValue:
        """Emit a contraction as loops over the dimensions of the result and over the sums."""
        operands = [
            self._packable(self.convert(x.type.with_dtype(out.dtype), x)) for x in (lhs, rhs)
        ]
        result_dims = iter(range(len(batch[0]), out.rank))
        maps: list[str] = []
        for x, shared, sums in zip(operands, batch, contracting, strict=True):
            loops = {dim: index for index, dim in enumerate(shared)}
            loops |= {dim: out.rank + index for index, dim in enumerate(sums)}
            free = free_dims(x.type.rank, tuple(shared), tuple(sums))
            loops |= dict(zip(free, result_dims, strict=False))
            maps.append(", ".join(f"d{loops[dim]}" for dim in range(x.type.rank)))
        maps.append(", ".join(f"d{dim}" for dim in range(out.rank)))
        body, count = self.multiply_add(out.dtype), len(contracting[0])
        return self.barrier(self.generic(out, operands, self.filled(out, 0), maps, body, count))

    def batch_norm_inference(
        self, out: TensorType, *values: HloValue, eps: float, feature_dim: int
    ) -> HloValue:
        """IREE needs the number of features; emit the formula where that is dynamic."""
        if not isinstance(out.shape[feature_dim], SymbolicSize):
            return super().batch_norm_inference(out, *values, eps=eps, feature_dim=feature_dim)
        x, *others = values
        scale, offset, mean, variance = (
            self.broadcast_in_dim(value, out.shape, (feature_dim,)) for value in others
        )
        shifted = self.elementwise("add", out, variance, self.full(out, eps))
        factor = self.elementwise("multiply", out, scale, self.elementwise("rsqrt", out, shifted))
        centred = self.elementwise("subtract", out, x, mean)
        return self.elementwise(
            "add", out, self.elementwise("multiply", out, centred, factor), offset
        )


_DYNAMIC = -(2**63)


def _static(sizes: Sequence[int]) -> str:
    return i64s([_DYNAMIC if isinstance(size, SymbolicSize) else size for size in sizes])


def _cropped(low: int, step: int) -> int:
    """Return how many elements a negative padding removes at the front."""
    return (maximum(-low, 0) + step - 1) // step


def _kept(size: int, begin: int, step: int, high: int) -> int:
    """Return how many elements remain after cropping both ends."""
    return size - begin + minimum(high // step, 0)


def _is_around_others(shape: Shape, dims: Sequence[int]) -> bool:
    """Return whether there are other dimensions between the dynamic ones among `dims`."""
    dynamic = [dim for dim in dims if isinstance(shape[dim], SymbolicSize)]
    return len(dynamic) > 1 and max(dynamic) - min(dynamic) >= len(dims)


def _is_sorted(groups: Sequence[Sequence[int]]) -> bool:
    order = [dim for group in groups for dim in group]
    return order == sorted(order)


def _has_unit(
    left: TensorType, right: TensorType, groups: Sequence[Sequence[Sequence[int]]]
) -> bool:
    """Return whether merged batch, rows or columns have size 1, which IREE would reshape."""
    (batch, rows, _), (_, _, columns) = groups
    merged = (math.prod(left.shape[dim] for dim in dims) for dims in (batch, rows) if dims)
    return 1 in (*merged, math.prod(right.shape[dim] for dim in columns))


def _reassociation(groups: Sequence[Sequence[int]]) -> str:
    rows = ", ".join("[" + ", ".join(f"{dim} : i64" for dim in dims) + "]" for dims in groups)
    return f"[{rows}]"
