# RUN: %python %s | filecheck %s
"""Quantisation with computed scales, as plain arithmetic."""

import farrier as fr
from support.show import stablehlo

X = fr.InputInfo((2, 6), fr.float32)
SCALE = fr.InputInfo((), fr.float32)
CHANNELS = fr.InputInfo((6,), fr.float32)
BLOCKS = fr.InputInfo((1, 6), fr.float32)
OFFSETS = fr.InputInfo((6,), fr.uint8)

# op: quantize
stablehlo(lambda x, s: fr.quantize(x, s, fr.int8), X, SCALE, name="per_tensor")
# CHECK-LABEL: func.func @per_tensor(
# CHECK-NEXT: %[[S:.*]] = stablehlo.broadcast_in_dim %arg1, dims = []
# CHECK-NEXT: %[[RATIO:.*]] = stablehlo.divide %arg0, %[[S]] : tensor<2x6xf32>
# CHECK-NEXT: %[[NUMBER:.*]] = stablehlo.compare EQ, %[[RATIO]], %[[RATIO]], FLOAT
# CHECK-NEXT: %[[WHOLE:.*]] = stablehlo.round_nearest_even %[[RATIO]] : tensor<2x6xf32>
# CHECK-NEXT: %[[ZERO:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<2x6xf32>
# CHECK-NEXT: %[[FOUND:.*]] = stablehlo.select %[[NUMBER]], %[[WHOLE]], %[[ZERO]]
# CHECK-NEXT: %[[LOW:.*]] = stablehlo.constant dense<-1.280000e+02> : tensor<2x6xf32>
# CHECK-NEXT: %[[HIGH:.*]] = stablehlo.constant dense<1.270000e+02> : tensor<2x6xf32>
# CHECK-NEXT: %[[ABOVE:.*]] = stablehlo.maximum %[[FOUND]], %[[LOW]] : tensor<2x6xf32>
# CHECK-NEXT: %[[INSIDE:.*]] = stablehlo.minimum %[[ABOVE]], %[[HIGH]] : tensor<2x6xf32>
# CHECK-NEXT: stablehlo.convert %[[INSIDE]] : (tensor<2x6xf32>) -> tensor<2x6xi8>
# CHECK-NEXT: return

# The zero point is added after rounding half to even.
stablehlo(lambda x, s, z: fr.quantize(x, s, fr.uint8, 1, z), X, CHANNELS, OFFSETS, name="channels")
# CHECK-LABEL: func.func @channels(
# CHECK-NEXT: stablehlo.broadcast_in_dim %arg1, dims = [1]
# CHECK: %[[FOUND:.*]] = stablehlo.select
# CHECK-NEXT: %[[Z:.*]] = stablehlo.convert %arg2 : (tensor<6xui8>) -> tensor<6xf32>
# CHECK-NEXT: %[[OFFSET:.*]] = stablehlo.broadcast_in_dim %[[Z]], dims = [1]
# CHECK-NEXT: stablehlo.add %[[FOUND]], %[[OFFSET]] : tensor<2x6xf32>
# CHECK: dense<2.550000e+02>
# CHECK: (tensor<2x6xf32>) -> tensor<2x6xui8>

stablehlo(lambda x, s: fr.quantize(x, s, fr.int4), X, BLOCKS, name="blocks")
# CHECK-LABEL: func.func @blocks(
# CHECK-NEXT: %[[S:.*]] = stablehlo.broadcast_in_dim %arg1, dims = [0, 2]
# CHECK-SAME: (tensor<1x6xf32>) -> tensor<1x2x6x1xf32>
# CHECK-NEXT: stablehlo.reshape %[[S]] : (tensor<1x2x6x1xf32>) -> tensor<2x6xf32>
# CHECK: (tensor<2x6xf32>) -> tensor<2x6xi4>

