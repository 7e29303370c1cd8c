# RUN: %python %s | filecheck %s
"""Quantisation by computed scales: plain arithmetic."""

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

# The zero point is added to a whole number: of two, that was the even one.
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

# Small floats keep their fractions.
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
