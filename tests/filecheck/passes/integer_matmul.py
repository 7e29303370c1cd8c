# RUN: %python %s | filecheck %s
"""The `integer_matmul` pass: integer sums, zero-point corrections, and one scaling at the end."""

import numpy as np

import farrier as fr
from support.show import graph

W = np.arange(6, dtype=np.int8).reshape(2, 3)
X = fr.InputInfo((4, 3), fr.float32)
PASSES = "integer_matmul,canonicalize,fold_constants,eliminate_dead_nodes"


# Bias, activation and the next quantisation stay after it, where back ends fuse them.
# CHECK-LABEL: graph @linear
# CHECK-DAG:     constant @[[SUMS:.*]]: i32[1,2] = {{\[}}[9, 36]]
# CHECK-DAG:     constant @[[SCALES:.*]]: f32[2] = [0.125, 0.0625]
# CHECK:         %0: !quant.uniform<i8:f32, 0.25:3>[4,3] = quantize(%x, 0.25: f32, 3: i8)
# CHECK-NEXT:    %1: i32[4,2] = dot_general(%0, @{{.*}}) {
# CHECK-SAME:      dtype = i32}
# CHECK-NEXT:    %2: i32[4,2] = subtract(%1, @[[SUMS]])
# CHECK-NEXT:    %3: f32[4,2] = dequantize(%2, @[[SCALES]]) {dtype = f32, dim = 1}
# CHECK-NEXT:    %4: f32[4,2] = add(%3,
# CHECK-NEXT:    %5: f32[4,2] = maximum(%4,
# CHECK-NEXT:    %6: !quant.uniform<i8:f32, 0.5>[4,2] = quantize(%5, 0.5: f32) {dtype = i8}
def linear(x: fr.Tensor) -> fr.Tensor:
    x = fr.dequantize(fr.quantize(x, 0.25, fr.int8, zero_point=3), 0.25, fr.float32, zero_point=3)
    weight = fr.dequantize(fr.Tensor(W), [0.5, 0.25], fr.float32, 0)
    y = fr.relu(fr.dot_general(x, weight, ((1,), (1,))) + fr.Tensor([1.0, 2.0]))
    return fr.quantize(y, 0.5, fr.int8)


graph(linear, X, passes=PASSES, name="linear")


# Unsigned operands become signed by subtracting 128.
# CHECK-LABEL: graph @unsigned
# CHECK:         %0: !quant.uniform<i8:f32, 0.25:-28>[4,3] = quantize(%x, 0.25: f32, -28: i8)
# CHECK-NEXT:    dot_general(%0,
def unsigned(x: fr.Tensor) -> fr.Tensor:
    q = fr.quantize(x, 0.25, fr.uint8, zero_point=100)
    x = fr.dequantize(q, 0.25, fr.float32, zero_point=100)
    return fr.dot_general(x, fr.dequantize(fr.Tensor(W), 0.5, fr.float32), ((1,), (1,)))


graph(unsigned, X, passes=PASSES, name="unsigned")


# The padding of a convolution holds the zero point.
# CHECK-LABEL: graph @convolution
# CHECK:         %0: !quant.uniform<i8:f32, 0.25:3>[1,2,4] = quantize(%x,
# CHECK-NEXT:    %1: i8[1,2,6] = pad(%0, 3: i8) {low = (0, 0, 1), high = (0, 0, 1),
# CHECK-NEXT:    %2: i32[1,2,4] = convolution(%1, @{{.*}}) {stride = (1,), padding = ((0, 0),),
# CHECK-SAME:      dtype = i32}
# CHECK-NEXT:    %3: i32[1,2,4] = subtract(%2, @{{.*}})
# CHECK-NEXT:    %4: f32[1,2,4] = dequantize(%3, @{{.*}}) {dtype = f32, dim = 1}
def convolution(x: fr.Tensor) -> fr.Tensor:
    x = fr.dequantize(fr.quantize(x, 0.25, fr.int8, zero_point=3), 0.25, fr.float32, zero_point=3)
    kernel = fr.Tensor(np.arange(12, dtype=np.int8).reshape(2, 2, 3))
    kernel = fr.dequantize(kernel, [0.5, 0.25], fr.float32, 0)
    return fr.convolution(x, kernel, padding=((1, 1),))


graph(convolution, fr.InputInfo((1, 2, 4), fr.float32), passes=PASSES, name="convolution")


# Other products stay, with a remark that gives the reason.
# CHECK-LABEL: graph @stays
# CHECK:         %[[W:.*]]: f32[2,3] = dequantize(
# CHECK-NEXT:    dot_general(%x, %[[W]])
# CHECK-SAME:  # integer_matmul.py:{{[0-9]+}}; summed as float32: the left operand is not quantized
def stays(x: fr.Tensor) -> fr.Tensor:
    return fr.dot_general(x, fr.dequantize(fr.Tensor(W), 0.5, fr.float32), ((1,), (1,)))


graph(stays, X, passes=PASSES, name="stays")
