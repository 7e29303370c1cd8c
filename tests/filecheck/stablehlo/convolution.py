# RUN: %python %s | filecheck %s
"""Convolutions: every attribute, one to three dimensions, both layouts."""

import farrier as fr
from farrier.tensor import apply
from farrier_compiler.ops.convolution import Convolution
from support.show import iree_input, stablehlo


def of(*shape: int, dtype: fr.dtype = fr.float32) -> fr.InputInfo:
    return fr.InputInfo(shape, dtype)


# op: convolution
stablehlo(fr.convolution, of(2, 3, 8, 9), of(4, 3, 3, 2), name="plain")
# CHECK-LABEL: func.func @plain(
# CHECK-NEXT: stablehlo.convolution(%arg0, %arg1)
# CHECK-SAME: dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1],
# CHECK-SAME: window = {stride = [1, 1], pad = {{\[\[}}0, 0], [0, 0]],
# CHECK-SAME: lhs_dilate = [1, 1], rhs_dilate = [1, 1]}
# CHECK-SAME: {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
# CHECK-SAME: : (tensor<2x3x8x9xf32>, tensor<4x3x3x2xf32>) -> tensor<2x4x6x8xf32>
# CHECK-NEXT: return
stablehlo(
    lambda x, w: fr.convolution(x, w, stride=(2, 1), padding=((0, 3), (2, -1)), dilation=(1, 3)),
    of(2, 3, 8, 9),
    of(4, 3, 3, 2),
    name="strided_padded_dilated",
)
# CHECK-LABEL: func.func @strided_padded_dilated(
# CHECK-NEXT: stablehlo.convolution(%arg0, %arg1)
# CHECK-SAME: dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1],
# CHECK-SAME: window = {stride = [2, 1], pad = {{\[\[}}0, 3], [2, -1]],
# CHECK-SAME: lhs_dilate = [1, 1], rhs_dilate = [1, 3]}
# CHECK-SAME: {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
# CHECK-SAME: : (tensor<2x3x8x9xf32>, tensor<4x3x3x2xf32>) -> tensor<2x4x5x7xf32>
# CHECK-NEXT: return
stablehlo(
    lambda x, w: fr.convolution(x, w, groups=2), of(2, 4, 8, 8), of(6, 2, 3, 3), name="grouped"
)
# CHECK-LABEL: func.func @grouped(
# CHECK-NEXT: stablehlo.convolution(%arg0, %arg1)
# CHECK-SAME: dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1],
# CHECK-SAME: window = {stride = [1, 1], pad = {{\[\[}}0, 0], [0, 0]],
# CHECK-SAME: lhs_dilate = [1, 1], rhs_dilate = [1, 1]}
# CHECK-SAME: {batch_group_count = 1 : i64, feature_group_count = 2 : i64}
# CHECK-SAME: : (tensor<2x4x8x8xf32>, tensor<6x2x3x3xf32>) -> tensor<2x6x6x6xf32>
# CHECK-NEXT: return
stablehlo(
    lambda x, w: fr.convolution(x, w, padding=((1, 0),)), of(2, 3, 9), of(4, 3, 3), name="one_dim"
)
# CHECK-LABEL: func.func @one_dim(
# CHECK-NEXT: stablehlo.convolution(%arg0, %arg1) dim_numbers = [b, f, 0]x[o, i, 0]->[b, f, 0],
# CHECK-SAME: window = {stride = [1], pad = {{\[\[}}1, 0]], lhs_dilate = [1], rhs_dilate = [1]}
# CHECK-SAME: {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
# CHECK-SAME: : (tensor<2x3x9xf32>, tensor<4x3x3xf32>) -> tensor<2x4x8xf32>
# CHECK-NEXT: return
stablehlo(fr.convolution, of(1, 2, 5, 6, 7), of(3, 2, 2, 3, 2), name="three_dims")
# CHECK-LABEL: func.func @three_dims(
# CHECK-NEXT: stablehlo.convolution(%arg0, %arg1)
# CHECK-SAME: dim_numbers = [b, f, 0, 1, 2]x[o, i, 0, 1, 2]->[b, f, 0, 1, 2],
# CHECK-SAME: window = {stride = [1, 1, 1], pad = {{\[\[}}0, 0], [0, 0], [0, 0]],
# CHECK-SAME: lhs_dilate = [1, 1, 1], rhs_dilate = [1, 1, 1]}
# CHECK-SAME: {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
# CHECK-SAME: : (tensor<1x2x5x6x7xf32>, tensor<3x2x2x3x2xf32>) -> tensor<1x3x4x4x6xf32>
# CHECK-NEXT: return
stablehlo(fr.convolution, of(2, 3), of(4, 3), name="no_dims")
# CHECK-LABEL: func.func @no_dims(
# CHECK-NEXT: stablehlo.convolution(%arg0, %arg1) dim_numbers = [b, f]x[o, i]->[b, f],
# CHECK-SAME: window = {stride = [], pad = [], lhs_dilate = [], rhs_dilate = []}
# CHECK-SAME: {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
# CHECK-SAME: : (tensor<2x3xf32>, tensor<4x3xf32>) -> tensor<2x4xf32>
# CHECK-NEXT: return

