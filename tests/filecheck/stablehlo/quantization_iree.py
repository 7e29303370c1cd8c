# RUN: %python %s | filecheck %s
"""IREE's own dequantize_affine, beside products; int4 from bytes that hold two."""

import numpy as np

import farrier as fr
from support.show import iree_input


def product(x: fr.Tensor) -> fr.Tensor:
    x = fr.dequantize(fr.quantize(x, 0.5, fr.uint8, zero_point=3), 0.5, fr.float32, zero_point=3)
    weight = fr.dequantize(fr.Tensor(np.ones((4, 8), np.int8)), [0.5] * 4, fr.float32, 0)
    return fr.dot_general(x, weight, ((1,), (1,)))


iree_input(product, fr.InputInfo((2, 8), fr.float32), name="product")
# CHECK: #[[WHOLE:.*]] = affine_map<(d0, d1) -> (d0, d1)>
# CHECK: #[[ONE:.*]] = affine_map<(d0, d1) -> ()>
# CHECK: #[[ROW:.*]] = affine_map<(d0, d1) -> (d0)>
# CHECK-LABEL: func.func @product(
# CHECK: %[[Q:.*]] = stablehlo.bitcast_convert %{{.*}} : (tensor<2x8xui8>) -> tensor<2x8xi8>
# CHECK: %[[X:.*]] = iree_linalg_ext.dequantize_affine <indexing_maps =
# CHECK-SAME: [#[[WHOLE]], #[[ONE]], #[[ONE]], #[[WHOLE]]], input_unsigned>
# CHECK-SAME: ins(%[[Q]], %{{.*}}, %{{.*}} : tensor<2x8xi8>, tensor<f32>, tensor<i64>)
# CHECK: %[[W:.*]] = iree_linalg_ext.dequantize_affine
# CHECK-SAME: [#[[WHOLE]], #[[ROW]], #[[WHOLE]]]
# CHECK: stablehlo.dot_general %[[X]], %[[W]], contracting_dims = [1] x [1]

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
# CHECK: iree_linalg_ext.dequantize_affine

# 16-bit integers, and results of 16 bits, are plain arithmetic: IREE would overflow.
iree_input(
    lambda q: fr.dequantize(q, 0.5, fr.float32), fr.InputInfo((4,), fr.int16), name="sixteen"
)
# CHECK-LABEL: func.func @sixteen(
# CHECK-NOT: iree_linalg_ext
iree_input(lambda q: fr.dequantize(q, 0.5, fr.float16), fr.InputInfo((4,), fr.int8), name="half")
# CHECK-LABEL: func.func @half(
# CHECK-NOT: iree_linalg_ext
# CHECK: return