# float8 storage keeps fractions.
stablehlo(lambda x, s: fr.quantize(x, s, fr.float8), X, SCALE, name="float8")
# CHECK-LABEL: func.func @float8(
# CHECK-NOT: round
# CHECK: dense<4.480000e+02>
# CHECK: stablehlo.convert %{{.*}} : (tensor<2x6xf32>) -> tensor<2x6xf8E4M3FN>

# op: dequantize
stablehlo(
    lambda q, s, z: fr.dequantize(q, s, fr.float16, 1, z),
    fr.InputInfo((2, 6), fr.uint8),
    fr.InputInfo((6,), fr.float16),
    OFFSETS,
    name="dequantize",
)
# CHECK-LABEL: func.func @dequantize(
# CHECK-NEXT: %[[Q:.*]] = stablehlo.convert %arg0 : (tensor<2x6xui8>) -> tensor<2x6xf32>
# CHECK-NEXT: %[[Z:.*]] = stablehlo.convert %arg2 : (tensor<6xui8>) -> tensor<6xf32>
# CHECK-NEXT: %[[OFFSET:.*]] = stablehlo.broadcast_in_dim %[[Z]], dims = [1]
# CHECK-NEXT: %[[N:.*]] = stablehlo.subtract %[[Q]], %[[OFFSET]] : tensor<2x6xf32>
# CHECK-NEXT: %[[S:.*]] = stablehlo.convert %arg1 : (tensor<6xf16>) -> tensor<6xf32>
# CHECK-NEXT: %[[SCALE:.*]] = stablehlo.broadcast_in_dim %[[S]], dims = [1]
# CHECK-NEXT: %[[Y:.*]] = stablehlo.multiply %[[N]], %[[SCALE]] : tensor<2x6xf32>
# CHECK-NEXT: stablehlo.convert %[[Y]] : (tensor<2x6xf32>) -> tensor<2x6xf16>
# CHECK-NEXT: return

# Constant scales are a type. Zero points other than 0 are added to whole numbers, which
# uniform_quantize does not do.
stablehlo(lambda x: fr.quantize(x, 0.5, fr.int8), X, name="constant")
# CHECK-LABEL: func.func @constant(
# CHECK-SAME: -> (tensor<2x6x!quant.uniform<i8:f32, 5.000000e-01>>
# CHECK: stablehlo.uniform_quantize %arg0
# CHECK-SAME: : (tensor<2x6xf32>) -> tensor<2x6x!quant.uniform<i8:f32, 5.000000e-01>>
# CHECK-NEXT: return

stablehlo(lambda x: fr.quantize(x, 0.5, fr.uint8, zero_point=3) * 2, X, name="zero_point")
# CHECK-LABEL: func.func @zero_point(
# CHECK: %[[N:.*]] = stablehlo.convert %{{.*}} : (tensor<2x6xf32>) -> tensor<2x6xui8>
# CHECK-NEXT: %[[Q:.*]] = stablehlo.bitcast_convert %[[N]]
# CHECK-SAME: -> tensor<2x6x!quant.uniform<u8:f32, 5.000000e-01:3>>
# CHECK: stablehlo.bitcast_convert %[[Q]] : {{.*}} -> tensor<2x6xui8>
# CHECK: stablehlo.multiply

stablehlo(
    lambda x: fr.dequantize(fr.quantize(x, [0.5, 0.25], fr.int8, 0), [0.5, 0.25], fr.float32, 0),
    X,
    name="there_and_back",
)
# CHECK-LABEL: func.func @there_and_back(
# CHECK: %[[Q:.*]] = stablehlo.uniform_quantize %arg0
# CHECK-SAME: -> tensor<2x6x!quant.uniform<i8:f32:0, {5.000000e-01,2.500000e-01}>>
# CHECK: stablehlo.uniform_dequantize %[[Q]] : {{.*}} -> tensor<2x6xf32>

