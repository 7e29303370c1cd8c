# RUN: %python %s | filecheck %s
"""Dynamic sizes: portable StableHLO, and IREE's forms of it."""

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
# CHECK: stablehlo.dynamic_reshape %arg0, %{{[0-9]+}} :
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

# ---------------------------------------------------------------------- IREE's input

M = fr.NamedDimension("m", 1, 4, 8)
H = fr.NamedDimension("h", 4, 8, 16)
IMAGE = fr.InputInfo((N, 2, H, 8), fr.float32)
KERNEL = fr.InputInfo((3, 2, 3, 3), fr.float32)


def convolution(x: fr.Tensor, weight: fr.Tensor) -> fr.Tensor:
    return fr.convolution(x, weight, padding=((1, 1), (0, 0)))


# op: convolution
iree_input(convolution, IMAGE, KERNEL, name="convolution_iree")
# CHECK: affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d4, d2 + d5, d3 + d6)>
# CHECK-LABEL: func.func @convolution_iree(
# CHECK: cf.assert %{{.*}}, "the size 'n' must be 1 to 8, and the same in all inputs"
# CHECK: cf.assert %{{.*}}, "the size 'h' must be 4 to 16, and the same in all inputs"
# CHECK: stablehlo.pad %arg0, {{.*}} low = [0, 0, 1, 0], high = [0, 0, 1, 0]
# CHECK: linalg.fill
# CHECK: linalg.generic {{.*}}"reduction", "reduction", "reduction"]
# CHECK: arith.mulf
# CHECK: arith.addf
# CHECK: return %{{[0-9]+}} : tensor<?x3x?x6xf32>

SAMPLES, WINDOW = (fr.InputInfo(shape, fr.float32) for shape in ((N, 4, H), (6, 2, 3)))
iree_input(lambda x, w: fr.convolution(x, w, groups=2), SAMPLES, WINDOW, name="grouped_iree")
# CHECK: affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d4, d3 + d5)>
# CHECK-LABEL: func.func @grouped_iree(
# CHECK: tensor.expand_shape %arg0 {{\[\[}}0], [1, 2], [3]] output_shape [%{{.*}}, 2, 2, %{{.*}}]
# CHECK: linalg.generic {{.*}}"parallel", "reduction", "reduction"]
# CHECK: tensor.collapse_shape %{{.*}} {{\[\[}}0], [1, 2], [3]]

# Where only the batch is dynamic, StableHLO's static operation suffices.
BATCH = fr.InputInfo((N, 2, 6, 8), fr.float32)
iree_input(convolution, BATCH, KERNEL, name="batch_iree")
# CHECK-LABEL: func.func @batch_iree(
# CHECK: stablehlo.convolution(%arg0, %arg1)

# op: max_pool
iree_input(lambda x: fr.maxpool(x, (2, 2), (2, 2)), IMAGE, name="pool_iree")
# CHECK: affine_map<({{.*}}) -> (d0 + d4, d1 + d5, d2 * 2 + d6, d3 * 2 + d7)>
# CHECK-LABEL: func.func @pool_iree(
# CHECK: linalg.fill
# CHECK: arith.maximumf

# op: gather
iree_input(lambda x, i: fr.gather(x, 0, i), X, fr.InputInfo((M,), fr.int32), name="gather_iree")
# CHECK-LABEL: func.func @gather_iree(
# CHECK: linalg.generic
# CHECK: tensor.extract %{{[0-9]+}}[%{{[0-9]+}}] : tensor<?xi32>
# CHECK: arith.minsi
# CHECK-NEXT: arith.maxsi
# CHECK-NEXT: tensor.extract %arg0[

ROWS, COLUMNS = fr.InputInfo((N,), fr.float32), fr.InputInfo((M,), fr.float32)
iree_input(lambda x, y: x + y, ROWS, COLUMNS, name="either_iree")
# CHECK-LABEL: func.func @either_iree(
# CHECK: cf.assert %{{.*}}, "add ({{.*}}): m and n must be equal, or one of them 1"
# CHECK: arith.select %{{.*}} : index
# CHECK: arith.minsi
# CHECK-NEXT: tensor.extract %arg0[
# CHECK: arith.minsi
# CHECK-NEXT: tensor.extract %arg1[
# CHECK: stablehlo.add

