# RUN: %python %s | filecheck %s
"""Contractions: batch and contracting dims, and the lowering of matmul's broadcasting."""

import farrier as fr
from support.show import iree_input, stablehlo


def of(*shape: int, dtype: fr.dtype = fr.float32) -> fr.InputInfo:
    return fr.InputInfo(shape, dtype)


# op: dot_general
stablehlo(fr.matmul, of(5, 7), of(7, 3), name="matrices")
# CHECK-LABEL: func.func @matrices(
# CHECK-NEXT: stablehlo.dot_general %arg0, %arg1, contracting_dims = [1] x [0]
# CHECK-SAME: : (tensor<5x7xf32>, tensor<7x3xf32>) -> tensor<5x3xf32>
# CHECK-NEXT: return
stablehlo(fr.matmul, of(7), of(7), name="vectors")
# CHECK-LABEL: func.func @vectors(
# CHECK-NEXT: stablehlo.dot_general %arg0, %arg1, contracting_dims = [0] x [0]
# CHECK-SAME: : (tensor<7xf32>, tensor<7xf32>) -> tensor<f32>
# CHECK-NEXT: return
stablehlo(fr.matmul, of(7), of(2, 7, 3), name="vector_batch")
# CHECK-LABEL: func.func @vector_batch(
# CHECK-NEXT: stablehlo.dot_general %arg0, %arg1, contracting_dims = [0] x [1]
# CHECK-SAME: : (tensor<7xf32>, tensor<2x7x3xf32>) -> tensor<2x3xf32>
# CHECK-NEXT: return

# Equal leading sizes are batch dims; a dimension that one side lacks is not broadcast.
stablehlo(fr.matmul, of(2, 5, 7), of(2, 7, 3), name="batch")
# CHECK-LABEL: func.func @batch(
# CHECK-NEXT: stablehlo.dot_general %arg0, %arg1, batching_dims = [0] x [0],
# CHECK-SAME: contracting_dims = [2] x [1]
# CHECK-SAME: : (tensor<2x5x7xf32>, tensor<2x7x3xf32>) -> tensor<2x5x3xf32>
# CHECK-NEXT: return
stablehlo(fr.matmul, of(2, 4, 5, 7), of(7, 3), name="one_matrix_right")
# CHECK-LABEL: func.func @one_matrix_right(
# CHECK-NEXT: stablehlo.dot_general %arg0, %arg1, contracting_dims = [3] x [0]
# CHECK-SAME: : (tensor<2x4x5x7xf32>, tensor<7x3xf32>) -> tensor<2x4x5x3xf32>
# CHECK-NEXT: return
stablehlo(fr.matmul, of(5, 7), of(2, 7, 3), name="one_matrix_left")
# CHECK-LABEL: func.func @one_matrix_left(
# CHECK-NEXT: stablehlo.dot_general %arg0, %arg1, contracting_dims = [1] x [1]
# CHECK-SAME: : (tensor<5x7xf32>, tensor<2x7x3xf32>) -> tensor<5x2x3xf32>
# CHECK-NEXT: stablehlo.transpose %{{\w+}}, dims = [1, 0, 2]
# CHECK-SAME: : (tensor<5x2x3xf32>) -> tensor<2x5x3xf32>
# CHECK-NEXT: return
stablehlo(fr.matmul, of(2, 1, 5, 7), of(4, 7, 3), name="broadcast")
# CHECK-LABEL: func.func @broadcast(
# CHECK-NEXT: stablehlo.reshape %arg0 : (tensor<2x1x5x7xf32>) -> tensor<2x5x7xf32>
# CHECK-NEXT: stablehlo.dot_general %{{\w+}}, %arg1, contracting_dims = [2] x [1]
# CHECK-SAME: : (tensor<2x5x7xf32>, tensor<4x7x3xf32>) -> tensor<2x5x4x3xf32>
# CHECK-NEXT: stablehlo.transpose %{{\w+}}, dims = [0, 2, 1, 3]
# CHECK-SAME: : (tensor<2x5x4x3xf32>) -> tensor<2x4x5x3xf32>
# CHECK-NEXT: return

# A transposed weight only changes the contracting dims.
stablehlo(lambda x, w: fr.dot_general(x, w, ((1,), (1,))), of(5, 7), of(3, 7), name="transposed")
# CHECK-LABEL: func.func @transposed(
# CHECK-NEXT: stablehlo.dot_general %arg0, %arg1, contracting_dims = [1] x [1]
# CHECK-SAME: : (tensor<5x7xf32>, tensor<3x7xf32>) -> tensor<5x3xf32>
# CHECK-NEXT: return
stablehlo(
    lambda x, y: fr.dot_general(x, y, ((1, 2), (2, 0)), ((3,), (1,))),
    of(5, 7, 4, 2),
    of(4, 2, 7),
    name="two_sums",
)
# CHECK-LABEL: func.func @two_sums(
# CHECK-NEXT: stablehlo.dot_general %arg0, %arg1, batching_dims = [3] x [1],
# CHECK-SAME: contracting_dims = [1, 2] x [2, 0]
# CHECK-SAME: : (tensor<5x7x4x2xf32>, tensor<4x2x7xf32>) -> tensor<2x5xf32>
# CHECK-NEXT: return
stablehlo(
    lambda x, y: fr.dot_general(x, y, ((1,), (0,)), dtype=fr.int32),
    of(5, 7, dtype=fr.int8),
    of(7, 3, dtype=fr.int8),
    name="int32_sums",
)
# CHECK-LABEL: func.func @int32_sums(
# CHECK-NEXT: stablehlo.dot_general %arg0, %arg1, contracting_dims = [1] x [0]
# CHECK-SAME: : (tensor<5x7xi8>, tensor<7x3xi8>) -> tensor<5x3xi32>
# CHECK-NEXT: return

