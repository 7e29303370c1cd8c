# RUN: %python %s | filecheck %s
"""Sizes that only calls decide: portable forms, and what IREE is given in their place."""

import farrier as fr
from support.show import iree_input, stablehlo

N = fr.NamedDimension("n", 1, 4, 8)
X = fr.InputInfo((N, 6), fr.float32)

# op: size_of
stablehlo(lambda x: x * x.shape[0], X, name="size_of")
# CHECK-LABEL: func.func @size_of(%arg0: tensor<?x6xf32>
# CHECK-NEXT: %[[N:.*]] = stablehlo.get_dimension_size %arg0, dim = 0
# CHECK-NEXT: %[[F:.*]] = stablehlo.convert %[[N]] : (tensor<i32>) -> tensor<f32>
# CHECK: stablehlo.dynamic_broadcast_in_dim %[[F]]
# CHECK-SAME: : (tensor<f32>, tensor<2xi32>) -> tensor<?x6xf32>
# CHECK-NEXT: stablehlo.multiply %arg0, %{{.*}} : tensor<?x6xf32>

stablehlo(lambda x: fr.reshape(x, (-1, 2)), X, name="reshape")
# CHECK-LABEL: func.func @reshape(
# CHECK: stablehlo.dynamic_reshape %arg0
# CHECK-SAME: (tensor<?x6xf32>, tensor<2xi32>) -> tensor<?x2xf32>

stablehlo(lambda x: x[1:], X, name="slice")
# CHECK-LABEL: func.func @slice(
# CHECK: stablehlo.real_dynamic_slice %arg0

stablehlo(lambda x: fr.iota(x.shape), X, name="iota")
# CHECK-LABEL: func.func @iota(
# CHECK: stablehlo.dynamic_iota %{{.*}}, dim = 0 : (tensor<2xi32>) -> tensor<?x6xf32>

stablehlo(lambda x: fr.expand(x[:, :1], (x.shape[0], 3)), X, name="expand")
# CHECK-LABEL: func.func @expand(
# CHECK: stablehlo.dynamic_broadcast_in_dim
# CHECK-SAME: known_expanding_dimensions = array<i64: 1>
# CHECK-SAME: known_nonexpanding_dimensions = array<i64: 0>

iree_input(lambda x: fr.reshape(x, (-1, 2)), X, name="reshape_iree")
# CHECK-LABEL: func.func @reshape_iree(
# CHECK: cf.assert %{{.*}}, "the size 'n' must be 1 to 8, and the same in all inputs"
# CHECK: tensor.collapse_shape %arg0 {{\[\[}}0, 1]] : tensor<?x6xf32> into tensor<?xf32>
# CHECK: tensor.expand_shape %{{.*}} {{\[\[}}0, 1]] output_shape [%{{.*}}, 2]

iree_input(lambda x: x[1:], X, name="slice_iree")
# CHECK-LABEL: func.func @slice_iree(
# CHECK: tensor.extract_slice %arg0[1, 0] [%{{.*}}, 6] [1, 1] : tensor<?x6xf32> to tensor<?x6xf32>

iree_input(lambda x: x[5], X, name="position_iree")
# CHECK-LABEL: func.func @position_iree(
# CHECK: cf.assert %{{.*}}, "slice ({{.*}}): 6 must be at most n"