# op: pad
iree_input(lambda x: fr.pad(x, [(-1, 2), (0, 0)]), X, name="pad_iree")
# CHECK-LABEL: func.func @pad_iree(
# CHECK: tensor.extract_slice %arg0[1, 0] [%{{.*}}, 6] [1, 1]
# CHECK: stablehlo.dynamic_broadcast_in_dim
# CHECK: tensor.insert_slice %{{.*}} into %{{.*}}[0, 0] [%{{.*}}, 6] [1, 1]

# Interior padding: a transposed convolution.
UP = fr.InputInfo((2, 3, 2), fr.float32)
iree_input(lambda x, w: fr.conv_transpose(x, w, (2,)), fr.InputInfo((1, 2, H), fr.float32), UP)
# CHECK-LABEL: func.func @main(
# CHECK: tensor.insert_slice %{{.*}} into %{{.*}}[0, 0, {{[0-9]+}}] [1, 2, %{{.*}}] [1, 1, 2]
# CHECK: linalg.generic

iree_input(lambda x: x[::2], X, name="steps_iree")
# CHECK-LABEL: func.func @steps_iree(
# CHECK-NOT: extract_slice
# CHECK: linalg.generic
# CHECK: arith.muli
# CHECK-NEXT: arith.addi
# CHECK: tensor.extract %arg0[

iree_input(lambda x, i: x[2:2] + i, X, fr.InputInfo((6,), fr.float32), name="empty_iree")
# CHECK-LABEL: func.func @empty_iree(
# CHECK-NOT: extract_slice
# CHECK: return

# op: dot_general
SQUARE = fr.InputInfo((M, N), fr.float32)
iree_input(lambda x, y: x @ y, SQUARE, fr.InputInfo((N, 3), fr.float32), name="product_iree")
# CHECK-LABEL: func.func @product_iree(
# CHECK: %[[LEFT:.*]] = stablehlo.optimization_barrier %arg0
# CHECK-NEXT: %[[TIED:.*]] = flow.tensor.tie_shape %[[LEFT]] : tensor<?x?xf32>{
# CHECK: stablehlo.dot_general %[[TIED]], %{{.*}}, contracting_dims = [1] x [0]

# op: argmax
iree_input(lambda x: fr.argmax(x, 0), X, name="argmax_iree")
# CHECK-LABEL: func.func @argmax_iree(
# CHECK: flow.tensor.tie_shape
# CHECK: stablehlo.reduce
# CHECK: stablehlo.reduce

# op: sort
iree_input(lambda x: fr.sort(x, 0), X, name="sort_iree")
# CHECK-LABEL: func.func @sort_iree(
# CHECK-NOT: stablehlo.sort
# CHECK: tensor.insert_slice %{{.*}} : tensor<6x?xf32> into tensor<6x8xf32>
# CHECK: return

# Requirements of functions of sizes are asserted too.
iree_input(lambda x: fr.ones((8 // (x.shape[0] - 1),)), X, name="quotient_iree")
# CHECK-LABEL: func.func @quotient_iree(
# CHECK: cf.assert %{{.*}}, "full ({{.*}}): 1 must be at most n - 1"

SIZE = fr.DimensionInputInfo((0, 2, 4))
iree_input(lambda x, k: fr.expand(x[:1], (k, 6)), X, SIZE, name="value_iree")
# CHECK-LABEL: func.func @value_iree(%arg0: tensor<?x6xf32> {{.*}}, %arg1: tensor<i32>
# CHECK: %[[K:.*]] = tensor.extract %arg1[] : tensor<i32>
# CHECK-NEXT: arith.index_cast %[[K]] : i32 to index
# CHECK: cf.assert %{{.*}}, "the size 'k' must be 0 to 4, and the same in all inputs"

# Requirements of unused results are asserted too; portable StableHLO cannot express them.
Y = fr.InputInfo((fr.NamedDimension("m", 1, 4, 8), 6), fr.float32)
# op: require_sizes
stablehlo(lambda x, y: (fr.stack([x, y]), -x)[1], X, Y, name="require_sizes")
# CHECK-LABEL: func.func @require_sizes(
# CHECK-NEXT: stablehlo.negate %arg0
# CHECK-NEXT: return

iree_input(lambda x, y: (fr.stack([x, y]), -x)[1], X, Y, name="required")
# CHECK-LABEL: func.func @required(
# CHECK: cf.assert %{{.*}}, "stack ({{.*}}): m must be equal to n"
# CHECK-NEXT: stablehlo.negate %arg0
