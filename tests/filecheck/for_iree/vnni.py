# RUN: %python %s | filecheck %s
"""Kernel calls for int8 matmuls on CPUs with AVX-512 VNNI."""

import numpy as np

import farrier as fr
from farrier.tensor import apply
from farrier_compiler.ops.convolution import Convolution
from farrier_compiler.ops.linear_algebra import DotGeneral
from support.show import vnni_input

W = fr.Tensor(np.ones((32, 8), np.int8))


def product(x: fr.Tensor) -> fr.Tensor:
    return apply(DotGeneral((), (), (1,), (1,), fr.int32), x, W)


# The left operand is shifted to unsigned; the sums start from the correction for that.
# CHECK-LABEL: func.func @product(
# CHECK: %[[X:.*]] = stablehlo.xor %{{.*}}, %{{.*}} : tensor<5x2x4xi8>
# CHECK: %[[SUMS:.*]] = stablehlo.reduce(%{{.*}}) applies stablehlo.add across dimensions = [1, 3]
# CHECK: %[[INITIAL:.*]] = stablehlo.multiply %[[SUMS]], %{{.*}} : tensor<2x16xi32>
# CHECK: flow.dispatch @[[KERNEL:bytes16_[0-9_]*]]::@[[KERNEL]](%[[X]], %{{.*}}, %[[INITIAL]])
# CHECK-SAME: (tensor<5x2x4xi8>, tensor<2x2x16x4xi8>, tensor<2x16xi32>) -> tensor<5x2x16xi32>
# CHECK: stream.executable private @[[KERNEL]]
# CHECK: scf.for
# CHECK: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"
# CHECK-SAME: (vector<16xi32>, vector<64xi8>, vector<64xi8>) -> vector<16xi32>
vnni_input(product, fr.InputInfo((5, 8), fr.int8), passes="pack_int8{products=0}", name="product")

# The number of rows is an argument of the kernel.
# CHECK-LABEL: func.func @rows(
# CHECK: flow.dispatch @[[KERNEL:bytes16_[0-9_n]*]]::@[[KERNEL]][%[[ROWS:.*]]](
# CHECK-SAME: %[[ROWS]])
# CHECK-SAME: (tensor<?x2x4xi8>{%[[ROWS]]}, {{.*}}, index) -> tensor<?x2x16xi32>{%[[ROWS]]}
# CHECK: stream.executable.export public @[[KERNEL]] workgroups(%{{.*}}: index)
vnni_input(
    product,
    fr.InputInfo(((1, 4, 64), 8), fr.int8),
    passes="pack_int8{products=0}",
    name="rows",
)


def convolution(x: fr.Tensor) -> fr.Tensor:
    op = Convolution((2, 2), ((1, 0), (1, 0)), (1, 1), layout="channels_last", dtype=fr.int32)
    return apply(op, x, fr.Tensor(np.ones((3, 3, 8, 40), np.int8)))


# The kernel reads windows in place. IREE packs the weight at load time.
# CHECK-LABEL: func.func @convolution(
# CHECK: %[[PADDED:.*]] = stablehlo.pad %{{.*}} -> tensor<1x34x34x8xi8>
# CHECK: %[[COLUMNS:.*]] = stablehlo.pad %{{.*}} -> tensor<72x64xi8>
# CHECK: %[[SPLIT:.*]] = stablehlo.reshape %[[COLUMNS]]
# CHECK: %[[WEIGHT:.*]] = stablehlo.transpose %[[SPLIT]], dims = [2, 0, 3, 1]
# CHECK: %[[X:.*]] = stablehlo.xor %[[PADDED]]
# CHECK: %[[SUMS:.*]] = flow.dispatch @bytes16_{{[0-9_]*}}::@{{[a-z0-9_]*}}(%[[X]], %[[WEIGHT]]
# CHECK-SAME: -> tensor<1x16x16x4x16xi32>
# CHECK: %[[ALL:.*]] = stablehlo.reshape %[[SUMS]]
# CHECK: stablehlo.slice %[[ALL]] [0:1, 0:16, 0:16, 0:40]
vnni_input(convolution, fr.InputInfo((1, 33, 33, 8), fr.int8), name="convolution")
