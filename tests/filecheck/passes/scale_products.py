# RUN: %python %s | filecheck %s
"""The `scale_products` pass: a weight's scales applied to the matrix product's result."""

from collections.abc import Callable

import numpy as np

import farrier as fr
from support.show import graph

X = fr.InputInfo((4, 3), fr.float32)
W = np.zeros((2, 3), np.int8)


def product(dim: int | None, scale: list[float] | float) -> Callable[[fr.Tensor], fr.Tensor]:
    def call(x: fr.Tensor) -> fr.Tensor:
        weight = fr.dequantize(fr.Tensor(W), scale, x.dtype, dim)
        return fr.dot_general(x, weight, ((1,), (1,)))

    return call


# CHECK-LABEL: graph @columns
# CHECK:         %0: f32[2,3] = dequantize(@c0, 1.0: f32) {dtype = f32}
# CHECK-NEXT:    %1: f32[4,2] = dot_general(%x, %0)
# CHECK-NEXT:    %2: f32[2] = reshape(@c1) {shape = (2,)}
# CHECK-NEXT:    %3: f32[4,2] = multiply(%1, %2)
graph(product(0, [0.5, 0.25]), X, passes="scale_products", name="columns")

# CHECK-LABEL: graph @scalar
# CHECK:         %1: f32[4,2] = dot_general(%x, %0)
# CHECK-NEXT:    %2: f32[4,2] = multiply(%1, 0.5: f32)
graph(product(None, 0.5), X, passes="scale_products", name="scalar")

# Scales along the contracting dimension stay inside the sum; so do float16's, to avoid overflow.
# CHECK-LABEL: graph @rows
# CHECK:         dequantize(@c0, @c1) {dtype = f32, dim = 1}
# CHECK-NOT:     multiply
graph(product(1, [0.5, 0.25, 1.0]), X, passes="scale_products", name="rows")
# CHECK-LABEL: graph @half
# CHECK-NOT:     multiply
# CHECK:         return
half = fr.InputInfo((4, 3), fr.float16)
graph(product(0, [0.5, 0.25]), half, passes="scale_products", name="half")


def convolution(x: fr.Tensor) -> fr.Tensor:
    kernel = fr.dequantize(fr.zeros((2, 3, 1), fr.int8), [0.5, 0.25], fr.float32, 0)
    return fr.convolution(x, kernel)


# CHECK-LABEL: graph @convolution
# CHECK:         = convolution(%x,
# CHECK-NEXT:    %{{.*}}: f32[2,1] = reshape(@{{.*}}) {shape = (2, 1)}
# CHECK-NEXT:    %{{.*}} = multiply(
image = fr.InputInfo((1, 3, 5), fr.float32)
graph(convolution, image, passes="scale_products", name="convolution")
