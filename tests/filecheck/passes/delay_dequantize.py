# RUN: %python %s | filecheck %s
"""The `delay_dequantize` pass: data movement on quantised elements, ahead of dequantisation."""

import farrier as fr
from support.show import graph

X = fr.InputInfo((2, 6), fr.int8)


# CHECK-LABEL: graph @transposed
# CHECK-NEXT:    constant @c0
# CHECK-NEXT:    %0: i8[6,2] = transpose(%q) {permutation = (1, 0)}
# CHECK-NEXT:    %1: f32[6,2] = dequantize(%0, @c0) {dtype = f32, dim = 1}
# CHECK-NEXT:    return %1
def transposed(q: fr.Tensor) -> fr.Tensor:
    return fr.transpose(fr.dequantize(q, [0.5, 0.25], fr.float32, 0), 0, 1)


graph(transposed, X, passes="delay_dequantize", name="transposed")


# CHECK-LABEL: graph @reshaped
# CHECK:         %0: i8[2,3,2] = reshape(%q) {shape = (2, 3, 2)}
# CHECK-NEXT:    %1: f32[2,3,2] = dequantize(%0, @c0) {dtype = f32, dim = 0}
def reshaped(q: fr.Tensor) -> fr.Tensor:
    return fr.reshape(fr.dequantize(q, [0.5, 0.25], fr.float32, 0), (2, 3, 2))


graph(reshaped, X, passes="delay_dequantize", name="reshaped")


# Where the dimension of the scales is merged or reversed, dequantisation stays first.
# CHECK-LABEL: graph @stays
# CHECK:         dequantize(%q
# CHECK-NEXT:    %1: f32[12] = reshape(
# CHECK-NEXT:    %2: f32[2,6] = reverse(
def stays(q: fr.Tensor) -> tuple[fr.Tensor, ...]:
    x = fr.dequantize(q, [0.5, 0.25], fr.float32, 0)
    return fr.reshape(x, (12,)), fr.flip(x, 0)


graph(stays, X, passes="delay_dequantize", name="stays")


# The same holds for a weight that a layout pass transposes; constant folding quantises it.
# CHECK-LABEL: graph @weight
# CHECK-NEXT:    constant @c0: !quant.uniform<i8:f32:1, {0.5, 0.25}>[3,2] =
# CHECK-SAME:      {{\[}}[2, 4], [2, 4], [2, 4]]
# CHECK-NEXT:    constant @c0_1: f32[2] = [0.5, 0.25]
# CHECK-NEXT:    %0: f32[3,2] = dequantize(@c0, @c0_1) {dtype = f32, dim = 1}
def weight(x: fr.Tensor) -> fr.Tensor:
    q = fr.quantize(fr.ones((2, 3)), [0.5, 0.25], fr.int8, 0)
    return x + fr.transpose(fr.dequantize(q, [0.5, 0.25], fr.float32, 0), 0, 1)


graph(
    weight,
    fr.InputInfo((3, 2), fr.float32),
    passes="delay_dequantize,deduplicate,fold_constants",
    name="weight",
)
