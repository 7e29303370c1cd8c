"""Loops, kernels and barriers as IREE has them: what every family of overrides builds on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from farrier_compiler.for_iree.sizes import IreeSizes
from farrier_compiler.kernels.kernel import Kernel, executable
from farrier_compiler.mlir.module import Handle
from farrier_compiler.mlir.text import mlir_dtype, type_text
from farrier_compiler.stablehlo.emitter import HloValue
from farrier_compiler.types.tensor_type import TensorType
from farrier_runtime.dtypes import dtype

Places = Sequence[Handle]


class IreeLoops(IreeSizes):
    """Emits linalg's loops and flow's kernels."""

    def barrier(self, x: HloValue) -> HloValue:
        """Behind a barrier IREE does not know sizes: `unexpected during shape cleanup`.

        It has `flow.tensor.tie_shape` of signed integers only.
        """
        sizes = self.dynamic_sizes(x.type.shape)
        if not sizes:
            return super().barrier(x)
        done = super().barrier(self.signless(x))
        tied = self.tensor("flow.tensor.tie_shape", done.type, [done.handle, *sizes])
        return self.bitcast(x.type.dtype, tied)

    def filled(self, type: TensorType, number: float) -> HloValue:
        """Emit a tensor full of a number, in the form that loops begin with."""
        return self.filled_as(type, type.dtype, number)

    def filled_as(self, type: TensorType, kind: dtype, number: float) -> HloValue:
        """Emit a tensor full of a number of one data type, with the bits of another."""
        scalar = self.signless(self.full(TensorType((), kind), number))
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
        """Emit a tensor whose elements do not matter."""
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
        """Emit loops over the result's dimensions, and over those that are summed."""
        loops = ", ".join(f"d{dim}" for dim in range(out.rank + reductions))
        kinds = ["parallel"] * out.rank + ["reduction"] * reductions
        texts = [mlir_dtype(value.type.dtype) for value in (*inputs, initial)]
        results = self.program.operation(
            "linalg.generic",
            [type_text(out)],
            [*(value.handle for value in inputs), initial.handle],
            {
                "indexing_maps": f"[{', '.join(f'affine_map<({loops}) -> ({m})>' for m in maps)}]",
                "iterator_types": f"[{', '.join(f'#linalg.iterator_type<{k}>' for k in kinds)}]",
                "operandSegmentSizes": segments(len(inputs), 1),
                **attributes,
            },
            [(texts, body)],
            terminator="linalg.yield",
        )
        return HloValue(results[0], out)

    def one_kernel(self, out: TensorType, body: Callable[[], HloValue]) -> HloValue:
        """Emit what one kernel computes, where IREE would divide it."""
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
        """Emit an operation on values of any kind that has a tensor as its result."""
        results = self.program.operation(name, [type_text(out)], operands, attributes)
        return HloValue(results[0], out)

    def single(self, name: str, type: str, operands: Sequence[Handle], **attributes: str) -> Handle:
        """Emit an operation that has one result, of any type."""
        return self.program.operation(name, [type], operands, attributes)[0]

    def multiply_add(self, kind: dtype) -> Callable[[Sequence[Handle]], list[Handle]]:
        """Return the body of loops that add products to the result."""
        multiply, add = ("mulf", "addf") if kind.is_floating else ("muli", "addi")

        def body(values: Sequence[Handle]) -> list[Handle]:
            left, right, total = values
            text = mlir_dtype(kind)
            product = self.arith(multiply, left, right, text)
            return [self.arith(add, total, product, text)]

        return body

    def extract(self, x: HloValue, places: Places) -> Handle:
        """Emit the element at a place."""
        kind = mlir_dtype(x.type.dtype)
        return self.single("tensor.extract", kind, [x.handle, *places])

    def unpacked(self, x: HloValue) -> HloValue:
        """Return int4 as int8, and anything else as it is."""
        return x


def segments(*counts: int) -> str:
    """Return the attribute text of how many operands each group of an operation has."""
    return f"array<i32: {', '.join(map(str, counts))}>"