# Constant folding quantises a weight.
stablehlo(
    lambda x: x + fr.dequantize(fr.quantize(fr.ones((6,)), 0.5, fr.int8), 0.5, fr.float32),
    X,
    passes="fold_constants",
    name="weight",
)
# CHECK-LABEL: func.func @weight(
# CHECK: %[[W:.*]] = stablehlo.constant dense<2> : tensor<6xi8>
# CHECK-NEXT: %[[Q:.*]] = stablehlo.bitcast_convert %[[W]]
# CHECK-SAME: -> tensor<6x!quant.uniform<i8:f32, 5.000000e-01>>
# CHECK: stablehlo.uniform_dequantize %[[Q]]


# StableHLO's quantised ops lack block scales: elements are cast to the storage type and back.
def of_blocks(x: fr.Tensor) -> tuple[fr.Tensor, fr.Tensor]:
    scale = [[0.5, 0.25, 0.125]]
    q = fr.quantize(x, scale, fr.int4)
    return q, fr.dequantize(fr.transpose(fr.transpose(q, 0, 1), 0, 1), scale, fr.float32)


stablehlo(of_blocks, X, name="constant_blocks")
# CHECK-LABEL: func.func @constant_blocks(
# CHECK: %[[N:.*]] = stablehlo.convert %{{.*}} : (tensor<2x6xf32>) -> tensor<2x6xi4>
# CHECK-NEXT: %[[Q:.*]] = quant.scast %[[N]] : tensor<2x6xi4>
# CHECK-SAME: to tensor<2x6x!quant.uniform<i4:f32:{0:2, 1:2}, {{.*}}5.000000e-01, 2.500000e-01,
# CHECK: %[[P:.*]] = quant.scast %[[Q]]
# CHECK-SAME: to tensor<2x6xi4>
# CHECK-NEXT: stablehlo.transpose %[[P]]
# CHECK: return %[[Q]]

# 16-bit floats would be computed in 16 bits.
stablehlo(
    lambda x: fr.quantize(x, 0.5, fr.int8), fr.InputInfo((2, 6), fr.float16), name="constant_f16"
)
# CHECK-LABEL: func.func @constant_f16(
# CHECK-NOT: uniform
# CHECK: return


# A matmul of quantised tensors: readable types, and integer sums.
def product(x: fr.Tensor) -> fr.Tensor:
    x = fr.dequantize(fr.quantize(x, 0.5, fr.int8, zero_point=3), 0.5, fr.float32, zero_point=3)
    q = fr.quantize(fr.ones((4, 6)), [0.5] * 4, fr.int8, 0)
    return fr.dot_general(x, fr.dequantize(q, [0.5] * 4, fr.float32, 0), ((1,), (1,)))


stablehlo(product, X, passes="fold_constants", name="product")
# CHECK-LABEL: func.func @product(
# CHECK: stablehlo.uniform_dequantize
# CHECK-SAME: : (tensor<2x6x!quant.uniform<i8:f32, 5.000000e-01:3>>) -> tensor<2x6xf32>
# CHECK: stablehlo.uniform_dequantize
# CHECK-SAME: : (tensor<4x6x!quant.uniform<i8:f32:0, {5.000000e-01,
# CHECK: stablehlo.dot_general
# CHECK-SAME: -> tensor<2x4xf32>

stablehlo(product, X, passes="fold_constants,integer_matmul,fold_constants", name="legalised")
# CHECK-LABEL: func.func @legalised(
# CHECK: stablehlo.bitcast_convert %{{.*}} -> tensor<2x6x!quant.uniform<i8:f32, 5.000000e-01:3>>
# CHECK: %[[X:.*]] = stablehlo.bitcast_convert %{{.*}}5.000000e-01:3>>) -> tensor<2x6xi8>
# CHECK: %[[SUMS:.*]] = stablehlo.dot_general %[[X]], %{{.*}} -> tensor<2x4xi32>
# CHECK: stablehlo.subtract %[[SUMS]]
# CHECK: stablehlo.convert %{{.*}} : (tensor<2x4xi32>) -> tensor<2x4xf32>
# CHECK: stablehlo.multiply
# CHECK-NEXT: return
