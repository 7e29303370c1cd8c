"""What IREE 3.13 needs where sizes are known only when a program is called.

It has no way for `dynamic_reshape`, `real_dynamic_slice`, `dynamic_pad`, `dynamic_gather`, and
contractions of several such dimensions: tensor's and linalg's operations stand in their place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from farrier_compiler.for_iree.loops import IreeLoops, Places, segments
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
    """Emits operations on symbolic sizes in the forms that IREE compiles."""

    # ------------------------------------------------------------------ elements in other places

    def dynamic_broadcast(self, x: HloValue, shape: Shape, dims: Sequence[int]) -> HloValue:
        """IREE must know which dimensions grow: where calls decide, places are computed."""
        sizes = [shape[dim] for dim in dims]
        if all(
            size == new or is_never(size, 1) or (size == 1 and is_never(new, 1))
            for size, new in zip(x.type.shape, sizes, strict=True)
        ):
            return super().dynamic_broadcast(x, shape, dims)
        last = [self.index(size - 1) for size in x.type.shape]

        def place(result: Places) -> list[Handle]:
            return [
                self.arith("minsi", result[dim], end) for dim, end in zip(dims, last, strict=True)
            ]

        return self._moved(x.type.with_shape(shape), x, place)

    def dynamic_gather(
        self, out: TensorType, x: HloValue, index: HloValue, dim: int, numbers: str
    ) -> HloValue:
        """IREE has no slices of sizes that it does not know."""
        last, zero = self.index(x.type.shape[dim] - 1), self.index(0)
        rank = index.type.rank

        def place(result: Places) -> list[Handle]:
            chosen = self.extract(index, result[dim : dim + rank])
            found = self.cast_index(chosen, "index")
            inside = self.arith("maxsi", self.arith("minsi", found, last), zero)
            return [*result[:dim], inside, *result[dim + rank :]]

        return self._moved(out, x, place)

    def _moved(
        self, out: TensorType, x: HloValue, place: Callable[[Places], list[Handle]]
    ) -> HloValue:
        """Emit the elements of `x` at the places that belong to each place of the result."""
        carrier = self.signless(x)
        type = out.with_dtype(carrier.type.dtype)

        def body(_: Sequence[Handle]) -> list[Handle]:
            result = [
                self.single("linalg.index", "index", [], dim=f"{dim} : i64")
                for dim in range(out.rank)
            ]
            return [self.extract(carrier, place(result))]

        identity = ", ".join(f"d{dim}" for dim in range(out.rank))
        made = self.generic(type, [], self.empty(type), [identity], body, 0)
        return self.bitcast(out.dtype, made)

    # ------------------------------------------------------------------ shapes

    def dynamic_reshape(self, out: TensorType, x: HloValue) -> HloValue:
        """Neighbours are merged and split, which IREE fuses; flow's operation does the rest."""
        carrier = self.signless(x)
        type = out.with_dtype(carrier.type.dtype)
        groups = reshape_groups(x.type.shape, out.shape)
        if groups is None:
            made = self._flow_reshape(type, carrier)
        else:
            made = self._split(type, self._merged(carrier, groups), groups)
        return self.bitcast(out.dtype, made)

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
        """The same by tensor's operation, which takes no empty part: `offset is out-of-bounds`."""
        if out.size == 0:
            return self.full(out, 0)
        start, _, step = bounds
        if any(n != 1 for n in step):
            return self._stepped(out, x, start, step)
        carrier = self.signless(x)
        made = self._part(out.with_dtype(carrier.type.dtype), carrier, start, step)
        return self.bitcast(out.dtype, made)

    def _stepped(
        self, out: TensorType, x: HloValue, start: Sequence[int], step: Sequence[int]
    ) -> HloValue:
        """Steps fuse wrongly with what follows: `unrealized_conversion_cast` in a reverse."""
        pairs = [(self.index(first), self.index(n)) for first, n in zip(start, step, strict=True)]

        def place(result: Places) -> list[Handle]:
            return [
                self.arith("addi", first, self.arith("muli", index, distance))
                for index, (first, distance) in zip(result, pairs, strict=True)
            ]

        return self._moved(out, x, place)

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
        """IREE pads symbolic sizes outside only: the rest is put into a tensor full of padding."""
        amounts = (*low, *high)
        simple = not any(interior) and all(type(n) is int and n >= 0 for n in amounts)
        if (x.type.is_static and out.is_static) or simple:
            return super().pad(out, x, value, low, high, interior)
        return self.dynamic_pad(out, x, value, (low, high, interior))

    def dynamic_pad(
        self, out: TensorType, x: HloValue, value: HloValue, amounts: Sequence[Sequence[int]]
    ) -> HloValue:
        """Crop, then insert into a tensor that holds the padding everywhere."""
        low, high, interior = amounts
        carrier, fill = self.signless(x), self.signless(value)
        whole = out.with_dtype(carrier.type.dtype)
        step = [gap + 1 for gap in interior]
        begin = [_cropped(n, gap) for n, gap in zip(low, step, strict=True)]
        # Cropping begins between elements, perhaps: some padding is left before the first one.
        first = [n + b * gap for n, b, gap in zip(low, begin, step, strict=True)]
        sizes = [
            _kept(size, b, gap, n)
            for size, b, gap, n in zip(x.type.shape, begin, step, high, strict=True)
        ]
        ones = (1,) * out.rank
        inner = self._part(carrier.type.with_shape(sizes), carrier, begin, ones)
        target = self.broadcast_in_dim(fill, whole.shape, ())
        made = self._at("tensor.insert_slice", whole, [inner, target], first, sizes, step)
        return self.bitcast(out.dtype, made)

    # ------------------------------------------------------------------ reductions, contractions

    def reduce(self, kind: str, x: HloValue, dims: Sequence[int]) -> HloValue:
        """Of no elements: IREE asks for sizes of unsigned tensors, which it cannot give."""
        if x.type.is_static or x.type.size != 0:
            made = super().reduce(kind, x, dims)
            # What follows such sums fuses into kernels that take minutes to compile for CUDA.
            return self.barrier(made) if _is_around_others(x.type.shape, dims) else made
        kept = (size for dim, size in enumerate(x.type.shape) if dim not in dims)
        return self.full(x.type.with_shape(kept), identity_element(kind, x.type.dtype))

    def dot_general(
        self, out: TensorType, lhs: HloValue, rhs: HloValue, batch: DimPairs, contracting: DimPairs
    ) -> HloValue:
        """IREE takes one batch dimension at most, and one of rows, columns and sums each."""
        if lhs.type.is_static and rhs.type.is_static:
            return super().dot_general(out, lhs, rhs, batch, contracting)
        rows, columns = (
            free_dims(x.type.rank, tuple(batch[side]), tuple(contracting[side]))
            for side, x in enumerate((lhs, rhs))
        )
        groups = [[batch[0], rows, contracting[0]], [batch[1], contracting[1], columns]]
        plain = rows and columns and contracting[0]
        # Weights are transposed once, when the program is loaded.
        moved = [x for x, side in zip((lhs, rhs), groups, strict=True) if not _is_sorted(side)]
        if not plain or not all(x.type.is_static for x in moved):
            return self._contraction(out, lhs, rhs, batch, contracting)
        left, right = map(self._as_matrices, map(self._packable, (lhs, rhs)), groups)
        lead = left.type.shape[:-2]
        shape = (*lead, left.type.shape[-2], right.type.shape[-1])
        dims, sums = tuple(range(len(lead))), ((len(lead) + 1,), (len(lead),))
        product = super().dot_general(out.with_shape(shape), left, right, (dims, dims), sums)
        return self.reshape(out, self.barrier(product))

    def _packable(self, x: HloValue) -> HloValue:
        """Data tiling fuses wrongly with symbolic sizes: `no basis element may be non-positive`."""
        return x if x.type.is_static else self.barrier(x)

    def _as_matrices(self, x: HloValue, groups: Sequence[Sequence[int]]) -> HloValue:
        """Emit a stack of matrices, in which each group of dimensions is one; or one matrix."""
        order = [dim for group in groups for dim in group]
        shape = [math.prod(x.type.shape[dim] for dim in group) for group in groups]
        if not _is_sorted(groups):
            x = self.transpose(x.type.with_shape(x.type.shape[d] for d in order), x, order)
        return self.reshape(x.type.with_shape(shape if groups[0] else shape[1:]), x)

    def _contraction(
        self, out: TensorType, lhs: HloValue, rhs: HloValue, batch: DimPairs, contracting: DimPairs
    ) -> HloValue:
        """Emit a contraction as loops over all dimensions of the result, and over the sums."""
        operands = [
            self._packable(self.convert(x.type.with_dtype(out.dtype), x)) for x in (lhs, rhs)
        ]
        places = iter(range(len(batch[0]), out.rank))
        maps: list[str] = []
        for x, shared, sums in zip(operands, batch, contracting, strict=True):
            loops = {dim: index for index, dim in enumerate(shared)}
            loops |= {dim: out.rank + index for index, dim in enumerate(sums)}
            free = free_dims(x.type.rank, tuple(shared), tuple(sums))
            loops |= dict(zip(free, places, strict=False))
            maps.append(", ".join(f"d{loops[dim]}" for dim in range(x.type.rank)))
        maps.append(", ".join(f"d{dim}" for dim in range(out.rank)))
        body, count = self.multiply_add(out.dtype), len(contracting[0])
        return self.barrier(self.generic(out, operands, self.filled(out, 0), maps, body, count))

    def batch_norm_inference(
        self, out: TensorType, *values: HloValue, eps: float, feature_dim: int
    ) -> HloValue:
        """IREE needs the number of features: where it is unknown, the formula is spelt out."""
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
    """Return how many elements a negative padding removes in front."""
    return (maximum(-low, 0) + step - 1) // step


def _kept(size: int, begin: int, step: int, high: int) -> int:
    """Return how many elements are left behind the first ones and before the cropped ones."""
    return size - begin + minimum(high // step, 0)


def _is_around_others(shape: Shape, dims: Sequence[int]) -> bool:
    """Return whether dimensions of unknown sizes have others between them."""
    unknown = [dim for dim in dims if isinstance(shape[dim], SymbolicSize)]
    return len(unknown) > 1 and max(unknown) - min(unknown) >= len(dims)


def _is_sorted(groups: Sequence[Sequence[int]]) -> bool:
    order = [dim for group in groups for dim in group]
    return order == sorted(order)


def _reassociation(groups: Sequence[Sequence[int]]) -> str:
    rows = ", ".join("[" + ", ".join(f"{dim} : i64" for dim in dims) + "]" for dims in groups)
    return f"[{rows}]"