transposed = Convolution((1, 1), ((2, 2), (2, 2)), (1, 1), input_dilation=(2, 3))
stablehlo(lambda x, w: apply(transposed, x, w), of(2, 3, 5, 5), of(4, 3, 3, 3), name="transposed")
# CHECK-LABEL: func.func @transposed(
# CHECK-NEXT: stablehlo.convolution(%arg0, %arg1)
# CHECK-SAME: dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1],
# CHECK-SAME: window = {stride = [1, 1], pad = {{\[\[}}2, 2], [2, 2]],
# CHECK-SAME: lhs_dilate = [2, 3], rhs_dilate = [1, 1]}
# CHECK-SAME: {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
# CHECK-SAME: : (tensor<2x3x5x5xf32>, tensor<4x3x3x3xf32>) -> tensor<2x4x11x15xf32>
# CHECK-NEXT: return

last = Convolution((1, 2), ((1, 1), (0, 1)), (1, 1), groups=2, layout="channels_last")
stablehlo(lambda x, w: apply(last, x, w), of(2, 9, 8, 4), of(3, 3, 2, 6), name="channels_last")
# CHECK-LABEL: func.func @channels_last(
# CHECK-NEXT: stablehlo.convolution(%arg0, %arg1)
# CHECK-SAME: dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f],
# CHECK-SAME: window = {stride = [1, 2], pad = {{\[\[}}1, 1], [0, 1]],
# CHECK-SAME: lhs_dilate = [1, 1], rhs_dilate = [1, 1]}
# CHECK-SAME: {batch_group_count = 1 : i64, feature_group_count = 2 : i64}
# CHECK-SAME: : (tensor<2x9x8x4xf32>, tensor<3x3x2x6xf32>) -> tensor<2x9x4x6xf32>
# CHECK-NEXT: return