# IREE: 16-bit floats are summed in 32 bits; unsigned integers modulo 2^bits as signed ones,
# or extended by a mask; nothing to sum is 0.
iree_input(fr.matmul, of(5, 7, dtype=fr.float16), of(7, 3, dtype=fr.float16), name="float16")
# CHECK-LABEL: func.func @float16(
# CHECK-NEXT: stablehlo.dot_general %arg0, %arg1, contracting_dims = [1] x [0]
# CHECK-SAME: : (tensor<5x7xf16>, tensor<7x3xf16>) -> tensor<5x3xf32>
# CHECK-NEXT: stablehlo.convert %{{\w+}} : (tensor<5x3xf32>) -> tensor<5x3xf16>
# CHECK-NEXT: return
iree_input(fr.matmul, of(5, 7, dtype=fr.uint8), of(7, 3, dtype=fr.uint8), name="uint8")
# CHECK-LABEL: func.func @uint8(
# CHECK-NEXT: stablehlo.bitcast_convert %arg0 : (tensor<5x7xui8>) -> tensor<5x7xi8>
# CHECK-NEXT: stablehlo.bitcast_convert %arg1 : (tensor<7x3xui8>) -> tensor<7x3xi8>
# CHECK-NEXT: stablehlo.dot_general %{{\w+}}, %{{\w+}}, contracting_dims = [1] x [0]
# CHECK-SAME: : (tensor<5x7xi8>, tensor<7x3xi8>) -> tensor<5x3xi8>
# CHECK-NEXT: stablehlo.bitcast_convert %{{\w+}} : (tensor<5x3xi8>) -> tensor<5x3xui8>
# CHECK-NEXT: return
iree_input(
    lambda x, y: fr.dot_general(x, y, ((1,), (0,)), dtype=fr.int32),
    of(5, 7, dtype=fr.uint8),
    of(7, 3, dtype=fr.uint8),
    name="uint8_int32",
)
# CHECK-LABEL: func.func @uint8_int32(
# CHECK-NEXT: stablehlo.bitcast_convert %arg0 : (tensor<5x7xui8>) -> tensor<5x7xi8>
# CHECK-NEXT: stablehlo.convert %{{\w+}} : (tensor<5x7xi8>) -> tensor<5x7xi32>
# CHECK-NEXT: stablehlo.constant dense<255> : tensor<5x7xi32>
# CHECK-NEXT: stablehlo.and %{{\w+}}, %{{\w+}} : tensor<5x7xi32>
# CHECK-NEXT: stablehlo.bitcast_convert %arg1 : (tensor<7x3xui8>) -> tensor<7x3xi8>
# CHECK-NEXT: stablehlo.convert %{{\w+}} : (tensor<7x3xi8>) -> tensor<7x3xi32>
# CHECK-NEXT: stablehlo.constant dense<255> : tensor<7x3xi32>
# CHECK-NEXT: stablehlo.and %{{\w+}}, %{{\w+}} : tensor<7x3xi32>
# CHECK-NEXT: stablehlo.dot_general %{{\w+}}, %{{\w+}}, contracting_dims = [1] x [0]
# CHECK-SAME: : (tensor<5x7xi32>, tensor<7x3xi32>) -> tensor<5x3xi32>
# CHECK-NEXT: return
iree_input(fr.matmul, of(5, 0), of(0, 3), name="nothing_to_sum")
# CHECK-LABEL: func.func @nothing_to_sum(
# CHECK-NEXT: stablehlo.constant dense<0.000000e+00> : tensor<5x3xf32>
# CHECK-NEXT: return

# IREE's data tiling refuses converts of bools in a contraction.
iree_input(lambda x, y: fr.cast(x, fr.float32) @ y, of(5, 7, dtype=fr.bool), of(7, 3), name="bools")
# CHECK-LABEL: func.func @bools(
# CHECK: [[BOOLS:%.+]] = stablehlo.compare NE
# CHECK-NEXT: stablehlo.constant dense<1.000000e+00> : tensor<5x7xf32>
# CHECK-NEXT: stablehlo.constant dense<0.000000e+00> : tensor<5x7xf32>
# CHECK-NEXT: stablehlo.select [[BOOLS]], %{{\w+}}, %{{\w+}} : tensor<5x7xi1>, tensor<5x7xf32>
# CHECK-NEXT: stablehlo.dot_general %{{\w+}}, %arg1, contracting_dims = [1] x [0]
# CHECK-SAME: : (tensor<5x7xf32>, tensor<7x3xf32>) -> tensor<5x3xf32>
# CHECK-NEXT: return
