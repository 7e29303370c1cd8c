"""Dynamic sizes in the form that IREE computes, and assertions of their constraints."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from farrier_compiler.mlir.module import Handle
from farrier_compiler.mlir.text import string_attribute, type_text
from farrier_compiler.sizes import Call, SymbolicSize, dimension_of, symbol
from farrier_compiler.sizes.requirements import Requirement
from farrier_compiler.stablehlo.builder import Builder
from farrier_compiler.stablehlo.emitter import HloValue, emit_polynomial
from farrier_compiler.types.tensor_type import TensorType
from farrier_runtime.dimension import Dimension
from farrier_runtime.dtypes import DTYPES, dtype, int32

_CALLS = {"min": "minsi", "max": "maxsi"}


class IreeSizes(Builder):
    """Computes sizes as integers of type `index`, once each, at the head of the function."""

    _indices: dict[int, Handle]

    # ------------------------------------------------------------------ bits

    def signless(self, x: HloValue) -> HloValue:
        """Emit unsigned integers as signed ones of the same bits; others stay as they are."""
        return self.bitcast(signed(x.type.dtype), x)

    # ------------------------------------------------------------------ sizes

    def begin(
        self,
        inputs: Sequence[tuple[HloValue, Dimension | None]],
        requirements: Sequence[tuple[Requirement, str]],
    ) -> None:
        """Assert the sizes that the program was compiled for: IREE would read out of bounds."""
        super().begin(inputs, requirements)
        self._indices = {}
        for value, dimension in inputs:
            if dimension is not None:
                self._assert_bounds(dimension, self._read(value, None))
            for dim, size in enumerate(value.type.shape):
                if dimension := dimension_of(size):
                    self._assert_bounds(dimension, self._read(value, dim))
        for requirement, text in requirements:
            self._assert(self._holds(requirement), text)

    def _assert_bounds(self, dimension: Dimension, size: Handle) -> None:
        bounds = [self.index(dimension.min), self.index(dimension.max)]
        inside = self._both(
            self._compare("sge", size, bounds[0]), self._compare("sle", size, bounds[1])
        )
        same = self._compare("eq", size, self.index(symbol(dimension)))
        self._assert(
            self._both(inside, same),
            f"the size '{dimension.name}' must be {dimension.range}, and the same in all inputs",
        )

    def _holds(self, requirement: Requirement) -> Handle:
        left, right = self.index(requirement.left), self.index(requirement.right)
        if requirement.relation == "at_most":
            return self._compare("sle", left, right)
        same = self._compare("eq", left, right)
        if requirement.relation == "equal":
            return same
        one = self.index(1)
        either = self.arith(
            "ori", self._compare("eq", left, one), self._compare("eq", right, one), "i1"
        )
        return self.arith("ori", same, either, "i1")

    def _assert(self, flag: Handle, text: str) -> None:
        self.program.operation("cf.assert", [], [flag], {"msg": string_attribute(text)})

    def _compare(self, predicate: str, left: Handle, right: Handle) -> Handle:
        number = {"eq": 0, "sle": 3, "sge": 5}[predicate]
        attributes = {"predicate": f"{number} : i64"}
        return self.program.operation("arith.cmpi", ["i1"], [left, right], attributes)[0]

    def _both(self, left: Handle, right: Handle) -> Handle:
        return self.arith("andi", left, right, "i1")

    def arith(self, name: str, left: Handle, right: Handle, type: str = "index") -> Handle:
        """Emit a binary operation of the arith dialect."""
        return self.program.operation(f"arith.{name}", [type], [left, right])[0]

    def cast_index(self, value: Handle, type: str) -> Handle:
        """Emit an integer as an index, or an index as an integer."""
        return self.program.operation("arith.index_cast", [type], [value])[0]

    def index(self, size: int) -> Handle:
        """Emit a size as an index."""
        if size not in self._indices:
            self._indices[size] = self._emit_index(size)
        return self._indices[size]

    def dynamic_sizes(self, sizes: Sequence[int]) -> list[Handle]:
        """Emit the dynamic ones of some sizes."""
        return [self.index(size) for size in sizes if isinstance(size, SymbolicSize)]

    def _emit_index(self, size: int) -> Handle:
        if not isinstance(size, SymbolicSize):
            return self.program.operation(
                "arith.constant", ["index"], [], {"value": f"{size} : index"}
            )[0]
        add, multiply = (functools.partial(self.arith, name) for name in ("addi", "muli"))
        return emit_polynomial(size, self.index, self._index_atom, add, multiply)

    def _index_atom(self, atom: Dimension | Call) -> Handle:
        if isinstance(atom, Dimension):
            return self._read(*self._sources[atom])
        first, *others = map(self.index, atom.arguments)
        for other in others:
            match atom.function:
                case "broadcast":
                    is_one = self._compare("eq", first, self.index(1))
                    first = self.program.operation(
                        "arith.select", ["index"], [is_one, other, first]
                    )[0]
                case "floor_divide":
                    other = self.arith("maxsi", other, self.index(1))  # avoids 0 / 0
                    first = self.arith("floordivsi", first, other)
                case "min" | "max":
                    first = self.arith(_CALLS[atom.function], first, other)
        return first

    def _read(self, source: HloValue, dim: int | None) -> Handle:
        if dim is not None:
            operands = [self.signless(source).handle, self.index(dim)]
            return self.program.operation("tensor.dim", ["index"], operands)[0]
        number = self.program.operation("tensor.extract", ["i32"], [source.handle])[0]
        return self.cast_index(number, "index")

    def _emit_size(self, size: int) -> HloValue:
        return self._from_elements((), [size])

    def sizes(self, sizes: Sequence[int]) -> HloValue:
        """Emit sizes as a vector of int32."""
        return self._from_elements((len(sizes),), sizes)

    def _from_elements(self, shape: tuple[int, ...], sizes: Sequence[int]) -> HloValue:
        type = TensorType(shape, int32)
        if not any(isinstance(size, SymbolicSize) for size in sizes):
            return self.constant(np.array(sizes, np.int32).reshape(shape), int32)
        numbers = [self.cast_index(self.index(size), "i32") for size in sizes]
        vector = self.program.operation("tensor.from_elements", [type_text(type)], numbers)
        return HloValue(vector[0], type)


def signed(dtype: dtype) -> dtype:
    """Return the signed integer type of an unsigned type's size, and any other type itself."""
    return DTYPES[dtype.name.removeprefix("u")] if dtype.is_unsigned else dtype