# IREE: one window must cover the padded input; 16-bit floats are summed in 32 bits, depthwise
# ones converted first; unsigned integers are convolved as signed ones.
iree_input(
    lambda x, w: fr.convolution(x, w, stride=(2, 2), padding=((0, 0), (1, 1))),
    of(1, 1, 8, 7),
    of(1, 1, 7, 8),
    name="one_window",
)
# CHECK-LABEL: func.func @one_window(
# CHECK-NEXT: stablehlo.convolution(%arg0, %arg1)
# CHECK-SAME: dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1],
# CHECK-SAME: window = {stride = [2, 2], pad = {{\[\[}}0, -1], [1, 0]],
# CHECK-SAME: lhs_dilate = [1, 1], rhs_dilate = [1, 1]}
# CHECK-SAME: {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
# CHECK-SAME: : (tensor<1x1x8x7xf32>, tensor<1x1x7x8xf32>) -> tensor<1x1x1x1xf32>
# CHECK-NEXT: return
iree_input(
    fr.convolution,
    of(2, 3, 8, 9, dtype=fr.bfloat16),
    of(4, 3, 3, 2, dtype=fr.bfloat16),
    name="bfloat16",
)
# CHECK-LABEL: func.func @bfloat16(
# CHECK-NEXT: stablehlo.convolution(%arg0, %arg1)
# CHECK-SAME: dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1],
# CHECK-SAME: window = {stride = [1, 1], pad = {{\[\[}}0, 0], [0, 0]],
# CHECK-SAME: lhs_dilate = [1, 1], rhs_dilate = [1, 1]}
# CHECK-SAME: {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
# CHECK-SAME: : (tensor<2x3x8x9xbf16>, tensor<4x3x3x2xbf16>) -> tensor<2x4x6x8xf32>
# CHECK: stablehlo.bitcast_convert %{{\w+}} : (tensor<2x4x6x8xi16>) -> tensor<2x4x6x8xbf16>
# CHECK-NEXT: return
iree_input(
    lambda x, w: fr.convolution(x, w, groups=3),
    of(2, 3, 8, 9, dtype=fr.float16),
    of(3, 1, 3, 2, dtype=fr.float16),
    name="float16_depthwise",
)
# CHECK-LABEL: func.func @float16_depthwise(
# CHECK-NEXT: stablehlo.convert %arg0 : (tensor<2x3x8x9xf16>) -> tensor<2x3x8x9xf32>
# CHECK-NEXT: stablehlo.convert %arg1 : (tensor<3x1x3x2xf16>) -> tensor<3x1x3x2xf32>
# CHECK-NEXT: stablehlo.optimization_barrier %{{\w+}} : tensor<3x1x3x2xf32>
# CHECK-NEXT: stablehlo.convolution(%{{\w+}}, %{{\w+}})
# CHECK-SAME: dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1],
# CHECK-SAME: window = {stride = [1, 1], pad = {{\[\[}}0, 0], [0, 0]],
# CHECK-SAME: lhs_dilate = [1, 1], rhs_dilate = [1, 1]}
# CHECK-SAME: {batch_group_count = 1 : i64, feature_group_count = 3 : i64}
# CHECK-SAME: : (tensor<2x3x8x9xf32>, tensor<3x1x3x2xf32>) -> tensor<2x3x6x8xf32>
# CHECK-NEXT: stablehlo.convert %{{\w+}} : (tensor<2x3x6x8xf32>) -> tensor<2x3x6x8xf16>
# CHECK-NEXT: return
iree_input(
    fr.convolution, of(2, 3, 8, 9, dtype=fr.uint8), of(4, 3, 3, 2, dtype=fr.uint8), name="uint8"
)
# CHECK-LABEL: func.func @uint8(
# CHECK-NEXT: stablehlo.bitcast_convert %arg0 : (tensor<2x3x8x9xui8>) -> tensor<2x3x8x9xi8>
# CHECK-NEXT: stablehlo.bitcast_convert %arg1 : (tensor<4x3x3x2xui8>) -> tensor<4x3x3x2xi8>
# CHECK-NEXT: stablehlo.convolution(%{{\w+}}, %{{\w+}})
# CHECK-SAME: dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1],
# CHECK-SAME: window = {stride = [1, 1], pad = {{\[\[}}0, 0], [0, 0]],
# CHECK-SAME: lhs_dilate = [1, 1], rhs_dilate = [1, 1]}
# CHECK-SAME: {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
# CHECK-SAME: : (tensor<2x3x8x9xi8>, tensor<4x3x3x2xi8>) -> tensor<2x4x6x8xi8>
# CHECK-NEXT: stablehlo.bitcast_convert %{{\w+}} : (tensor<2x4x6x8xi8>) -> tensor<2x4x6x8xui8>
# CHECK-NEXT: return
