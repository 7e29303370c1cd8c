# RUN: %python %s | filecheck %s
"""IREE's forms of packed weights, integer sums and int4 stored two to a byte."""

import numpy as np

import farrier as fr
from support.show import iree_input

X = fr.InputInfo((4, 3), fr.float32)
W = fr.Tensor(np.arange(60, dtype=np.int8).reshape(20, 3))


def product(x: fr.Tensor) -> fr.Tensor:
    return fr.dot_general(x, fr.dequantize(W, 0.5, fr.float32), ((1,), (1,)))


# Packed weights are widened inside the loops.
iree_input(product, X, passes="pack_weights", name="packed")
# CHECK: #[[LEFT:.*]] = affine_map<(d0, d1, d2, d3) -> (d1, d3)>
# CHECK: #[[RIGHT:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d3, d2)>
# CHECK: #[[RESULT:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
# CHECK-LABEL: func.func @packed(
# CHECK: %[[Y:.*]] = linalg.generic {indexing_maps = [#[[LEFT]], #[[RIGHT]], #[[RESULT]]]
# CHECK-SAME: ins(%{{.*}}, %{{.*}} : tensor<4x3xf32>, tensor<2x3x16xi8>)
# CHECK: arith.sitofp %{{.*}} : i8 to f32
# CHECK: arith.mulf
# CHECK: arith.addf
# CHECK: stablehlo.optimization_barrier %[[Y]]
# CHECK: stablehlo.transpose


# One row with block scales is one kernel: a sum for each block, then a sum weighted by the scales.
def blocks(x: fr.Tensor) -> fr.Tensor:
    weight = fr.Tensor(np.arange(20 * 8, dtype=np.int8).reshape(20, 8))
    scales = fr.Tensor(np.arange(1, 41, dtype=np.float32).reshape(20, 2))
    return fr.dot_general(x, fr.dequantize(weight, scales, fr.float32), ((1,), (1,)))


iree_input(blocks, fr.InputInfo((1, 8), fr.float32), passes="pack_weights", name="one_row")
# CHECK: #[[INNER:.*]] = #iree_cpu.lowering_config<vector_common_parallel = [1, 0, 32, 0]
# CHECK: #[[OUTER:.*]] = #iree_codegen.compilation_info<
# CHECK-LABEL: func.func @one_row(
# CHECK: %[[SCALES:.*]] = stablehlo.optimization_barrier %{{.*}} : tensor<1x2x32xf32>
# CHECK: flow.dispatch.region -> (tensor<1x32xf32>)
# CHECK: %[[SUMS:.*]] = linalg.generic
# CHECK-SAME: ins(%{{.*}}, %{{.*}} : tensor<2x4xf32>, tensor<1x2x4x32xi8>)
# CHECK-SAME: lowering_config = #[[INNER]]}
# CHECK: linalg.generic
# CHECK-SAME: ins(%[[SUMS]], %[[SCALES]] : tensor<1x2x32xf32>, tensor<1x2x32xf32>)
# CHECK-SAME: compilation_info = #[[OUTER]]}

# For many rows, each weight is multiplied by its scale once.
iree_input(blocks, fr.InputInfo((32, 8), fr.float32), passes="pack_weights", name="many_rows")
# CHECK-LABEL: func.func @many_rows(
# CHECK: %[[WIDE:.*]] = linalg.generic
# CHECK-SAME: ins(%{{.*}}, %{{.*}} : tensor<2x2x4x16xi8>, tensor<2x2x16xf32>)
# CHECK: linalg.generic
# CHECK-SAME: ins(%{{.*}}, %[[WIDE]] : tensor<32x2x4xf32>, tensor<2x2x4x16xf32>)


# On other targets, integer sums are plain arithmetic as well.
def integers(x: fr.Tensor) -> fr.Tensor:
    x = fr.dequantize(fr.quantize(x, 0.5, fr.uint8, zero_point=3), 0.5, fr.float32, zero_point=3)
    weight = fr.dequantize(W, [0.5] * 20, fr.float32, 0)
    return fr.dot_general(x, weight, ((1,), (1,)))


iree_input(
    integers, X, passes="integer_matmul,fold_constants,eliminate_dead_nodes", name="integers"
)
# CHECK-LABEL: func.func @integers(
# CHECK: %[[Q:.*]] = stablehlo.convert %{{.*}} : (tensor<4x3xf32>) -> tensor<4x3xi8>
# CHECK: stablehlo.dot_general %[[Q]], %{{.*}}, contracting_dims = [1] x [1]
# CHECK-SAME: : (tensor<4x3xi8>, tensor<20x3xi8>) -> tensor<4x20xi32>
# CHECK: stablehlo.subtract %{{.*}} : tensor<4x20xi32>
# CHECK: stablehlo.convert %{{.*}} : (tensor<4x20xi32>) -> tensor<4x20xf32>
# CHECK: stablehlo.multiply

iree_input(
    lambda s: fr.dequantize(fr.Tensor([1, -1, 2], fr.int4), s, fr.float32),
    fr.InputInfo((), fr.float32),
    name="four_bits",
)
# CHECK-LABEL: func.func @four_bits(
# CHECK: %[[PACKED:.*]] = stablehlo.constant dense<[-15, 2]> : tensor<2xi8>
# CHECK: %[[UP:.*]] = stablehlo.shift_left
# CHECK: stablehlo.shift_right_arithmetic %[[UP]]
# CHECK: -> tensor<3xi8>
# CHECK: stablehlo.convert %{{.*}} : (tensor<3xi8>) -> tensor<3xf32>

# IREE miscompiles depthwise integer convolutions: float32 is as exact on integers, and faster.
iree_input(
    lambda q: fr.convolution(q, fr.Tensor(np.ones((4, 1, 3), np.int8)), groups=4),
    fr.InputInfo((1, 4, 8), fr.int8),
    name="plain",
)
# CHECK-LABEL: func.func @plain(
# CHECK: stablehlo.convolution
# CHECK-SAME: -> tensor<1x4x6xi8>


def depthwise(x: fr.Tensor) -> fr.Tensor:
    x = fr.dequantize(fr.quantize(x, 0.5, fr.int8), 0.5, fr.float32)
    kernel = fr.dequantize(fr.Tensor(np.ones((4, 1, 3), np.int8)), 0.5, fr.float32)
    return fr.convolution(x, kernel, groups=4)


iree_input(
    depthwise, fr.InputInfo((1, 4, 8), fr.float32), passes="integer_matmul", name="depthwise"
)
# CHECK-LABEL: func.func @depthwise(
# CHECK: stablehlo.convolution
# CHECK-SAME: -> tensor<1x4x6xf32>
# CHECK: stablehlo.convert %{{.*}} : (tensor<1x4x6xf32>) -> tensor<1x4x6xi32>
