"""Base of all builders: values, operations and dynamic sizes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from farrier_compiler.mlir.module import Handle, MlirModule
from farrier_compiler.mlir.text import type_text
from farrier_compiler.sizes import Call, SymbolicSize, dimension_of, is_never, terms_of
from farrier_compiler.sizes.requirements import Requirement
from farrier_compiler.stablehlo.names import i64s
from farrier_compiler.types.tensor_type import Shape, TensorType
from farrier_runtime.dimension import Dimension
from farrier_runtime.dtypes import bool as _BOOL, int32

_SCALAR = TensorType((), int32)
_CALLS = {
    "min": "stablehlo.minimum",
    "max": "stablehlo.maximum",
    "floor_divide": "stablehlo.divide",  # sizes are never negative
}
Number = TypeVar("Number")


@dataclass(frozen=True, slots=True)
class HloValue:
    """An MLIR value with its type in the graph, which is authoritative."""

    handle: Handle
    type: TensorType


class Emitter:
    """Emits operations into a program, also those with dynamic sizes.

    Args:
        program: the MLIR module under construction.
    """

    def __init__(self, program: MlirModule) -> None:
        self.program = program
        self._sources: dict[Dimension, tuple[HloValue, int | None]] = {}
        self._sizes: dict[int, HloValue] = {}

    def emit(
        self,
        name: str,
        out: TensorType,
        *operands: HloValue,
        **attributes: str,
    ) -> HloValue:
        """Emit an operation that has one result and no regions."""
        handles = [operand.handle for operand in operands]
        results = self.program.operation(name, [type_text(out)], handles, attributes)
        return HloValue(results[0], out)

    # ------------------------------------------------------------------ quantised types

    def known_type(self, type: TensorType) -> TensorType:
        """Return a type, without quantisation to small floats, which StableHLO lacks.

        Nor with that of 16-bit floats, which it would compute in 16 bits.
        """
        quantization = type.quantization
        if quantization and (type.dtype.is_floating or quantization.expressed.bits < 32):
            return type.plain
        return type

    def plain(self, x: HloValue) -> HloValue:
        """Emit a quantised tensor as plain numbers; others stay as they are."""
        return self.as_quantized(x, x.type.plain)

    def as_quantized(self, x: HloValue, out: TensorType) -> HloValue:
        """Emit the same numbers as another type, quantised or not.

        StableHLO's own ops do not take types with scales for blocks; the quant dialect's do.
        """
        if x.type == out:
            return x
        quantizations = (x.type.quantization, out.quantization)
        blocks = any(each is not None and each.block for each in quantizations)
        return self.emit("quant.scast" if blocks else "stablehlo.bitcast_convert", out, x)

    # ------------------------------------------------------------------ sizes

    def begin(
        self,
        inputs: Sequence[tuple[HloValue, Dimension | None]],
        requirements: Sequence[tuple[Requirement, str]],
    ) -> None:
        """Register the sources of dynamic sizes, and the constraints on them.

        Args:
            inputs: the function's arguments, each with the dimension whose size it is, if any.
            requirements: constraints, each with the error text for when it does not hold.
        """
        for value, dimension in inputs:
            if dimension is not None:
                self._sources.setdefault(dimension, (value, None))
            for dim, size in enumerate(value.type.shape):
                if dimension := dimension_of(size):
                    self._sources.setdefault(dimension, (value, dim))

    def size(self, size: int) -> HloValue:
        """Emit a size as an int32 scalar."""
        if size not in self._sizes:
            self._sizes[size] = self._emit_size(size)
        return self._sizes[size]

    def _emit_size(self, size: int) -> HloValue:
        if not isinstance(size, SymbolicSize):
            return HloValue(
                self.program.constant("size", np.asarray(size, np.int32), _SCALAR), _SCALAR
            )
        add, multiply = (
            functools.partial(self._pair, f"stablehlo.{name}") for name in ("add", "multiply")
        )
        return emit_polynomial(size, self.size, self._emit_atom, add, multiply)

    def _emit_atom(self, atom: Dimension | Call) -> HloValue:
        if isinstance(atom, Dimension):
            source, dim = self._sources[atom]
            if dim is None:
                return source
            return self.emit(
                "stablehlo.get_dimension_size", _SCALAR, source, dimension=f"{dim} : i64"
            )
        first, *others = map(self.size, atom.arguments)
        for other in others:
            if atom.function == "broadcast":
                first = self._emit_broadcast_size(first, other)
            else:
                first = self._pair(_CALLS[atom.function], first, other)
        return first

    def _emit_broadcast_size(self, left: HloValue, right: HloValue) -> HloValue:
        """Emit `right if left == 1 else left`."""
        flag = self.emit(
            "stablehlo.compare",
            TensorType((), _BOOL),
            left,
            self.size(1),
            comparison_direction="#stablehlo<comparison_direction EQ>",
            compare_type="#stablehlo<comparison_type SIGNED>",
        )
        return self.emit("stablehlo.select", _SCALAR, flag, right, left)

    def _pair(self, name: str, left: HloValue, right: HloValue) -> HloValue:
        return self.emit(name, _SCALAR, left, right)

    def sizes(self, sizes: Sequence[int]) -> HloValue:
        """Emit sizes as a vector of int32."""
        if all(not isinstance(size, SymbolicSize) for size in sizes):
            type = TensorType((len(sizes),), int32)
            return HloValue(self.program.constant("sizes", np.array(sizes, np.int32), type), type)
        one = _SCALAR.with_shape((1,))
        parts = [self.emit("stablehlo.reshape", one, self.size(size)) for size in sizes]
        if len(parts) == 1:
            return parts[0]
        whole = _SCALAR.with_shape((len(parts),))
        return self.emit("stablehlo.concatenate", whole, *parts, dimension="0 : i64")

    # ------------------------------------------------------------------ dynamic shapes

    def dynamic_broadcast(self, x: HloValue, shape: Shape, dims: Sequence[int]) -> HloValue:
        """Emit a broadcast to a shape, with the dimensions that are known to expand or not to."""
        pairs = list(enumerate(zip(x.type.shape, (shape[dim] for dim in dims), strict=True)))
        expanding = [dim for dim, (size, new) in pairs if self.expands(size, new)]
        fixed = [dim for dim, (size, new) in pairs if size == new or is_never(size, 1)]
        attributes = {
            "known_expanding_dimensions": expanding,
            "known_nonexpanding_dimensions": fixed,
        }
        return self.emit(
            "stablehlo.dynamic_broadcast_in_dim",
            x.type.with_shape(shape),
            x,
            self.sizes(shape),
            broadcast_dimensions=i64s(dims),
            **{name: i64s(listed) for name, listed in attributes.items() if listed},
        )

    def expands(self, size: int, new: int) -> bool:
        """Return whether a broadcast is known to expand a dimension."""
        return size == 1 and is_never(new, 1)

    def dynamic_reshape(self, out: TensorType, x: HloValue) -> HloValue:
        """Emit a change of shape."""
        return self.emit("stablehlo.dynamic_reshape", out, x, self.sizes(out.shape))

    def dynamic_iota(self, out: TensorType, dim: int) -> HloValue:
        """Emit 0, 1, 2, ... along a dimension."""
        return self.emit(
            "stablehlo.dynamic_iota", out, self.sizes(out.shape), iota_dimension=f"{dim} : i64"
        )

    def dynamic_slice(
        self, out: TensorType, x: HloValue, bounds: Sequence[Sequence[int]]
    ) -> HloValue:
        """Emit a slice by starts, limits and steps."""
        return self.emit("stablehlo.real_dynamic_slice", out, x, *map(self.sizes, bounds))

    def dynamic_pad(
        self, out: TensorType, x: HloValue, value: HloValue, amounts: Sequence[Sequence[int]]
    ) -> HloValue:
        """Emit a padding by amounts before, after and between the elements."""
        return self.emit("stablehlo.dynamic_pad", out, x, value, *map(self.sizes, amounts))

    def dynamic_gather(
        self, out: TensorType, x: HloValue, index: HloValue, dim: int, numbers: str
    ) -> HloValue:
        """Emit slices of `x` along a dimension at non-negative indices."""
        slice_sizes = (*x.type.shape[:dim], 1, *x.type.shape[dim + 1 :])
        return self.emit(
            "stablehlo.dynamic_gather",
            out,
            x,
            index,
            self.sizes(slice_sizes),
            dimension_numbers=numbers,
            indices_are_sorted="false",
        )


def emit_polynomial(
    size: SymbolicSize,
    emit: Callable[[int], Number],
    emit_atom: Callable[[Dimension | Call], Number],
    add: Callable[[Number, Number], Number],
    multiply: Callable[[Number, Number], Number],
) -> Number:
    """Emit a symbolic size, a sum of products of atoms.

    Args:
        size: the size.
        emit: emits other sizes, such as factors, each once.
        emit_atom: emits a dimension or a call.
        add: emits a sum.
        multiply: emits a product.
    """

    def factors(monomial: Sequence[Dimension | Call], coefficient: int) -> Iterator[Number]:
        if coefficient != 1 or not monomial:
            yield emit(coefficient)
        for atom in monomial:
            alone = SymbolicSize.of({(atom,): 1})
            yield emit_atom(atom) if alone == size else emit(alone)

    products = (functools.reduce(multiply, factors(*term)) for term in terms_of(size))
    return functools.reduce(add, products)
