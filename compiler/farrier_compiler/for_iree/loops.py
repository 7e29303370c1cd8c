"""Loops, kernels and barriers of IREE's dialects, on which all overrides build."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from farrier_compiler.for_iree.sizes import IreeSizes
from farrier_compiler.kernels.kernel import Kernel, executable
from farrier_compiler.mlir.module import Handle
from farrier_compiler.mlir.text import mlir_dtype, type_text
from farrier_compiler.stablehlo.emitter import HloValue
from farrier_compiler.types.tensor_type import TensorType
from farrier_runtime.dtypes import dtype

Indices = Sequence[Handle]


class IreeLoops(IreeSizes):
    """Emits the loops of linalg and the kernels of flow."""

    def barrier(self, x: HloValue) -> HloValue:
        """Tie sizes to the result, which IREE loses otherwise: `unexpected during shape cleanup`.

        It supports `flow.tensor.tie_shape` for signed integers only.
        """
        sizes = self.dynamic_sizes(x.type.shape)
        if not sizes:
            return super().barrier(x)
        same = super().barrier(self.signless(x))
        tied = self.tensor("flow.tensor.tie_shape", same.type, [same.handle, *sizes])
        return self.bitcast(x.type.dtype, tied)

    def filled(self, type: TensorType, number: float) -> HloValue:
        """Emit a tensor filled with a number, as the initial value of loops."""
        return self.filled_as(type, type.dtype, number)

    def filled_as(self, type: TensorType, dtype: dtype, number: float) -> HloValue:
        """Emit a tensor filled with the bits that a number has as some data type."""
        scalar = self.signless(self.full(TensorType((), dtype), number))
        element = self.extract(scalar, [])
        texts = [mlir_dtype(type.dtype)] * 2
        results = self.program.operation(
            "linalg.fill",
            [type_text(type)],
            [element, self.empty(type).handle],
            {"operandSegmentSizes": segments(1, 1)},
            [(texts, lambda values: [values[0]])],
            terminator="linalg.yield",
        )
        return HloValue(results[0], type)

    def empty(self, type: TensorType) -> HloValue:
        """Emit a tensor with undefined elements."""
        return self.tensor("tensor.empty", type, self.dynamic_sizes(type.shape))

    def generic(
        self,
        out: TensorType,
        inputs: Sequence[HloValue],
        initial: HloValue,
        maps: Sequence[str],
        body: Callable[[Sequence[Handle]], list[Handle]],
        reductions: int,
        **attributes: str,
    ) -> HloValue:
        """Emit loops over the result's dimensions and over the reduced ones."""
        loops = ", ".join(f"d{dim}" for dim in range(out.rank + reductions))
        iterators = ["parallel"] * out.rank + ["reduction"] * reductions
        texts = [mlir_dtype(value.type.dtype) for value in (*inputs, initial)]
        results = self.program.operation(
            "linalg.generic",
            [type_text(out)],
            [*(value.handle for value in inputs), initial.handle],
            {
                "indexing_maps": _listed(f"affine_map<({loops}) -> ({text})>" for text in maps),
                "iterator_types": _listed(f"#linalg.iterator_type<{name}>" for name in iterators),
                "operandSegmentSizes": segments(len(inputs), 1),
                **attributes,
            },
            [(texts, body)],
            terminator="linalg.yield",
        )
        return HloValue(results[0], out)

    def one_kernel(self, out: TensorType, body: Callable[[], HloValue]) -> HloValue:
        """Emit the body as one kernel, where IREE would split it."""
        results = self.program.operation(
            "flow.dispatch.region",
            [type_text(out)],
            [],
            {"operandSegmentSizes": segments(0, 0)},
            [([], lambda _: [body().handle])],
            terminator="flow.return",
            empty_regions=1,
        )
        return HloValue(results[0], out)

    def dispatch(
        self, out: TensorType, kernel: Kernel, operands: Sequence[Handle], sizes: Sequence[Handle]
    ) -> HloValue:
        """Emit a call of a kernel whose first operand and result have the same dynamic sizes."""
        self.program.declare(kernel.name, executable(kernel))
        results = self.program.operation(
            "flow.dispatch",
            [type_text(out)],
            [*sizes, *operands, *sizes, *sizes],
            {
                "entry_points": f"[@{kernel.name}::@{kernel.name}]",
                "operandSegmentSizes": segments(len(sizes), len(operands), *[len(sizes)] * 2),
            },
        )
        return HloValue(results[0], out)

    def tensor(
        self, name: str, out: TensorType, operands: Sequence[Handle], **attributes: str
    ) -> HloValue:
        """Emit an operation on values of any types that has a tensor as its result."""
        results = self.program.operation(name, [type_text(out)], operands, attributes)
        return HloValue(results[0], out)

    def single(self, name: str, type: str, operands: Sequence[Handle], **attributes: str) -> Handle:
        """Emit an operation that has one result, of any type."""
        return self.program.operation(name, [type], operands, attributes)[0]

    def multiply_add(self, dtype: dtype) -> Callable[[Sequence[Handle]], list[Handle]]:
        """Return the body of loops that add products to the result."""
        multiply, add = ("mulf", "addf") if dtype.is_floating else ("muli", "addi")
        text = mlir_dtype(dtype)

        def body(values: Sequence[Handle]) -> list[Handle]:
            left, right, total = values
            product = self.arith(multiply, left, right, text)
            return [self.arith(add, total, product, text)]

        return body

    def extract(self, x: HloValue, indices: Indices) -> Handle:
        """Emit the element at some indices."""
        return self.single("tensor.extract", mlir_dtype(x.type.dtype), [x.handle, *indices])

    def unpacked(self, x: HloValue) -> HloValue:
        """Return int4 as int8, and anything else as it is."""
        return x


def _listed(texts: Iterable[str]) -> str:
    return f"[{', '.join(texts)}]"


def segments(*counts: int) -> str:
    """Return the attribute text for the number of operands in each group of an operation."""
    return f"array<i32: {', '.join(map(str, counts))}>"
